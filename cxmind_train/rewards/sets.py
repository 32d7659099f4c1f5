"""Answers of choices in words, as plain prompts ask for them: the set of options must be the gold's, in any order.

Views, matching and progression are asked so where a mix has plain prompts. An interleaved answer is a set of letters,
and `fixed` compares it so.
"""

from __future__ import annotations

import re
from typing import Final

from cxdata.answers.blocks import parse
from cxmind_train.rewards.scores import Scores
from cxmind_train.rewards.settings import DEFAULT, Weights

_LETTER: Final = re.compile(r"\(?([A-G])[)）.:]\s*(.*)")
_END: Final = " .;"


def score_words(completion: str, gold: str, weights: Weights = DEFAULT) -> Scores:
    """1 where the completion lists the gold's options, a line or a semicolon each, by letter and words or by either.

    A letter that does not go with its words names two options, and so is wrong.
    """
    text = parse(completion).final or completion
    said, truth = _entries(text), _entries(parse(gold).final or gold)
    met = {_place(one, truth) for one in said}
    answer = float(bool(said) and len(said) == len(truth) and met == set(range(len(truth))))
    form = float(bool(said) and len(set(said)) == len(said))
    return Scores("words", form, answer, None, None, weights.format * form + (1 - weights.format) * answer, 0.0)


def _entries(text: str) -> list[tuple[str, str]]:
    """Letter and words of each entry; either may be empty, not both."""
    found = []
    for entry in re.split(r"[\n;]", text):
        bare = entry.strip()
        match = _LETTER.fullmatch(bare)
        letter, words = (match[1], match[2]) if match else ("", bare)
        if len(bare) == 1 and bare in "ABCDEFG":
            letter, words = bare, ""
        if letter or words:
            found.append((letter, " ".join(words.split()).casefold().rstrip(_END)))
    return found


def _place(said: tuple[str, str], truth: list[tuple[str, str]]) -> int | None:
    """Which entry of the gold is meant; None for none."""
    letter, words = said
    fits = (place for place, (a, b) in enumerate(truth) if (not letter or letter == a) and (not words or words == b))
    return next(fits, None)
