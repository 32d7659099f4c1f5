"""A synthetic MIMIC-NLE: sentences that explain what the pictures of MIMIC-CXR's phantom show, in words of our own.

Faults stand in `FAULTS`; each is a row of its own in the file of train.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from cxdata.phantom.choice import Choice
from cxdata.phantom.faults import Fault
from cxdata.phantom.signs import place
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.mimic_nle.reader import LABELS

__all__ = ["FAULTS", "write"]

FAULTS: Final = (
    Fault("bad-id", "a report number of other digits"),
    Fault("stray-report", "a report that MIMIC-CXR does not have"),
    Fault("query-row", "a row without its sentence"),
    Fault("short-list", "a list of nine labels"),
    Fault("no-diagnosis", "a row in which no diagnosis is marked"),
    Fault("said-twice", "a sentence that stands twice in its report"),
)
EXPLAINED: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "Atelectasis": (("Streaky opacity at the {side} base is likely atelectasis.", ("Lung Opacity",)),
                    ("Volume loss at the {side} base suggests atelectasis.", ())),
    "Consolidation": (("Dense opacity of the {side} lung may represent consolidation.", ("Lung Opacity",)),),
    "Edema": (("Hazy perihilar opacities are consistent with pulmonary edema.", ("Lung Opacity",)),
              ("Indistinct vessels suggest mild pulmonary edema.", ())),
    "Lung Lesion": (("A round density in the {side} lung could be a nodule.", ()),),
    "Pleural Effusion": (("Blunting of the {side} costophrenic angle likely reflects a pleural effusion.", ()),),
    "Pneumonia": (("Patchy consolidation in the {side} lung is concerning for pneumonia.", ("Consolidation",)),
                  ("Opacity in the {side} lung may be atelectasis or pneumonia.", ("Lung Opacity",))),
    "Pneumothorax": (("A thin line along the {side} apex suggests a pneumothorax.", ()),),
}  # fmt: skip
PRIOR: Final = "Compared to ___, the {side} opacity is unchanged, likely {words}."


def write(spec: PhantomSpec) -> None:
    """Write the three files; the same spec gives the same bytes. OSError as `open`."""
    parts: dict[str, list[dict[str, Any]]] = {"train": [], "dev": [], "test": []}
    names = {"train": "train", "val": "dev", "test": "test"}
    for study, patient, split, states in _studies(spec):
        rows = list(_about(study, patient, states, spec.seed))
        parts[names[split]] += rows
    _fill(parts)
    parts["train"] += _faults(next(row for rows in parts.values() for row in rows))
    tree: Tree = {f"mimic-nle-{part}.json": _lines(rows) for part, rows in parts.items()}
    if spec.layout.name == "repository":
        query = [{key: row[key] for key in ("sentence_ID", "diagnosis_label")} for row in parts["dev"]]
        tree["query/dev-query.json"] = _lines(query)
    save(tree, spec.out / spec.layout.parts["data"])


def _fill(parts: dict[str, list[dict[str, Any]]]) -> None:
    """No file is empty, however few the patients: a sentence more in each."""
    sound = next(row for rows in parts.values() for row in rows)
    for nth, rows in enumerate(parts.values()):
        if not rows:
            text = f"{sound['nle'].removesuffix('.')}, or so it seems{' here' * nth}."
            rows.append({**sound, "sentence_ID": f"{sound['report_ID']}#{80 + nth}", "nle": text})


def _studies(spec: PhantomSpec) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Each study of the parent with a finding that can be explained: id, patient, split and what is there."""
    parent = spec.parents["mimic"]
    told = parent["findings"].filter(pl.col("annotator") == "chexpert", pl.col("state").is_in(["present", "uncertain"]))
    told = told.filter(pl.col("finding").is_in(list(EXPLAINED))).unique(["study_id", "finding"], keep="first")
    states: dict[str, dict[str, str]] = {}
    for study, finding, state in told.sort("study_id", "finding").select("study_id", "finding", "state").iter_rows():
        states.setdefault(study, {})[finding] = state
    if not states:  # so few patients: one finding is only thought of
        states[parent["studies"]["study_id"].sort()[0]] = {"Atelectasis": "uncertain"}
    for study, patient, split in parent["studies"].sort("study_id").select(
        "study_id", "patient_id", "split_official"
    ).iter_rows():  # fmt: skip
        if study in states:
            yield study, patient, split, states[study]


def _about(study: str, patient: str, states: Mapping[str, str], seed: int) -> Iterator[dict[str, Any]]:
    choice = Choice(seed, f"{study} explained")
    signs = place(states, f"study {study.removeprefix('s')}", seed)  # as MIMIC-CXR's phantom paints the study
    for number, finding in enumerate(states):
        text, evidence = choice.pick(finding, EXPLAINED[finding])
        diagnosis = ("Atelectasis", "Pneumonia") if "atelectasis or pneumonia" in text else (finding,)
        if choice.chance(f"prior {finding}", 0.1):
            text, evidence, diagnosis = PRIOR.replace("{words}", finding.lower()), ("Lung Opacity",), (finding,)
        side = {"both": "left"}.get(signs[finding].side, signs[finding].side)
        yield _row(study, patient, number, text.format(side=side), diagnosis, evidence)


def _row(
    study: str, patient: str, number: int, text: str, diagnosis: tuple[str, ...], evidence: tuple[str, ...]
) -> dict[str, Any]:
    marked = {*diagnosis, *evidence}
    return {
        "sentence_ID": f"{study}#{number}", "diagnosis_label": [int(name in diagnosis) for name in LABELS],
        "evidence_label": [int(name in evidence) for name in LABELS],
        "img_labels": [[int(name not in marked), 0, int(name in marked)] for name in LABELS], "nle": text,
        "report_ID": study, "patient_ID": f"p{patient}",
    }  # fmt: skip


def _faults(sound: dict[str, Any]) -> list[dict[str, Any]]:
    study = sound["report_ID"]
    rows = (
        {**sound, "report_ID": "s123"}, {**sound, "report_ID": "s59990001", "sentence_ID": "s59990001#0"},
        {key: value for key, value in sound.items() if key not in ("nle", "report_ID", "patient_ID")},
        {**sound, "evidence_label": sound["evidence_label"][:9]}, {**sound, "diagnosis_label": [0] * 10}, sound,
    )  # fmt: skip
    numbered = [{**row, "sentence_ID": f"{study}#{90 + nth}"} for nth, row in enumerate(rows)]
    numbered[2] |= {"report_ID": study, "patient_ID": sound["patient_ID"]}
    return numbered


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
