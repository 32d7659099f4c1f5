"""Outlines of masks: painted again, they are the mask."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_masks import runs_of

from cxdata.phantom.masks import relative_runs
from cxdata.sources.masks import SIDE_PX, hanging_runs, mask, places_of_masks
from cxdata.sources.outlines import outlines

Pixels = set[tuple[int, int]]
SIDE = 9
pixels = st.sets(st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)), min_size=1, max_size=60)


def corners(polygon: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(polygon[::2], polygon[1::2], strict=True))


def edges(polygon: Sequence[float]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    around = corners(polygon)
    return list(pairwise([*around, around[0]]))


def area(polygon: Sequence[float]) -> float:
    """Positive where the polygon goes clockwise on the screen, whose y grows downwards."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in edges(polygon)) / 2


def is_inside(outline: Sequence[Sequence[float]], x: float, y: float) -> bool:
    """Whether a ray to the right crosses edges an odd number of times; the point lies on none."""
    crossed = 0
    for polygon in outline:
        for (x0, y0), (x1, y1) in edges(polygon):
            crossed += (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return crossed % 2 == 1


def painted(outline: Sequence[Sequence[float]]) -> Pixels:
    """The pixels whose middle lies inside: a painter that knows nothing of how outlines are made."""
    return {(x, y) for x in range(SIDE) for y in range(SIDE) if is_inside(outline, x + 0.5, y + 0.5)}


def drawn(wanted: Pixels) -> tuple[list[Pixels], list[list[list[float]]]]:
    """The pieces of a mask, and the outline of each."""
    hanging = hanging_runs(runs_of(wanted))
    table = pl.DataFrame(
        [(nth, *run) for nth, members in enumerate(hanging) for run in members],
        schema={"piece": pl.Int64, "x": pl.Int64, "y0": pl.Int64, "y1": pl.Int64}, orient="row",
    )  # fmt: skip
    held = [{(x, y) for x, y0, y1 in members for y in range(y0, y1)} for members in hanging]
    return held, outlines(table).to_list()


@settings(max_examples=200, deadline=None)
@example({(0, 0), (1, 1)})
@example({(1, 0), (0, 1)})
@example({(x, y) for x in range(5) for y in range(5) if (x, y) != (2, 2)})
@example({(x, y) for x in range(SIDE) for y in range(SIDE) if (x + y) % 2})
@example({(x, y) for x in range(SIDE) for y in range(SIDE) if max(abs(x - 4), abs(y - 4)) % 2 == 0})
@given(pixels)
def test_an_outline_painted_again_is_the_mask(wanted: Pixels) -> None:
    held, found = drawn(wanted)
    assert len(found) == len(held)
    for piece, outline in zip(held, found, strict=True):
        assert painted(outline) == piece
        assert sum(map(area, outline)) == len(piece)
        first, *holes = map(area, outline)
        assert first > 0
        assert all(hole < 0 for hole in holes)
        xs, ys = zip(*corners(outline[0]), strict=True)
        own = list(zip(*piece, strict=True))
        assert (min(xs), min(ys), max(xs), max(ys)) == (*map(min, own), *(max(side) + 1 for side in own))


@settings(max_examples=50, deadline=None)
@given(pixels)
def test_every_corner_is_one_and_edges_run_along_pixels(wanted: Pixels) -> None:
    for outline in drawn(wanted)[1]:
        for polygon in outline:
            turns = [x0 == x1 for (x0, y0), (x1, y1) in edges(polygon)]
            assert all((x0 == x1) != (y0 == y1) for (x0, y0), (x1, y1) in edges(polygon))
            assert all(one != other for one, other in pairwise([*turns, turns[0]]))


@pytest.mark.parametrize(
    ("runs", "wanted"),
    [
        ([(3, 5, 7)], [[3, 7, 3, 5, 4, 5, 4, 7]]),
        ([(0, 0, 1), (1, 1, 2)], [[0, 1, 0, 0, 1, 0, 1, 1, 2, 1, 2, 2, 1, 2, 1, 1]]),  # twice through the corner
        ([(0, 0, 3), (1, 0, 1), (1, 2, 3), (2, 0, 3)], [[0, 3, 0, 0, 3, 0, 3, 3], [1, 1, 1, 2, 2, 2, 2, 1]]),
    ],
)
def test_what_an_outline_looks_like(runs: list[tuple[int, int, int]], wanted: list[list[float]]) -> None:
    table = pl.DataFrame([(0, *run) for run in runs], schema=["piece", "x", "y0", "y1"], orient="row")
    assert outlines(table).to_list() == [wanted]


def test_no_mask_has_no_outline() -> None:
    assert outlines(pl.DataFrame(schema=dict.fromkeys(("piece", "x", "y0", "y1"), pl.Int64))).to_list() == []


def test_places_of_a_picture_keep_their_outlines_apart() -> None:
    codes = {"a": [relative_runs([(10, 20, 40, 60)], SIDE_PX), "1000000 3"], "b": ["-1"], "c": ["1048575 1"]}
    rows = [(stem, code) for stem, masks in codes.items() for code in masks]
    table = pl.DataFrame(rows, schema=["stem", "code"], orient="row").with_row_index("row", 1)
    found = places_of_masks(table.with_columns(mask=mask("code").value))
    assert found["stem"].to_list() == ["a", "c"]  # three pixels are a slip
    ellipse, corner = found["outline"].to_list()
    assert corner == [[1023, 1024, 1023, 1023, 1024, 1023, 1024, 1024]]
    xs, ys = zip(*corners(ellipse[0]), strict=True)
    assert (min(xs), min(ys), max(xs), max(ys)) == found.row(0)[2:6]
