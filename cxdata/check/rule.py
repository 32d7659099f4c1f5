"""A rule: an expression over the columns of a table that is true where a row is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Rule:
    """What must not be. `bad` is true in a wrong row; null counts as not wrong.

    `tasks` and `answer_types` limit the rule to rows of these; None: all rows.
    """

    code: str
    column: str
    bad: pl.Expr
    message: str
    tasks: frozenset[str] | None = None
    answer_types: frozenset[str] | None = None

    @property
    def wrong(self) -> pl.Expr:
        """True in a wrong row, false elsewhere, never null."""
        test = self.bad
        if self.answer_types is not None:
            test = pl.col("answer_type").is_in(sorted(self.answer_types)) & test
        if self.tasks is not None:
            test = pl.col("task").is_in(sorted(self.tasks)) & test
        return test.fill_null(False)

    def fits(self, columns: Collection[str], tasks: Collection[str], answer_types: Collection[str]) -> bool:
        """Whether a table with these columns, tasks and answer types has anything for the rule to judge."""
        return (
            set(self.wrong.meta.root_names()) <= set(columns)
            and (self.tasks is None or not self.tasks.isdisjoint(tasks))
            and (self.answer_types is None or not self.answer_types.isdisjoint(answer_types))
        )


def broken(frame: pl.DataFrame, rules: Iterable[Rule]) -> list[tuple[Rule, list[int]]]:
    """The rules that some row breaks, each with the indices of those rows.

    One pass asks which rules are broken at all; only for those a second one looks for the rows.
    """
    tasks, answer_types = _values(frame, "task"), _values(frame, "answer_type")
    fitting = [rule for rule in rules if rule.fits(frame.columns, tasks, answer_types)]
    if not fitting or frame.is_empty():
        return []
    names = [str(i) for i in range(len(fitting))]
    tests = [rule.wrong.alias(name) for rule, name in zip(fitting, names, strict=True)]
    hit = frame.lazy().select(test.any() for test in tests).collect().row(0)
    hits = [(rule, test) for rule, test, is_hit in zip(fitting, tests, hit, strict=True) if is_hit]
    return [(rule, frame.select(test.arg_true()).to_series().to_list()) for rule, test in hits]


def _values(frame: pl.DataFrame, column: str) -> set[str]:
    return set(frame[column].unique().drop_nulls()) if column in frame.columns else set()
