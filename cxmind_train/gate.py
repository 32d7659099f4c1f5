"""The gate: think and process rewards count only while the batch's accuracy keeps up with its moving average.

Pure arithmetic, one object a run. Every rank must give it the accuracy of the batch over all ranks, so that it decides
alike on all of them. It is for training alone: an evaluation must not move it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Rule = Literal["average", "hysteresis", "open"]
STATE_VERSION: Final = 1
NOISE_SHARE: Final = 0.25  # the noise is learnt over four times as many batches as the average


class GateSettings(BaseModel):
    """How the gate decides.

    `average` is the original's rule: open where the accuracy is at or above the average of the batches before, less
    `margin`. On an accuracy that does not change, that is a coin flip. `hysteresis` keeps the gate as it is until there
    is a reason: it closes where the accuracy falls more than `band` standard deviations of the batches' noise below the
    average, opens where it is back at it, and never opens below `floor`. `open` has no gate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Rule = "hysteresis"
    alpha: float = Field(default=0.2, gt=0, le=1, description="weight of the newest batch in the average")
    margin: float = Field(default=0.0, ge=0, le=1, description="how far below the average still counts as keeping up")
    min_batches: int = Field(default=0, ge=0, description="batches before which the gate stays shut")
    band: float = Field(default=2.0, ge=0, description="hysteresis: how far it may fall, in the batches' own noise")
    floor: float = Field(default=0.0, ge=0, le=1, description="hysteresis: accuracy below which it does not open")


@dataclass
class Gate:
    """The gate's settings and what it has seen. `state` goes into a checkpoint, `restore` takes it back."""

    settings: GateSettings = field(default_factory=GateSettings)
    batches: int = 0
    average: float | None = None
    last: float | None = None
    noise: float = 0.0
    is_open: bool = False

    def update(self, accuracy: float) -> bool:
        """Judge a batch by its accuracy in [0, 1], then learn from it; a batch without accuracy (nan) changes nothing.

        The average moves after the judgement, as in the original.
        """
        if math.isnan(accuracy):
            return self.is_open
        self.is_open = self._judge(accuracy)
        self._learn(accuracy)
        return self.is_open

    def state(self) -> dict[str, Any]:
        """What must be kept, as JSON."""
        return {"version": STATE_VERSION, **asdict(self), "settings": self.settings.model_dump()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave; the settings stay this gate's own."""
        self.batches, self.average, self.last = int(state["batches"]), state["average"], state["last"]
        self.noise, self.is_open = float(state["noise"]), bool(state["is_open"])

    def _judge(self, accuracy: float) -> bool:
        rule = self.settings.rule
        if rule == "open":
            return True
        if self.batches < self.settings.min_batches:
            return False
        return self._keeps_up(accuracy) if rule == "average" else self._holds(accuracy)

    def _keeps_up(self, accuracy: float) -> bool:
        return self.average is None or accuracy >= self.average - self.settings.margin

    def _holds(self, accuracy: float) -> bool:
        if accuracy < self.settings.floor:
            return False
        if self.average is None:
            return True
        slack = self.settings.band * math.sqrt(self.noise) if self.is_open else 0.0
        return accuracy >= self.average - self.settings.margin - slack

    def _learn(self, accuracy: float) -> None:
        """The average, and the noise: half the mean square of successive differences, which a slow trend leaves alone.

        Source: von Neumann et al., The mean square successive difference (Ann. Math. Stat. 12, 1941).
        """
        self.batches += 1
        if self.average is None or self.last is None:
            self.average = self.last = accuracy
            return
        square = (accuracy - self.last) ** 2 / 2
        self.noise += max(self.settings.alpha * NOISE_SHARE, 1 / (self.batches - 1)) * (square - self.noise)
        self.average += self.settings.alpha * (accuracy - self.average)
        self.last = accuracy
