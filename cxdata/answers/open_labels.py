"""Open questions in `fixed` mode: F1 of the findings named, and the candidates weighed on the way."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from cxdata.answers.blocks import Parsed
from cxdata.answers.gold import Gold, steps_of
from cxdata.answers.names import LabelSpace, normal_name

FREE_IGNORED: Final = 2
MOST_CANDIDATES: Final = 8


class _Weighed(NamedTuple):
    """What a trace judged true and false, and what it closes with."""

    true: frozenset[str]
    false: frozenset[str]
    final: frozenset[str]


def label_f1(named: AbstractSet[str], space: LabelSpace) -> float:
    """F1 of the findings named against those present.

    An ignored label is free, two of them at most; more of them, a scored absence and a name outside of the label space
    are false positives. 0 where nothing is named. Rule: medicine, section 5.
    """
    right = len(named & space.truth)
    ignored = len(named & space.ignored)
    wrong = len(named) - right - min(ignored, FREE_IGNORED)
    missed = len(space.truth) - right
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def open_f1(parsed: Parsed, gold: Gold) -> float:
    """F1 of the closing list; 0 where the text has not concluded."""
    return 0.0 if parsed.final is None else label_f1(gold.space.read(parsed.final), gold.space)


def open_process(parsed: Parsed, gold: Gold) -> float:
    """F1 of the ✅, times the share of right ❌ among those on scored labels, times the final F1. In [0, 1].

    0 where the form is wrong, where candidates and judgements differ or one is judged twice or unreadably, where there
    are more than eight, where no absence is judged though there is one, and where the closing list is not the set of
    ✅. An absence is a scored label that is not present, or what the gold itself turns down; No Finding is none that
    counts: to deny it is no reading. Rule: medicine, section 7.
    """
    weighed = _weighed(parsed, gold)
    if weighed is None or not _agrees(weighed):
        return 0.0
    denied = frozenset(step.subject for step in gold.judged if not step.verdict)
    telling = (gold.space.scored | denied) - ({normal_name()} - gold.space.truth)
    absences = telling - gold.space.truth
    if absences and not absences & (weighed.true | weighed.false):
        return 0.0
    false = weighed.false & telling
    right = len(false & absences) / len(false) if false else float(not absences)
    ticked = label_f1(weighed.true or weighed.final, gold.space)
    return ticked * right * label_f1(weighed.final, gold.space)


def _weighed(parsed: Parsed, gold: Gold) -> _Weighed | None:
    if not parsed.is_well_formed or parsed.final is None:
        return None
    steps = steps_of(parsed, "open", gold.space)
    judged = [step.subject for step in steps if step]
    if not steps or None in steps or len(set(judged)) != len(judged) or len(judged) > MOST_CANDIDATES:
        return None
    if gold.space.read(parsed.pairs[0].answer) != set(judged):
        return None
    true = frozenset(step.subject for step in steps if step and step.verdict)
    return _Weighed(true, frozenset(judged) - true, gold.space.read(parsed.final))


def _agrees(weighed: _Weighed) -> bool:
    """The closing list is what was judged true; with nothing judged true it is No Finding."""
    return weighed.final == (weighed.true or {normal_name()})
