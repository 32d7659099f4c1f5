"""From stored values to 256 greys by a table over all values that a pixel can have, applied block by block.

The steps are DICOM's (PS3.3 C.11.1 and C.11.2): modality LUT or rescale, VOI LUT or window. A table makes the cost of
a step independent of the number of pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cxdata.images.codes import BadPicture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cxdata.images.facts import Facts, Lut

    Floats = NDArray[np.float64]
    Grey = NDArray[np.uint8]

BLOCK_BYTES: Final = 2**19
WHITE: Final = 255


class Scale(NamedTuple):
    """Values of each possible pixel, in the order of its bits, and the lowest and highest value that occurs."""

    values: NDArray[Any]
    low: int
    high: int


def scale_of(pixels: NDArray[Any], padding: tuple[int, int] | None = None) -> Scale:
    """The scale of an array of stored values; what is padding does not count for low and high.

    BadPicture `constant` where all that is left has one value.
    """
    import numpy as np

    low, high = int(pixels.min()), int(pixels.max())
    if padding is not None and (low <= padding[1] and high >= padding[0]):
        left = pixels[(pixels < padding[0]) | (pixels > padding[1])]
        low, high = (int(left.min()), int(left.max())) if left.size else (0, 0)
    if low == high:
        raise BadPicture("constant", pixels.shape[::-1])
    bits = np.arange(1 << (8 * pixels.dtype.itemsize), dtype=f"u{pixels.dtype.itemsize}")
    return Scale(bits.view(pixels.dtype), low, high)


def through(pixels: NDArray[Any], table: Grey) -> Grey:
    """Each pixel replaced by the entry of the table for its bits."""
    import numpy as np

    bits = pixels.view(f"u{pixels.dtype.itemsize}")
    grey = np.empty(pixels.shape, np.uint8)
    # numpy widens indices to 64 bits: in blocks that stay in the cache, not for the whole film.
    rows = max(1, BLOCK_BYTES // (8 * pixels.shape[1]))
    for start in range(0, pixels.shape[0], rows):
        np.take(table, bits[start : start + rows], out=grey[start : start + rows], mode="clip")
    return grey


def modality(values: NDArray[Any], facts: Facts) -> tuple[Floats, tuple[str, ...]]:
    """Stored values to the values of the modality, by its table or by slope and intercept."""
    import numpy as np

    if facts.modality_lut is not None:
        return _looked_up(values.astype(np.float64), facts.modality_lut), ("modality lut",)
    if (facts.slope, facts.intercept) == (1.0, 0.0):
        return values.astype(np.float64), ()
    rescaled = values.astype(np.float64) * facts.slope + facts.intercept
    return rescaled, (f"rescale {facts.slope:g} {facts.intercept:+g}",)


def values_of_interest(
    values: Floats, present: NDArray[np.bool_], facts: Facts
) -> tuple[Floats, tuple[str, ...]]:  # fmt: skip
    """Modality values to 0 (dark) to 1 (bright): by the VOI LUT, else the first window, else lowest to highest.

    A window whose width its function cannot take is passed over as if it were not there, and said. `present` tells
    which values lie between the lowest and the highest stored one.
    """
    if facts.voi_lut is not None:
        return _looked_up(values, facts.voi_lut) / (2**facts.voi_lut.bits - 1), ("voi lut",)
    if not facts.windows:
        return _spread(values, present), ("no window: min..max",)
    centre, width = facts.windows[0]
    if width < 1 if facts.function == "LINEAR" else width <= 0:
        return _spread(values, present), (f"window width {width:g}: min..max",)
    words = (f"window {centre:g}/{width:g}", *((facts.function.lower(),) if facts.function != "LINEAR" else ()))
    return _windowed(values, centre, width, facts.function), words


def eight_bits(parts: Floats) -> Grey:
    """0 to 1 as 0 to 255, to the nearest, halves upwards; what lies outside is clipped."""
    import numpy as np

    return np.floor(np.clip(parts, 0, 1) * WHITE + 0.5).astype(np.uint8)


def equalising(counts: Any) -> Grey:
    """The table that equalises a histogram of 256 counts, as OpenCV's equalizeHist makes it.

    The darkest grey that occurs becomes 0, and each other the share of the pixels that are not darkest and not
    brighter than it, times 255, in single precision, to the nearest, halves to even.
    """
    import numpy as np

    counts = np.asarray(counts, np.int64)
    darkest = int(np.flatnonzero(counts)[0])
    rest = int(counts.sum() - counts[darkest])
    if rest == 0:
        raise BadPicture("constant")
    above = np.cumsum(counts) - counts[darkest]
    above[: darkest + 1] = 0
    factor = np.float32(WHITE) / np.float32(rest)
    table: Grey = np.clip(np.rint(above.astype(np.float32) * factor), 0, WHITE).astype(np.uint8)
    return table


def _windowed(values: Floats, centre: float, width: float, function: str) -> Floats:
    """DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3, to the range 0 to 1."""
    import numpy as np

    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700))))
    if function == "LINEAR_EXACT":
        return (values - centre) / width + 0.5
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return (values - (centre - 0.5)) / (width - 1) + 0.5


def _spread(values: Floats, present: NDArray[np.bool_]) -> Floats:
    low, high = float(values[present].min()), float(values[present].max())
    if low == high:
        raise BadPicture("constant")
    return (values - low) / (high - low)


def _looked_up(values: Floats, lut: Lut) -> Floats:
    """Inputs before the first entry take the first, inputs after the last take the last."""
    import numpy as np

    at = np.clip(np.floor(values + 0.5) - lut.first, 0, len(lut.entries) - 1).astype(np.intp)
    found: Floats = lut.entries[at].astype(np.float64)
    return found
