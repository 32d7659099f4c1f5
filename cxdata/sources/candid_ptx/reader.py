"""CANDID-PTX as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE
from cxdata.model.manifest import Annotator
from cxdata.sources import masks
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.candid_ptx import rows as told
from cxdata.sources.candid_ptx.texts import reports_facet
from cxdata.sources.facets import facet, images_facet, studies_facet
from cxdata.sources.native import readings_facet
from cxdata.sources.reading import Desk, Part
from cxdata.sources.tables import ROW

VERSION: Final = 2

SLUG: Final = "candid-ptx"
REPORTS: Final = "Pneumothorax_reports"
LISTED: Final = {"acute_rib_fracture": "acute rib fracture", "chest_tube": "chest tube"}
"""The tables that list pictures with a finding, and what they list."""
VIEW_SOURCE: Final = "all pictures are frontal, as far as is known"
FRAME: Final = {"frame_width": pl.lit(masks.SIDE_PX), "frame_height": pl.lit(masks.SIDE_PX)}
MESSAGES: Final = {
    **masks.MESSAGES,
    "bad_patient": "the file name does not begin with P, a number and _",
    "other_patient": "rows of one picture, or of one study, name several patients or studies",
    "no_mask": "the row lists a picture and outlines nothing: whether there is something is not said",
}


def read(context: ReadContext) -> Reading:
    """Read the table of reports, and both lists of what else was outlined on its pictures."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    table, origin = desk.table(REPORTS), desk.origin(REPORTS)
    rows = told.picture_rows(table)
    pictures = rows.used.sort(ROW).unique("stem", keep="first", maintain_order=True)
    shown = pictures.with_columns(
        path=pl.format("{}{}", pl.lit(ANYWHERE), "stem"), view=pl.lit("FRONTAL"), view_source=pl.lit(VIEW_SOURCE),
        width=pl.lit(masks.SIDE_PX), height=pl.lit(masks.SIDE_PX),
    )  # fmt: skip
    studies = pictures.unique("study_id", keep="first", maintain_order=True)
    stated = told.states(told.masked_pictures(rows.used), pictures, silent=None)
    facets = {
        "images": images_facet(shown, SLUG, "data", origin),
        "studies": studies_facet(studies),
        "reports": reports_facet(rows.used, origin),
        **_told(desk, REPORTS, "pneumothorax", stated, rows.used, annotator),
        "readings": readings_facet(studies, annotator, origin),
    }
    lists = [_list(desk, name, pictures, annotator) for name in LISTED]
    return desk.reading([desk.part(REPORTS, rows, facets), *lists], [annotator])


def _list(desk: Desk, name: str, pictures: pl.DataFrame, annotator: Annotator) -> Part:
    """What one list tells of the pictures: present where it outlines something, and nothing of the others."""
    rows, doubted = told.listed_rows(desk.table(name), pictures)
    seen = pl.concat([rows.used.select("stem", ROW, is_there=pl.lit(value=True)), doubted])
    stated = told.states(seen.unique("stem", keep="first", maintain_order=True), pictures, silent=False)
    return desk.part(name, rows, _told(desk, name, LISTED[name], stated, rows.used, annotator))


def _told(
    desk: Desk, name: str, label: str, stated: pl.DataFrame, rows: pl.DataFrame, annotator: Annotator
) -> dict[str, pl.DataFrame]:
    """The `findings` and `regions` of one table."""
    finding, origin = told.LABELS.findings[label], desk.origin(name)
    said = {"annotator": pl.lit(annotator.name), "reference": pl.lit(annotator.reference), "finding": pl.lit(finding)}
    places = masks.places_of_masks(rows).with_columns(image_id=pl.concat_str(pl.lit(f"{SLUG}:"), "stem"))
    kind = pl.lit("device" if label == "chest tube" else "abnormality")
    return {
        "findings": facet("findings", stated, origin, native_label=pl.lit(label), **said),
        "regions": facet("regions", places.drop("stem"), origin, finding=said["finding"], kind=kind,
                         annotator=said["annotator"], **FRAME),
    }  # fmt: skip
