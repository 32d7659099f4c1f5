"""How a finding has gone on since the last picture, in the later picture's signs and in the words of its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from cxdata.phantom.choice import Choice
from cxdata.phantom.signs import SIZES, Sign

COURSES: Final = ("larger", "smaller", "same", "new", "gone")
ALONG: Final = COURSES[:3]
"""Those of a finding that both pictures show."""

CHANGES: Final = {
    "larger": "worsening",
    "new": "worsening",
    "same": "stable",
    "smaller": "improving",
    "gone": "improving",
}
"""What a reader of two pictures calls each course."""

NOUNS: Final = {
    "Pleural Effusion": "{side} pleural effusion", "Pneumothorax": "{side} pneumothorax",
    "Consolidation": "{side} {zone} lung consolidation", "Pneumonia": "{side} {zone} lung pneumonia",
    "Edema": "pulmonary edema",
}  # fmt: skip
"""The findings whose course can be told, and what each is called; all are painted by their size."""

_UNCOUNTABLE: Final = frozenset({"Edema", "Pneumonia"})
_SIZED: Final = frozenset({"Pleural Effusion", "Pneumothorax"})


class Course(NamedTuple):
    """The course of one finding, `told` one of COURSES; `older`: since a film that is not the last."""

    finding: str
    told: str
    older: bool = False


class Words(NamedTuple):
    """Sentences for things that have a size, for what spreads, and the line of an impression."""

    sized: tuple[str, ...]
    spread: tuple[str, ...]
    line: tuple[str, ...]


_WORDS: Final = {
    "larger": Words(
        ("The {noun} {has} increased since the previous radiograph.", "There is an interval increase in the {noun}.",
         "The {noun} {is} larger than on ___.", "Interval enlargement of the {noun}."),
        ("The {noun} has worsened since the previous radiograph.", "There is interval worsening of the {noun}.",
         "The {noun} has progressed.", "Interval progression of the {noun}."),
        ("Increased {noun}.", "Worsening {noun}.", "Increasing {noun}."),
    ),
    "smaller": Words(
        ("The {noun} {has} decreased since the previous radiograph.", "There is an interval decrease in the {noun}.",
         "The {noun} {is} smaller than on ___.", "Interval reduction of the {noun}."),
        ("The {noun} has improved since the previous radiograph.", "There is interval improvement of the {noun}.",
         "The {noun} has partially cleared.", "The {noun} is less extensive than on ___."),
        ("Decreased {noun}.", "Improving {noun}.", "Improved {noun}."),
    ),
    "same": Words(
        ("The {noun} {is} unchanged.", "There is no significant change in the {noun}.", "Stable {size} {noun}.",
         "The {noun} {has} not changed since ___."),
        ("The {noun} is unchanged.", "No relevant interval change in the {noun}.", "Stable {noun}.",
         "The {noun} has not changed since ___."),
        ("Unchanged {noun}.", "Stable {noun}.", "No change in the {noun}."),
    ),
    "new": Words(
        ("There {is} {a} new {size} {noun}.", "{Size} {noun}, new since the previous radiograph.",
         "Interval development of {a} {size} {noun}."),
        ("There is a new {noun}.", "{Noun} is new since the previous radiograph.", "Interval development of a {noun}."),
        ("New {noun}.",),
    ),
    "gone": Words(
        ("The {noun} {has} resolved.", "Interval resolution of the {noun}.",
         "The {noun} {has} completely resolved since ___."),
        ("The {noun} has resolved.", "Interval resolution of the {noun}.", "The {noun} has cleared."),
        ("Resolution of the {noun}.",),
    ),
}  # fmt: skip


_OLDER: Final = {
    "larger": "The {noun} {has} increased over several prior studies.",
    "smaller": "Compared to the older radiograph of ___, the {noun} {is} smaller.",
    "same": "The {noun} {is} unchanged since the film before last.",
}


def resized(sign: Sign, told: str) -> Sign | None:
    """The sign in the later picture; None where it can grow or shrink no further, or is gone."""
    scale = sign.scale + {"larger": 1, "smaller": -1, "same": 0}.get(told, 99)
    return replace(sign, size=SIZES[scale]) if 0 <= scale < len(SIZES) else None


def sentence(course: Course, sign: Sign, choice: Choice) -> str:
    """A sentence of the findings that tells the course of a sign: as it is now, or as it was where it is gone."""
    words = _WORDS[course.told]
    mine = words.sized if course.finding in _SIZED else words.spread
    return _filled(_OLDER[course.told] if course.older else choice.pick("course", mine), course, sign)


def line(course: Course, sign: Sign, choice: Choice) -> str:
    """The line of an impression."""
    return _filled(choice.pick("course line", _WORDS[course.told].line), course, sign)


def _filled(template: str, course: Course, sign: Sign) -> str:
    both = sign.side == "both"
    noun = NOUNS[course.finding].format(side="bilateral" if both else sign.side, zone=sign.zone) + ("s" if both else "")
    words: Mapping[str, str] = {
        "noun": noun, "Noun": noun.capitalize(), "size": sign.size, "Size": sign.size.capitalize(),
        "has": "have" if both else "has", "is": "are" if both else "is", "a": "" if both else "a",
    }  # fmt: skip
    bare = template.replace(" a new", " new").replace("of a {noun}", "of {noun}")
    text = (bare if course.finding in _UNCOUNTABLE else template).format_map(words).replace("  ", " ")
    return text[0].upper() + text[1:]
