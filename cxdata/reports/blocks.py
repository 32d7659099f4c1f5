"""Which part of a file is the report: final text apart from preliminary reads and addenda.

A file may hold a preliminary read (`WET READ`), an addendum and the final report, set apart by titles and by rules of
underscores. Preliminary text may contradict the final one, so it is dropped; the original report is the report, an
addendum is kept apart (the MIMIC-CXR sheet, 5.5).
"""

from __future__ import annotations

from typing import Final, NamedTuple

BOUNDARIES: Final = frozenset({"rule", "final", "final_addendum"})
SPECIAL: Final = BOUNDARIES | {"addendum", "preliminary"}
_NARRATIVE: Final = frozenset({"findings", "impression", "title"})

Mark = tuple[str, int, int]
"""A heading, title or rule: its group, where it starts, and where the text after it starts."""


class Blocks(NamedTuple):
    """The block that is the report (final, plain, addendum, preliminary), its stretches, and the places of addenda."""

    chosen: str
    stretches: list[Mark]
    addenda: list[tuple[int, int]]


def split_blocks(padded: str, marks: list[Mark]) -> Blocks:
    """Stretches (group, start, end) of text between marks, of the block that counts as the report.

    A FINAL REPORT title beats text without a title; an addendum or a preliminary read stands in only where the file
    holds nothing else. Text after a title or a rule has the group `unheaded`.
    """
    starts = [mark[1] for mark in marks] + [len(padded)]
    regions: dict[str, list[Mark]] = {"final": [], "plain": [], "addendum": [], "preliminary": []}
    regions["plain"].append(("unheaded", 0, starts[0]))
    addenda: list[tuple[int, int]] = []
    region = "plain"
    for index, (group, _, begin) in enumerate(marks):
        region = _region(region, marks, index)
        end = starts[index + 1]
        regions[region].append(("unheaded" if group in SPECIAL else group, begin, end))
        if region == "addendum":
            addenda.append((begin, end) if group in SPECIAL else (addenda.pop()[0], end))
    chosen = next((name for name, stretches in regions.items() if _has_text(padded, stretches)), "plain")
    return Blocks(chosen, regions[chosen], addenda)


def _has_text(padded: str, stretches: list[Mark]) -> bool:
    return any(padded[start:end].strip() for _, start, end in stretches)


def _region(region: str, marks: list[Mark], index: int) -> str:
    group = marks[index][0]
    if group == "final":
        return "final"
    if group in ("final_addendum", "addendum"):
        return "addendum"
    if group == "preliminary":
        return "preliminary"
    if region in ("final", "plain"):
        return region
    if group == "rule":
        return "plain"
    return region if _goes_on(marks, index) else _before(marks, index)


def _goes_on(marks: list[Mark], index: int) -> bool:
    """Whether a heading inside an addendum or preliminary read still belongs to it.

    It does when a title or a rule ends the block later, or when the report's own findings or impression came first
    (an addendum at the end runs to the end); otherwise the next heading begins the report.
    """
    if any(group in BOUNDARIES for group, _, _ in marks[index:]):
        return True
    opened = max(i for i in range(index) if marks[i][0] in SPECIAL)
    return marks[opened][0] == "final_addendum" or any(group in _NARRATIVE for group, _, _ in marks[:opened])


def _before(marks: list[Mark], index: int) -> str:
    return "final" if any(group == "final" for group, _, _ in marks[:index]) else "plain"
