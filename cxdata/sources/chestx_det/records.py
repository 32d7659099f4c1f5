"""Records of ChestX-Det: one a picture, with findings, boxes and outlines as lists that run side by side."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.sources.cells import matched
from cxdata.sources.native import native_labels
from cxdata.sources.outlines import OUTLINE
from cxdata.sources.reading import Rows, rows_of
from cxdata.sources.records import Record
from cxdata.sources.tables import ROW

LABELS: Final = native_labels(__file__)
SIDE_PX: Final = 1024  # of every picture of ChestX-ray14
SIZE: Final = {"width": pl.lit(SIDE_PX), "height": pl.lit(SIDE_PX)}
FRAME: Final = {"frame_width": pl.lit(SIDE_PX), "frame_height": pl.lit(SIDE_PX)}
VIEW_SOURCE: Final = "every picture of ChestX-ray14 is frontal"
NIH: Final = Path(__file__).with_name("nih.csv.gz")
CORNERS: Final = ("x0", "y0", "x1", "y1")
LEAST_CORNERS: Final = 3
_PLACE: Final = pl.Struct({"native_label": pl.String, **dict.fromkeys(CORNERS, pl.Float64), "outline": OUTLINE})


def picture_rows(records: Sequence[Record], stricter: pl.Series) -> Rows:
    """One row a picture that can be used: file_name, row, stem, places (label, corners and outline of each instance).

    A record with one instance that cannot be read is put aside whole: silence means absent, so a picture read in part
    would state false absences. An outline that cannot be read is null and counted: the box says where the instance is.
    `stricter` holds the pictures of the split that keeps what stands in both.
    """
    told = [(record.get("file_name"), record[ROW], record.get("polygons") is not None, *_judged(record))
            for record in records]  # fmt: skip
    table = pl.DataFrame(
        [(name if isinstance(name, str) else None, *rest) for name, *rest in told],
        schema={"file_name": pl.String, ROW: pl.Int64, "outlined": pl.Boolean, "places": pl.List(_PLACE),
                "fault": pl.String}, orient="row",
    )  # fmt: skip
    codes = {code: pl.col("fault") == code for code in ("bad_record", "unknown_finding", "bad_box")}
    refused = {**codes, "picture_in_test": pl.col("stem").is_in(stricter.implode())}
    rows = rows_of(table, {"stem": matched("file_name", r"(\d{5})\.png")}, refused, named="file_name")
    unread = places(rows.used.filter("outlined"))["outline"].null_count()
    return rows._replace(cells_nulled=rows.cells_nulled + unread)


def places(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an instance: stem, row, native_label, finding, x0, y0, x1, y1, outline."""
    told = rows.select("stem", ROW, "places").filter(pl.col("places").list.len() > 0).explode("places")
    return told.unnest("places").with_columns(finding=LABELS.finding())


def with_nih(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with patient_id (the picture itself), and view, view_source, age and sex as ChestX-ray14 has them."""
    known = pl.read_csv(NIH, schema_overrides={"image": pl.String, "age": pl.Float64})
    told = rows.join(known, left_on="stem", right_on="image", how="left", maintain_order="left")
    source = (
        pl.when(pl.col("view").is_null()).then(pl.lit(VIEW_SOURCE)).otherwise(pl.lit("View Position of ChestX-ray14"))
    )
    return told.with_columns(view=pl.col("view").fill_null("FRONTAL"), view_source=source, patient_id="stem")


def _judged(record: Record) -> tuple[list[dict[str, Any]], str | None]:
    """The instances of a record, and the code of the first fault."""
    labels, boxes = record.get("syms"), record.get("boxes")
    if not isinstance(labels, list) or not isinstance(boxes, list) or len(labels) != len(boxes):
        return [], "bad_record"
    if any(not isinstance(label, str) or label not in LABELS.findings for label in labels):
        return [], "unknown_finding"
    if not all(map(_is_box, boxes)):
        return [], "bad_box"
    corners = [dict(zip(CORNERS, map(float, box), strict=True)) for box in boxes]
    drawn = record.get("polygons")
    polygons = drawn if isinstance(drawn, list) and len(drawn) == len(labels) else [None] * len(labels)
    return [
        {"native_label": label, **box, "outline": _outline(polygon)}
        for label, box, polygon in zip(labels, corners, polygons, strict=True)
    ], None


def _outline(polygon: object) -> list[list[float]] | None:
    """The one polygon of an instance, as it stands; None for one that is no list of points of the picture."""
    if not isinstance(polygon, list) or len(polygon) < LEAST_CORNERS or not all(map(_is_point, polygon)):
        return None
    return [[float(place) for point in polygon for place in point]]


def _is_point(point: object) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(
        isinstance(place, int | float) and 0 <= place <= SIDE_PX for place in point
    )  # fmt: skip


def _is_box(box: object) -> bool:
    if not isinstance(box, list) or len(box) != len(CORNERS) or not all(isinstance(edge, Real) for edge in box):
        return False
    x0, y0, x1, y1 = box
    return bool(0 <= x0 < x1 <= SIDE_PX and 0 <= y0 < y1 <= SIDE_PX)
