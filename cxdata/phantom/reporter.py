"""Report sentences from label states: what is present, absent or uncertain is spoken of, what is not mentioned is not.

The signs come from `signs.place` with the study's key, so that sides, zones and sizes are those of the picture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from cxdata.phantom.choice import Choice
from cxdata.phantom.phrases import DEVICES, NEUTRAL, NOTIFIED, PHRASES, PRIOR, Phrases
from cxdata.phantom.signs import Sign, place

DEGREES: Final = ("mild", "moderate", "severe")
LEADING: Final = ("No Finding", "Support Devices")


class Narrative(NamedTuple):
    """The sentences of both sections. `findings` says everything; `impression` sums up what is present or uncertain."""

    findings: tuple[str, ...]
    impression: tuple[str, ...]


def narrate(
    states: Mapping[str, str],
    key: str,
    seed: int = 0,
    has_prior: bool = False,
    signs: Mapping[str, Sign] | None = None,
) -> Narrative:
    """Sentences for the states (finding to present, absent or uncertain) of the study `key`.

    Some hold what targets must lose: references to priors (only when there is a prior), `___`, notifications. `signs`
    say where and how large each finding is, instead of the key.
    """
    choice = Choice(seed, f"{key} words")
    said = [finding for finding, state in states.items() if state != "absent"]
    signs = place(said, key, seed) if signs is None else signs
    present = [
        _seen(finding, signs[finding], choice)
        for finding in states
        if states[finding] == "present" and finding != "No Finding"
    ]
    doubtful = [_doubtful(finding, signs[finding], choice) for finding in states if states[finding] == "uncertain"]
    clear = _clear([finding for finding, state in states.items() if state == "absent"], choice)
    findings = [*present, *doubtful, *clear, *_extras(choice, has_prior)]
    if not present and not doubtful and "No Finding" in states:
        findings.insert(0, choice.pick("normal", PHRASES["No Finding"].seen))
    return Narrative(tuple(findings), tuple(_impression(states, signs, choice, has_prior)))


def _phrases(finding: str) -> Phrases:
    name = finding if finding.isupper() else finding[0] + finding[1:].lower()
    low = name if finding.isupper() else name.lower()
    plain = Phrases(
        (f"{name} is present.", f"There is {low}."),
        (f"There is no {low}.",),
        (f"Possible {low}.",),
        (f"{name}.",),
        (f"Possible {low}.",),
    )
    return PHRASES.get(finding, plain)


def _seen(finding: str, sign: Sign, choice: Choice) -> str:
    if finding == "Support Devices":
        return _fill(choice.pick("device", DEVICES[sign.kind]), sign)
    phrases = _phrases(finding)
    return _fill(
        choice.pick(f"{finding} seen", phrases.both if sign.side == "both" and phrases.both else phrases.seen), sign
    )


def _doubtful(finding: str, sign: Sign, choice: Choice) -> str:
    return _fill(choice.pick(f"{finding} doubtful", _phrases(finding).doubtful), sign)


def _clear(absent: list[str], choice: Choice) -> list[str]:
    """Absent findings; those that have a noun often share one sentence."""
    shared = [finding for finding in absent if _phrases(finding).noun]
    if len(shared) < 2 or not choice.chance("share", 0.6):
        shared = []
    nouns = [_phrases(finding).noun for finding in shared]
    together = [f"There is no {', '.join(nouns[:-1])}{',' if len(nouns) > 2 else ''} or {nouns[-1]}."] if nouns else []
    alone = [
        choice.pick(f"{finding} clear", _phrases(finding).clear)
        for finding in absent
        if finding not in shared and _phrases(finding).clear
    ]
    return [*alone, *together]


def _extras(choice: Choice, has_prior: bool) -> list[str]:
    said = [choice.pick("neutral", NEUTRAL)] if choice.chance("say neutral", 0.3) else []
    return [*said, choice.pick("prior", PRIOR)] if has_prior and choice.chance("say prior", 0.45) else said


def _impression(states: Mapping[str, str], signs: Mapping[str, Sign], choice: Choice, has_prior: bool) -> list[str]:
    lines = [
        _sum_up(finding, signs[finding], choice, states[finding])
        for finding in states
        if finding in signs and finding not in LEADING
    ]
    if not lines and "No Finding" in states:
        lines = [choice.pick("all normal", PHRASES["No Finding"].sum_up)]
    if "Support Devices" in signs:
        lines.append(_sum_up("Support Devices", signs["Support Devices"], choice, states["Support Devices"]))
    if not lines:
        lines = _clear([finding for finding, state in states.items() if state == "absent"][:3], choice)
    if lines and has_prior and choice.chance("impression prior", 0.25):
        lines.append(choice.pick("impression prior words", PRIOR))
    if lines and choice.chance("notify", 0.15):
        lines.append(choice.pick("notified", NOTIFIED))
    return lines


def _sum_up(finding: str, sign: Sign, choice: Choice, state: str) -> str:
    phrases = _phrases(finding)
    return _fill(choice.pick(f"{finding} sum", phrases.sum_up if state == "present" else phrases.sum_up_doubtful), sign)


def _fill(template: str, sign: Sign) -> str:
    side = "bilateral" if sign.side == "both" else sign.side
    words = {"side": side, "zone": sign.zone, "size": sign.size, "degree": DEGREES[sign.scale]}
    text = re.sub(r"\{(\w+)\}", lambda hole: _word(hole[1], words), template)
    return _plural(text) if sign.side == "both" else text


def _word(hole: str, words: Mapping[str, str]) -> str:
    word = words[hole.lower()]
    return word.capitalize() if hole[0].isupper() else word


def _plural(text: str) -> str:
    """On both sides: `a small bilateral pleural effusion` becomes `small bilateral pleural effusions`."""
    text = re.sub(r"\b[Aa]n? ((?:\w+ )?bilateral)", r"\1", text)
    text = re.sub(r"\b(effusion|base)\b(?!s)", r"\1s", text)
    return text[0].upper() + text[1:]
