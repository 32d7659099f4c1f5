"""Rows of boxes: which can be used, and the `regions` facet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.outlines import OUTLINE
from cxdata.sources.vindr_cxr.ids import image_id
from cxdata.sources.vindr_cxr.names import LOCAL, NO_FINDING

CORNERS: Final = {"x_min": "x0", "y_min": "y0", "x_max": "x1", "y_max": "y1"}


def with_corners(table: pl.DataFrame) -> pl.DataFrame:
    """The table with x0, y0, x1, y1 as numbers, null where a cell is none."""
    return table.with_columns(pl.col(cell).cast(pl.Float64, strict=False).alias(name) for cell, name in CORNERS.items())


def label_is_unknown(known: Iterable[str]) -> pl.Expr:
    """True for a class that is none of those known, nor No finding."""
    return ~pl.col("class_name").is_in([*known, NO_FINDING]).fill_null(value=False)


def corners_are_bad() -> pl.Expr:
    """True for a box without an area or below zero, and for No finding with a box."""
    x0, y0, x1, y1 = map(pl.col, CORNERS.values())
    is_box = (x0 >= 0) & (y0 >= 0) & (x1 > x0) & (y1 > y0) & x1.is_finite() & y1.is_finite()
    has_cells = pl.any_horizontal(pl.col(list(CORNERS)).is_not_null())
    return pl.when(pl.col("class_name") == NO_FINDING).then(has_cells).otherwise(~is_box.fill_null(value=False))


def row_key(*readers: str) -> pl.Expr:
    """What must differ between any two rows: picture, reader, class and corners."""
    cells = [pl.col(name).cast(pl.String).fill_null("") for name in CORNERS.values()]
    return pl.concat_str("stem", *readers, "class_name", *cells, separator="|")


def regions_facet(boxes: pl.DataFrame, sizes: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """The `regions` facet; the frame is the original picture where `sizes` (stem, width, height) has it."""
    return boxes.join(sizes, on="stem", how="left", maintain_order="left").select(
        "x0", "y0", "x1", "y1", image_id=image_id(pl.col("stem")), kind=pl.lit("abnormality"),
        finding=pl.col("label").replace_strict(LOCAL, return_dtype=pl.String), phrase=pl.lit(None, pl.String),
        outline=pl.lit(None, OUTLINE),
        frame_width="width", frame_height="height", annotator=pl.lit(annotator.name), origin_file=origin,
        origin_row="row",
    )  # fmt: skip
