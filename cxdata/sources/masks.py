"""Masks in relative run lengths, as the SIIM-ACR challenge writes them, and the places that they cover.

A mask is pairs `gap length` of whole numbers: pixels since the end of the run before (at first since pixel 0), and
pixels in the run. Pixels run down the columns, the left column first, of a square picture; no run goes on in the next
column. (The classic code of Kaggle has absolute starts: read so, but for a mask of very few runs, it goes beyond the
picture or across columns, and is refused.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

import polars as pl

from cxdata.sources.cells import Cell
from cxdata.sources.facets import STEM
from cxdata.sources.outlines import outlines
from cxdata.sources.tables import ROW

Run = tuple[int, int, int]
"""Masked pixels of one column: x, and y from the second number to before the third."""

SIDE_PX: Final = 1024
NOTHING: Final = "-1"
LEAST_SHARE: Final = 0.01
"""Of all masked pixels of a picture: a piece of fewer is a slip of the brush, and gets no box of its own."""
_CODE: Final = re.compile(r"\d{1,7}(?: +\d{1,7})*")


MESSAGES: Final = {
    "bad_mask": "the cell is blank, or no relative run-length code of 1024 x 1024 pixels",
    "mask_and_none": "the picture has a mask and a row that says there is none",
}
"""What the codes of `refused_masks` mean."""


class Piece(NamedTuple):
    """Masked pixels that hang together, corners touching: the box around them, and how many they are."""

    x0: int
    y0: int
    x1: int
    y1: int
    area_px: int


def mask(column: str) -> Cell:
    """The mask of a cell as the bounds of its runs (start, end, start, …) in pixels down the columns.

    Empty for `-1`, which says that nothing is masked; null for a cell that is no such code, or of another size.
    """
    value = pl.col(column).map_batches(_decoded, return_dtype=pl.List(pl.Int64), is_elementwise=True)
    return Cell(column, value)


def is_nothing(name: str) -> pl.Expr:
    """True where a column of `mask` says that nothing is masked."""
    return pl.col(name).list.len() == 0


def refused_masks(column: str, name: str = "mask", *, or_blank: bool = False) -> dict[str, pl.Expr]:
    """Codes of rows whose mask cannot be used, and of all rows of a picture (`stem`) that could be read in part alone.

    `or_blank` lets a blank cell pass: it says nothing of the picture.
    """
    told = pl.col(column).is_not_null()
    is_none = (pl.col(column) == NOTHING).fill_null(value=False)
    bad = pl.col(name).is_null() & told if or_blank else pl.col(name).is_null()
    return {
        "bad_mask": bad,
        "mask_and_none": is_none.any().over(STEM) & (told & ~is_none).any().over(STEM),
        "picture_in_part": bad.any().over(STEM),
    }


def places_of_masks(rows: pl.DataFrame, name: str = "mask") -> pl.DataFrame:
    """One row a piece: stem, row (the first of the picture's), x0, y0, x1, y1, the edges of pixels, and its outline.

    The masks of a picture are laid over each other first: several rows may outline one place, and one row several.
    Pieces below `LEAST_SHARE` are left out. Outlines are exact: see `outlines`.
    """
    masked = (
        rows.filter(pl.col(name).list.len() > 0)
        .group_by(STEM, maintain_order=True)
        .agg(pl.col(ROW).min(), pl.col(name))
    )
    found: list[tuple[str, int, float, float, float, float]] = []
    drawn: list[list[Run]] = []
    for stem, row, masks in masked.select(STEM, ROW, name).iter_rows():
        hanging = hanging_runs(_laid_over(masks))
        for members, piece in _large(hanging):
            found.append((stem, row, *map(float, piece[:4])))
            drawn.append(members)
    numbers = dict.fromkeys(("x0", "y0", "x1", "y1"), pl.Float64)
    boxes = pl.DataFrame(found, schema={STEM: pl.String, ROW: pl.Int64, **numbers}, orient="row")
    return boxes.with_columns(outline=outlines(_table(drawn)))


def pieces(runs: Iterable[Run]) -> list[Piece]:
    """The pieces of runs that come by column and row and share no pixel, in the order of their first run."""
    return [_piece(members) for members in hanging_runs(runs)]


def hanging_runs(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs of each piece, of runs that come by column and row and share no pixel; in the order of the first run."""
    found: list[list[Run]] = []
    before: list[tuple[Run, int]] = []
    column: list[tuple[Run, int]] = []
    merged: list[int] = []  # the piece that each piece became a part of; its own number where of none
    for run in runs:
        x, y0, y1 = run
        if column and x != column[0][0][0]:
            before = column if x == column[0][0][0] + 1 else []
            column = []
        if len(before) == 1:  # as it mostly is
            (_, top, end), other = before[0]
            met = {_root(merged, other)} if top <= y1 and y0 <= end else set()
        else:
            met = {_root(merged, other) for (_, top, end), other in before if top <= y1 and y0 <= end}
        own = min(met, default=len(found))
        if not met:
            found.append([])
            merged.append(own)
        found[own].append(run)
        column.append((run, own))
        for other in met - {own}:
            found[own] += found[other]
            found[other], merged[other] = [], own
    return [members for members in found if members]


def _root(merged: list[int], piece: int) -> int:
    while merged[piece] != piece:
        piece = merged[piece]
    return piece


def _decoded(cells: pl.Series) -> pl.Series:
    return pl.Series(cells.name, [None if cell is None else _bounds(cell) for cell in cells], pl.List(pl.Int64))


def _bounds(code: str) -> list[int] | None:
    if code == NOTHING:
        return []
    bounds = [*accumulate(map(int, code.split()))] if _CODE.fullmatch(code) else []
    starts, ends = bounds[::2], bounds[1::2]
    if not bounds or len(starts) != len(ends) or ends[-1] > SIDE_PX**2:
        return None
    is_good = all(start < end and start // SIDE_PX == (end - 1) // SIDE_PX
                  for start, end in zip(starts, ends, strict=True))  # fmt: skip
    return bounds if is_good else None


def _laid_over(masks: Sequence[list[int]]) -> Iterator[Run]:
    """The runs of all masks by column and row; those of one mask come so."""
    runs = [(start // SIDE_PX, start % SIDE_PX, start % SIDE_PX + end - start)
            for bounds in masks for start, end in zip(bounds[::2], bounds[1::2], strict=True)]  # fmt: skip
    return _joined(runs if len(masks) == 1 else sorted(runs))


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    """Runs that come by column and row, those of several masks that meet as one."""
    x, y0, y1 = -1, 0, 0
    for run in runs:
        if run[0] == x and run[1] <= y1:
            y1 = max(y1, run[2])
            continue
        if x >= 0:
            yield x, y0, y1
        x, y0, y1 = run
    if x >= 0:
        yield x, y0, y1


def _piece(runs: list[Run]) -> Piece:
    columns, tops, ends = zip(*runs, strict=True)
    return Piece(min(columns), min(tops), max(columns) + 1, max(ends), sum(ends) - sum(tops))


def _large(hanging: Iterable[list[Run]]) -> list[tuple[list[Run], Piece]]:
    found = [(members, _piece(members)) for members in hanging]
    whole = sum(piece.area_px for _, piece in found)
    return [one for one in found if one[1].area_px >= LEAST_SHARE * whole]


def _table(drawn: Sequence[Sequence[Run]]) -> pl.DataFrame:
    """The runs of pieces as a table: piece (its place in the list), x, y0, y1."""
    numbers = pl.Series(list(chain.from_iterable(chain.from_iterable(drawn))), dtype=pl.Int64)
    counts = pl.Series([len(members) for members in drawn], dtype=pl.UInt32)
    piece = pl.select(pl.int_range(counts.len(), dtype=pl.Int64).repeat_by(counts).explode()).to_series()
    columns = {name: numbers.gather_every(3, nth) for nth, name in enumerate(("x", "y0", "y1"))}
    return pl.DataFrame({"piece": piece.drop_nulls(), **columns})
