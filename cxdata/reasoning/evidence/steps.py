"""Thinks of a trace, written one after the other, so that no two say nearly the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from cxdata.answers.thinks import NEAR_EQUAL, content
from cxdata.reasoning.evidence import thinks
from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.grounds import Grounds
from cxdata.reasoning.trace import Step

ATTEMPTS: Final = 12
_STEP: Final = 0xD1B54A32D192ED03  # an odd number: each step of a sample has digits of its own
Write = Callable[[Choices], str]


class NoOtherWords(Exception):
    """Every attempt says nearly what another step says."""


class Thinks:
    """Writes the thinks of one sample. `key` is the hash of its id."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._place = 0
        self._said: list[frozenset[str]] = []

    def choices(self, attempt: int = 0) -> Choices:
        """Choices of the step that is written next."""
        return Choices((self._key ^ (self._place * _STEP)) % (1 << 64), attempt)

    def free(self, write: Write) -> str:
        """A think that is compared with none: of the first and the closing step."""
        self._place += 1
        return write(self.choices())

    def judging(self, write: Write) -> str:
        """A think that differs from the others in more than a tenth of its content words. Raises NoOtherWords."""
        self._place += 1
        for attempt in range(ATTEMPTS):
            text = write(self.choices(attempt))
            words = _words(text)
            if not any(_alike(words, other) for other in self._said):
                self._said.append(words)
                return text
        raise NoOtherWords


def judged(answer: str, finding: str, grounds: Grounds, *, is_true: bool, writing: Thinks) -> Step:
    """The step that judges a finding on its grounds."""
    return Step(writing.judging(lambda choose: _think(finding, grounds, choose)), answer, is_true, grounds.basis)


def turned_down(answer: str, finding: str, grounds: Grounds, writing: Thinks, *, is_there: bool) -> Step:
    """The other answer of a yes-or-no question, which rests on the same grounds."""
    return Step(writing.judging(lambda choose: _other(finding, grounds, choose, is_there)), answer, False, grounds.basis)


def not_normal(answer: str, finding: str, grounds: Grounds, writing: Thinks) -> Step:
    """No Finding beside a finding that is there."""

    def write(choose: Choices) -> str:
        if grounds.basis == "affirmed":
            return thinks.affirmed(finding, grounds.told, choose, "against_normal")
        return _other(finding, grounds, choose, True)

    return Step(writing.judging(write), answer, False, grounds.basis)


def _think(finding: str, grounds: Grounds, choose: Choices) -> str:
    if grounds.basis == "affirmed":
        return thinks.affirmed(finding, grounds.told, choose)
    if grounds.basis == "box" and grounds.box is not None:
        return thinks.boxed(grounds.box, choose)
    if grounds.basis == "label_only":
        return thinks.label_only(choose)
    if grounds.basis == "silent":
        return thinks.silent(finding, choose)
    return thinks.normal(grounds.denials, choose) if finding == "No Finding" else thinks.denied(finding, choose)


def _other(finding: str, grounds: Grounds, choose: Choices, is_there: bool) -> str:
    if grounds.basis == "affirmed":
        return thinks.affirmed(finding, grounds.told, choose, "against_absence")
    if grounds.basis == "box" and grounds.box is not None:
        return thinks.boxed(grounds.box, choose, "box_other")
    if grounds.basis == "label_only":
        return thinks.label_only(choose, "label_only_other")
    return thinks.silent(finding, choose) if grounds.basis == "silent" else thinks.against_presence(finding, choose)


@lru_cache(maxsize=1 << 17)
def _words(text: str) -> frozenset[str]:
    return frozenset(content(text).forms)


def _alike(a: frozenset[str], b: frozenset[str]) -> bool:
    return bool(a or b) and 2 * len(a & b) >= NEAR_EQUAL * (len(a) + len(b))
