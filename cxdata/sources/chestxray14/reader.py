"""ChestX-ray14 as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.chestxray14 import boxes, pictures
from cxdata.sources.chestxray14.labels import LABELS
from cxdata.sources.chestxray14.places import placed
from cxdata.sources.native import findings_facet, from_lists, readings_facet
from cxdata.sources.reading import Desk, Part

VERSION: Final = 2

TABLE: Final = "Data_Entry_2017"
TRAIN: Final = "train_val_list"
TEST: Final = "test_list"
BOXES: Final = "BBox_List_2017"
MESSAGES: Final = {
    "other_patient": "the patient's number is not the one in the picture's name",
    "picture_not_in_table": "the label table has no such picture that can be used",
    "unknown_finding": "the box is of no finding that the source knows",
    "bad_box": "the box has no size, or does not lie within 1024 x 1024 pixels",
}


def read(context: ReadContext) -> Reading:
    """Read the label table, the two lists and, where they are there, the boxes."""
    desk = Desk(context, MESSAGES)
    annotators = desk.annotators()
    miner, radiologist = annotators
    rows = pictures.label_table(desk.table(TABLE))
    train, test = (pictures.split_list(desk.table(name), rows.used) for name in (TRAIN, TEST))
    origin = desk.origin(TABLE)
    facets = {
        "images": pictures.images_facet(placed(rows.used), origin),
        "studies": pictures.studies_facet(rows.used, train.used, test.used),
        "readings": readings_facet(rows.used.drop_nulls("labels"), miner, origin),
        "findings": findings_facet(from_lists(rows.used), LABELS, miner, origin),
    }
    parts = [desk.part(TABLE, rows, facets), desk.part(TRAIN, train), desk.part(TEST, test)]
    return desk.reading([*parts, *_boxes(desk, radiologist, rows.used)], annotators)


def _boxes(desk: Desk, annotator: Annotator, known: pl.DataFrame) -> Iterator[Part]:
    if desk.has(BOXES):
        rows = boxes.box_rows(desk.table(BOXES), known)
        yield desk.part(BOXES, rows, {"regions": boxes.regions_facet(rows.used, annotator, desk.origin(BOXES))})
