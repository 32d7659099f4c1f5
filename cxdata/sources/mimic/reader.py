"""MIMIC-CXR as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.mimic import labels, pictures, reports
from cxdata.sources.reading import Desk, Part, Rows

VERSION: Final = 1

METADATA: Final = "mimic-cxr-2.0.0-metadata"
SPLIT: Final = "mimic-cxr-2.0.0-split"
LABELS: Final = {
    "chexpert": "mimic-cxr-2.0.0-chexpert",
    "negbio": "mimic-cxr-2.0.0-negbio",
    "radiologist": "mimic-cxr-2.1.0-test-set-labeled",
}
MESSAGES: Final = {
    "study_of_two_patients": "the study is given to two patients; none of its pictures is taken",
    "unknown_split": "the split is none of train, validate, test",
    "picture_not_in_metadata": "the metadata table has no such picture",
    "study_not_in_metadata": "the metadata table has no such study",
}


def read(context: ReadContext) -> Reading:
    """Read tables, labels and, where they are there, reports."""
    desk = Desk(context, MESSAGES)
    rows = pictures.metadata(desk.table(METADATA))
    studies = rows.used["study_id"].unique()
    annotators = [annotator for annotator in desk.annotators() if desk.has(LABELS[annotator.name])]
    labelled = [_labels(desk, annotator, studies) for annotator in annotators]
    return desk.reading([*_pictures(desk, rows), *labelled, *_reports(desk, studies)], annotators)


def _pictures(desk: Desk, rows: Rows) -> Iterator[Part]:
    split_rows = pictures.splits(desk.table(SPLIT), rows.used)
    images = pictures.images_facet(rows.used, desk.origin(METADATA))
    studies = pictures.studies_facet(rows.used, split_rows.used)
    yield desk.part(METADATA, rows, {"images": images, "studies": studies})
    yield desk.part(SPLIT, split_rows)


def _labels(desk: Desk, annotator: Annotator, studies: pl.Series) -> Part:
    name = LABELS[annotator.name]
    rows = labels.label_rows(desk.table(name), studies)
    readings = labels.readings_facet(rows.used, annotator, desk.origin(name))
    findings = labels.findings_facet(rows.used, annotator, desk.origin(name))
    return desk.part(name, rows, {"readings": readings, "findings": findings})


def _reports(desk: Desk, studies: pl.Series) -> Iterator[Part]:
    if desk.has(reports.FAMILY):
        rows = reports.read(desk.context, desk.path(reports.FAMILY), studies)
        yield desk.part(reports.FAMILY, rows, {"reports": rows.used})
