"""CheXpert as facet tables, from v1.0, its test labels and CheXpert Plus, whichever are there. See NOTES.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import polars as pl

from cxdata.model.errors import CxdataError
from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.chexpert import labels, pictures, places, plus
from cxdata.sources.reading import Desk, Part, Rows

VERSION: Final = 1

TRAIN: Final = "train"
VALID: Final = "valid"
TEST: Final = "test_labels"
TRUTH: Final = "groundtruth"
PLUS: Final = "df_chexpert_plus_240401"
MESSAGES: Final = {
    "picture_of_two_splits": "the picture stands in the table of a stricter split, which keeps it",
    "other_patient": "its deid_patient_id stands beside another patient too",
    "study_without_picture": "no table lists a picture of the study",
}
_SHOWN: Final = {TRAIN: places.ORIGINAL, VALID: places.ORIGINAL, TEST: places.TEST}
"""The tables of v1.0 and its test set, and the parts that hold their pictures."""


def read(context: ReadContext) -> Reading:
    """Read every table that is there. Raises CxdataError where none lists a picture."""
    desk = Desk(context, MESSAGES)
    radiologists, labeller = desk.annotators()
    tables = _tables(desk)
    if not tables:
        raise CxdataError(
            "no table of CheXpert is here", where=context.manifest.slug,
            mend="get train.csv and valid.csv, or df_chexpert_plus_240401.csv: cxdata doctor",
        )  # fmt: skip
    parts = [
        *_original(desk, tables, radiologists, labeller), *_truth(desk, tables, radiologists), *_plus(desk, tables),
    ]  # fmt: skip
    studies = {"studies": pictures.studies_facet(rows.used for rows in tables.values())}
    whole = [parts[0]._replace(facets={**parts[0].facets, **studies}), *parts[1:]]
    used = [radiologists] if VALID in tables or TEST in tables else []
    reading = desk.reading(whole, [*used, *([labeller] if TRAIN in tables else [])])
    return replace(reading, funnel=list(_without_report(tables, reading)))


def _tables(desk: Desk) -> dict[str, Rows]:
    """The rows of each table of pictures that is there, the strictest split of v1.0 first, CheXpert Plus last."""
    tables: dict[str, Rows] = {}
    for name, columns in ((TEST, pictures.TEST), (VALID, pictures.ORIGINAL), (TRAIN, pictures.ORIGINAL)):
        if desk.has(name):
            stricter = [rows.used["stem"] for rows in tables.values()]
            tables[name] = pictures.listed(desk.table(name), columns, stricter)
    if desk.has(PLUS):
        tables[PLUS] = plus.plus_rows(desk.table(PLUS))
    return tables


def _original(desk: Desk, tables: dict[str, Rows], radiologists: Annotator, labeller: Annotator) -> Iterator[Part]:
    """Pictures and labels of the tables of v1.0 and its test set."""
    for name, order in _SHOWN.items():
        if name in tables:
            rows, annotator = tables[name], labeller if name == TRAIN else radiologists
            placed = places.placed(rows.used, order, desk.context.roots)
            facets = {"images": pictures.images_facet(placed, desk.origin(name))}
            if name != TEST or not desk.has(TRUTH):
                facets |= _labels(desk, name, rows.used, annotator)
            unread = labels.unread_cells(rows.used, annotator.findings)
            yield desk.part(name, rows._replace(cells_nulled=rows.cells_nulled + unread), facets)


def _truth(desk: Desk, tables: dict[str, Rows], annotator: Annotator) -> Iterator[Part]:
    """The test labels by study, which go before those of the table of test pictures."""
    if desk.has(TRUTH):
        known = tables[TEST].used["study_id"] if TEST in tables else pl.Series([], dtype=pl.String)
        rows = labels.study_rows(desk.table(TRUTH), known)
        unread = labels.unread_cells(rows.used, annotator.findings)
        yield desk.part(TRUTH, rows._replace(cells_nulled=unread), _labels(desk, TRUTH, rows.used, annotator))


def _plus(desk: Desk, tables: dict[str, Rows]) -> Iterator[Part]:
    """Reports, and the pictures that no table of v1.0 lists."""
    if PLUS in tables:
        rows, origin = tables[PLUS], desk.origin(PLUS)
        known = [table.used.select("stem") for name, table in tables.items() if name != PLUS]
        new = rows.used.join(pl.concat(known), on="stem", how="anti") if known else rows.used
        images = pictures.images_facet(places.placed(new, places.PLUS, desk.context.roots), origin)
        yield desk.part(PLUS, rows, {"images": images, "reports": plus.reports_facet(rows.used, origin)})


def _labels(desk: Desk, name: str, rows: pl.DataFrame, annotator: Annotator) -> dict[str, pl.DataFrame]:
    origin = desk.origin(name)
    return {
        "readings": labels.readings_facet(rows, annotator, origin),
        "findings": labels.findings_facet(rows, annotator, origin),
    }


def _without_report(tables: dict[str, Rows], reading: Reading) -> Iterator[tuple[str, int, str]]:
    if PLUS in tables:
        told = tables[PLUS].used["study_id"].n_unique()
        yield "of CheXpert Plus", told, "studies"
        yield "of CheXpert Plus without findings and impression", told - reading.facets["reports"].height, "studies"
