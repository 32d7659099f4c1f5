"""Traces of choices: one step an option, in order, and the closing one."""

from __future__ import annotations

from cxdata.model.sample import LETTERS
from cxdata.reasoning.evidence import thinks
from cxdata.reasoning.evidence.grounds import Grounds, of_absent, of_present
from cxdata.reasoning.evidence.steps import Thinks, judged, not_normal, yes_or_no
from cxdata.reasoning.study import Study
from cxdata.reasoning.trace import NO_FINDING, YES, Question, Step


def closed_steps(asked: Question, study: Study) -> tuple[tuple[Step, ...], tuple[str, ...]] | str:
    """The steps and the sentences that they rest on, or the code of the reason that there are none."""
    return _binary(asked, study) if asked.answer_type == "binary" else _choice(asked, study)


def _binary(asked: Question, study: Study) -> tuple[tuple[Step, ...], tuple[str, ...]] | str:
    finding, is_there = asked.asked_finding or "", asked.answer == YES
    grounds = of_present(finding, study, asked.image_ids) if is_there else of_absent(finding, study)
    if isinstance(grounds, str):
        return grounds
    writing = Thinks(asked.key)
    steps = [
        yes_or_no(letter, finding, grounds, writing, is_yes=option == YES, is_there=is_there)
        for letter, option in zip(LETTERS, asked.options, strict=False)
    ]
    kind = "closing_yes" if is_there else "closing_no"
    steps.append(_closing(asked, writing.free(thinks.closing, [finding], kind)))
    return tuple(steps), grounds.evidence


def _choice(asked: Question, study: Study) -> tuple[tuple[Step, ...], tuple[str, ...]] | str:
    keys = [option for letter, option in zip(LETTERS, asked.options, strict=False) if letter in asked.letters]
    found: dict[str, Grounds] = {}
    for option in asked.options:
        if option in keys or option != NO_FINDING:
            one = of_present(option, study, asked.image_ids) if option in keys else of_absent(option, study)
            if isinstance(one, str):
                return one
            found[option] = one
    writing = Thinks(asked.key)
    steps = [
        _option(letter, option, keys, found, writing) for letter, option in zip(LETTERS, asked.options, strict=False)
    ]
    kind = _closing_kind(keys)
    named = [] if keys == [NO_FINDING] else keys
    steps.append(_closing(asked, writing.free(thinks.closing, named, kind)))
    return tuple(steps), tuple(dict.fromkeys(text for one in found.values() for text in one.evidence))


def _option(letter: str, option: str, keys: list[str], found: dict[str, Grounds], writing: Thinks) -> Step:
    if option in found:
        return judged(letter, option, found[option], writing, is_true=option in keys)
    return not_normal(letter, keys[0], found[keys[0]], writing)


def _closing_kind(keys: list[str]) -> str:
    if keys == [NO_FINDING]:
        return "closing_none"
    return "closing_one" if len(keys) == 1 else "closing_several"


def _closing(asked: Question, think: str) -> Step:
    return Step(think, ", ".join(asked.letters))
