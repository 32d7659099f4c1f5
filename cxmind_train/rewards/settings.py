"""Weights of the parts of a reward, and the two modes. A recipe may set its own; these are the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cxdata.model.errors import UsageError

Mode = Literal["fixed", "reference"]
MODES: Final = ("fixed", "reference")


@dataclass(frozen=True)
class Weights:
    """Shares of the total in `fixed` mode; they sum to 1, so that the total lies in [0, 1].

    `format` is the form's share of what think and process leave over, the answer has the rest of that. BLEU-1 has
    `bleu` of the think similarity, ROUGE-L the rest. Raises UsageError for shares that do not add up.
    """

    format: float = 0.1
    think: float = 0.15
    process: float = 0.15
    bleu: float = 0.3

    def __post_init__(self) -> None:
        shares = (self.format, self.think, self.process, self.bleu)
        if not all(0 <= share <= 1 for share in shares) or self.think + self.process >= 1:
            raise UsageError(
                "weights are shares between 0 and 1, and think and process leave something to the answer",
                mend="set think and process to 0.3 together, say",
            )


DEFAULT: Final = Weights()


@dataclass(frozen=True)
class ReferenceWeights:
    """The original's numbers: base 0.1 format and 0.9 answer; think counts 1.0; process closed 0.5, open 0.2."""

    format: float = 0.1
    closed_process: float = 0.5
    open_process: float = 0.2
    bleu: float = 0.3


REFERENCE: Final = ReferenceWeights()
