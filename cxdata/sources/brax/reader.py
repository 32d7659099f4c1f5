"""BRAX as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.brax.places import placed
from cxdata.sources.brax.states import LABELS, study_states
from cxdata.sources.cells import OLDEST, Cell, matched, sex, view, whole
from cxdata.sources.facets import images_facet, studies_facet
from cxdata.sources.native import findings_facet, readings_facet
from cxdata.sources.reading import Desk, rows_of

VERSION: Final = 1

SLUG: Final = "brax"
TABLE: Final = "master_spreadsheet"
MESSAGES: Final = {
    "other_patient": "the folder of the picture is another patient's",
    "study_of_two_patients": "the study stands under two patients; whose it is cannot be known",
}
VIEWS: Final = {
    "AP LLD": "OTHER", "LT-DECUB": "OTHER", "RT-DECUB": "OTHER", "RL": "LATERAL", "LLD": "OTHER", "RLD": "OTHER",
    "RLO": "OTHER", "LLO": "OTHER",
}  # fmt: skip
LONGEST_PX: Final = 20_000
_ID: Final = r"(?:id_)?([^/]+)"


def _years(column: str) -> Cell:
    """The youngest of a group of five years: `45`, `45.0`, `85 or more`."""
    years = pl.col(column).str.extract(r"^(\d{1,3})(?:\.0)?(?: or more)?$").cast(pl.Float64)
    return Cell(column, pl.when(years <= OLDEST).then(years))


_CELLS: Final = {
    "stem": matched("PngPath", r"images/id_[^/]+/[^/]+/[^/]+/image-([^/]+)\.png"),
    "folder": matched("PngPath", r"images/id_([^/]+)/.*"), "patient_id": matched("PatientID", _ID),
    "study_id": matched("AccessionNumber", r"([^/ ]+)"), "age": _years("PatientAge"), "sex": sex("PatientSex"),
    "view": view("ViewPosition", VIEWS), "width": whole("Columns", 1, LONGEST_PX),
    "height": whole("Rows", 1, LONGEST_PX),
}  # fmt: skip


def _own_patient() -> pl.Expr:
    return pl.when(pl.col("folder") == pl.col("patient_id")).then("patient_id")


def read(context: ReadContext) -> Reading:
    """Read the spreadsheet."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    refused = {
        "bad_id": pl.any_horizontal(pl.col("stem", "patient_id", "study_id").is_null()),
        "other_patient": pl.col("folder") != pl.col("patient_id"),
        "study_of_two_patients": _own_patient().drop_nulls().n_unique().over("study_id") > 1,
    }
    rows, origin = rows_of(desk.table(TABLE), _CELLS, refused, named="PngPath"), desk.origin(TABLE)
    told, unread = study_states(rows.used)
    shown = placed(rows.used, context.roots.get("data"))
    source = pl.when(pl.col("view").is_not_null()).then(pl.lit("ViewPosition"))
    facets = {
        "images": images_facet(shown, SLUG, "data", origin, view_source=source),
        "studies": studies_facet(rows.used),
        "readings": readings_facet(rows.used.unique("study_id", keep="first", maintain_order=True), annotator, origin),
        "findings": findings_facet(told, LABELS, annotator, origin),
    }
    part = desk.part(TABLE, rows._replace(cells_nulled=rows.cells_nulled + unread), facets)
    return desk.reading([part], [annotator])
