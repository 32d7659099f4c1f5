"""Masks of drawn signs in relative run lengths, as the SIIM-ACR challenge writes them: pairs `gap length`."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

Corners = tuple[float, float, float, float]


def relative_runs(boxes: Iterable[Corners], side_px: int) -> str:
    """The code of the ellipses that fill boxes (x0, y0, x1, y1 in pixels) of a square picture, as one mask."""
    inside: set[int] = set()
    for box in boxes:
        inside |= _ellipse(box, side_px)
    code: list[int] = []
    end = last = -1
    for place in sorted(inside):
        if place == last + 1 and place % side_px:
            code[-1] += 1
        else:
            code += [place - (end if code else 0), 1]
        last, end = place, place + 1
    return " ".join(map(str, code))


def _ellipse(box: Corners, side_px: int) -> set[int]:
    """Pixels by their number down the columns; each column of the box has one at least.

    The middle columns, one or two, are as tall as the box.
    """
    x0, y0, x1, y1 = (min(max(round(edge), 0), side_px) for edge in box)
    middle, half, tall = (x0 + x1) / 2, max(x1 - x0, 1) / 2, max(y1 - y0, 1) / 2
    found: set[int] = set()
    for x in range(x0, x1):
        aside = abs(x + 0.5 - middle)
        height = tall * sqrt(max(0.0, 1 - (aside / half) ** 2)) if aside > 0.5 else tall
        top = min(round((y0 + y1) / 2 - height), y1 - 1)
        found |= {x * side_px + y for y in range(max(top, y0), max(top + 1, round((y0 + y1) / 2 + height)))}
    return found
