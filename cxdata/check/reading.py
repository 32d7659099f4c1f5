"""How the labels of one study were read: the states of its findings and what the policy lets each be, computed anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from cxdata.build.builds import Build
from cxdata.model.manifest import Manifest
from cxdata.model.policies import READ, UNREAD, Use
from cxdata.model.states import BLOCKED, Effective
from cxdata.tasks.base import Card, Material, in_language
from cxdata.tasks.judged import STATE, USE

WORDS: Final = {
    Use.YES: "Yes", Use.KEY: "key", Use.NO: "No", Use.WRONG: "wrong", Use.SECOND: "after stated absences",
}  # fmt: skip


def facet_rows(build: Build, manifest: Manifest, row: Mapping[str, Any]) -> dict[str, pl.LazyFrame] | None:
    """The facet tables of the row's patient and study; None when some facet is gone (facets/ is a cache)."""
    files = {name: build.home / f"facets/{name}.parquet" for name in manifest.facets}
    if row["label_policy"] == READ:
        files[READ] = build.home / f"facets/{READ}.parquet"
    if not all(path.is_file() for path in files.values()):
        return None
    patient, study = (row[key].removeprefix(f"{manifest.patient_namespace}:") for key in ("patient_key", "study_key"))
    return {name: _narrowed(pl.scan_parquet(path, glob=False), patient, study) for name, path in files.items()}


def label(
    manifest: Manifest | None, row: Mapping[str, Any], facets: Mapping[str, pl.LazyFrame] | None
) -> dict[str, Any] | None:
    """Policy, annotator, tier and `states`: finding to its state, whether it is blocked, and its uses.

    None for a row without labels. `states` is None, with a note, where the facets are gone.
    """
    if row["label_policy"] == UNREAD:
        return None
    told = {"policy": row["label_policy"], "reference": row["reference"], "states": None}
    if manifest is None or facets is None:
        return {**told, "note": "facets/ is gone, or the source is not known here: build again to see the states"}
    judged = _material(manifest, row, facets).judged
    if judged.is_empty():
        return {**told, "note": "the facets hold no reading of this study"}
    found = judged.row(0, named=True)
    names = [name.removeprefix(STATE) for name in judged.columns if name.startswith(STATE)]
    return {**told, "annotator": found["annotator"], "states": {name: _state(found, name) for name in names}}


def _narrowed(frame: pl.LazyFrame, patient: str, study: str) -> pl.LazyFrame:
    columns = frame.collect_schema().names()
    if "patient_id" in columns:
        return frame.filter(pl.col("patient_id") == patient)
    return frame.filter(pl.col("study_id") == study) if "study_id" in columns else frame


def _material(manifest: Manifest, row: Mapping[str, Any], facets: Mapping[str, pl.LazyFrame]) -> Material:
    card = Card(
        row["source"], row["source_version"], row["language"], row["licence"], row["restricted"],
        manifest.patient_namespace, manifest.population.default, row["reader_version"],
    )  # fmt: skip
    train, held_out = (row["label_policy"], "strict") if row["split"] == "train" else ("stated", row["label_policy"])
    facets = in_language(facets, card.language)
    return Material(card, facets, manifest.labels, train, held_out, seed=0, split=manifest.split)


def _state(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    uses = [word for use, word in WORDS.items() if found[USE + name] & use]
    state = Effective(found[STATE + name]).name.lower().replace("_", " ")
    return {"state": state, "blocked": found[BLOCKED + name], "uses": uses}
