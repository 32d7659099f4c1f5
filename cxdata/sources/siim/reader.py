"""SIIM-ACR's challenge as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import matched
from cxdata.sources.facets import images_facet, regions_facet, studies_facet
from cxdata.sources.masks import MESSAGES, SIDE_PX, is_nothing, mask, places_of_masks, refused_masks
from cxdata.sources.native import findings_facet, native_labels, readings_facet
from cxdata.sources.reading import Desk, Rows, rows_of
from cxdata.sources.tables import ROW

VERSION: Final = 2

SLUG: Final = "siim"
MASKS: Final = "train-rle"
LABELS: Final = native_labels(__file__)
((NATIVE, FINDING),) = LABELS.findings.items()
ENDINGS: Final = {"dicom": "dcm", "png": "png"}
"""The families of pictures, the official one first, and how their files' names end."""
VIEW_SOURCE: Final = "every picture of ChestX-ray14 is frontal"
_UID: Final = r"(1\.2(?:\.\d{1,20}){4,12})"


def read(context: ReadContext) -> Reading:
    """Read the table of masks."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    rows, origin = mask_rows(desk.table(MASKS)), desk.origin(MASKS)
    pictures = rows.used.sort(ROW).unique("stem", keep="first", maintain_order=True)
    state = pl.when(is_nothing("mask")).then(pl.lit("absent")).otherwise(pl.lit("present"))
    told = pictures.with_columns(state=state, native_label=pl.lit(NATIVE))
    shown = pictures.with_columns(
        path=pl.format("{}{}.{}", pl.lit(ANYWHERE), "stem", pl.lit(_ending(desk))), patient_id="stem",
        view=pl.lit("FRONTAL"), view_source=pl.lit(VIEW_SOURCE), width=pl.lit(SIDE_PX), height=pl.lit(SIDE_PX),
    )  # fmt: skip
    places = places_of_masks(rows.used).with_columns(finding=pl.lit(FINDING))
    frame = {"frame_width": pl.lit(SIDE_PX), "frame_height": pl.lit(SIDE_PX)}
    facets = {
        "images": images_facet(shown, SLUG, "data", origin),
        "studies": studies_facet(shown, split_official=pl.lit("train")),
        "readings": readings_facet(pictures, annotator, origin),
        "findings": findings_facet(told, LABELS, annotator, origin),
        "regions": regions_facet(places, SLUG, origin, annotator=pl.lit(annotator.name), **frame),
    }
    return desk.reading([desk.part(MASKS, rows, facets)], [annotator])


def mask_rows(table: pl.DataFrame) -> Rows:
    """The rows that can be used, one a mask or a picture without one: stem, mask, row; of a picture all, or none."""
    cells = {"stem": matched("ImageId", _UID), "mask": mask("EncodedPixels")}
    return rows_of(table, cells, refused_masks("EncodedPixels"), named="ImageId", key=("stem", "EncodedPixels"))


def _ending(desk: Desk) -> str:
    """Of the first family of pictures that is there; of the official one where there is none."""
    return next((ending for family, ending in ENDINGS.items() if desk.has(family)), ENDINGS["dicom"])
