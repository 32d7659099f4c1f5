"""Answers in their own words, and the options of a question whose answers are finite.

Most shapes follow from the words: Yes and No are binary; which view and which side have two options; a list of
abnormalities is drawn from all that the table names. Places, levels and types are free text.
"""

from __future__ import annotations

from typing import Final

import polars as pl

TYPES: Final = ("abnormality", "presence", "view", "location", "level", "type", "difference")
DIFFERENCE: Final = "difference"
VIEWS: Final = ("AP view", "PA view")
SIDES: Final = ("left side", "right side")
SIDE_ASKED: Final = r"left side or (?:the )?right side"
HALF_LEVEL: Final = r"changed from +to\b|changed from [^.]* to *(?:\.|$)"
"""A level that the rules did not find: "the level of x has changed from  to mild"."""


def with_options(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `options` and `answer_type`; takes `type`, `question` and `answer`. Names of a list stand once."""
    lower = pl.col("answer").str.to_lowercase()
    is_list = (pl.col("type") == "abnormality") & ~lower.is_in(["yes", "no"])
    names = pl.col("answer").str.split(",").list.eval(pl.element().str.strip_chars())
    names = names.list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)
    rows = rows.with_columns(is_list=is_list, names=names)
    known = rows.filter("is_list").select(pl.col("names").explode().drop_nulls().unique().sort()).to_series()
    is_view = (pl.col("type") == "view") & lower.is_in([view.lower() for view in VIEWS])
    is_side = pl.col("question").str.contains(SIDE_ASKED) & lower.is_in(SIDES)
    options = (
        pl.when("is_list").then(pl.lit(known.to_list())).when(is_view).then(pl.lit(list(VIEWS)))
        .when(is_side).then(pl.lit(list(SIDES)))
    )  # fmt: skip
    kind = pl.when(pl.col("type") == DIFFERENCE).then(pl.lit(DIFFERENCE)).when("is_list").then(pl.lit("open_labels"))
    answer = pl.when("is_list").then(pl.col("names").list.join(", ")).otherwise("answer")
    return rows.with_columns(options=options, answer_type=kind, answer=answer).drop("is_list", "names")
