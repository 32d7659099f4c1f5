"""The questions as facet tables; pictures, studies and splits are OpenI's."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import matched, one_of, text
from cxdata.sources.facets import facet
from cxdata.sources.reading import Desk, rows_of
from cxdata.sources.records import as_table

VERSION: Final = 2
QUESTIONS: Final = "questions"


def read(context: ReadContext) -> Reading:
    """Read the questions whose picture OpenI has."""
    desk = Desk(context, {})
    images = context.parents["openi"]["images"]
    cells = {
        "image_id": matched("picture", r"(openi:.+)"),
        "question": text("question"),
        "answer": one_of("answer", ("Yes", "No")),
    }
    refused = {"picture_not_in_parent": ~pl.col("image_id").is_in(images["image_id"].implode())}
    table = as_table(desk.records(QUESTIONS), ("picture", "question", "answer"))
    rows = rows_of(table, cells, refused, named="picture", key=("image_id", "question"))
    used = rows.used.join(images.select("image_id", "study_id"), on="image_id")
    asked = facet(
        "questions", used, desk.origin(QUESTIONS), question_id=pl.col("row").cast(pl.String),
        image_ids=pl.concat_list("image_id"), answer_type=pl.lit("binary"),
        reference=pl.lit(context.manifest.answerer("nobody").reference),
    )  # fmt: skip
    shown = desk.of_parent("openi", used["image_id"])
    return desk.reading([desk.part(QUESTIONS, rows, {**shown, "questions": asked})])
