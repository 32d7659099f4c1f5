"""RSNA's challenge as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.facets import images_facet, regions_facet, studies_facet
from cxdata.sources.native import findings_facet, readings_facet
from cxdata.sources.reading import Desk
from cxdata.sources.rsna import rows as told
from cxdata.sources.rsna.nih import with_nih

VERSION: Final = 1

SLUG: Final = "rsna"
BOXES: Final = "stage_2_train_labels"
CLASSES: Final = "stage_2_detailed_class_info"
ENDINGS: Final = {"dicom": "dcm", "jpeg": "jpg", "png": "png"}
"""The families of pictures, the official one first, and how their files' names end."""
MESSAGES: Final = {
    "bad_target": "Target is neither 0 nor 1",
    "box_without_target": "a box on a picture whose Target is 0",
    "unknown_class": "the class is none of the three",
    "class_disagrees": "Target and class of the picture contradict each other",
    "no_class": "no row that can be used gives the picture's class: whether it is normal is not known",
}


def read(context: ReadContext) -> Reading:
    """Read both tables together: a picture is used where they agree, and whole."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    boxes, classes = told.agreed(desk.table(BOXES), desk.table(CLASSES))
    origin, pictures = desk.origin(BOXES), told.pictures(boxes.used, classes.used)
    shown = with_nih(pictures).with_columns(path=pl.format("{}{}.{}", pl.lit(ANYWHERE), "stem", pl.lit(_ending(desk))))
    places = boxes.used.filter(pl.col("target") == 1).with_columns(finding=pl.lit(told.OPACITY))
    frame = {"frame_width": pl.lit(told.SIDE_PX), "frame_height": pl.lit(told.SIDE_PX)}
    facets = {
        "images": images_facet(shown, SLUG, "data", origin, width=pl.lit(told.SIDE_PX), height=pl.lit(told.SIDE_PX)),
        "studies": studies_facet(shown, split_official=pl.lit("train")),
        "readings": readings_facet(pictures, annotator, origin),
        "regions": regions_facet(places, SLUG, origin, annotator=pl.lit(annotator.name), **frame),
    }
    stated = findings_facet(told.states(classes.used), told.LABELS, annotator, desk.origin(CLASSES))
    parts = [desk.part(BOXES, boxes, facets), desk.part(CLASSES, classes, {"findings": stated})]
    return desk.reading(parts, [annotator])


def _ending(desk: Desk) -> str:
    """Of the first family of pictures that is there; of the official one where there is none."""
    return next((ending for family, ending in ENDINGS.items() if desk.has(family)), ENDINGS["dicom"])
