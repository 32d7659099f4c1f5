"""Headings of report text: which section a heading opens, and which capitals with a colon open none.

The facts stand in `headers.yaml`; their frequencies come from the notes of the MIT-LCP section parser for MIMIC-CXR.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from cxdata.model.yaml_text import parsed

_WORD: Final = re.compile(r"[A-Z][A-Z'-]*")
_PLAIN: Final = re.compile(r"[A-Z][A-Z ()/,&'.-]*")
_REMEMBERED_MAX: Final = 50_000  # headings are a closed set; this only bounds what odd texts may add


class Headers(NamedTuple):
    """`headers.yaml`, loaded: name to group ("" for names that open no section), and what decides on other names."""

    names: dict[str, str]
    prefixes: tuple[str, ...]
    substrings: tuple[tuple[str, str], ...]
    view_keyword: re.Pattern[str]
    other_modalities: frozenset[str]
    title_core: frozenset[str]
    title_words: frozenset[str]


@cache
def load_headers() -> Headers:
    """The table of headings, read once for each process."""
    raw = parsed(files("cxdata.reports").joinpath("headers.yaml").read_text("utf-8"))
    names = {name: group for group, members in raw["groups"].items() for name in members}
    keywords = "|".join(re.escape(word) for word in raw["view_keywords"])
    core = frozenset(raw["title_core"])
    return Headers(
        names=names | dict.fromkeys(raw["no_heading"], ""),
        prefixes=tuple(raw["preliminary_prefixes"]),
        substrings=tuple((word, group) for word, group in raw["substrings"]),
        view_keyword=re.compile(rf"(?<![A-Z])(?:{keywords})(?![A-Z])"),
        other_modalities=frozenset(raw["other_modalities"]),
        title_core=core,
        title_words=core | frozenset(raw["title_words"]),
    )


def is_view_title(text: str) -> bool:
    """Whether a line or paragraph says nothing but which views were taken (and what they are compared to)."""
    headers = load_headers()
    words = _WORD.findall(text.upper())
    return bool(words) and headers.title_words.issuperset(words) and not headers.title_core.isdisjoint(words)


def heading_group(raw: str, colon: bool) -> str | None:
    """The group that a line-start name opens; None when it is no heading.

    `colon` tells a name before a colon from a whole line of capitals. Besides the groups of `headers.yaml` the answer
    may be `title` (a view title in capitals), `title_mixed` (one in mixed case, a heading only where no findings or
    impression are open), `other` (an unknown heading, whose text is nobody's findings), `findings_low` and
    `impression_low` (in small letters); these two and `other` are headings only after a blank line.
    """
    headers = load_headers()
    name = " ".join(raw.upper().split()).strip(" *.-_#,")
    group = headers.names.get(name)
    if group is not None:
        return _known(raw, group)
    if name.startswith(headers.prefixes):
        return "preliminary"
    if raw[0].isupper() and is_view_title(name):
        return "title" if raw.isupper() else "title_mixed"
    return _unknown(name, headers) if colon and raw.isupper() else None


def _known(raw: str, group: str) -> str | None:
    # a wrapped sentence may begin a line with "history:"; only the two that matter are taken in lower case
    if raw[0].islower():
        return f"{group}_low" if group in ("findings", "impression") else None
    return group or None


def _unknown(name: str, headers: Headers) -> str | None:
    for word, group in headers.substrings:
        if word in name:
            return group
    words = _WORD.findall(name)
    if headers.view_keyword.search(name) and headers.other_modalities.isdisjoint(words):
        return "title"
    # digits and other marks make it a label or a measure; long runs of capitals are prose
    return "other" if _PLAIN.fullmatch(name) and len(name) > 3 and len(words) <= 5 else None


class HeadingTable(dict[str, str | None]):
    """Raw heading to group, filled on first sight, so that a known heading costs one look-up."""

    def __init__(self, colon: bool, also: str | None = None) -> None:
        super().__init__()
        self.colon = colon
        self.also = also

    def __missing__(self, raw: str) -> str | None:
        group = self.also if self.also and raw.strip().lower() == self.also else heading_group(raw, self.colon)
        if len(self) < _REMEMBERED_MAX:
            self[raw] = group
        return group


class HeadingTables(NamedTuple):
    """The two tables that one scan needs: names before a colon, and whole lines of capitals."""

    before_colon: HeadingTable
    whole_line: HeadingTable


@cache
def heading_tables(also: str | None = None) -> HeadingTables:
    """The look-up tables of this process; `also` names one more heading (`note`), for reports known by hand."""
    return HeadingTables(HeadingTable(True, also), HeadingTable(False, also))
