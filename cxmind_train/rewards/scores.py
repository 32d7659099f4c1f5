"""What a completion scored, part by part."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

DIGITS: Final = 12  # what lies behind is the rounding of sums
Kind = Literal["closed", "open", "free_text", "boxes", "words"]
ANSWER_KEY: Final = {
    "closed": "accuracy", "open": "f1", "free_text": "finding_f1", "boxes": "box_f1", "words": "accuracy",
}  # fmt: skip


class Scores(NamedTuple):
    """The parts of a reward and its total.

    `answer` is accuracy (closed), F1 (open, findings of a text, boxes). `think` and `process` are None where the gold
    has nothing to compare.
    `base` is what form and answer give, `bonus` what think and process do: a trainer's gate may hold the bonus back.
    """

    stage: Kind
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
