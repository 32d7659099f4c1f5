"""The table as facet tables. What is peculiar to the data set stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import Cell, matched, sex, text, view, years
from cxdata.sources.facets import images_facet, studies_facet
from cxdata.sources.native import findings_facet, from_lists, native_labels, readings_facet
from cxdata.sources.reading import Desk, rows_of

VERSION: Final = 1

LABELS: Final = native_labels(__file__)
VIEWS: Final = {"AP Supine": "AP", "AP Erect": "AP", "AP semi erect": "AP"}
SLICES: Final = ("axial", "coronal", "ct")
MESSAGES: Final = {"not_a_radiograph": "the row is of a CT slice or volume"}


def read(context: ReadContext) -> Reading:
    """Read the table: a row is a picture, and each picture is a study of its own."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    slug, origin = context.manifest.slug, desk.origin("metadata")
    cells = {
        "stem": matched("filename", r"([A-Za-z0-9._:-]+)"),
        "patient_id": text("patientid"),
        "view": view("view", VIEWS),
        "age": years("age"),
        "sex": sex("sex"),
        "labels": Cell("finding", LABELS.listed("finding", "/")),
    }
    refused = {
        "not_a_radiograph": pl.col("is_slice"),
        "bad_id": pl.col("stem").is_null() | pl.col("patient_id").is_null(),
    }
    table = _one_person(desk.table("metadata")).with_columns(is_slice=_is_slice())
    rows = rows_of(table, cells, refused, named="filename")
    listed = rows.used.drop_nulls("labels")
    facets = {
        "images": images_facet(rows.used, slug, "data", origin, path=pl.format("images/{}", "stem")),
        "studies": studies_facet(rows.used),
        "readings": readings_facet(listed, annotator, origin),
        "findings": findings_facet(_told(listed), LABELS, annotator, origin),
    }
    return desk.reading([desk.part("metadata", rows, facets)], [annotator])


def _one_person(table: pl.DataFrame) -> pl.DataFrame:
    """The table with one id a person: who shares a file with an earlier row's patient is that patient.

    `COVID-19, ARDS` of older tables becomes the path `COVID-19/ARDS`.
    """
    first = pl.col("patientid").first().over("filename")
    pairs = table.filter(pl.col("filename").is_not_null()).select("patientid", first=first)
    pairs = pairs.filter(pl.col("patientid") != pl.col("first")).unique("patientid", keep="first", maintain_order=True)
    person = pl.col("patientid").replace(pairs["patientid"], pairs["first"])
    return table.with_columns(patientid=person, finding=pl.col("finding").str.replace_all(r",\s*", "/"))


def _is_slice() -> pl.Expr:
    """True for CT: by the modality or the folder, which the first tables lack, or by a view that only CT has."""
    is_ct = pl.col("modality").str.to_lowercase() == "ct"
    is_slice = pl.col("view").str.to_lowercase().is_in(SLICES)
    return pl.any_horizontal(one.fill_null(value=False) for one in (is_ct, is_slice, pl.col("folder") == "volumes"))


def _told(listed: pl.DataFrame) -> pl.DataFrame:
    """One row a label of a picture; of labels that mean one finding the last, which says most."""
    told = from_lists(listed).with_columns(finding=LABELS.finding())
    return told.unique(["stem", "finding"], keep="last", maintain_order=True)
