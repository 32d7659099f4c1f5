"""What a judgement of a finding rests on: a sentence that affirms or denies it, a box, a place, silence, the label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.features import Features
from cxdata.reasoning.evidence.phrases import phrases
from cxdata.reasoning.evidence.places import Frame, place
from cxdata.reasoning.study import Said, Study, denied_with, joined, kinds, pathologies
from cxdata.reasoning.trace import NO_FINDING

_MOST_DENIALS: Final = 3


class Grounds(NamedTuple):
    """A basis with what it rests on.

    `shown` is the finding that the evidence names: the one judged, or a kind of it (a rib fracture for Fracture);
    `denials` are the findings denied that No Finding rests on; `is_named`: denied by name, not with a wider finding.
    """

    basis: str
    shown: str
    evidence: tuple[str, ...] = ()
    told: Features = Features()
    box: Frame | None = None
    denials: tuple[str, ...] = ()
    is_named: bool = True


def of_present(finding: str, study: Study, image_ids: Sequence[str]) -> Grounds | str:
    """Grounds of a finding that the label states present, or the code of the reason that there are none."""
    if finding == NO_FINDING:
        return of_normal(study)
    named = study.telling((finding,), "present") or study.telling(kinds(finding), "present")
    states = study.states(denied_with(finding))
    if named:
        said = [one for _, one in named]
        told = joined([one.features for one in said])
        if "absent" in states and told.side is None and not told.sites:
            return "report_denies"
        return Grounds("affirmed", _fullest(said).finding, tuple(dict.fromkeys(text for text, _ in named)), told)
    box = _box(finding, study, image_ids)
    if box is not None:
        return Grounds("box", finding, box=box)
    stated = placed(finding, study)
    if stated is not None:
        return Grounds("location", stated[0], told=stated[1])
    if "present" in study.states(kinds(finding)):
        return Grounds("label_only", finding)  # affirmed in words that are no evidence: "unchanged", "known"
    if "absent" in states:
        return "report_denies"
    return "report_uncertain" if "uncertain" in study.states(kinds(finding)) else Grounds("label_only", finding)


def placed(finding: str, study: Study) -> tuple[str, Features] | None:
    """The finding, or a kind of it, with its place as the source states it; None where no words fit such a place."""
    for name in kinds(finding):
        told = study.places.get(name)
        if told is not None and place(phrases(name).where, told, Choices(0)):
            return name, told
    return None


def of_absent(finding: str, study: Study) -> Grounds | str:
    """Grounds of a finding that the label lets be denied, or the code of the reason that there are none."""
    states = study.states(kinds(finding))
    if "present" in states:
        return "report_affirms"
    if "uncertain" in states:
        return "report_uncertain"
    denied = study.telling(denied_with(finding), "absent")
    if denied:
        own = [text for text, one in denied if one.finding == finding]
        return Grounds("denied", finding, tuple(own or [text for text, _ in denied])[:1], is_named=bool(own))
    return Grounds("silent", finding) if vocabulary().is_salient(finding) else "silence_not_telling"


def of_normal(study: Study) -> Grounds | str:
    """Grounds of No Finding: a sentence that says so, or two findings denied at least; none beside a pathology."""
    states = study.states(pathologies())
    if "present" in states:
        return "report_affirms"
    if "uncertain" in states:
        return "report_uncertain"
    whole = tuple(text for text, _ in study.telling((NO_FINDING,), "present"))
    denied: dict[str, str] = {}
    for sentence in study.sentences:
        for one in sentence.said:
            if one.state == "absent" and one.finding in pathologies():
                denied.setdefault(one.finding, sentence.text)
    apart = _unrelated(list(denied))
    if len(apart) >= 2:
        return Grounds("denied", NO_FINDING, tuple(dict.fromkeys(denied[one] for one in apart)), denials=tuple(apart))
    if whole:
        return Grounds("denied", NO_FINDING, whole[:1])
    return Grounds("label_only", NO_FINDING)


def _unrelated(findings: Sequence[str]) -> list[str]:
    """The first few findings of which none is related to another: each says something of its own."""
    chosen: list[str] = []
    for name in findings:
        if len(chosen) < _MOST_DENIALS and not any(vocabulary().related(name, other) for other in chosen):
            chosen.append(name)
    return chosen


def _fullest(said: Sequence[Said]) -> Said:
    return max(said, key=lambda one: one.features.weight)


def _box(finding: str, study: Study, image_ids: Sequence[str]) -> Frame | None:
    shown = [box for box in study.boxes if box.image_id in image_ids and box.finding in kinds(finding)]
    return Frame(*max(shown, key=_area)[2:]) if shown else None


def _area(box: tuple[str, str, float, float, float, float]) -> float:
    return (box[4] - box[2]) * (box[5] - box[3])
