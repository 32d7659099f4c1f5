"""Rad-ReStruct as facet tables: its questions, in order, about OpenI's frontal pictures. Quirks: see NOTES.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from cxdata.model.patients import split_rank
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.facets import facet, studies_facet
from cxdata.sources.rad_restruct.pictures import MAPPING, PARENT, first_pictures, listed, own_images, study_id
from cxdata.sources.rad_restruct.questionnaires import read_folder
from cxdata.sources.reading import Desk, Part, Rows, put_aside

VERSION: Final = 2

BY: Final = "index-terms"
UNSTATED: Final = ("no selection", "unspecified")
SPLITS: Final = {"train_qa_pairs": "train", "val_qa_pairs": "val", "test_qa_pairs": "test"}
MESSAGES: Final = {
    "unreadable_file": "the file cannot be read as a list of questions",
    "one_answer": "the question has one option alone, so that nothing is asked",
    "answer_not_an_option": "an answer is none of the question's options",
    "not_stated": "the answer is that the report does not say it, which no picture shows",
    "report_without_picture": "no picture of the report can be used: see the rejects of the list of pictures",
    "report_in_two_splits": "the report stands in a stricter split too, and is taken from there",
    "report_without_questions": "no file of questions is about the report",
}


def read(context: ReadContext) -> Reading:
    """Read the questions of each split, and which of OpenI's pictures they are about."""
    desk = Desk(context, MESSAGES)
    rows = pl.concat([_rows(desk, name) for name in SPLITS])
    pictures = first_pictures(desk, listed(desk))
    rows = judged(rows, pictures.used["report"], unstated=context.options["unstated"] == "ask")
    used = rows.filter(pl.col("code").is_null()).join(pictures.used.select("report", "image_id"), on="report")
    parts = [_part(desk, name, rows) for name in SPLITS]
    asked = pictures.used["report"].is_in(used["report"].implode())
    spare = put_aside("report", pictures.used.filter(~asked).with_columns(code=pl.lit("report_without_questions")))
    mapped = Rows(pictures.used.filter(asked), pl.concat([pictures.aside, spare]))
    return desk.reading([desk.part(MAPPING, mapped, _facets(desk, used, mapped.used)), *parts])


def judged(rows: pl.DataFrame, shown: pl.Series, *, unstated: bool) -> pl.DataFrame:
    """The rows with `code` (null: good); `shown` are the reports that have a picture.

    Answers of UNSTATED are asked for where `unstated` is true.
    """
    given = pl.col("answer").str.split(", ")
    stray = given.list.set_difference("options").list.len() > 0
    stricter = split_rank("split_official").max().over("report") > split_rank("split_official")
    code = (
        pl.when(pl.col("code").is_not_null()).then("code")
        .when(pl.col("report").is_null()).then(pl.lit("bad_id"))
        .when(stricter).then(pl.lit("report_in_two_splits"))
        .when(~pl.col("report").is_in(shown.implode())).then(pl.lit("report_without_picture"))
        .when(pl.col("options").list.n_unique() < 2).then(pl.lit("one_answer"))
        .when(stray).then(pl.lit("answer_not_an_option"))
        .when(pl.col("answer").is_in(UNSTATED) & (not unstated)).then(pl.lit("not_stated"))
    )  # fmt: skip
    return rows.with_columns(code=code)


def _rows(desk: Desk, name: str) -> pl.DataFrame:
    rows = read_folder(desk.path(name), desk.context.run)
    return rows.with_columns(input=pl.lit(name), split_official=pl.lit(SPLITS[name]))


def _part(desk: Desk, name: str, rows: pl.DataFrame) -> Part:
    of_input = rows.filter(pl.col("input") == name)
    aside = put_aside("file", of_input.filter(pl.col("code").is_not_null()))
    return desk.part(name, Rows(of_input.filter(pl.col("code").is_null()), aside))


def _facets(desk: Desk, used: pl.DataFrame, pictures: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    split = used.select("report", "split_official").unique()
    studies = pictures.join(split, on="report", maintain_order="left")
    parent = desk.of_parent(PARENT, pictures["image_id"]) if PARENT in desk.context.parents else {}
    return {
        "images": own_images(desk, pictures, parent.get("images")),
        "studies": studies_facet(studies, patient_id=pl.col("report")),
        "questions": facet(
            "questions", used, study_id=study_id(), image_ids=pl.concat_list("image_id"),
            question_id=pl.format("{}:{}", "report", pl.col("row").cast(pl.String).str.zfill(3)),
            answer_type=pl.when(pl.col("answer_type") == "multi_choice").then("answer_type"),
            reference=pl.lit(desk.context.manifest.answerer(BY).reference),
            origin_file=pl.format("{}/{}", "input", "file"), origin_row=pl.lit(None),
        ),
    }  # fmt: skip
