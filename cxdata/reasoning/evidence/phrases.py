"""The phrase tables of the evidence writer: what stands in `phrases.yaml` and `frames.yaml`, read and checked once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import vocabulary
from cxdata.model.yaml_text import parsed

_PHRASES: Final = Path(__file__).with_name("phrases.yaml")
_FRAMES: Final = Path(__file__).with_name("frames.yaml")
_SAME: Final = re.compile(r"[a-z]{4,}")
_FREE: Final = frozenset({"either", "along", "from", "kind", "that", "with", "both"})


class Phrases(NamedTuple):
    """How one finding is put into words; see the head of phrases.yaml.

    `denials` pairs each sign with the places that fit it, `place_of_name` are those that fit the name.
    """

    where: str
    seen: tuple[str, ...]
    many: tuple[str, ...]
    denials: tuple[tuple[str, str], ...]
    place_of_name: tuple[str, ...]
    look: tuple[str, ...]
    name: str
    bare: str
    is_plural: bool
    is_suggestive: bool


@cache
def phrases(finding: str) -> Phrases:
    """The phrases of a finding. Raises CxdataError for one that the tables lack."""
    table = _table(_PHRASES)["findings"]
    if finding not in table:
        raise CxdataError(f"no phrases for {finding}", where=str(_PHRASES), mend="add a row for it")
    row, known = table[finding], vocabulary().finding(finding)
    bare = re.sub(r"^an? ", "", known.phrase)
    places = tuple(place for _, place in _denials((bare,), row["place"]))
    return Phrases(
        row["where"], tuple(row["seen"]), tuple(row.get("many") or row["seen"]), _denials(row["sign"], row["place"]),
        places, tuple(row.get("look", ())), known.phrase, bare, bool(row.get("plural")),
        known.visible == "suggestive",
    )  # fmt: skip


@cache
def frames(kind: str) -> tuple[str, ...]:
    """The sentences of a kind. Raises CxdataError that names the file."""
    return tuple(_table(_FRAMES)[kind])


@cache
def placeless(kind: str) -> tuple[str, ...]:
    """Those that fit where there is no place to name."""
    return tuple(frame for frame in frames(kind) if "{At}" not in frame)


@cache
def covered() -> frozenset[str]:
    """The findings that have phrases."""
    return frozenset(_table(_PHRASES)["findings"])


@cache
def _table(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = parsed(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise CxdataError(f"phrases cannot be read: {error}", where=str(path), mend="mend the file") from None
    return found


def _denials(signs: Sequence[str], places: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs that do not say a word twice ("no lung opacity in either lung")."""
    pairs = [(sign, place) for sign in signs for place in places]
    return tuple(pair for pair in pairs if not words_of(pair[0]) & words_of(pair[1])) or tuple(pairs)


def words_of(text: str) -> frozenset[str]:
    """The longer words of a phrase, without the plural's s."""
    return frozenset(word.rstrip("s") for word in _SAME.findall(text.lower())) - _FREE
