"""The form of a trace, its verdicts and its closing answer, against the label."""

from __future__ import annotations

from collections.abc import Iterator

from cxdata.model.sample import LETTERS
from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.study import Study, denied_with
from cxdata.reasoning.trace import BASES, MOST_CANDIDATES, NO_FINDING, YES, Question, Step, Trace

_AFFIRMING = ("affirmed", "box", "location", "label_only")


def structure_codes(trace: Trace, asked: Question, study: Study) -> list[str]:
    """What is wrong with the form, the verdicts and the closing answer."""
    if not _has_form(trace, asked):
        return ["steps"]
    rules = _open(trace, asked, study) if asked.is_open else _closed(trace, asked)
    return list(rules)


def truth(step: Step, asked: Question) -> tuple[str, bool]:
    """The finding that a judgement is about, and whether it is there by that judgement's verdict."""
    if asked.is_open:
        return step.answer, bool(step.verdict)
    option = asked.options[LETTERS.index(step.answer)]
    if asked.answer_type == "binary":
        return asked.asked_finding or "", (option == YES) == bool(step.verdict)
    return option, bool(step.verdict)


def _has_form(trace: Trace, asked: Question) -> bool:
    verdicts = [step.verdict for step in trace.steps]
    first = int(asked.is_open)
    middle = verdicts[first:-1]
    ends = [*verdicts[:first], *verdicts[-1:]]
    return len(middle) > 0 and None not in middle and len(ends) == first + 1 and all(one is None for one in ends)


def _closed(trace: Trace, asked: Question) -> Iterator[str]:
    judged = trace.judged
    if [step.answer for step in judged] != list(LETTERS[: len(asked.options)]):
        yield "options_order"
        return
    if any(step.verdict != (step.answer in asked.letters) for step in judged):
        yield "verdict_differs"
    yield from _bases(trace, asked)
    if trace.steps[-1].answer != ", ".join(asked.letters):
        yield "final_differs"


def _open(trace: Trace, asked: Question, study: Study) -> Iterator[str]:
    judged = trace.judged
    names = [step.answer for step in judged]
    if len(names) > MOST_CANDIDATES or len(set(names)) != len(names) or trace.steps[0].answer != ", ".join(names):
        yield "candidates"
    true = {step.answer for step in judged if step.verdict}
    if true != set(asked.labels) - {NO_FINDING}:
        yield "verdict_differs"
    false = [step.answer for step in judged if not step.verdict]
    if not false:
        yield "no_candidate_denied"
    if not all(_may_be_denied(name, asked, study) for name in false):
        yield "candidate_not_askable"
    yield from _bases(trace, asked)
    if trace.steps[-1].answer != ", ".join(asked.labels):
        yield "final_differs"


def _may_be_denied(name: str, asked: Question, study: Study) -> bool:
    """Scored absent; or ignored, denied by the report and related to nothing that is there."""
    if name in asked.labels or name == NO_FINDING or name not in {*asked.scored, *asked.ignored}:
        return False  # traces may come from elsewhere, with names that nobody knows
    if name in asked.scored:
        return True
    near = any(vocabulary().related(name, label) for label in asked.labels)
    return name in asked.ignored and not near and bool(study.telling(denied_with(name), "absent"))


def _bases(trace: Trace, asked: Question) -> Iterator[str]:
    judged = trace.judged
    if any(step.basis not in BASES for step in judged) or any(step.basis for step in trace.steps if step not in judged):
        yield "basis"
    elif not all(_goes_with(step, asked) for step in judged):
        yield "basis_differs"


def _goes_with(step: Step, asked: Question) -> bool:
    """A finding that is there is affirmed, boxed, placed or labelled; one that is not is denied or silent."""
    finding, is_there = truth(step, asked)
    if finding == NO_FINDING:  # that nothing is there rests on denials, that something is there on what it is
        return step.basis in ("denied", "label_only") if is_there else step.basis in _AFFIRMING
    return (step.basis in _AFFIRMING) == is_there
