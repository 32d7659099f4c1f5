"""MIMIC-CXR-VQA as facet tables; pictures and patients are MIMIC-CXR's. What is peculiar to it stands in NOTES.md."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.facets import facet
from cxdata.sources.mimic_cxr_vqa.questions import KINDS, table_of, with_answers
from cxdata.sources.reading import Desk, Part, Rows, put_aside
from cxdata.sources.tables import ROW

VERSION: Final = 2

BY: Final = "chest-imagenome"
BY_BOXES: Final = "chest-imagenome-boxes"  # of questions of size
SPLITS: Final = {"train": "train", "valid": "val", "test": "test"}
DICOM: Final = r"^([0-9a-f]{8}(?:-[0-9a-f]{8}){4})(?:\.jpg|\.dcm)?$"
MESSAGES: Final = {
    "other_study": "MIMIC-CXR gives the picture to another study or patient",
    "no_answer": "the row has no answer: it is a row of the files before build_dataset.sh was run",
    "bad_answer": "the answer is none that the question can have",
    "duplicate_question": "a question of this number stands earlier in the file",
}


def read(context: ReadContext) -> Reading:
    """Read the questions of the three files."""
    desk = Desk(context, MESSAGES)
    table = with_answers(pl.concat([_rows(desk, name) for name in SPLITS]))
    rows = _judged(table, context.parents["mimic"]["images"])
    used = rows.filter(pl.col("code").is_null())
    parts = [_part(desk, name, used, rows) for name in SPLITS]
    return desk.reading([parts[0]._replace(facets=_facets(desk, used)), *parts[1:]])


def _rows(desk: Desk, name: str) -> pl.DataFrame:
    table = pl.concat([table_of(records) for records in desk.record_parts(name)])
    return table.with_columns(
        input=pl.lit(name), split_official=pl.lit(SPLITS[name]), origin_file=desk.origin(name), origin_row=pl.col(ROW)
    )


def _judged(rows: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """The rows with image_id, the study and patient of the parent, and `code` (null: good)."""
    subject, study = (
        pl.col(column).str.extract(rf"^{letter}?({digit}\d{{7}})(?:\.0)?$")
        for column, letter, digit in (("subject_id", "p", "1"), ("study_id", "s", "5"))
    )
    told = rows.with_columns(
        image_id="mimic:" + pl.col("image_id").str.extract(DICOM), subject=subject, number="s" + study
    )
    known = images.select("image_id", parent_study="study_id", parent_patient="patient_id")
    told = told.join(known, on="image_id", how="left", maintain_order="left")
    is_other = (pl.col("number") != pl.col("parent_study")) | (pl.col("subject") != pl.col("parent_patient"))
    code = (
        pl.when(pl.any_horizontal(pl.col("image_id", "subject", "number", "idx").is_null())).then(pl.lit("bad_id"))
        .when(pl.col("question").is_null() | ~pl.col("kind").is_in(KINDS).fill_null(value=False))
        .then(pl.lit("bad_record"))
        .when(pl.col("parent_study").is_null()).then(pl.lit("picture_not_in_parent"))
        .when(is_other).then(pl.lit("other_study"))
        .when(pl.col("fault").is_not_null()).then("fault")
    )  # fmt: skip
    told = told.with_columns(code=code)
    again = pl.when(pl.col("code").is_null(), pl.int_range(pl.len()).over("input", "idx", "code") > 0)
    return told.with_columns(code=pl.coalesce("code", again.then(pl.lit("duplicate_question"))))


def _part(desk: Desk, name: str, used: pl.DataFrame, rows: pl.DataFrame) -> Part:
    of_input = pl.col("input") == name
    aside = put_aside("idx", rows.filter(of_input, pl.col("code").is_not_null()))
    return desk.part(name, Rows(used.filter(of_input), aside))


def _facets(desk: Desk, used: pl.DataFrame) -> dict[str, pl.DataFrame]:
    shown = desk.of_parent("mimic", used["image_id"].unique())
    return {
        "images": shown["images"],
        "studies": shown["studies"].with_columns(split_official=pl.lit(None, pl.String)),  # each question has its own
        "questions": facet(
            "questions", used, question_id=pl.concat_str("input", "idx", separator="-"),
            study_id=pl.col("parent_study"),
            image_ids=pl.concat_list("image_id"),
            category=pl.concat_str("semantic_type", "content_type", separator=": "), reference=_reference(desk),
        ),
    }  # fmt: skip


def _reference(desk: Desk) -> pl.Expr:
    by, by_boxes = (pl.lit(desk.context.manifest.answerer(name).reference) for name in (BY, BY_BOXES))
    return pl.when(pl.col("content_type") == "size").then(by_boxes).otherwise(by)
