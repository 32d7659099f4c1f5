"""Outlines of masks: the edges of their pixels as closed polygons, so that painting them gives back the mask, exactly.

A polygon is `x, y, x, y, …` in pixels, each corner once; corners lie where pixels meet, as those of boxes do. The first
goes clockwise on the screen round a piece, any other the other way round a hole in it, so that a point is in the piece
where an odd number of polygons goes round it. Nothing is smoothed and no corner is left out. Pixels that touch at
corners are one piece: its outline may pass through such a corner twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

OUTLINE: Final = pl.List(pl.List(pl.Float32))


def outlines(runs: pl.DataFrame) -> pl.Series:
    """The outline of each piece, in the order of their numbers, from `piece`, `x`, `y0`, `y1`.

    A run is the pixels of column x from y0 to before y1; no two runs of a piece share or touch in a column. Numbers are
    whole, none is below 0.
    """
    base = int(runs.select(pl.max_horizontal(pl.col("x").max() + 2, pl.col("y1").max() + 1)).item() or 0)
    edges = _upright_edges(runs, base)
    order, rings = _followed(_next(edges, base))
    walked = edges.select(pl.all().gather(pl.Series(order, dtype=pl.UInt32)))
    firsts = pl.Series(rings, dtype=pl.Int64)
    pieces = walked["piece"].gather(firsts).rle().struct.field("len")
    return _nested([pieces, _lengths(firsts, walked.height) * 4], _woven(walked))


def _lengths(firsts: pl.Series, total: int) -> pl.Series:
    return firsts.append(pl.Series([total], dtype=pl.Int64)).diff().slice(1)


def _woven(walked: pl.DataFrame) -> pl.Series:
    """x, y of both corners of each edge, one after the other."""
    told = pl.concat([walked[name] for name in ("x", "start", "x", "end")]).cast(pl.Float32)
    number = pl.int_range(told.len(), eager=True)
    return told.gather(number % 4 * walked.height + number // 4)


def _nested(lengths: Sequence[pl.Series], values: pl.Series) -> pl.Series:
    """The values as lists of lists; `lengths` are those of the outer ones, in lists, and of the inner, in values."""
    import pyarrow as pa

    held: Any = values.to_arrow()
    for one in reversed(lengths):
        ends = pl.concat([pl.Series([0], dtype=pl.Int64), one.cast(pl.Int64).cum_sum()])
        held = pa.LargeListArray.from_arrays(ends.to_arrow(), held)
    return pl.Series("outline", pl.from_arrow(held))


def _upright_edges(runs: pl.DataFrame, base: int) -> pl.DataFrame:
    """Edges between two columns, in the order of piece, x and y: up (from start to end) with the mask on the right.

    Ends of runs count at both sides of their column; where both sides have one alike there is no corner.
    """
    ends = pl.concat([
        runs.select("piece", x=pl.col("x") + beyond, y=y, is_top=pl.lit(is_top), right=pl.lit(1 - beyond))
        for beyond in (0, 1)
        for y, is_top in (("y0", 1), ("y1", 0))
    ])  # fmt: skip
    place = (pl.col("piece").cast(pl.Int64) * base + pl.col("x")) * base + pl.col("y")
    keys = ends.select(key=(place * 2 + pl.col("is_top")) * 2 + pl.col("right")).sort("key")
    end = pl.col("key") // 2
    alone = end.ne_missing(end.shift(1)) & end.ne_missing(end.shift(-1))
    left = keys.filter(alone)
    first, second = left.gather_every(2)["key"], left.gather_every(2, 1)["key"]
    place = pl.col("first") // 4
    is_up = (pl.col("first") // 2 % 2) == (pl.col("first") % 2)
    top, bottom = place % base, pl.col("second") // 4 % base
    return pl.DataFrame({"first": first, "second": second}).select(
        piece=place // (base * base), x=place // base % base, is_up=is_up,
        start=pl.when(is_up).then(bottom).otherwise(top), end=pl.when(is_up).then(top).otherwise(bottom),
    )  # fmt: skip


def _next(edges: pl.DataFrame, base: int) -> list[int]:
    """The edge that follows each, along the row in which it ends: ends and starts of a row belong together by twos.

    Where two pixels touch at a corner alone, the edge that goes up comes first: the outline goes on round both.
    """
    number = edges.height
    row = pl.concat([edges["start"], edges["end"]])
    twice = edges.select("piece", "x", "is_up")
    order = pl.concat([twice, twice]).with_columns(row=row).select(
        key=((pl.col("piece") * base + pl.col("row")) * base + pl.col("x")) * 2 + (~pl.col("is_up")).cast(pl.Int64)
    )["key"].arg_sort().cast(pl.Int64)  # fmt: skip
    one, other = order.gather_every(2), order.gather_every(2, 1)
    pairs = pl.DataFrame({"one": one, "other": other}).select(
        starts=pl.min_horizontal("one", "other"), ends=pl.max_horizontal("one", "other") - number
    )
    followers: list[int] = pairs.sort("ends")["starts"].to_list()
    return followers


def _followed(after: Sequence[int]) -> tuple[list[int], list[int]]:
    """The edges ring by ring, and where in that order each ring begins."""
    seen = bytearray(len(after))
    order: list[int] = []
    rings: list[int] = []
    for first in range(len(after)):
        if seen[first]:
            continue
        rings.append(len(order))
        at = first
        while not seen[at]:
            seen[at] = 1
            order.append(at)
            at = after[at]
    return order, rings
