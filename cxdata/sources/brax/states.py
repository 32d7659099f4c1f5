"""The fourteen labels of a study: 1 present, 0 absent, -1 uncertain, blank not mentioned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cxdata.sources.native import STATES, native_labels
from cxdata.sources.tables import ROW

LABELS: Final = native_labels(__file__)
_UNREAD: Final = "?"
"""A cell that is neither blank nor a state, and pictures of one study that disagree: it may be anything."""


def study_states(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row a stated label of a study (`study_id`, `row`, `native_label`, `state`), and the unreadable cells.

    The table repeats a study's labels on each of its pictures. Where they differ, or a cell cannot be read, the
    state is null: the finding is in conflict and not asked.
    """
    names = LABELS.all
    read = rows.select("study_id", ROW, *(_state(name) for name in names))
    unread = sum(int((read[name] == _UNREAD).sum()) for name in names)
    wide = read.group_by("study_id", maintain_order=True).agg(pl.col(ROW).min(), *_agreed(names))
    long = wide.unpivot(names, index=["study_id", ROW], variable_name="native_label", value_name="state")
    return long.drop_nulls("state").with_columns(state=pl.col("state").replace(_UNREAD, None)), unread


def _state(name: str) -> pl.Expr:
    known = pl.col(name).replace_strict(STATES, default=_UNREAD, return_dtype=pl.String)
    return pl.when(pl.col(name).is_not_null()).then(known).alias(name)


def _agreed(names: Sequence[str]) -> list[pl.Expr]:
    same = {name: pl.col(name).n_unique() == 1 for name in names}
    return [pl.when(same[name]).then(pl.col(name).first()).otherwise(pl.lit(_UNREAD)).alias(name) for name in names]
