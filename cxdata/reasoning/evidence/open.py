"""Traces of open questions: the candidates, a step each, and the closing list.

Candidates are what is there and close differentials: findings scored absent first, then those that the report denies,
by how near they are to one that is there, those that the report denies before those that it is silent about.
"""

from __future__ import annotations

from typing import Final

from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.evidence import thinks
from cxdata.reasoning.evidence.grounds import Grounds, of_absent, of_normal, of_present
from cxdata.reasoning.evidence.phrases import covered
from cxdata.reasoning.evidence.steps import Thinks, judged
from cxdata.reasoning.study import Study
from cxdata.reasoning.trace import MOST_CANDIDATES, NO_FINDING, Question, Step

NEGATIVES: Final = (2, 3)
NEGATIVES_ALONE: Final = (3, 4)  # where nothing is there
SILENT: Final = 1  # candidates about which the evidence is silent, at most


def open_steps(asked: Question, study: Study) -> tuple[tuple[Step, ...], tuple[str, ...]] | str:
    """The steps and the sentences that they rest on, or the code of the reason that there are none."""
    present = [] if asked.labels == (NO_FINDING,) else list(asked.labels)
    if len(present) >= MOST_CANDIDATES:
        return "too_many_candidates"
    normal = of_normal(study)
    if not present and isinstance(normal, str):
        return normal
    found: dict[str, Grounds] = {}
    for finding in present:
        one = of_present(finding, study, asked.image_ids)
        if isinstance(one, str):
            return one
        found[finding] = one
    writing = Thinks(asked.key)
    choose = writing.choices()
    wanted = choose.pick(NEGATIVES if present else NEGATIVES_ALONE)
    negatives = _negatives(asked, study, present, min(wanted, MOST_CANDIDATES - len(present)))
    if len(negatives) + len(present) < 2 or not negatives:
        return "no_negative"
    found |= negatives
    order = choose.order(list(found))
    steps = [Step(writing.free(thinks.weighing, order), ", ".join(order))]
    steps += [judged(finding, finding, found[finding], writing, is_true=finding in present) for finding in order]
    kind = "closing_none" if not present else "closing_one" if len(present) == 1 else "closing_several"
    steps.append(Step(writing.free(thinks.closing, present, kind), ", ".join(asked.labels)))
    return tuple(steps), tuple(dict.fromkeys(text for finding in order for text in found[finding].evidence))


def _negatives(asked: Question, study: Study, present: list[str], wanted: int) -> dict[str, Grounds]:
    grounds = {finding: of_absent(finding, study) for finding in _absent(asked, present)}
    able = {finding: one for finding, one in grounds.items() if not isinstance(one, str)}
    scored = set(asked.scored)
    able = {finding: one for finding, one in able.items() if finding in scored or one.basis == "denied"}
    ranked = sorted(able, key=lambda name: (name not in scored, *_worth(able[name]), -_near(name, present)))
    chosen: dict[str, Grounds] = {}
    for finding in ranked:
        is_silent = able[finding].basis == "silent"
        room = len(chosen) < wanted and (not is_silent or _silent(chosen) < SILENT)
        if room and not any(vocabulary().related(finding, other) for other in chosen):
            chosen[finding] = able[finding]
    return chosen


def _worth(grounds: Grounds) -> tuple[bool, bool]:
    """Denied by name first, then denied with a wider finding, then what the evidence is silent about."""
    return grounds.basis == "silent", not grounds.is_named


def _absent(asked: Question, present: list[str]) -> list[str]:
    """Findings scored absent, and ignored ones that are related to none that is there."""
    known = [name for name in (*asked.scored, *asked.ignored) if name not in present and name in covered()]
    near = {name for name in known if any(vocabulary().related(name, other) for other in present)}
    return [name for name in dict.fromkeys(known) if name not in near]


def _near(finding: str, present: list[str]) -> int:
    """How close a differential is: 2 for one of the same parent, 1 for one of the same region, else 0."""
    own = vocabulary().finding(finding)
    others = [vocabulary().finding(name) for name in present]
    if any(set(own.parents) & set(other.parents) for other in others):
        return 2
    return int(any(own.region == other.region for other in others))


def _silent(chosen: dict[str, Grounds]) -> int:
    return sum(one.basis == "silent" for one in chosen.values())
