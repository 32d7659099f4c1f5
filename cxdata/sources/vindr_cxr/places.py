"""From rows of boxes to the places of findings: rows that can be used, fused, and checked against the labels."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from cxdata.sources.reading import Rows, put_aside, sort_rows
from cxdata.sources.tables import ROW
from cxdata.sources.vindr_cxr.boxes import corners_are_bad, label_is_unknown, row_key, with_corners
from cxdata.sources.vindr_cxr.fusion import fused, grouped, verdicts
from cxdata.sources.vindr_cxr.ids import reader_id, stem
from cxdata.sources.vindr_cxr.names import LOCAL, NO_FINDING
from cxdata.sources.vindr_cxr.rules import Rule
from cxdata.sources.vindr_cxr.votes import not_the_reader

Funnel = list[tuple[str, int, str]]


class Boxes(NamedTuple):
    """What became of the rows, the places of findings (stem, label, corners, row), and how many there were."""

    rows: Rows
    places: pl.DataFrame
    funnel: Funnel


def train_boxes(table: pl.DataFrame, states: pl.DataFrame, rule: Rule) -> Boxes:
    """The boxes of three readers each, as places by the rule."""
    rows = with_corners(table).with_columns(stem=stem(), reader=reader_id())
    rows = rows.with_columns(key=row_key("reader"))
    usable = _usable(rows, states, pl.col("reader").is_null(), not_the_reader(rule))
    return _without_lost(usable, judge(usable.used, states, rule))


def test_boxes(table: pl.DataFrame, states: pl.DataFrame) -> Boxes:
    """The boxes of the consensus, each a place."""
    rows = with_corners(table).with_columns(stem=stem(), reader=pl.lit(""))
    rows = rows.with_columns(key=row_key())
    usable = _usable(rows, states, pl.lit(value=False), pl.lit(value=False))
    return _without_lost(usable, _checked(_as_drawn(_boxes(usable.used)), states))


def judge(rows: pl.DataFrame, states: pl.DataFrame, rule: Rule) -> Boxes:
    """Places by the rule; in: stem, reader, class_name, corners, row. Rows that are part of none are aside."""
    boxes = _boxes(rows)
    if rule.only is not None:
        return _checked(_as_drawn(boxes), states)
    groups = grouped(boxes)
    return _checked(verdicts(groups, fused(groups), rule.least), states)


def _usable(rows: pl.DataFrame, states: pl.DataFrame, no_reader: pl.Expr, other_reader: pl.Expr) -> Rows:
    known = states["stem"].unique()
    code = (
        pl.when(pl.col("stem").is_null() | no_reader).then(pl.lit("bad_id"))
        .when(~pl.col("stem").is_in(known.implode())).then(pl.lit("picture_not_in_labels"))
        .when(other_reader).then(pl.lit("other_reader"))
        .when(label_is_unknown(LOCAL)).then(pl.lit("unknown_finding"))
        .when(corners_are_bad()).then(pl.lit("bad_box"))
    )  # fmt: skip
    return sort_rows(rows, "key", "image_id", code)


def _boxes(rows: pl.DataFrame) -> pl.DataFrame:
    boxes = rows.filter(pl.col("class_name") != NO_FINDING)
    return boxes.select("stem", "reader", "x0", "y0", "x1", "y1", label="class_name", row=ROW)


def _as_drawn(boxes: pl.DataFrame) -> pl.DataFrame:
    return boxes.with_columns(group="row", code=pl.lit(None, pl.String))


def _checked(boxes: pl.DataFrame, states: pl.DataFrame) -> Boxes:
    """The places of findings that the labels say are present; the rows of the others are put aside."""
    present = states.filter(pl.col("state") == "present").select("stem", "label", is_present=True)
    told = boxes.join(present, on=["stem", "label"], how="left", maintain_order="left")
    absent = pl.col("is_present").is_null()
    judged = told.with_columns(
        code=pl.when(pl.col("code").is_null() & absent).then(pl.lit("finding_not_present")).otherwise("code")
    )
    good = judged.filter(pl.col("code").is_null())
    places = fused(good)
    steps: Funnel = [("boxes drawn", boxes.height, "boxes"), ("boxes that are part of a place", good.height, "boxes"),
                     ("places of findings", places.height, "boxes")]  # fmt: skip
    lost = judged.filter(pl.col("code").is_not_null())
    return Boxes(Rows(good, put_aside("stem", lost)), places, steps)


def _without_lost(usable: Rows, found: Boxes) -> Boxes:
    """The rows that are used when those without a place are put aside too; a reader's No finding is used."""
    used = usable.used.join(found.rows.aside.select(ROW), on=ROW, how="anti")
    return found._replace(rows=Rows(used, pl.concat([usable.aside, found.rows.aside])))
