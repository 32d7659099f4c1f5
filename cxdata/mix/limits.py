"""How many rows: weights and caps of train, sizes of val and test. Sets stay whole; which rows go is chosen by hash."""

from __future__ import annotations

from collections import Counter
from typing import Final

import polars as pl

from cxdata.mix.config import MixConfig
from cxdata.mix.pool import keep
from cxdata.model.hashing import hash_expr, unit_expr

DROPS: Final = {"over_weight": "the mix takes a share of the source or task", "over_cap": "the mix takes no more rows"}
_SET: Final = pl.coalesce(pl.col("set_id").cast(pl.String), "sample_id")
_ROW: Final = "_row"


def limited(rows: pl.DataFrame, config: MixConfig, dropped: Counter[str]) -> pl.DataFrame:
    """The rows within weights, caps and sizes."""
    train = pl.col("split") == "train"
    if config.weights:
        share = pl.min_horizontal(_of(config.weights, "source", 1.0), _of(config.weights, "task", 1.0))
        unit = unit_expr(config.seed, _SET, "weight")
        rows = keep(rows, pl.when(train & (unit >= share)).then(pl.lit("over_weight")), dropped)
    for column, caps in (("source", config.caps.source), ("task", config.caps.task)):
        if caps:
            rows = _capped(rows, train, [column], _of(caps, column, None), config.seed, dropped)
    if config.caps.finding is not None:
        cap = pl.when(pl.col("finding").is_not_null()).then(pl.lit(config.caps.finding))
        rows = _capped(rows, train, ["task", "finding"], cap, config.seed, dropped)
    for split, size in (("val", config.val_rows), ("test", config.test_rows)):
        if size is not None:
            rows = _capped(rows, pl.col("split") == split, ["split"], pl.lit(size), config.seed, dropped)
    return rows


def _capped(
    rows: pl.DataFrame, where: pl.Expr, group: list[str], cap: pl.Expr, seed: int, dropped: Counter[str]
) -> pl.DataFrame:
    """At most `cap` rows of each group; a set counts at its last row, so that it goes or stays whole."""
    some = rows.select(*group, "sample_id", _set=_SET, _cap=cap, _where=where).with_row_index(_ROW).filter("_where")
    order = pl.struct(hash_expr(seed, pl.col("_set"), "cap"), "_set", "sample_id").rank("ordinal").over(group)
    last = some.select(_ROW, "_set", "_cap", _nth=order).with_columns(_last=pl.col("_nth").max().over("_set"))
    over = last.filter(pl.col("_last") > pl.col("_cap"))[_ROW].implode()
    is_over = pl.int_range(pl.len(), dtype=pl.UInt32).is_in(over)
    return keep(rows, pl.when(is_over).then(pl.lit("over_cap")), dropped)


def _of(table: dict[str, float] | dict[str, int], column: str, default: float | None) -> pl.Expr:
    if not table:
        return pl.lit(default, pl.Float64)
    return pl.col(column).replace_strict(table, default=default, return_dtype=pl.Float64)
