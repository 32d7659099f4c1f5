"""The rewards in the form TRL asks for: functions of completions and columns, one for each part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cxmind_train.config import Rewards
from cxmind_train.rewards import Scores
from cxmind_train.rewards.rows import score_row

BASE, BONUS, ANSWER = "base", "bonus", "accuracy"
PARTS: Final = (BASE, BONUS, ANSWER, "format", "think", "process")
WEIGHTS: Final = (1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
"""The total is base and bonus; the parts behind them are shown and not added."""
RewardFunction = Callable[..., list[float | None]]


class Scorer:
    """Scores each batch once for all parts: TRL asks for them one after the other, with the same list."""

    def __init__(self, settings: Rewards, gold: Sequence[Mapping[str, Any]]) -> None:
        self._settings = settings
        self._weights = settings.weights()
        self._gold = gold
        self._last: tuple[Any, list[Scores]] = (None, [])

    def scores(self, completions: list[Any], row: Sequence[int]) -> list[Scores]:
        """The scores of completions; `row` names the gold of each."""
        if self._last[0] is not completions:
            texts = [_text(completion) for completion in completions]
            made = [
                score_row(text, self._gold[place], self._settings.mode, self._weights)
                for text, place in zip(texts, row, strict=True)
            ]
            self._last = (completions, made)
        return self._last[1]

    def functions(self) -> list[RewardFunction]:
        """One function a part, in the order of PARTS."""
        return [self._function(part) for part in PARTS]

    def _function(self, part: str) -> RewardFunction:
        def reward(completions: list[Any], row: Sequence[int], **_: Any) -> list[float | None]:
            return [value_of(scores, part) for scores in self.scores(completions, row)]

        reward.__name__ = part
        return reward


def value_of(scores: Scores, part: str) -> float | None:
    """One part of a score; accuracy is F1 in open questions."""
    value: float | None = getattr(scores, "answer" if part == ANSWER else part)
    return value


def _text(completion: Any) -> str:
    return str(completion if isinstance(completion, str) else completion[0]["content"])
