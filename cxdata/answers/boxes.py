"""Boxes of an answer as text and back: `[{"bbox_2d": [x0, y0, x1, y1], "label": "Nodule"}]`, the form of Qwen2.5-VL.

Corners are pixels of the picture that the row shows: left, upper, right, lower. To read takes one pass, whatever the
text: a completion that was cut off is no JSON, and that is all that happens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from cxdata.answers.blocks import parse
from cxdata.model.errors import CxdataError

CORNERS: Final = "bbox_2d"
LABEL: Final = "label"
LARGEST_PX: Final = 1_000_000  # no picture is wider; what is beyond is no pixel
_TAG: Final = re.compile(r"</?(?:think|answer)>")


class AnswerBox(NamedTuple):
    """One box of an answer: what it shows, and its corners in pixels of the picture (x0 < x1, y0 < y1)."""

    label: str
    x0: float
    y0: float
    x1: float
    y1: float


def render_boxes(boxes: Iterable[AnswerBox]) -> str:
    """The boxes in their order as JSON on one line; none is `[]`. What `read_boxes` reads.

    Raises CxdataError for a label that is empty or holds a think or answer tag, and for corners that are no box.
    """
    listed = [{CORNERS: [box.x0, box.y0, box.x1, box.y1], LABEL: box.label} for box in boxes]
    text = json.dumps(listed, ensure_ascii=False)
    if _TAG.search(text) or read_boxes(text) is None:
        mend = "give it a label, and corners with x0 < x1, y0 < y1"
        raise CxdataError("a box of an answer cannot be written", mend=mend)
    return text


def read_boxes(block: str) -> tuple[AnswerBox, ...] | None:
    """The boxes that an answer block lists, in its order; None where it is not a list of such objects and nothing else.

    Space around and between is free, and so is the order of the two keys; another key, a key given twice, a number that
    is not finite and a box without an area make the whole unreadable. Labels come without space at their ends.
    """
    try:
        listed = json.loads(block, object_pairs_hook=tuple, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    found = [_box(entry) for entry in listed] if isinstance(listed, list) else [None]
    boxes = tuple(box for box in found if box is not None)
    return boxes if len(boxes) == len(found) else None


def read_final_boxes(text: str) -> tuple[AnswerBox, ...] | None:
    """The boxes of the closing answer block of a text; None where there is none or it cannot be read."""
    final = parse(text).final
    return None if final is None else read_boxes(final)


def _box(entry: Any) -> AnswerBox | None:
    """`entry` is an object as a tuple of its pairs; a list in JSON stays a list."""
    if not isinstance(entry, tuple) or sorted(key for key, _ in entry) != [CORNERS, LABEL]:
        return None
    values = dict(entry)
    corners, label = values[CORNERS], values[LABEL]
    if not isinstance(label, str) or not label.strip() or not isinstance(corners, list) or len(corners) != 4:
        return None
    if not all(map(_is_pixel, corners)) or corners[0] >= corners[2] or corners[1] >= corners[3]:
        return None
    return AnswerBox(label.strip(), *corners)


def _is_pixel(value: Any) -> bool:
    """A number that is finite and small; true and false are none, and not a number lies nowhere."""
    return type(value) in (int, float) and -LARGEST_PX <= value <= LARGEST_PX


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
