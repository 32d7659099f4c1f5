"""A problem that a check has found: where, in which column, by which code, in words. Never any text of the row."""

from __future__ import annotations

from typing import Any, NamedTuple

NOTHING = "-"


class Problem(NamedTuple):
    """One problem. `group` is the row group, from 0; `row` the row within it, from 1; both None: the whole file.

    `sample_id` is given where the row has a well-formed one.
    """

    file: str
    group: int | None
    row: int | None
    column: str | None
    code: str
    message: str
    sample_id: str | None = None

    @property
    def where(self) -> str:
        """`shard:row-group:row`, or the file alone."""
        return self.file if self.row is None else f"{self.file}:{self.group}:{self.row}"

    def __str__(self) -> str:
        """`where column code message`; `-` for no column."""
        return f"{self.where} {self.column or NOTHING} {self.code} {self.message}"

    def as_json(self) -> dict[str, Any]:
        """The problem as `validate --json` prints it."""
        row = {"where": self.where, "column": self.column, "code": self.code, "message": self.message}
        return row if self.sample_id is None else {**row, "sample_id": self.sample_id}


def of_file(file: str, code: str, message: str, column: str | None = None) -> Problem:
    """A problem of a file as a whole."""
    return Problem(file, None, None, column, code, message)


def in_order(problems: list[Problem]) -> list[Problem]:
    """The problems by file, row group, row, column and code; those of a whole file first."""
    return sorted(problems, key=_place)


def _place(problem: Problem) -> tuple[str, int, int, str, str]:
    group = -1 if problem.group is None else problem.group
    return problem.file, group, problem.row or 0, problem.column or "", problem.code
