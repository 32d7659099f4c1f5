"""Closed questions in `fixed` mode: is the final option right, and does the trace judge every option as it should?"""

from __future__ import annotations

from typing import Final

from cxdata.answers.blocks import Parsed
from cxdata.answers.gold import Gold, Step, steps_of
from cxdata.answers.letters import read_final_letters
from cxdata.model.sample import LETTERS

FEWEST_OPTIONS: Final = 2


def closed_accuracy(parsed: Parsed, gold: Gold) -> float:
    """1 where the closing block names the letters of the gold, all of them and no other; else 0."""
    return float(parsed.final is not None and read_final_letters(parsed.final) == gold.final)


def closed_process(parsed: Parsed, gold: Gold) -> float:
    """1 where every option is judged once, in order, by one mark, rightly, in agreement with the closing block; else 0.

    0 as well where the form or the final answer is wrong. Rule: medicine, section 7. The options are those that the
    gold judges: two at least, from A on.
    """
    if not parsed.is_well_formed or not closed_accuracy(parsed, gold):
        return 0.0
    steps = steps_of(parsed, "closed", gold.space)
    letters = [step.subject for step in steps if step]
    options = LETTERS[: len(gold.parsed.pairs) - 1]
    whole = None not in steps and letters == list(options) and len(options) >= FEWEST_OPTIONS
    return float(whole and all(_is_right(step, gold) for step in steps if step))


def _is_right(step: Step, gold: Gold) -> bool:
    return step.verdict == (step.subject in gold.final)
