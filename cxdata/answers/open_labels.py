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
    are more than eight, where none of the gold's absences is judged though there is one, and where the closing list is
    not the set of ✅. Rule: medicine, section 7. No Finding is no absence that counts: to deny it is no reading.
    """
    weighed = _weighed(parsed, gold)
    if weighed is None or not _agrees(weighed):
        return 0.0
    absences = _absences(gold)
    if absences and not (absences & (weighed.true | weighed.false)):
        return 0.0
    final_f1 = label_f1(weighed.final, gold.space)
    return final_f1 * _right_share(weighed.false, absences, gold) * label_f1(weighed.true or weighed.final, gold.space)


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


def _absences(gold: Gold) -> frozenset[str]:
    """Scored labels that are not present; where the row brings none, what the gold itself judges false."""
    denied = frozenset(step.subject for step in gold.judged if not step.verdict)
    told = gold.space.scored - gold.space.truth
    return (told or denied) - {normal_name()} - gold.space.truth


def _right_share(false: frozenset[str], absences: frozenset[str], gold: Gold) -> float:
    scored = false & (absences | gold.space.truth)
    if not scored:
        return 0.0 if absences else 1.0
    return len(scored & absences) / len(scored)
