"""MS-CXR-T as facet tables: changes between MIMIC's pictures and pairs of sentences, all of it test. See NOTES.md."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.facets import CHANGES as COURSES
from cxdata.model.facets import MEANINGS
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import Cell, matched, one_of, text
from cxdata.sources.facets import facet, studies_facet
from cxdata.sources.reading import Desk, Part, Rows, rows_of

VERSION: Final = 1

SLUG: Final = "ms-cxr-t"
ANNOTATOR: Final = "experts"
PARENT: Final = "mimic"
CHANGES: Final = "changes"
SENTENCES: Final = "sentences"
FINDINGS: Final = {
    "consolidation": "Consolidation", "edema": "Edema", "pleural_effusion": "Pleural Effusion",
    "pneumonia": "Pneumonia", "pneumothorax": "Pneumothorax",
}  # fmt: skip
DISAGREEMENT: Final = "disagreement"
QUALITY: Final = {"multiple_experts": "R1", "one_expert": "R2"}
DICOM: Final = r"(?:.*/)?((?:[0-9a-f]{8}-){4}[0-9a-f]{8})(?:\.jpg|\.dcm)?"
STUDY: Final = r"s?(5\d{7})(?:\.0)?"
MESSAGES: Final = {
    "bad_prior": "the id of the previous picture is not of the form that the source uses",
    "same_picture": "the previous picture is the current one",
    "other_study": "MIMIC's table of pictures has another study or patient for one of the two",
    "no_change": "no finding has a change that the experts agree on",
    "no_sentence": "a sentence is missing",
    "unknown_meaning": "the pair is neither paraphrase nor contradiction",
}
_PAIR: Final = ("image_id", "prior_image_id")


def read(context: ReadContext) -> Reading:
    """Read the table of changes and that of sentences, as far as they are there."""
    desk = Desk(context, MESSAGES)
    parts = [_changes(desk)] if desk.has(CHANGES) else []
    return desk.reading([*parts, _sentences(desk)] if desk.has(SENTENCES) else parts)


def _changes(desk: Desk) -> Part:
    rows = _pairs(desk)
    shown = desk.of_parent(PARENT, pl.concat([rows.used["image_id"], rows.used["prior_image_id"]]))
    return desk.part(CHANGES, rows, {
        "images": shown["images"],
        "studies": shown["studies"].with_columns(split_official=pl.lit("test")),
        "changes": _told(desk, rows.used),
    })  # fmt: skip


def _pairs(desk: Desk) -> Rows:
    cells = {
        "dicom": matched("dicom_id", DICOM),
        "prior_dicom": matched("previous_dicom_id", DICOM),
        "said_study": matched("study_cell", STUDY),
        "said_prior": matched("previous_study_id", STUDY),
        "said_patient": matched("subject_id", r"p?(1\d{7})(?:\.0)?"),
        **{f"change {name}": _change(name) for name in FINDINGS},
    }
    known = desk.context.parents[PARENT]["images"].select("image_id", "study_id", "patient_id")
    prior = known.select(pl.all().name.prefix("prior_"))
    table = desk.table(CHANGES).rename({"study_id": "study_cell"})
    table = table.with_columns(image_id=_image("dicom_id"), prior_image_id=_image("previous_dicom_id"))
    table = table.join(known, on="image_id", how="left", maintain_order="left")
    table = table.join(prior, on="prior_image_id", how="left", maintain_order="left")
    refused = {
        "bad_prior": pl.col("prior_dicom").is_null(),
        "same_picture": pl.col("dicom") == pl.col("prior_dicom"),
        "picture_not_in_parent": pl.col("study_id").is_null() | pl.col("prior_study_id").is_null(),
        "other_study": _differs(),
        "no_change": pl.all_horizontal(pl.col(f"change {name}").is_null() for name in FINDINGS),
    }
    return rows_of(table, cells, refused, named="dicom_id", key=("dicom", "prior_dicom"))


def _change(name: str) -> Cell:
    """A course, where the experts do not disagree on it."""
    value = one_of(f"{name}_progression", COURSES).value
    agreed = pl.col(f"{name}_label_quality").str.to_lowercase().ne_missing(DISAGREEMENT)
    return Cell(f"{name}_progression", pl.when(agreed).then(value))


def _differs() -> pl.Expr:
    """True where the row's ids are not those of MIMIC's table, or the two pictures are of two patients."""
    study, prior, patient = pl.col("study_id"), pl.col("prior_study_id"), pl.col("patient_id")
    said = [(study, "said_study"), (prior, "said_prior")]
    wrong = [(pl.concat_str(pl.lit("s"), cell) != own).fill_null(value=False) for own, cell in said]
    other = (pl.col("said_patient") != patient).fill_null(value=False)
    return pl.any_horizontal(*wrong, other, patient != pl.col("prior_patient_id"))


def _told(desk: Desk, used: pl.DataFrame) -> pl.DataFrame:
    """The `changes` facet: a row for each finding of a pair that has a course."""
    ids = ["study_id", "prior_study_id", *_PAIR, "row"]
    frames = [
        used.select(
            *ids, finding=pl.lit(finding), change=pl.col(f"change {name}"), annotator=pl.lit(ANNOTATOR),
            reference=_quality(name).replace_strict(QUALITY, default="R2", return_dtype=pl.String),
        )
        for name, finding in FINDINGS.items()
    ]  # fmt: skip
    return facet("changes", pl.concat(frames).drop_nulls("change"), desk.origin(CHANGES))


def _quality(name: str) -> pl.Expr:
    return pl.col(f"{name}_label_quality").str.to_lowercase()


def _image(column: str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{PARENT}:"), matched(column, DICOM).value)


def _sentences(desk: Desk) -> Part:
    """The pairs; who they were written about is not known, so that each stands for a patient of its own, of test."""
    cells = {
        "first": text("sentence_1"),
        "second": text("sentence_2"),
        "meaning": one_of("category", MEANINGS),
        "asked": Cell("sentence_1", pl.concat_str(_folded("sentence_1"), pl.lit("|"), _folded("sentence_2"))),
    }
    refused = {
        "no_sentence": pl.col("first").is_null() | pl.col("second").is_null(),
        "unknown_meaning": pl.col("meaning").is_null(),
    }
    # a row that was put aside goes by its place and kind: no sentence stands in rejects
    rows = rows_of(desk.table(SENTENCES), cells, refused, named="category", key=("asked",))
    own = rows.used.with_columns(pair_id=pl.format("pair-{}", "row"))
    own = own.with_columns(study_id=pl.concat_str(pl.lit(f"{SLUG}."), "pair_id"))
    studies = studies_facet(own, patient_id=pl.col("study_id"), split_official=pl.lit("test"))
    return desk.part(SENTENCES, rows, {"studies": studies, "sentence_pairs": facet(
        "sentence_pairs", own, desk.origin(SENTENCES)
    )})  # fmt: skip


def _folded(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().fill_null("")
