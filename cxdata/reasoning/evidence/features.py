"""Side, site, size and texture that a sentence gives to a finding: only words of the part that is about its mention.

The part ends where a sentence turns (`;`, "but", "although", "without"), and between two findings at the last joint
before the second one ("left effusion and right basal atelectasis"). Where two findings share words without a joint the
words between them are given to neither: what is not said plainly of a finding is not said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from cxdata.model.errors import CxdataError
from cxdata.model.yaml_text import parsed

VERSION: Final = 1
_FILE: Final = Path(__file__).with_name("features.yaml")
_TURN: Final = re.compile(
    r"[;:]|\b(?:but|however|although|though|without|while|whereas|no|not|nor|which may|may)\b", re.I
)
_JOINT: Final = re.compile(r",| and | with | plus | as well as | or | along with | overlying | adjacent ", re.I)
_COMMA: Final = re.compile(r", ")
_NEXT: Final = re.compile(
    r"(?:,| and| with| or)(?= )"
    r"(?! (?:the )?(?:left|right|both|lower|upper|mid|middle|lingul\w*|bas\w+|ap[ei]\w+)\b)",
    re.I,
)
"""Behind a mention: where something else begins, be it nothing that is read. Places joined go on."""
_MANY: Final = re.compile(r"\b(?:multiple|several|numerous|many|scattered|few|two|three|four)\b", re.I)


class Features(NamedTuple):
    """What a sentence says of one finding: side (left, right, both), sites, sizes, textures; whether of several."""

    side: str | None = None
    sites: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()
    many: bool = False

    @property
    def weight(self) -> int:
        """How much is said."""
        return (self.side is not None) + len(self.sites) + len(self.sizes) + len(self.textures)


NOTHING: Final = Features()


def features(sentence: str, start: int, end: int, others: Sequence[tuple[int, int]]) -> Features:
    """Features of the mention at start … end; `others` are the spans of the other findings' mentions."""
    left, right = _part(sentence, start, end, others)
    part, mention = sentence[left:right], sentence[start:end]
    many = bool(_MANY.search(part)) or mention.rstrip().lower().endswith(
        ("ies", "ules", "omas", "ures", "ions", "foci")
    )
    return Features(_side(part), _named("site", part), _named("size", part), _named("texture", part), many)


def said(text: str, kind: str) -> frozenset[str]:
    """Every class of a kind (side, site, size, texture) that a text names."""
    found = _found(kind, text)
    return frozenset({*found, "left", "right"} if "both" in found else found)


@cache
def classes(kind: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """The classes of a kind, and one pattern with a group for each. Raises CxdataError that names the file."""
    try:
        rows = _table()[kind]
        return tuple(rows), re.compile(r"\b(?:" + "|".join(f"({pattern})" for pattern in rows.values()) + ")", re.I)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, re.error) as error:
        raise CxdataError(f"words of features cannot be read: {error}", where=str(_FILE), mend="mend it") from None


def _found(kind: str, text: str) -> set[str]:
    stems = _stems(kind)
    if stems and not any(stem in text for stem in stems):
        return set()
    names, pattern = classes(kind)
    return {names[(one.lastindex or 1) - 1] for one in pattern.finditer(text)}


@cache
def _stems(kind: str) -> tuple[str, ...]:
    """Each as it stands, with a capital, and in capitals."""
    stems = _table()["stems"].get(kind, ())
    return tuple(form for stem in stems for form in (stem, stem.capitalize(), stem.upper()))


@cache
def _table() -> Any:
    return parsed(_FILE.read_text(encoding="utf-8"))


def _side(part: str) -> str | None:
    found = _found("side", part)
    return None if not found else "both" if len(found) > 1 or "both" in found else next(iter(found))


def _named(kind: str, part: str) -> tuple[str, ...]:
    found = _found(kind, part)
    return tuple(name for name in classes(kind)[0] if name in found)


def _part(sentence: str, start: int, end: int, others: Sequence[tuple[int, int]]) -> tuple[int, int]:
    before = max((there for _, there in others if there <= start), default=0)
    after = min((here for here, _ in others if here >= end), default=len(sentence))
    left, right = before, after
    if before:
        joints = [one.end() for one in _JOINT.finditer(sentence, before, start)]
        left = joints[-1] if joints else start
    if after < len(sentence):
        joints = [one.start() for one in _JOINT.finditer(sentence, end, after)]
        right = joints[-1] if joints else end
    turns = sorted(one.end() for rule in (_TURN, _COMMA) for one in rule.finditer(sentence, left, start))
    ahead = _TURN.search(sentence, end, right) or _NEXT.search(sentence, end, right)
    return turns[-1] if turns else left, ahead.start() if ahead else right
