"""The order of train: level by level, from easy to hard, answers even in every window, some easier rows once more."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.mix.config import Order
from cxdata.model.hashing import hash_expr
from cxdata.tasks.curriculum import LEVELS, STAGES

ORDER: Final = "curriculum_order"
UNRATED: Final = 2.0  # behind the hardest
_LEVEL: Final = "_level"
_ROW: Final = "_row"


def ordered(rows: pl.DataFrame, rules: Order, seed: int) -> pl.DataFrame:
    """The rows in the order in which they are learnt, with `curriculum_order` from 0.

    Within a level each answer is spread evenly: the n-th easiest of its rows stands n-th of as many places, so that a
    window holds the answers in the shares of the level. Of the rows of easier levels a share, chosen by hash, comes
    again among those of a level.
    """
    levelled = rows.with_row_index(_ROW).select(
        _ROW, _level(), _answer(), "sample_id", pl.col("difficulty").fill_null(UNRATED),
        _hash=hash_expr(seed, pl.col("sample_id"), "order"),
    )  # fmt: skip
    levels = levelled[_LEVEL].unique().sort().to_list()
    parts = [_spread(_with_easier(levelled, level, rules.replay, seed)) for level in levels]
    return rows[pl.concat(parts)].with_columns(_place()) if parts else rows.with_columns(_place())


def by_hash(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The rows of val or test, in an order that tells nothing, with `curriculum_order`."""
    placed = rows.sort(hash_expr(seed, pl.col("sample_id"), "order"), "sample_id")
    return placed.with_columns(_place())


def _place() -> pl.Expr:
    return pl.int_range(pl.len(), dtype=pl.Int64).alias(ORDER)


def _level() -> pl.Expr:
    stage = pl.col("stage").replace_strict(STAGES, range(len(STAGES)), default=len(STAGES), return_dtype=pl.Int32)
    level = pl.col("level").replace_strict(LEVELS, range(len(LEVELS)), default=len(LEVELS), return_dtype=pl.Int32)
    return (stage * 100 + level).alias(_LEVEL)


def _with_easier(rows: pl.DataFrame, level: int, share: float, seed: int) -> pl.DataFrame:
    own = rows.filter(pl.col(_LEVEL) == level)
    easier = rows.filter(pl.col(_LEVEL) < level)
    number = min(round(own.height * share), easier.height)
    again = easier.sort(hash_expr(seed, pl.col("sample_id"), f"replay {level}"), "sample_id").head(number)
    return pl.concat([own, again])


def _answer() -> pl.Expr:
    # a finding as the answer is one of many: letters and Yes or No are what a window can hold evenly
    said = pl.when(pl.col("answer_type") == "binary").then("answer")
    return pl.concat_str("task", "answer_letter", said, separator=" ", ignore_nulls=True).alias("_answer")


def _spread(rows: pl.DataFrame) -> pl.Series:
    """The numbers of the rows, in order."""
    place = pl.struct("difficulty", "_hash", "sample_id").rank("ordinal").over("_answer") - 0.5
    spread = rows.with_columns(_place=place / pl.len().over("_answer"))
    return spread.sort("_place", "_hash", "sample_id", maintain_order=True)[_ROW]
