"""The boxes of BBox_List_2017.csv: left, top, width and height in pixels of the 1024 x 1024 PNG."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.chestxray14.ids import image_id, stem
from cxdata.sources.chestxray14.labels import IN_BOXES
from cxdata.sources.chestxray14.pictures import SIDE_PX
from cxdata.sources.outlines import OUTLINE
from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.tables import ROW

# The header `Bbox [x,y,w,h],,,` is nine fields over rows of six: its first six are these cells in their order.
CELLS: Final = {"Bbox [x": "x0", "y": "y0", "w": "width", "h]": "height"}
_BOX: Final = ("x0", "y0", "width", "height")


def box_rows(table: pl.DataFrame, pictures: pl.DataFrame) -> Rows:
    """The boxes that lie on a picture of the label table, of a known finding, within its frame."""
    cells = [pl.col(cell).cast(pl.Float64, strict=False).alias(name) for cell, name in CELLS.items()]
    finding = pl.col("Finding Label").replace_strict(IN_BOXES, default=None, return_dtype=pl.String)
    rows = table.with_columns(*cells, stem=stem("Image Index"), finding=finding)
    rows = rows.with_columns(key=pl.concat_str("stem", "finding", *_BOX, separator="|"))
    code = (
        pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
        .when(~pl.col("stem").is_in(pictures["stem"].implode())).then(pl.lit("picture_not_in_table"))
        .when(pl.col("finding").is_null()).then(pl.lit("unknown_finding"))
        .when(~_is_within().fill_null(False)).then(pl.lit("bad_box"))
    )  # fmt: skip
    return sort_rows(rows, "key", "Image Index", code)


def regions_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """The `regions` facet: corners in the PNG's pixels, whose frame is 1024 x 1024."""
    return rows.select(
        "finding", "x0", "y0", image_id=image_id(pl.col("stem")), kind=pl.lit("abnormality"),
        phrase=pl.lit(None, pl.String), outline=pl.lit(None, OUTLINE),
        x1=pl.col("x0") + pl.col("width"), y1=pl.col("y0") + pl.col("height"),
        frame_width=pl.lit(SIDE_PX), frame_height=pl.lit(SIDE_PX), annotator=pl.lit(annotator.name),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def _is_within() -> pl.Expr:
    x0, y0, width, height = map(pl.col, _BOX)
    right, bottom = x0 + width, y0 + height
    return (x0 >= 0) & (y0 >= 0) & (width > 0) & (height > 0) & (right <= SIDE_PX) & (bottom <= SIDE_PX)
