"""What a model may say of a sample: the judgements, bases and sentences that the evidence writer's rules allow.

A model words the steps. Which findings are weighed, what each rests on, and which samples have no trace at all, is
decided by the same rules for both writers: a model is never asked to settle what a report leaves open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from cxdata.model.sample import LETTERS
from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.grounds import Grounds, of_absent, of_present
from cxdata.reasoning.evidence.phrases import phrases
from cxdata.reasoning.evidence.places import box_place, place
from cxdata.reasoning.evidence.writer import EvidenceWriter
from cxdata.reasoning.model.brief import Brief, Item, State
from cxdata.reasoning.model.prompts import CANDIDATES, CLOSING
from cxdata.reasoning.model.replies import Said
from cxdata.reasoning.study import Study
from cxdata.reasoning.trace import NO_FINDING, YES, Question, Refused, Step
from cxdata.reasoning.writers import Case


class Plan(NamedTuple):
    """What is asked of the model for one sample; the basis of each judgement by its key, and all the sentences."""

    asked: Question
    brief: Brief
    bases: Mapping[str, str | None]
    evidence: tuple[str, ...]


def plans(cases: Iterable[Case]) -> Iterator[Plan | Refused]:
    """A plan for each case, or the evidence writer's own reason that there is none."""
    cases = list(cases)
    for case, made in zip(cases, EvidenceWriter().write(cases), strict=True):
        yield made if isinstance(made, Refused) else _plan(case, made.judged, made.evidence)


def steps_of(plan: Plan, said: Iterable[Said]) -> tuple[Step, ...]:
    """The steps as the model gave them, in its own order: its verdicts, and a closing answer that follows from them."""
    said = tuple(said)
    return tuple(_step(plan, one, _closing(plan.asked, said)) for one in said)


def _plan(case: Case, judged: Iterable[Step], evidence: tuple[str, ...]) -> Plan:
    asked, study = case
    items = tuple(_item(step, asked, study) for step in judged)
    brief = Brief(asked.sample_id, "open" if asked.is_open else "closed", asked.question, items)
    return Plan(asked, brief, {step.answer: step.basis for step in judged}, evidence)


def _item(step: Step, asked: Question, study: Study) -> Item:
    option = None if asked.is_open else asked.options[LETTERS.index(step.answer)]
    is_binary = asked.answer_type == "binary"
    finding = step.answer if option is None else (asked.asked_finding or "") if is_binary else option
    is_there = (option == YES) == bool(step.verdict) if is_binary else bool(step.verdict)
    grounds = _grounds(finding, asked, study, is_there=is_there)
    state: State = "present" if is_there else "not stated" if grounds.basis == "silent" else "absent"
    return Item(step.answer, finding, state, grounds.evidence, _place(grounds, asked), option if is_binary else None)


def _place(grounds: Grounds, asked: Question) -> str | None:
    """Where a finding lies that no sentence tells of: by its box, or as the source states."""
    if grounds.box is not None:
        return box_place(grounds.box, Choices(asked.key))
    if grounds.basis == "location":
        return place(phrases(grounds.shown).where, grounds.told, Choices(asked.key)).strip()
    return None


def _grounds(finding: str, asked: Question, study: Study, *, is_there: bool) -> Grounds:
    if finding == NO_FINDING and not is_there:  # what speaks against it is what is there
        finding, is_there = asked.options[LETTERS.index(asked.letters[0])], True
    found = of_present(finding, study, asked.image_ids) if is_there else of_absent(finding, study)
    if isinstance(found, str):
        raise AssertionError(f"{asked.sample_id}: a step was written without grounds ({found})")
    return found


def _step(plan: Plan, said: Said, closing: str) -> Step:
    if said.verdict is not None:
        return Step(said.think, said.key, said.verdict, plan.bases.get(said.key))
    weighed = ", ".join(item.key for item in plan.brief.items)
    return Step(said.think, {CANDIDATES: weighed, CLOSING: closing}[said.key])


def _closing(asked: Question, said: tuple[Said, ...]) -> str:
    true = list(dict.fromkeys(one.key for one in said if one.verdict))
    if not asked.is_open:
        return ", ".join(sorted(true))
    named = [name for name in asked.labels if name in true]
    return ", ".join([*named, *(name for name in true if name not in named)]) or NO_FINDING
