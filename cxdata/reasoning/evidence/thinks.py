"""The think of one step, in words: frames filled with what the evidence gives and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.features import Features
from cxdata.reasoning.evidence.nouns import Noun, noun
from cxdata.reasoning.evidence.phrases import Phrases, frames, phrases, placeless, words_of
from cxdata.reasoning.evidence.places import Frame, box_place, place

_SLOT: Final = re.compile(r"\{(\w+)\}")
_PLURAL_TAIL: Final = ", in keeping with {name}"


def affirmed(finding: str, shown: str, told: Features, kind: str, choose: Choices) -> str:
    """A finding that is there; `kind` names the frames: affirmed, against_absence or against_normal.

    `shown` is the finding that the evidence names, which may be a kind of it.
    """
    row, seen = phrases(finding), phrases(shown)
    it = noun(seen, told, choose)
    at = place(seen.where, _without_repeats(told, it.text), choose)
    frame = choose.pick(frames(kind) if at else placeless(kind))
    tail = choose.pick(frames("affirmed_tail_suggestive" if row.is_suggestive else "affirmed_tail"))
    tail = _tail(tail, row, it)
    return _filled(frame, {**_noun_slots(it, at), **_name_slots(row), "tail": _named(tail, row)})


def denied(finding: str, choose: Choices) -> str:
    """A finding that is not there."""
    row = phrases(finding)
    sign, at = choose.pick(row.denials)
    tail = _named(choose.pick(frames("denied_tail")), row)
    return _filled(choose.pick(frames("denied")), {"no": sign, "at": at, "tail": tail})


def against_presence(finding: str, choose: Choices) -> str:
    """The other answer of a yes-or-no question where the finding is not there."""
    row = phrases(finding)
    return _filled(choose.pick(frames("against_presence")), {**_name_slots(row), "at": choose.pick(row.place_of_name)})


def silent(finding: str, kind: str, choose: Choices) -> str:
    """The place looked at, no sign, no certainty; of salient findings alone. `kind`: silent or silent_other."""
    return _filled(choose.pick(frames(kind)), {"look": choose.pick(phrases(finding).look)})


def label_only(kind: str, choose: Choices) -> str:
    """A label without evidence; `kind` is label_only or label_only_other."""
    return choose.pick(frames(kind))


def boxed(box: Frame, kind: str, choose: Choices) -> str:
    """Where a box lies; `kind` is box or box_other."""
    return _filled(choose.pick(frames(kind)), {"at": box_place(box, choose)})


def normal(denials: Sequence[str], choose: Choices) -> str:
    """A film without abnormality: what is denied, two or three findings of it, or as a whole."""
    if len(denials) < 2:
        return choose.pick(frames("normal_alone"))
    chosen = choose.order(denials)[:3]
    signs = [f"no {choose.pick(phrases(finding).denials)[0]}" for finding in chosen]
    return _filled(choose.pick(frames("normal")), {"denials": joined(signs)})


def weighing(names: Sequence[str], choose: Choices) -> str:
    """The candidates of an open question."""
    return _filled(choose.pick(frames("candidates")), {"names": joined([phrases(name).name for name in names])})


def closing(names: Sequence[str], kind: str, choose: Choices) -> str:
    """The closing step; `kind` is one of closing_one, closing_several, closing_none, closing_yes, closing_no."""
    named = [_suggested(phrases(name)) if kind != "closing_no" else phrases(name).name for name in names]
    bare = phrases(names[0]).bare if names else ""
    if kind == "closing_one" and phrases(names[0]).is_plural and not phrases(names[0]).is_suggestive:
        kind = "closing_several"
    return _filled(choose.pick(frames(kind)), {"names": joined(named), "bare": bare})


def joined(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"


def _tail(tail: str, row: Phrases, it: Noun) -> str:
    """None where it would say the same again ("a rib fracture, which is a rib fracture"); in the noun's number."""
    if words_of(row.bare) <= words_of(it.text):
        return ""
    return _PLURAL_TAIL if tail and (it.is_plural or row.is_plural) else tail


def _suggested(row: Phrases) -> str:
    return f"findings that suggest {row.name}" if row.is_suggestive else row.name


def _without_repeats(told: Features, text: str) -> Features:
    """Sites that the noun phrase names itself are not said twice."""
    sites = tuple(site for site in told.sites if site.split()[-1].rstrip("e") not in text)
    return told._replace(sites=sites)


def _named(tail: str, row: Phrases) -> str:
    return _filled(tail, _name_slots(row), keep=True)


def _noun_slots(it: Noun, at: str) -> dict[str, str]:
    number = "are" if it.is_plural else "is"
    speaks = "speak" if it.is_plural else "speaks"
    return {"it": it.text, "at": at, "is": number, "there": f"there {number}", "speaks": speaks}


def _name_slots(row: Phrases) -> dict[str, str]:
    is_name, does, they = ("are", "do", "they") if row.is_plural else ("is", "does", "it")
    return {"name": row.name, "bare": row.bare, "is_name": is_name, "does_name": does, "they_name": they}


def _filled(frame: str, slots: dict[str, str], *, keep: bool = False) -> str:
    def fill(slot: re.Match[str]) -> str:
        name = slot[1]
        if name in slots:
            return slots[name]
        text = slots[name.lower()].lstrip()
        return text[:1].upper() + text[1:]

    text = _SLOT.sub(fill, frame)
    return text if keep else text[:1].upper() + text[1:]
