"""Boxes of original pixels in the coordinates that a model family writes, and back.

| family | coordinates |
|---|---|
| `qwen2` | whole numbers 0 to 1000, of the picture's width and height |
| `qwen2.5` | whole pixels of the picture as the processor resizes it (`tokens.smart_resize`) |
| `qwen3` | whole numbers 0 to 1000, as `qwen2` |
| `norm1` | 0 to 1, of the picture's width and height |

Where they are from: QwenLM/Qwen3-VL, issues 676 and 866 (2 and 2.5), 1486 and 1741 (3). Boxes are (x0, y0, x1, y1), top
left and bottom right, in pixels of their frame: the size that the table means.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from cxdata.images.tokens import Limits, smart_resize
from cxdata.model.errors import UsageError

Box = tuple[float, float, float, float]
Size = tuple[int, int]
FAMILIES: Final = ("qwen2", "qwen2.5", "qwen3", "norm1")
THOUSAND: Final = 1000


class View(NamedTuple):
    """What a box stands on: `frame`, the size (width, height) its pixels are of, and `stored`, that of the picture
    which the model is given (null: the same). `limits` are those of the model's processor.
    """  # noqa: D205 - the fields are the sentence

    frame: Size
    stored: Size | None = None
    limits: Limits = Limits()


def to_model(box: Box, family: str, view: View) -> Box:
    """The box in the family's coordinates: whole numbers but for `norm1`.

    Edges outside the frame are moved onto it. A box thinner than one unit of the family becomes one unit thick.
    UsageError: an unknown family, a frame without size, a box without area inside the frame.
    """
    x0, y0, x1, y1 = clamped(box, view.frame)
    across, down = _units(family, view)
    width, height = view.frame
    if family == "norm1":
        return x0 / width, y0 / height, x1 / width, y1 / height
    left, right = _whole(x0 * across / width, x1 * across / width)
    top, bottom = _whole(y0 * down / height, y1 * down / height)
    return left, top, right, bottom


def from_model(box: Box, family: str, view: View) -> Box:
    """A model's box in pixels of the frame, edges outside moved onto it.

    UsageError: an unknown family, a frame without size, a box without area inside the picture.
    """
    across, down = _units(family, view)
    width, height = view.frame
    x0, y0, x1, y1 = box
    return clamped((x0 * width / across, y0 * height / down, x1 * width / across, y1 * height / down), view.frame)


def rescaled(box: Box, frame: Size, size: Size) -> Box:
    """A box of one frame in the pixels of a copy of another size, each axis by its own scale; edges are clamped."""
    x0, y0, x1, y1 = clamped(box, frame)
    across, down = size[0] / frame[0], size[1] / frame[1]
    return x0 * across, y0 * down, x1 * across, y1 * down


def whole_rescaled(box: Box, frame: Size, size: Size) -> tuple[int, int, int, int]:
    """`rescaled` to the nearest whole pixels of the copy; a box thinner than a pixel becomes one pixel thick."""
    x0, y0, x1, y1 = rescaled(box, frame, size)
    (left, right), (top, bottom) = _whole(x0, x1), _whole(y0, y1)
    return left, top, right, bottom


def clamped(box: Box, frame: Size) -> Box:
    """The part of the box that lies inside the frame. UsageError: there is none, or a number is not finite."""
    x0, y0, x1, y1 = box
    width, height = frame
    if min(frame) < 1 or not all(map(math.isfinite, box)):
        raise UsageError(f"no box {box} can lie in a frame of {width} x {height} pixels")
    inside = (max(x0, 0), max(y0, 0), min(x1, width), min(y1, height))
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        raise UsageError(f"the box {box} has no area inside its frame of {width} x {height} pixels")
    return inside


def _units(family: str, view: View) -> Size:
    """How many units of the family the picture is wide and high."""
    if family not in FAMILIES:
        raise UsageError(f"no model family {family!r}", mend=f"one of: {', '.join(FAMILIES)}")
    if family == "norm1":
        return 1, 1
    return smart_resize(*(view.stored or view.frame), view.limits) if family == "qwen2.5" else (THOUSAND, THOUSAND)


def _whole(low: float, high: float) -> tuple[int, int]:
    """Both edges to the nearest unit; where they fall together, outwards to the units around them."""
    near = round(low), round(high)
    if near[0] < near[1]:
        return near
    return (math.floor(low), math.floor(low) + 1) if high <= math.floor(low) + 1 else (math.floor(low), math.ceil(high))
