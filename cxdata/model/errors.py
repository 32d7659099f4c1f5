"""Errors that say what is wrong, where, and how to mend it. None ever holds report text."""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Where(NamedTuple):
    """The place of a problem: source, file, row (from 1, header excluded), column; what is unknown is None."""

    source: str | None = None
    file: str | None = None
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """The known parts, as `source, file, row N, column C`."""
        row = None if self.row is None else f"row {self.row}"
        column = None if self.column is None else f"column {self.column}"
        return ", ".join(part for part in (self.source, self.file, row, column) if part)


class CxdataError(Exception):
    """An expected error: shown without a traceback, and the process ends with `exit_code`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: Where | str | None = None, mend: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        """Three lines at most: what, where, mend."""
        lines = [self.what]
        if self.where and str(self.where):
            lines.append(f"  where: {self.where}")
        if self.mend:
            lines.append("  mend:  " + self.mend.replace("\n", "\n         "))
        return "\n".join(lines)


class UsageError(CxdataError):
    """The command was wrong: an unknown name, two candidates for one root, a value out of its range."""

    exit_code = 2


class RefusedError(CxdataError):
    """Doing it would harm what is there: another config, another build, a folder in use, terms not accepted."""

    exit_code = 3


class ProblemsError(CxdataError):
    """Several problems of the input, collected, sorted and shown once."""

    def __init__(self, problems: list[CxdataError]) -> None:
        self.problems = sorted(problems, key=str)
        noun = "problem" if len(problems) == 1 else "problems"
        super().__init__(f"{len(problems)} {noun} with the input")

    def __str__(self) -> str:
        """A headline and every problem below it; a single problem stands alone."""
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n".join([self.what + ":", *(f"- {problem}" for problem in self.problems)])
