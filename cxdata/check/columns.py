"""Rules that follow from the schema of the samples: what may be null or empty, and which words a column may hold."""

from __future__ import annotations

import typing
from typing import Final, Literal

import polars as pl

from cxdata.check.rule import Rule
from cxdata.model.sample import Sample, columns

FILLED: Final = (
    "source", "source_version", "task", "level", "question", "answer", "split_reason", "wording_id",
    "origin_file", "licence",
)  # fmt: skip


def rules() -> list[Rule]:
    """Rules over single columns."""
    return [*_nulls(), *_null_elements(), *_values(), *_empty(), *_numbers()]


def _nulls() -> list[Rule]:
    return [
        Rule("null", column.name, pl.col(column.name).is_null(), "the column may not be null")
        for column in columns()
        if not column.nullable
    ]


def _null_elements() -> list[Rule]:
    return [
        Rule("null_element", column.name, _any(column.name, pl.element().is_null()), "the list holds a null")
        for column in columns()
        if isinstance(column.kind, pl.List)
    ]


def _values() -> list[Rule]:
    return [
        Rule("unknown_value", name, ~pl.col(name).is_in(list(words)), f"not one of: {', '.join(words)}")
        for name, words in literals().items()
    ]


def literals() -> dict[str, tuple[str, ...]]:
    """The columns that hold one of a few words, with these words."""
    hints = typing.get_type_hints(Sample)
    return {name: words for name, hint in hints.items() if (words := _words(hint))}


def _words(hint: object) -> tuple[str, ...]:
    if typing.get_origin(hint) is Literal:
        return typing.get_args(hint)
    return next((_words(part) for part in typing.get_args(hint) if typing.get_origin(part) is Literal), ())


def _empty() -> list[Rule]:
    return [Rule("empty", name, ~pl.col(name).str.contains(r"\S"), "the text is empty") for name in FILLED] + [
        Rule("empty", "options", _any("options", ~pl.element().str.contains(r"\S")), "an option is empty"),
        Rule("empty", "context", ~pl.col("context").str.contains(r"\S"), "the context is empty: none is null"),
        Rule("empty", "evidence_ids", pl.col("evidence_ids").list.len() == 0, "the list is empty: no evidence is null"),
    ]


def _numbers() -> list[Rule]:
    share = pl.col("difficulty")
    out_of_range = share.is_nan() | ~share.is_between(0, 1)
    return [
        Rule("out_of_range", "difficulty", out_of_range, "difficulty lies outside 0 to 1"),
        Rule("out_of_range", "origin_row", pl.col("origin_row") < 1, "rows count from 1"),
        Rule("out_of_range", "reader_version", pl.col("reader_version") < 1, "versions count from 1"),
        Rule("out_of_range", "task_version", pl.col("task_version") < 1, "versions count from 1"),
        Rule("difficulty_rule", "difficulty_rule", share.is_null() != pl.col("difficulty_rule").is_null(),
             "a difficulty has a rule, and a rule a difficulty"),
    ]  # fmt: skip


def _any(column: str, test: pl.Expr) -> pl.Expr:
    return pl.col(column).list.eval(test).list.any()
