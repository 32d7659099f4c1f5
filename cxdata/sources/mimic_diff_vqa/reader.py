"""MIMIC-Diff-VQA as facet tables; pictures and patients are MIMIC-CXR's. What is peculiar to it stands in NOTES.md."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.facets import FRONTAL_VIEWS
from cxdata.model.hashing import hash_expr
from cxdata.reports.sentences import unwrap_expr
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import Cell, matched
from cxdata.sources.facets import facet
from cxdata.sources.mimic_diff_vqa.answers import DIFFERENCE, HALF_LEVEL, TYPES, with_options
from cxdata.sources.reading import Desk, Rows, put_aside, rows_of
from cxdata.sources.tables import ROW

VERSION: Final = 2

BY: Final = "rules"
PAIRS: Final = "pairs"
STUDIES: Final = "studies"
SPLITS: Final = {"train": "train", "val": "val", "valid": "val", "validate": "val", "test": "test"}
DICOM: Final = r"([0-9a-f]{8}(?:-[0-9a-f]{8}){4})(?:\.jpg|\.dcm)?"
MESSAGES: Final = {
    "other_study": "MIMIC-CXR gives the picture to another study or patient",
    "not_frontal": "the picture of the study is not frontal",
    "unknown_split": "the split is none of train, val, test",
    "no_picture": "the table of studies has no frontal picture of the study",
    "other_patient": "the reference study is not the patient's",
    "reference_not_earlier": "the reference study is not earlier than the main one",
    "no_answer": "the question has no answer",
    "half_level": "a level has changed from or to nothing",
    "same_question": "the same question about the study stands earlier, with the same answer",
    "conflicting_answers": "the question about the study has another answer in another row; none is taken",
}


def read(context: ReadContext) -> Reading:
    """Read the table of studies and the questions about them."""
    desk = Desk(context, MESSAGES)
    films = _films(desk)
    rows = _questions(desk, films.used)
    part = desk.part(PAIRS, rows)._replace(facets=_facets(desk, rows.used))
    return desk.reading([part, desk.part(STUDIES, films)])


def _study(column: str) -> Cell:
    return Cell(column, "s" + pl.col(column).str.extract(r"^s?(5\d{7})(?:\.0)?$"))


def _films(desk: Desk) -> Rows:
    """The picture of each study: image_id, study_id, patient_id, taken_at."""
    cells = {
        "dicom": matched("dicom_id", DICOM), "study": _study("study_id"),
        "patient": matched("subject_id", r"p?(1\d{7})(?:\.0)?"),
    }  # fmt: skip
    parent = desk.context.parents["mimic"]
    images = parent["images"].select("image_id", "view", parent_study="study_id", parent_patient="patient_id")
    table = desk.table(STUDIES).with_columns(image_id="mimic:" + pl.col("dicom_id").str.extract(f"^{DICOM}$"))
    table = table.join(images, on="image_id", how="left", maintain_order="left")
    is_other = (pl.col("study") != pl.col("parent_study")) | (pl.col("patient") != pl.col("parent_patient"))
    refused = {
        "bad_id": pl.any_horizontal(pl.col("dicom", "study", "patient").is_null()),
        "picture_not_in_parent": pl.col("parent_study").is_null(),
        "other_study": is_other,
        "not_frontal": ~pl.col("view").is_in(FRONTAL_VIEWS),
    }
    rows = rows_of(table, cells, refused, named="study_id", key=("study",))
    times = parent["studies"].select(study="study_id", taken_at="taken_at")
    return rows._replace(used=rows.used.join(times, on="study", how="left", maintain_order="left"))


def _questions(desk: Desk, films: pl.DataFrame) -> Rows:
    table = desk.table(PAIRS).with_columns(
        study=_study("study_id").value, reference=_study("ref_id").value,
        patient=pl.col("subject_id").str.extract(r"^p?(1\d{7})(?:\.0)?$"), question=unwrap_expr("question"),
        type=pl.col("question_type").str.to_lowercase(), raw_answer="answer", answer=unwrap_expr("answer"),
        split_official=pl.col("split").str.to_lowercase().replace_strict(SPLITS, default=None, return_dtype=pl.String),
    )  # fmt: skip
    main = films.select("study", "patient", image_id="image_id", taken_at="taken_at")
    other = main.select(
        reference="study", other_patient="patient", other_image="image_id", other_taken_at="taken_at"
    )  # fmt: skip
    told = table.join(main, on=["study", "patient"], how="left", maintain_order="left")
    told = told.join(other, on="reference", how="left", maintain_order="left").with_columns(code=_code())
    told = told.with_columns(code=pl.coalesce("code", _repeated()))
    used = with_options(told.filter(pl.col("code").is_null()))
    return Rows(used, put_aside("study_id", told.filter(pl.col("code").is_not_null())))


def _code() -> pl.Expr:
    is_pair = pl.col("type") == DIFFERENCE
    is_earlier = (pl.col("other_taken_at") < pl.col("taken_at")).fill_null(value=False)
    ids = pl.any_horizontal(pl.col("study", "patient").is_null()) | (is_pair & pl.col("reference").is_null())
    no_type = ~pl.col("type").is_in(TYPES).fill_null(value=False)
    no_split = pl.col("split").is_not_null() & pl.col("split_official").is_null()
    return (
        pl.when(ids).then(pl.lit("bad_id"))
        .when(no_type | pl.col("question").is_null()).then(pl.lit("bad_record"))
        .when(no_split).then(pl.lit("unknown_split"))
        .when(pl.col("answer").is_null()).then(pl.lit("no_answer"))
        .when(pl.col("image_id").is_null()).then(pl.lit("no_picture"))
        .when(is_pair & pl.col("other_image").is_null()).then(pl.lit("no_picture"))
        .when(is_pair & (pl.col("other_patient") != pl.col("patient"))).then(pl.lit("other_patient"))
        .when(is_pair & ~is_earlier).then(pl.lit("reference_not_earlier"))
        .when(pl.col("raw_answer").str.contains(HALF_LEVEL)).then(pl.lit("half_level"))
    )  # fmt: skip


def _repeated() -> pl.Expr:
    """The code of a row that asks what another one asks; the reference counts for a change alone."""
    of_pair = pl.when(pl.col("type") == DIFFERENCE).then("reference")
    same = (pl.col("study"), of_pair, pl.col("question").str.to_lowercase(), pl.col("code"))
    answers = pl.col("answer").str.to_lowercase().n_unique().over(same)
    # of equal questions in several splits the strictest, so that none of test is asked in train
    rank = pl.col("split_official").replace_strict({"test": 0, "val": 1, "train": 2}, default=3, return_dtype=pl.Int8)
    nth = pl.struct(rank, ROW).rank("ordinal").over(same)
    code = pl.when(answers > 1).then(pl.lit("conflicting_answers")).when(nth > 1).then(pl.lit("same_question"))
    return pl.when(pl.col("code").is_null()).then(code)


def _facets(desk: Desk, used: pl.DataFrame) -> dict[str, pl.DataFrame]:
    is_pair = pl.col("type") == DIFFERENCE
    shown = pl.concat([used["image_id"], used.filter(is_pair)["other_image"]]).unique()
    parent = desk.of_parent("mimic", shown)
    own = pl.lit(None, pl.String) if used["split_official"].count() else pl.col("split_official")
    hashed = hash_expr(0, pl.col("study"), pl.concat_str(pl.lit("question:"), pl.col("question").str.to_lowercase()))
    reference = pl.when(is_pair).then("reference")
    return {
        "images": parent["images"],
        "studies": parent["studies"].with_columns(split_official=own),
        "questions": facet(
            "questions", used, desk.origin(PAIRS), study_id=pl.col("study"), category=pl.col("type"),
            question_id=pl.concat_str("study", reference, hashed.cast(pl.String), separator=":", ignore_nulls=True),
            image_ids=pl.when(is_pair).then(pl.concat_list("other_image", "image_id")).otherwise(
                pl.concat_list("image_id")
            ),
            reference=pl.lit(desk.context.manifest.answerer(BY).reference),
        ),
    }  # fmt: skip
