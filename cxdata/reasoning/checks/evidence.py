"""The sentences that a trace rests on: do they stand in the report, and do they say what the steps say?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.checks.structure import truth
from cxdata.reasoning.study import Study, denied_with, kinds, pathologies
from cxdata.reasoning.trace import NO_FINDING, Question, Step, Trace

_NO_WORD: Final = re.compile(r"[\W_]+")


def evidence_codes(trace: Trace, asked: Question, study: Study) -> Iterator[str]:
    """What is wrong with the evidence."""
    bases = {step.basis for step in trace.judged}
    if bases & {"affirmed", "denied"} and not trace.evidence:
        yield "evidence_missing"
    text = _flat(study.text)
    if not all(_flat(one).strip() and _flat(one) in text for one in trace.evidence):
        yield "evidence_foreign"
    if NO_FINDING in asked.labels and study.states(pathologies()) & {"present", "uncertain"}:
        yield "report_contradicts"
    for step in trace.judged:
        yield from _step(step, trace, asked, study)


def telling(finding: str, state: str, trace: Trace, study: Study) -> list[str]:
    """The sentences given that say this state of the finding, by the reader."""
    asked = kinds(finding) if state == "present" else denied_with(finding)
    given = set(trace.evidence)
    return [text for text, _ in study.telling(asked, state) if text in given]


def _step(step: Step, trace: Trace, asked: Question, study: Study) -> Iterator[str]:
    finding, is_there = truth(step, asked)
    if finding == NO_FINDING:
        return
    if step.basis == "silent" and not vocabulary().is_salient(finding):
        yield "silent_not_salient"
    if step.basis == "box" and not any(box.finding in kinds(finding) for box in study.boxes):
        yield "no_box"
    if step.basis == "location" and not any(name in study.places for name in kinds(finding)):
        yield "no_location"
    if step.basis in ("affirmed", "denied"):
        state = "present" if step.basis == "affirmed" else "absent"
        if not telling(finding, state, trace, study):
            yield "evidence_silent"
    if _contradicts(finding, study, is_there=is_there):
        yield "report_contradicts"


def _contradicts(finding: str, study: Study, *, is_there: bool) -> bool:
    states = study.states(kinds(finding))
    if not is_there:
        return bool(states & {"present", "uncertain"})
    return "present" not in states and ("absent" in study.states(denied_with(finding)) or "uncertain" in states)


@lru_cache(maxsize=1 << 14)
def _flat(text: str) -> str:
    """Lower case, one space for whatever is no letter or digit: line ends and marks of emphasis do not count."""
    return f" {_NO_WORD.sub(' ', text).lower().strip()} "
