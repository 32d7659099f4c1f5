"""Thinks of a trace, written one after the other, so that no two say nearly the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from cxdata.answers.gold import COMPARED
from cxdata.answers.thinks import are_near_equal, content
from cxdata.reasoning.evidence import thinks
from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.grounds import Grounds
from cxdata.reasoning.trace import NO_FINDING, Step

SAID: Final = ("affirmed", "location")
"""Bases of a finding that is there in words: a sentence's, or those of a place that the source states."""
ATTEMPTS: Final = 12
VARIANTS: Final = 1024  # of what is said of a finding: each is put into words once
VARIANTS_OF_ONE: Final = 128  # where the evidence is part of it
_STEP: Final = 0xD1B54A32D192ED03  # odd numbers: they spread steps, attempts and variants over all digits
_SPREAD: Final = 0x9E3779B97F4A7C15
_RANGE: Final = 1 << 64


class NoOtherWordsError(Exception):
    """Every attempt says nearly what another step says."""


class Write(NamedTuple):
    """How a think is written: a function of `thinks`, and what it takes before the choices."""

    function: Callable[..., str]
    given: tuple[Any, ...]

    @property
    def span(self) -> int:
        """How many numbers fall to one variant."""
        return _RANGE // (VARIANTS_OF_ONE if self.function is thinks.affirmed else VARIANTS)


class Thinks:
    """Writes the thinks of one sample. `key` is the hash of its id."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._place = 0
        self._said: list[frozenset[str]] = []

    def choices(self) -> Choices:
        """Choices of the step that is written next."""
        return Choices((self._key ^ (self._place * _STEP)) % _RANGE)

    def free(self, function: Callable[..., str], *given: Any) -> str:
        """A think that is compared with none: of the first and the closing step."""
        self._place += 1
        return function(*given, self.choices())

    def judging(self, write: Write, *, is_compared: bool) -> str:
        """A think of a judgement. One that is compared differs from the others in a tenth of its content words.

        Raises NoOtherWordsError where no attempt does.
        """
        self._place += 1
        number = (self._key ^ (self._place * _STEP)) % _RANGE
        for attempt in range(ATTEMPTS if is_compared else 1):
            text, words = _written(write, ((number + attempt * _SPREAD) % _RANGE) // write.span)
            if not is_compared:
                return text
            if not any(are_near_equal(words, other) for other in self._said):
                self._said.append(words)
                return text
        raise NoOtherWordsError


def judged(answer: str, finding: str, grounds: Grounds, thinks_of: Thinks, *, is_true: bool) -> Step:
    """The step that judges a finding, an option or a candidate, on its grounds."""
    return _step(answer, grounds, thinks_of, _think(finding, grounds), is_true=is_true)


def yes_or_no(answer: str, finding: str, grounds: Grounds, thinks_of: Thinks, *, is_yes: bool, is_there: bool) -> Step:
    """The step that judges Yes, or No, of a finding that is there, or is not."""
    if is_there:
        write = _think(finding, grounds) if is_yes else _against_absence(finding, grounds, "against_absence")
    else:
        write = _against_presence(finding, grounds) if is_yes else _absence(finding, grounds)
    return _step(answer, grounds, thinks_of, write, is_true=is_yes == is_there)


def not_normal(answer: str, finding: str, grounds: Grounds, thinks_of: Thinks) -> Step:
    """No Finding beside a finding that is there."""
    return _step(
        answer, grounds, thinks_of, _against_absence(finding, grounds, "against_normal"), is_true=False
    )  # fmt: skip


def _step(answer: str, grounds: Grounds, thinks_of: Thinks, write: Write, *, is_true: bool) -> Step:
    return Step(thinks_of.judging(write, is_compared=grounds.basis in COMPARED), answer, is_true, grounds.basis)


def _think(finding: str, grounds: Grounds) -> Write:
    if grounds.basis in SAID:
        return Write(thinks.affirmed, (finding, grounds.shown, grounds.told, "affirmed"))
    if grounds.basis == "box":
        return Write(thinks.boxed, (grounds.box, "box"))
    if grounds.basis == "label_only":
        return Write(thinks.label_only, ("label_only",))
    if grounds.basis == "silent":
        return Write(thinks.silent, (finding, "silent"))
    return Write(thinks.normal, (grounds.denials,)) if finding == NO_FINDING else Write(thinks.denied, (finding,))


def _against_absence(finding: str, grounds: Grounds, kind: str) -> Write:
    if grounds.basis in SAID:
        return Write(thinks.affirmed, (finding, grounds.shown, grounds.told, kind))
    if grounds.basis == "box":
        return Write(thinks.boxed, (grounds.box, "box_other"))
    return Write(thinks.label_only, ("label_only_other",))


def _absence(finding: str, grounds: Grounds) -> Write:
    is_silent = grounds.basis == "silent"
    return Write(thinks.silent, (finding, "silent_other")) if is_silent else Write(thinks.denied, (finding,))


def _against_presence(finding: str, grounds: Grounds) -> Write:
    is_silent = grounds.basis == "silent"
    return Write(thinks.silent, (finding, "silent")) if is_silent else Write(thinks.against_presence, (finding,))


@lru_cache(maxsize=1 << 18)
def _written(write: Write, variant: int) -> tuple[str, frozenset[str]]:
    """One variant of a think, and its content words."""
    text = write.function(*write.given, Choices((variant + 1) * _SPREAD % _RANGE))
    return text, frozenset(content(text).forms)
