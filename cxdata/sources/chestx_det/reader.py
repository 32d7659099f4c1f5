"""ChestX-Det as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE, INSIDE
from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.chestx_det import records
from cxdata.sources.facets import images_facet, regions_facet, studies_facet
from cxdata.sources.native import findings_facet, readings_facet
from cxdata.sources.reading import Desk, Part

VERSION: Final = 2

SLUG: Final = "chestx-det"
FILES: Final = {"test": "ChestX_Det_test", "train": "ChestX_Det_train"}
MESSAGES: Final = {
    "bad_record": "its findings and boxes are no lists of one length",
    "unknown_finding": "a finding that the source does not have: what else the picture shows is not known either",
    "bad_box": "a box that is not four numbers, has no size, or does not lie within 1024 x 1024 pixels",
    "picture_in_test": "the picture stands among those of the test part too, and counts as one of them",
}


def read(context: ReadContext) -> Reading:
    """Read both files, and of each picture what ChestX-ray14 knows of it."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    test = _split(desk, "test", annotator, pl.Series([], dtype=pl.String))
    train = _split(desk, "train", annotator, test.facets["studies"]["study_id"])
    return desk.reading([test, train], [annotator])


def _split(desk: Desk, split: str, annotator: Annotator, stricter: pl.Series) -> Part:
    name = FILES[split]
    rows = records.picture_rows(desk.records(name), stricter)
    origin, places = desk.origin(name), records.places(rows.used)
    shown = records.with_nih(rows.used).with_columns(
        path=pl.format("{}{}.png", pl.lit(ANYWHERE), "stem"),
        member=pl.format(f"{ANYWHERE}{split}_data.zip{INSIDE}{split}/{{}}.png", "stem"),
    )
    present = places.unique(["stem", "native_label"], keep="first", maintain_order=True)
    present = present.with_columns(state=pl.lit("present"))
    facets = {
        "images": images_facet(shown, SLUG, "data", origin, **records.SIZE),
        "studies": studies_facet(shown, split_official=pl.lit(split)),
        "readings": readings_facet(shown, annotator, origin),
        "findings": findings_facet(present, records.LABELS, annotator, origin),
        "regions": regions_facet(places, SLUG, origin, annotator=pl.lit(annotator.name), **records.FRAME),
    }
    return desk.part(name, rows, facets)
