"""How many tokens a picture costs a model of the Qwen-VL family, by arithmetic alone.

The rule is that of the Qwen2-VL and Qwen2.5-VL processors (patches of 14 pixels, merged two by two: a token is 28 x 28
pixels); Qwen3-VL's is the same with patches of 16 (`factor` 32). The marks around a picture are not counted.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from cxdata.model.errors import UsageError

MAX_ASPECT: Final = 200


class Limits(NamedTuple):
    """Pixel limits of a processor (`size` shortest_edge and longest_edge in transformers 5) and pixels a token side."""

    min_pixels: int = 56 * 56
    max_pixels: int = 28 * 28 * 16_384
    factor: int = 28


def smart_resize(width: int, height: int, limits: Limits = Limits()) -> tuple[int, int]:  # noqa: B008 - immutable
    """Width and height to which the processor resizes a picture of `width` x `height` pixels.

    Both are multiples of the factor. UsageError: no size, or one side over 200 times the other, which no processor
    takes.
    """
    if min(width, height) < 1 or max(width, height) > MAX_ASPECT * min(width, height):
        raise UsageError(f"no processor takes a picture of {width} x {height} pixels")
    low, high, factor = limits
    sides = (round(width / factor) * factor, round(height / factor) * factor)
    if sides[0] * sides[1] > high:
        shrink = math.sqrt(width * height / high)
        return _floor(width / shrink, factor), _floor(height / shrink, factor)
    if sides[0] * sides[1] < low:
        grow = math.sqrt(low / (width * height))
        return math.ceil(width * grow / factor) * factor, math.ceil(height * grow / factor) * factor
    return sides


def image_tokens(width: int, height: int, limits: Limits = Limits()) -> int:  # noqa: B008 - immutable
    """Image tokens of a picture of `width` x `height` pixels under these limits. UsageError as `smart_resize`."""
    new_width, new_height = smart_resize(width, height, limits)
    return (new_width // limits.factor) * (new_height // limits.factor)


def _floor(side: float, factor: int) -> int:
    return max(factor, math.floor(side / factor) * factor)
