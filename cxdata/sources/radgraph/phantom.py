"""A synthetic RadGraph: made-up reports on the studies of MIMIC-CXR's phantom, with the graph of each.

The words fit what the phantom's pictures show. Faults stand in `FAULTS`; `planted` says which report each befell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from cxdata.phantom.choice import Choice
from cxdata.phantom.faults import Fault
from cxdata.phantom.tree import Tree, gzipped, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.radgraph.phantom_reports import graph_of

__all__ = ["FAULTS", "write"]

FAULTS: Final = (
    Fault("bad-key", "a key that names no report"),
    Fault("stray-report", "a report that MIMIC-CXR does not have"),
    Fault("broken-graph", "an entity without its label"),
    Fault("shifted-words", "an entity whose words stand elsewhere"),
    Fault("empty-graph", "a report in which nothing is marked"),
    Fault("marked-twice", "a report of train that the model marked too"),
)
Body = dict[str, Any]


def write(spec: PhantomSpec) -> None:
    """Write the graphs of the parent's studies; the same spec gives the same bytes. OSError as `open`."""
    files = _files(spec)
    tree: Tree = {name: json.dumps(body).encode() for name, body in files.items()}
    large = tree.pop("MIMIC-CXR_graphs.json")
    if spec.layout.name == "physionet":
        tree |= {"MIMIC-CXR_graphs.json": large, "LICENSE.txt": b"A synthetic copy for tests.\n"}
    elif spec.layout.name == "packed":
        tree["MIMIC-CXR_graphs.json.gz"] = gzipped(large)
    save(tree, spec.out / spec.layout.parts["data"])


def _files(spec: PhantomSpec) -> dict[str, Body]:
    """Two of three reports are the model's alone; of the others one in five is dev and one test."""
    states = _states(spec.parents["mimic"]["findings"])
    studies = spec.parents["mimic"]["studies"].sort("study_id")
    shares = ("train", "train", "dev", "train", "test")
    files: dict[str, Body] = {name: {} for name in ("train", "dev", "test", "graphs")}
    read = 0
    for nth, (study, patient) in enumerate(studies.select("study_id", "patient_id").iter_rows()):
        key = f"p{patient[:2]}/p{patient}/{study}.txt"
        part = "graphs" if nth % 3 else shares[read % len(shares)]
        read += part != "graphs"
        graph = graph_of(states.get(study, {}), study, spec.seed)
        files[part][key] = _record(graph, part, study, spec.seed)
    _with_chexpert(files["test"], spec.seed)
    _with_faults(files)
    names = {"graphs": "MIMIC-CXR_graphs.json"}
    return {names.get(part, f"{part}.json"): body for part, body in files.items()}


def _states(findings: pl.DataFrame) -> dict[str, dict[str, str]]:
    """The states of each study as CheXpert's labeller has them; what it could not read is left out."""
    rows = findings.filter(pl.col("annotator") == "chexpert").drop_nulls("state").unique(
        ["study_id", "finding"], keep="none"
    ).sort("study_id", "finding")  # fmt: skip
    told: dict[str, dict[str, str]] = {}
    for study, finding, state in rows.select("study_id", "finding", "state").iter_rows():
        told.setdefault(study, {})[finding] = state
    return told


def _record(graph: Mapping[str, Any], part: str, study: str, seed: int) -> Body:
    source = {"data_source": "MIMIC-CXR", "data_split": "inference" if part == "graphs" else part}
    if part != "test":
        return {**graph, **source}
    other = dict(graph["entities"])
    if Choice(seed, study).chance("differ", 0.4) and len(other) > 1:  # the second labeller finds one of them doubtful
        name = next((n for n, one in other.items() if one["label"] == "OBS-DP"), next(iter(other)))
        other[name] = {**other[name], "label": "OBS-U" if other[name]["label"] != "ANAT-DP" else "ANAT-DP"}
    twice = {"labeler_1": {"entities": graph["entities"]}, "labeler_2": {"entities": other}}
    return {"text": graph["text"], **twice, **source}


def _with_chexpert(test: Body, seed: int) -> None:
    cases: Iterable[Mapping[str, str]] = (
        {"Pleural Effusion": "present", "Pneumothorax": "absent"}, {"Cardiomegaly": "present", "Edema": "uncertain"},
    )  # fmt: skip
    for nth, states in enumerate(cases, start=1):
        record = _record(graph_of(states, f"chexpert {nth}", seed), "test", f"chexpert {nth}", seed)
        test[f"99{nth}.txt"] = {**record, "data_source": "CheXpert"}


def _with_faults(files: dict[str, Body]) -> None:
    train, sound = files["train"], next(iter(files["train"].values()))
    first = next(iter(sound["entities"]))
    train["p10/notes.txt"] = sound
    train["p19/p19990001/s59990001.txt"] = sound
    files["graphs"][next(iter(train))] = {**sound, "data_split": "inference"}
    faults: tuple[Body, ...] = (
        {**sound, "entities": {first: {**sound["entities"][first], "label": None}}},
        {**sound, "entities": {first: {**sound["entities"][first], "tokens": "elsewhere"}}},
        {**sound, "entities": {}},
    )
    keys = list(files["graphs"])
    for key, fault in zip(keys, faults, strict=False):
        files["graphs"][key] = {**fault, "data_split": "inference"}
