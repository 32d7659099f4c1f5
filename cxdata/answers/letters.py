"""Option letters in an answer block. A block begins with its letter; a letter inside a word is none."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cxdata.answers.marks import read_judgement, without_true
from cxdata.answers.memory import remember_short
from cxdata.model.sample import LETTERS

_ITEM: Final = re.compile(r"[,;\n&]|\band\b|\bor\b")
# `B`, `B)`, `(B)`, `B. Edema`: a capital letter, then an end or a delimiter. `A nodule` is not option A.
_LEADING: Final = re.compile(rf"\(?([{LETTERS}])(?:[)）.:]|$)")
# `B) Edema C) Mass`: a further option within the words of another.
_WITHIN: Final = re.compile(rf"(?<![A-Za-z0-9])([{LETTERS}])[)）]")


class LetterJudged(NamedTuple):
    """One option letter and the verdict on it."""

    letter: str
    verdict: bool


def read_letters(text: str) -> frozenset[str] | None:
    """The letters that a block names: `B`, `B)`, `B) Edema`, `A, C`, `A and C`; None where it does not begin with one.

    Every letter that could be meant counts, so that `B or C` is two letters and never a lucky one.
    """
    items = [item.strip() for item in _ITEM.split(text.strip())]
    leading = [match[1] if (match := _LEADING.match(item)) else None for item in items]
    if leading[0] is None:
        return None
    return frozenset(letter for letter in leading if letter) | frozenset(_WITHIN.findall(text))


@remember_short
def read_final_letters(block: str) -> frozenset[str] | None:
    """The letters of a closing block; a ✅ beside them may stay, any other mark makes it unreadable (None)."""
    text = without_true(block)
    return None if text is None else read_letters(text)


@remember_short
def read_letter_judgement(block: str) -> LetterJudged | None:
    """The one letter of a judgement and its verdict (`A) ❌`); None where there is not exactly one letter and mark."""
    judged = read_judgement(block)
    letters = read_letters(judged.subject) if judged else None
    if judged is None or letters is None or len(letters) != 1:
        return None
    return LetterJudged(next(iter(letters)), judged.verdict)
