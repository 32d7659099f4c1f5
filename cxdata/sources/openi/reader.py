"""OpenI as facet tables: NLM's XML or Kaggle's tables. What is peculiar to the dataset stands in NOTES.md."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from cxdata.model.facets import empty
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.openi import kaggle, mesh, nlm, views
from cxdata.sources.openi.ids import PARTS, image_id, image_path, number_of
from cxdata.sources.reading import Desk, Part, Rows

VERSION: Final = 1

REPORTS: Final = "reports"
PROJECTIONS: Final = "indiana_projections"
MESSAGES: Final = {
    "report_without_text": "neither findings nor an impression; its index terms say normal, which nobody has read",
    "report_unreadable": "the file cannot be read, or is too large to be a report",
    "xml_broken": "the XML is not well formed",
    "xml_entities": "the XML declares a document type or entities, which no report of the collection does",
    "other_report": "the XML is not of the report that its file name says",
    "unknown_name": "an XML file that is not called by a report number",
    "duplicate_report": "another file of the same report was read",
    "report_not_used": "no report that can be used has this number",
    "picture_not_in_reports": "no report that can be used lists the picture",
}


class Collected(NamedTuple):
    """What the reports gave: their part, terms, and the pictures that they list (None: another table lists them)."""

    rows: Rows
    terms: pl.DataFrame
    pictures: pl.DataFrame | None


def read(context: ReadContext) -> Reading:
    """Read the reports and, where they are there, Kaggle's projections."""
    desk = Desk(context, MESSAGES)
    annotator = desk.annotators()[0]
    found = _from_tables(desk) if ".csv" in desk.path(REPORTS).name else _from_xml(desk)
    studies = found.rows.used.select("study_id")
    images, parts = _pictures(desk, found, studies["study_id"])
    facets = {
        "images": images,
        "reports": found.rows.used.with_columns(language=pl.lit("en")),
        "studies": _studies(studies),
        "readings": mesh.readings_facet(found.terms, annotator),
        "findings": mesh.findings_facet(found.terms, annotator),
    }
    return desk.reading([desk.part(REPORTS, found.rows, facets), *parts], [annotator])


def _from_xml(desk: Desk) -> Collected:
    return Collected(*nlm.collection(desk.path(REPORTS), MESSAGES))


def _from_tables(desk: Desk) -> Collected:
    rows = kaggle.reports(desk.table(REPORTS))
    used = kaggle.with_origin(rows.used, desk.origin(REPORTS))
    return Collected(rows._replace(used=used), kaggle.terms(used), None)


def _pictures(desk: Desk, found: Collected, studies: pl.Series) -> tuple[pl.DataFrame, list[Part]]:
    """The `images` facet, from the XML or else from the projections, and the part of the projections."""
    listed = found.pictures
    if not desk.has(PROJECTIONS):
        return (empty("images") if listed is None else _images(desk, views.by_names(listed))), []
    rows = views.projections(desk.table(PROJECTIONS), studies)
    if listed is None:
        listed = kaggle.pictures(rows.used, desk.origin(PROJECTIONS))
    else:
        rows = views.listed_only(rows, listed["stem"])
    return _images(desk, views.by_projections(listed, rows.used)), [desk.part(PROJECTIONS, rows)]


def _images(desk: Desk, pictures: pl.DataFrame) -> pl.DataFrame:
    """The `images` facet; pictures are sought in the first of the parts that was found, by their names there."""
    part = next((name for name in PARTS if name in desk.context.roots), PARTS[0])
    return pictures.select(
        "study_id", "view", "view_source", "origin_file", "origin_row",
        image_id=image_id(pl.col("stem")), patient_id=number_of(pl.col("stem")), root_id=pl.lit(part),
        path=image_path(pl.col("stem"), part), member=pl.lit(None, pl.String),
        width=pl.lit(None, pl.Int32), height=pl.lit(None, pl.Int32),
    )  # fmt: skip


def _studies(studies: pl.DataFrame) -> pl.DataFrame:
    return studies.with_columns(
        patient_id=pl.col("study_id").str.strip_prefix("CXR"), split_official=pl.lit(None, pl.String),
        taken_at=pl.lit(None, pl.Datetime("us")), age=pl.lit(None, pl.Float64), sex=pl.lit(None, pl.String),
    )  # fmt: skip
