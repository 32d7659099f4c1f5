"""Rows that no sample came of, as data: source, file, key, stage, code, message."""

from __future__ import annotations

import polars as pl

from cxdata.model.facets import REJECTS


def numbered(rejects: pl.DataFrame) -> pl.DataFrame:
    """Rejects that are the same in every column get `#2`, `#3`, … behind the key: each stands for a row of its own."""
    columns = list(REJECTS)
    nth = rejects.select(columns).sort(columns).with_columns(_nth=pl.int_range(1, pl.len() + 1).over(columns))
    key = pl.when(pl.col("_nth") > 1).then(pl.format("{}#{}", "key", "_nth")).otherwise("key")
    return nth.with_columns(key=key).drop("_nth")


def tally(column: pl.Series) -> dict[str, int]:
    """How often each value stands in the column, by value in order."""
    counts = column.value_counts(name="_count").sort(column.name)
    return {str(value): int(count) for value, count in counts.iter_rows()}
