"""What a completion scored, part by part."""

from __future__ import annotations

from typing import Final, NamedTuple

from cxdata.answers.gold import Stage

DIGITS: Final = 12  # what lies behind is the rounding of sums
ANSWER_KEY: Final = {"closed": "accuracy", "open": "f1"}


class Scores(NamedTuple):
    """The parts of a reward and its total.

    `answer` is accuracy (closed) or F1 (open). `think` and `process` are None where the gold has nothing to compare.
    `base` is what form and answer give, `bonus` what think and process do: a trainer's gate may hold the bonus back.
    """

    stage: Stage
    format: float
    answer: float
    think: float | None
    process: float | None
    base: float
    bonus: float

    @property
    def total(self) -> float:
        """Base and bonus together: at most 1 in `fixed` mode; in `reference` mode 2.5 closed and 2.2 open."""
        return round(self.base + self.bonus, DIGITS)

    def as_json(self) -> dict[str, float | None]:
        """The parts as `cxmind-train score` prints them."""
        answer = {ANSWER_KEY[self.stage]: self.answer}
        return {"format": self.format, **answer, "think": self.think, "process": self.process, "total": self.total}
