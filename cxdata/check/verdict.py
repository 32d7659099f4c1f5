"""What a check of a folder comes to."""

from __future__ import annotations

from typing import Any, NamedTuple

from cxdata.check.problems import Problem


class Verdict(NamedTuple):
    """How many rows were judged, every problem, in order, and what is no problem and good to know."""

    rows: int
    problems: list[Problem]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when there are rows and no problem."""
        return self.rows > 0 and not self.problems

    def as_json(self) -> dict[str, Any]:
        """What `validate --json` prints."""
        problems = [problem.as_json() for problem in self.problems]
        return {"ok": self.ok, "rows": self.rows, "problems": problems, "notes": list(self.notes)}
