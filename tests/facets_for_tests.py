"""A Material from small tables that stand in the test: studies with their views and what annotators said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from cxdata.model.facets import conform
from cxdata.model.manifest import Labels, SplitRule
from cxdata.model.sample import Population
from cxdata.tasks.base import AS_PUBLISHED, Card, Material, task
from cxdata.tasks.complete import complete, placed

FOURTEEN = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
)  # fmt: skip
PATHOLOGIES = FOURTEEN[1:-1]
SLUG = "made"
# Each label table is a file of its own; the first annotator that read a study speaks alone.
ANNOTATORS = {"reader": "R3", "tool": "R4"}


@dataclass(frozen=True)
class Study:
    """One study; `told` maps an annotator that read it to the states it stated (present, absent, uncertain)."""

    name: str
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    split: str | None = "train"
    patient: str = ""
    views: tuple[str, ...] = ("PA",)
    age: float | None = None
    report: Mapping[str, str] | None = None

    @property
    def patient_id(self) -> str:
        """The patient; a study without a named one is the only study of its patient."""
        return self.patient or f"p-{self.name}"

    def image(self, place: int) -> str:
        """The id of the picture at that place of `views`."""
        return f"{SLUG}:{self.name}-{place}"


def material(
    studies: Sequence[Study],
    *,
    train: str = "stated",
    held_out: str = "strict",
    spaces: Mapping[str, Sequence[str]] | None = None,
    closed_world: Sequence[str] = (),
    resolution: str = "first annotator",
    population: Population = "unknown",
    seed: int = 0,
    split: SplitRule = AS_PUBLISHED,
) -> Material:
    """The studies as facet tables, with the annotators of `spaces` (default: `tool`, which looks for the fourteen)."""
    spaces = spaces or {"tool": FOURTEEN}
    facets = {
        "images": conform("images", _images(studies)),
        "studies": conform("studies", _studies(studies)),
        "readings": conform("readings", _readings(studies)),
        "findings": conform("findings", _findings(studies)),
        "label_space": conform("label_space", _space(spaces)),
        **({"reports": conform("reports", _reports(studies))} if any(s.report for s in studies) else {}),
    }
    labels = Labels.model_validate({
        "resolution": resolution, "policy_train": train, "policy_eval": held_out,
        "closed_world": dict.fromkeys(closed_world, "stated in the test"),
        "annotators": [
            {"name": name, "reference": ANNOTATORS[name], "how": "every case", "findings": tuple(space)}
            for name, space in spaces.items()
        ],
    })  # fmt: skip
    card = Card(SLUG, "1.0", "en", "CC0", False, "made-up", population, 1)
    return Material(card, {name: frame.lazy() for name, frame in facets.items()}, labels, train, held_out, seed, split)


def asked(name: str, of: Material) -> pl.DataFrame:
    """The finished samples of one task, as a build has them."""
    rows = task(name).ask(of).rows
    return complete(placed(rows, of) if rows.height else rows, task(name), of).sort("sample_id")


def by_id(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The rows by the key of their sample_id."""
    return {row["sample_id"].split("/", 2)[2]: row for row in frame.iter_rows(named=True)}


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pl.DataFrame:
    values = [[row[column] for column in columns] for row in rows]
    return pl.DataFrame(values, schema=list(columns), orient="row", infer_schema_length=None)


def _with(frame: pl.DataFrame, **constants: Any) -> pl.DataFrame:
    return frame.with_columns(pl.lit(value).alias(name) for name, value in constants.items())


def _images(studies: Sequence[Study]) -> pl.DataFrame:
    rows = [
        {"image_id": s.image(i), "study_id": s.name, "patient_id": s.patient_id, "path": f"{s.name}-{i}", "view": view}
        for s in studies for i, view in enumerate(s.views)
    ]  # fmt: skip
    frame = _frame(rows, ["image_id", "study_id", "patient_id", "path", "view"]).with_row_index("origin_row", offset=1)
    return _with(frame, root_id="jpg", member=None, view_source="made", width=None, height=None, origin_file="images")


def _studies(studies: Sequence[Study]) -> pl.DataFrame:
    rows = [{"study_id": s.name, "patient_id": s.patient_id, "split_official": s.split, "age": s.age} for s in studies]
    frame = _frame(rows, ["study_id", "patient_id", "split_official", "age"])
    return _with(frame, taken_at=None, sex=None)


def _readings(studies: Sequence[Study]) -> pl.DataFrame:
    rows = [
        {"study_id": s.name, "annotator": who, "origin_row": i}
        for i, s in enumerate(studies, 1) for who in s.told
    ]  # fmt: skip
    frame = _frame(rows, ["study_id", "annotator", "origin_row"])
    return _with(frame, image_id=None).with_columns(origin_file=pl.concat_str(pl.col("annotator"), pl.lit(".csv")))


def _findings(studies: Sequence[Study]) -> pl.DataFrame:
    rows = [
        {"study_id": s.name, "annotator": who, "finding": finding, "state": state, "origin_row": i}
        for i, s in enumerate(studies, 1) for who, states in s.told.items() for finding, state in states.items()
    ]  # fmt: skip
    frame = _frame(rows, ["study_id", "annotator", "finding", "state", "origin_row"])
    named = frame.with_columns(
        reference=pl.col("annotator").cast(pl.String).replace(ANNOTATORS),
        native_label="finding",
        origin_file=pl.concat_str("annotator", pl.lit(".csv")),
    )
    return _with(named, image_id=None)


def _space(spaces: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    rows = [{"annotator": who, "finding": finding} for who, space in spaces.items() for finding in space]
    return _with(_frame(rows, ["annotator", "finding"]), how="every case")


def _reports(studies: Sequence[Study]) -> pl.DataFrame:
    sections = ["indication", "comparison", "findings", "impression"]
    rows = [
        {"study_id": s.name, **{section: s.report.get(section) for section in sections}}
        for s in studies if s.report is not None
    ]  # fmt: skip
    frame = _frame(rows, ["study_id", *sections])
    places = dict.fromkeys(["findings_start", "findings_end", "impression_start", "impression_end", "origin_row"])
    return _with(frame, language="en", origin_file="reports.zip", **places)
