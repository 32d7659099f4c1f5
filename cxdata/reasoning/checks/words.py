"""The words of a think: none of a report's, none of an earlier picture, and nothing that the evidence lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from cxdata.answers.gold import COMPARED
from cxdata.answers.thinks import are_near_equal, content, has_sign, is_foul
from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.checks.evidence import telling
from cxdata.reasoning.checks.structure import truth
from cxdata.reasoning.evidence.features import Features, said
from cxdata.reasoning.study import Study, denied_with, kinds
from cxdata.reasoning.trace import NO_FINDING, Question, Step, Trace
from cxdata.reports.reader import read_sentence

BANNED: Final = re.compile(
    r"\b(?:report(?:s|ed|ing)?|describ\w+|document(?:s|ed)|mention(?:s|ed)?|stated|dictat\w+|impression|radiologist\w*|"
    r"prior|previous(?:ly)?|unchanged|changed|interval|compar\w+|again|stable|stability|new(?:ly)?|worsen\w*|worse|"
    r"improv\w+|resolv\w+|progress\w*|persist\w*|known|history|clinical(?:ly)?|per ct|ct|mri|ultrasound|sentences?|"
    r"label(?:s|led)?|annotat\w+)\b",
    re.IGNORECASE,
)
"""Words of a report, of an earlier picture, of another examination, and of how the trace was made."""
_MARK: Final = re.compile(r"___|\b[Xx]{3,}\b|\[\*\*")
_TAG: Final = re.compile(r"[<>]")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_SIZES: Final = {"tiny": "tiny", "small": "small", "mild": "small", "moderate": "moderate", "large": "large",
                 "extensive": "large", "severe": "large"}  # fmt: skip


_SPINE: Final = frozenset({"spine", "lumbar spine"})  # where a curve or a vertebra is, if anywhere


class _Words(NamedTuple):
    """What a think says, read once."""

    has_form: bool
    is_banned: bool
    is_marked: bool
    sides: frozenset[str]
    sizes: frozenset[str]
    numbers: frozenset[str]
    states: tuple[tuple[str, str], ...]
    tells: bool
    content: frozenset[str]


def word_codes(trace: Trace, asked: Question, study: Study) -> Iterator[str]:
    """What is wrong with the words."""
    for step in trace.steps:
        words = _words(step.think)
        if not words.has_form:
            yield "think_form"
        if words.is_banned:
            yield "banned_word"
        if words.is_marked:
            yield "identifier_mark"
    if any(_MARK.search(text) for text in trace.evidence):
        yield "identifier_mark"
    for step in trace.judged:
        yield from _step(step, trace, asked, study)
    compared = [_words(step.think).content for step in trace.judged if step.basis in COMPARED]
    if any(are_near_equal(a, b) for place, a in enumerate(compared) for b in compared[:place]):
        yield "near_equal"


def _step(step: Step, trace: Trace, asked: Question, study: Study) -> Iterator[str]:
    words, (finding, is_there) = _words(step.think), truth(step, asked)
    if step.basis in ("silent", "label_only") and words.tells:
        yield "silent_tells"
    if step.basis != "box":
        yield from _not_told(words, finding, step, trace, study)
    yield from _findings(words, finding, asked, study, is_there=is_there)


def _not_told(words: _Words, finding: str, step: Step, trace: Trace, study: Study) -> Iterator[str]:
    """Side, site, size and numbers, against what tells of the finding (sentences or place), and its own name."""
    if finding == NO_FINDING or step.basis == "silent":
        texts = trace.evidence
    elif step.basis == "location":
        texts = tuple(_in_words(study.places[name]) for name in kinds(finding) if name in study.places)
    else:
        texts = tuple(telling(finding, "present" if step.basis == "affirmed" else "absent", trace, study))
    own, told = _own(finding), _told(tuple(texts))
    is_general = step.basis in ("denied", "silent")  # "at either base", "both apices": all places, none in particular
    if words.sides - told.sides - own.sides - (frozenset({"both"}) if is_general else frozenset()):
        yield "side_not_told"
    if not is_general and finding != NO_FINDING and _sites(step.think) - told.sites - own.sites - _SPINE:
        yield "site_not_told"
    if words.sizes - told.sizes - own.sizes:
        yield "size_not_told"
    if words.numbers - told.numbers - own.numbers:
        yield "number_not_told"


def _in_words(place: Features) -> str:
    """Side and sites of a stated place, as a sentence would name them."""
    return " ".join([*([place.side] if place.side else []), *place.sites])


def _findings(words: _Words, finding: str, asked: Question, study: Study, *, is_there: bool) -> Iterator[str]:
    near = {finding, *asked.subjects, *asked.labels} - {NO_FINDING}
    meant = {*near, *asked.scored, *asked.ignored}
    reported = study.reported
    near |= {name for name, states in reported.items() if "present" in states}
    for name, state in words.states:
        if not (name in meant or name in reported or any(_is_near(name, one) for one in near)):
            yield "finding_not_told"
        if finding == NO_FINDING:
            continue
        if is_there and state == "absent" and name in denied_with(finding):
            yield "think_contradicts"
        if not is_there and state == "present" and name in kinds(finding):
            yield "think_contradicts"


@cache
def _is_near(name: str, finding: str) -> bool:
    return name == finding or vocabulary().related(name, finding)


@lru_cache(maxsize=1 << 17)
def _words(think: str) -> _Words:
    text = think
    for phrase, name in _ambiguous():
        text = text.replace(phrase, name)
    readings = tuple((one.finding, one.state) for one in read_sentence(text) if one.finding != NO_FINDING)
    return _Words(
        not is_foul(think) and not _TAG.search(think) and think == think.strip(), bool(BANNED.search(think)),
        bool(_MARK.search(think)), _sides(think), _sizes(think),
        frozenset(_NUMBER.findall(think)), readings, has_sign(think),
        frozenset(content(think).forms),
    )  # fmt: skip


@cache
def _ambiguous() -> tuple[tuple[str, str], ...]:
    """Phrases of findings that name others ("other than effusion or pneumothorax"), each with what stands for it."""
    found = []
    for finding in vocabulary().findings:
        named = {one.finding for one in read_sentence(finding.phrase)} - {finding.name, NO_FINDING}
        if finding.kind != "normal" and not all(_is_near(name, finding.name) for name in named):
            found.append((finding.phrase.removeprefix("a ").removeprefix("an "), finding.name.lower()))
    return tuple(found)


class _Told(NamedTuple):
    sides: frozenset[str]
    sites: frozenset[str]
    sizes: frozenset[str]
    numbers: frozenset[str]


@lru_cache(maxsize=1 << 16)
def _told(texts: tuple[str, ...]) -> _Told:
    text = "\n".join(texts)
    sides = said(text, "side")
    both = {"both"} if {"left", "right"} <= sides or "both" in sides else set()
    return _Told(frozenset({*sides, *both}), said(text, "site"), _sizes(text), frozenset(_NUMBER.findall(text)))


@cache
def _own(finding: str) -> _Told:
    """What the names of a finding and of its kinds say themselves."""
    known = [vocabulary().finding(name) for name in kinds(finding)] if finding else []
    return _told(tuple(text for one in known for text in (one.name, one.phrase, *one.synonyms)))


@lru_cache(maxsize=1 << 16)
def _sites(think: str) -> frozenset[str]:
    return said(think, "site")


def _sides(text: str) -> frozenset[str]:
    found = said(text, "side")
    return frozenset({"both"}) if "both" in found else found


def _sizes(text: str) -> frozenset[str]:
    return frozenset(_SIZES[name] for name in said(text, "size"))
