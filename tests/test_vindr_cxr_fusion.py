"""Boxes of several readers as one: against a plain oracle, and on cases that a person can check."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxdata.sources.vindr_cxr.fusion import DOUBT, FEW, LEAST_IOU, fused, grouped, verdicts


class Drawn(NamedTuple):
    reader: str
    x0: float
    y0: float
    x1: float
    y1: float


def table(boxes: list[Drawn], label: str = "Nodule/Mass") -> pl.DataFrame:
    rows = [{"stem": "p", "label": label, **box._asdict(), "row": i} for i, box in enumerate(boxes, start=1)]
    return pl.DataFrame(rows, schema_overrides={"row": pl.Int64, **dict.fromkeys(("x0", "y0", "x1", "y1"), pl.Float64)})


def iou(a: Drawn, b: Drawn) -> float:
    wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    shared = max(wide, 0) * max(high, 0)
    return shared / ((a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0) - shared)


def oracle(boxes: list[Drawn]) -> set[frozenset[int]]:
    """The groups, as the rule is told in words: the best pair of groups is put together until none may be."""
    groups = [frozenset([i]) for i in range(len(boxes))]
    order = {box: i for i, box in enumerate(sorted(range(len(boxes)), key=lambda i: (*boxes[i][1:], boxes[i].reader)))}
    pairs = sorted(
        itertools.combinations(sorted(order, key=lambda i: order[i]), 2),
        key=lambda pair: (-iou(boxes[pair[0]], boxes[pair[1]]), order[pair[0]], order[pair[1]]),
    )
    for a, b in pairs:
        one, other = (next(group for group in groups if i in group) for i in (a, b))
        fits = all(
            boxes[i].reader != boxes[j].reader and iou(boxes[i], boxes[j]) >= LEAST_IOU for i in one for j in other
        )
        if one != other and fits:
            groups = [group for group in groups if group not in (one, other)] + [one | other]
    return set(groups)


def groups_of(frame: pl.DataFrame) -> set[frozenset[int]]:
    members = grouped(frame).group_by("group").agg(pl.col("row") - 1)["row"].to_list()
    return {frozenset(group) for group in members}


corner = st.integers(0, 12).map(float)
boxes = st.builds(
    lambda reader, x, y, w, h: Drawn(reader, x, y, x + w, y + h),
    st.sampled_from(["R8", "R9", "R10"]), corner, corner, st.integers(4, 12).map(float), st.integers(4, 12).map(float),
)  # fmt: skip


@given(st.lists(boxes, min_size=1, max_size=8, unique=True))
def test_groups_are_those_of_the_oracle(drawn: list[Drawn]) -> None:
    assert groups_of(table(drawn)) == oracle(drawn)


@given(st.lists(boxes, min_size=1, max_size=7, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_means_nothing(drawn: list[Drawn], chance: Any) -> None:
    places = sorted(fused(grouped(table(drawn))).select("x0", "y0", "x1", "y1", "readers").rows())
    mixed = list(drawn)
    chance.shuffle(mixed)
    again = sorted(fused(grouped(table(mixed))).select("x0", "y0", "x1", "y1", "readers").rows())
    assert [pytest.approx(place) for place in places] == again


def test_three_readers_of_one_place_are_the_mean_of_their_corners() -> None:
    drawn = [Drawn("R8", 0, 0, 10, 10), Drawn("R9", 1, 0, 10, 10), Drawn("R10", 2, 3, 13, 10)]
    (place,) = fused(grouped(table(drawn))).select("x0", "y0", "x1", "y1", "readers", "row").rows()
    assert place == (1.0, 1.0, 11.0, 10.0, 3, 1)


def test_two_boxes_of_one_reader_are_two_places() -> None:
    drawn = [Drawn("R8", 0, 0, 10, 10), Drawn("R8", 0, 1, 10, 11), Drawn("R9", 0, 0, 10, 10)]
    assert groups_of(table(drawn)) == {frozenset({0, 2}), frozenset({1})}


def test_boxes_of_two_findings_are_never_one() -> None:
    one, other = Drawn("R8", 0, 0, 10, 10), Drawn("R9", 0, 0, 10, 10)
    frame = pl.concat([table([one]), table([other], "Lung Opacity").with_columns(row=pl.lit(2, pl.Int64))])
    assert grouped(frame)["group"].n_unique() == 2


@pytest.mark.parametrize(("least", "codes"), [(1, [None] * 3), (2, [DOUBT, DOUBT, FEW]), (3, [FEW] * 3)])
def test_a_lone_box_elsewhere_puts_the_places_of_its_finding_in_doubt(least: int, codes: list[str | None]) -> None:
    drawn = [Drawn("R8", 0, 0, 10, 10), Drawn("R9", 0, 0, 10, 9), Drawn("R10", 50, 50, 60, 60)]
    groups = grouped(table(drawn))
    assert verdicts(groups, fused(groups), least).sort("row")["code"].to_list() == codes


def test_a_lone_box_that_meets_a_place_puts_nothing_in_doubt() -> None:
    drawn = [Drawn("R8", 0, 0, 10, 10), Drawn("R9", 0, 0, 10, 9), Drawn("R10", 8, 8, 30, 30)]
    groups = grouped(table(drawn))
    assert verdicts(groups, fused(groups), 2).sort("row")["code"].to_list() == [None, None, FEW]
