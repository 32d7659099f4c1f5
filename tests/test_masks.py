"""Masks in relative run lengths: codes there and back, and pieces against a search of every pixel."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxdata.phantom.masks import relative_runs
from cxdata.sources.masks import SIDE_PX, Piece, Run, mask, pieces, places_of_masks

pixels = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40)


def runs_of(wanted: set[tuple[int, int]]) -> list[Run]:
    """Runs by column and row of a set of pixels (x, y)."""
    found: list[Run] = []
    for x, y in sorted(wanted):
        if found and found[-1][0] == x and found[-1][2] == y:
            found[-1] = (x, found[-1][1], y + 1)
        else:
            found.append((x, y, y + 1))
    return found


def flooded(wanted: set[tuple[int, int]]) -> set[Piece]:
    """Pieces by going from each pixel to all its eight neighbours."""
    left, found = set(wanted), set()
    while left:
        edge, members = [left.pop()], set()
        while edge:
            x, y = edge.pop()
            members.add((x, y))
            near = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & left
            left -= near
            edge += near
        xs, ys = zip(*members, strict=True)
        found.add(Piece(min(xs), min(ys), max(xs) + 1, max(ys) + 1, len(members)))
    return found


@settings(max_examples=200, deadline=None)
@given(pixels)
def test_pieces_are_what_hangs_together(wanted: set[tuple[int, int]]) -> None:
    found = pieces(runs_of(wanted))
    assert set(found) == flooded(wanted)
    assert len(found) == len(set(found))


def boxes(*codes: str) -> list[tuple[float, ...]]:
    table = pl.DataFrame({"stem": ["a"] * len(codes), "code": list(codes), "row": range(1, len(codes) + 1)})
    rows = table.with_columns(mask=mask("code").value)
    assert rows["mask"].null_count() == 0
    return places_of_masks(rows).select("x0", "y0", "x1", "y1").rows()


@settings(max_examples=50, deadline=None)
@example(0, 0, 2, 124)  # the two middle columns of an even width lie off the axis
@given(st.integers(0, 900), st.integers(0, 900), st.integers(1, 124), st.integers(1, 124))
def test_an_ellipse_that_was_written_is_read_as_the_box_around_it(x: int, y: int, wide: int, tall: int) -> None:
    (found,) = boxes(relative_runs([(x, y, x + wide, y + tall)], SIDE_PX))
    assert found == pytest.approx((x, y, x + wide, y + tall), abs=1)
    assert (found[0], found[2]) == (x, x + wide)


@pytest.mark.parametrize(
    ("codes", "wanted"),
    [
        (("-1",), []),
        (("0 1024",), [(0, 0, 1, 1024)]),
        (("1048575 1",), [(1023, 1023, 1024, 1024)]),
        (("0 1024 0 1024",), [(0, 0, 2, 1024)]),
        (("1023 1 0 1",), [(0, 1023, 1, 1024), (1, 0, 2, 1)]),  # the end of a column does not touch the next one's top
        (("0 10 1024 10",), [(0, 0, 2, 20)]),  # corner to corner
        (("0 10", "0 10"), [(0, 0, 1, 10)]),
        (("0 10", "5 10"), [(0, 0, 1, 15)]),
        (("0 10", "2048 300", "5120 2"), [(0, 0, 1, 10), (2, 0, 3, 300)]),  # two pixels of 312 are a slip
    ],
)
def test_boxes_are_those_of_all_masks_of_a_picture(codes: tuple[str, ...], wanted: list[tuple[int, ...]]) -> None:
    assert boxes(*codes) == wanted
