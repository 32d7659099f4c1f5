"""The table as facet tables. What is peculiar to the data set stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.facets import SPLITS
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import Cell, matched, one_of, sex, text, view, years
from cxdata.sources.facets import images_facet, studies_facet
from cxdata.sources.native import findings_facet, from_lists, native_labels, readings_facet
from cxdata.sources.reading import Desk, rows_of

VERSION: Final = 1

LABELS: Final = native_labels(__file__)
MESSAGES: Final = {"no_split": "the row says of no split that the picture is in it"}


def read(context: ReadContext) -> Reading:
    """Read the table: a row is a picture, and each picture is a study of its own."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    slug, origin = context.manifest.slug, desk.origin("table")
    cells = {
        "stem": matched("image", r"([A-Za-z0-9._-]+)\.png"),
        "patient_id": text("patient"),
        "view": view("view"),
        "age": years("age"),
        "sex": sex("sex"),
        "split_official": one_of("split", SPLITS),
        "labels": Cell("findings", LABELS.listed("findings")),
    }
    refused = {"bad_id": pl.col("stem").is_null() | pl.col("patient_id").is_null(),
               "no_split": pl.col("split_official").is_null()}  # fmt: skip
    rows = rows_of(desk.table("table"), cells, refused, named="image")
    listed = rows.used.drop_nulls("labels")  # a blank cell is no reading: it says neither normal nor anything else
    facets = {
        "images": images_facet(rows.used, slug, "data", origin, path=pl.format("images/{}.png", "stem")),
        "studies": studies_facet(rows.used),
        "readings": readings_facet(listed, annotator, origin),
        "findings": findings_facet(from_lists(listed), LABELS, annotator, origin),
    }
    return desk.reading([desk.part("table", rows, facets)], [annotator])
