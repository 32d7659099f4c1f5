"""Rows of both tables: one a box (or a picture without one), and the picture's class repeated as often."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from cxdata.sources.cells import is_bad_box, matched, one_of, sized_box, whole
from cxdata.sources.native import native_labels
from cxdata.sources.reading import Rows, put_aside, rows_of
from cxdata.sources.tables import ROW

LABELS: Final = native_labels(__file__)
OPACITY, BETWEEN, NORMAL = LABELS.findings
SIDE_PX: Final = 1024  # of every picture, and of the frame of the boxes
_ID: Final = r"([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
_CORNERS: Final = ("x0", "y0", "x1", "y1")


class Agreed(NamedTuple):
    """Rows of boxes (stem, target, corners, row) and of classes (stem, label, row), of the same pictures."""

    boxes: Rows
    classes: Rows


def agreed(boxes: pl.DataFrame, classes: pl.DataFrame) -> Agreed:
    """The rows that can be used of the pictures that both tables know and say the same of."""
    drawn, named = _boxes(boxes), _classes(classes)
    target = drawn.used.group_by("stem").agg(is_opaque=pl.col("target").max() == 1)
    label = named.used.group_by("stem").agg(label=pl.col("label").first())
    both = target.join(label, on="stem", how="full", coalesce=True).with_columns(
        code=pl.when(pl.col("label").is_null()).then(pl.lit("no_class"))
        .when(pl.col("is_opaque").is_null()).then(pl.lit("picture_not_in_table"))
        .when(pl.col("is_opaque") != (pl.col("label") == OPACITY)).then(pl.lit("class_disagrees"))
    ).select("stem", "code")  # fmt: skip
    return Agreed(_without(drawn, both), _without(named, both))


def pictures(boxes: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    """One row a picture, the first of its boxes: stem, label, row."""
    labels = classes.select("stem", "label").unique("stem")
    first = boxes.select("stem", ROW).sort(ROW).unique("stem", keep="first", maintain_order=True)
    return first.join(labels, on="stem", how="left", maintain_order="left")


def states(classes: pl.DataFrame) -> pl.DataFrame:
    """One row a statement: stem, row, native_label, state.

    The class between says that there is no opacity suspicious for pneumonia and that the picture is not normal: what
    is there may be an opacity in the wider sense, so that it is neither there nor absent. Only Normal denies it.
    """
    first = classes.sort(ROW).unique("stem", keep="first", maintain_order=True)
    own = pl.when(pl.col("label") == BETWEEN).then(pl.lit("uncertain")).otherwise(pl.lit("present"))
    stated = first.select("stem", ROW, native_label="label", state=own)
    denied = first.filter(pl.col("label") == NORMAL)
    return pl.concat([stated, denied.select("stem", ROW, native_label=pl.lit(OPACITY), state=pl.lit("absent"))])


def _boxes(table: pl.DataFrame) -> Rows:
    cells = {
        "stem": matched("patientId", _ID), "target": whole("Target", 0, 1), **sized_box("x", "y", "width", "height"),
    }  # fmt: skip
    holds_box = pl.any_horizontal(pl.col("x", "y", "width", "height").is_not_null())
    wrong = {
        "bad_target": pl.col("target").is_null(),
        "box_without_target": (pl.col("target") == 0) & holds_box,
        "bad_box": (pl.col("target") == 1) & is_bad_box(SIDE_PX, SIDE_PX),
    }
    refused = {
        **wrong,
        "conflicting_rows": pl.col("target").n_unique().over("stem") > 1,
        "picture_in_part": pl.any_horizontal(*wrong.values()).any().over("stem"),
    }
    return rows_of(table, cells, refused, named="patientId", key=("stem", *_CORNERS))


def _classes(table: pl.DataFrame) -> Rows:
    """The class stands once for each box of its picture: each of these rows is used."""
    cells = {"stem": matched("patientId", _ID), "label": one_of("class", LABELS.all)}
    refused = {
        "unknown_class": pl.col("label").is_null(),
        "conflicting_rows": pl.col("label").n_unique().over("stem") > 1,
    }
    nth = table.with_columns(nth=pl.int_range(pl.len()).over("patientId"))
    return rows_of(nth, cells, refused, named="patientId", key=("stem", "nth"))


def _without(rows: Rows, codes: pl.DataFrame) -> Rows:
    judged = rows.used.join(codes, on="stem", how="left", maintain_order="left")
    lost = judged.filter(pl.col("code").is_not_null())
    kept = judged.filter(pl.col("code").is_null()).drop("code")
    return Rows(kept, pl.concat([rows.aside, put_aside("patientId", lost)]), rows.cells_nulled)
