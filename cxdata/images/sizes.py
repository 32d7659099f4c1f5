"""How large a picture is stored: by its longest side or its number of pixels, never larger than it is."""

from __future__ import annotations

import math


def stored_size(
    width: int, height: int, max_side: int | None = None, max_pixels: int | None = None
) -> tuple[int, int]:  # fmt: skip
    """Width and height in pixels that keep the shape (to half a pixel) and stay within the limit that is given."""
    if max_side is not None and max(width, height) > max_side:
        longest = max(width, height)
        return _part(width, max_side, longest), _part(height, max_side, longest)
    if max_pixels is not None and width * height > max_pixels:
        # Rounded down: both sides rounded up could pass the limit.
        scale = math.sqrt(max_pixels / (width * height))
        return max(1, math.floor(width * scale)), max(1, math.floor(height * scale))
    return width, height


def _part(side: int, new: int, longest: int) -> int:
    return max(1, (side * new * 2 + longest) // (2 * longest))
