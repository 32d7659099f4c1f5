"""What a render profile needs to know of a DICOM film beside its pixels: a few facts of the header, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Lut(NamedTuple):
    """A lookup table: the input that its first entry is for, its entries, and how many bits they use."""

    first: int
    entries: NDArray[np.uint16]
    bits: int


class Facts(NamedTuple):
    """Of one film: stored bits, sign, the two marks of polarity, modality and VOI steps, and padding.

    `windows` are (centre, width); `function` is LINEAR, LINEAR_EXACT or SIGMOID; `padding` is the lowest and highest
    stored value that stands for no pixel.
    """

    bits_stored: int
    is_signed: bool = False
    is_monochrome1: bool = False
    is_inverse: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: Lut | None = None
    voi_lut: Lut | None = None
    windows: tuple[tuple[float, float], ...] = ()
    function: str = "LINEAR"
    padding: tuple[int, int] | None = None


def facts_of(header: Any, bits_stored: int) -> Facts:
    """The facts of a pydicom data set. Cells that hold no number count as absent."""
    is_signed = header.get("PixelRepresentation") == 1
    slope, intercept = numbers(header, "RescaleSlope"), numbers(header, "RescaleIntercept")
    return Facts(
        bits_stored, is_signed,
        is_monochrome1=word(header, "PhotometricInterpretation") == "MONOCHROME1",
        is_inverse=word(header, "PresentationLUTShape") == "INVERSE",
        slope=slope[0] if slope else 1.0, intercept=intercept[0] if intercept else 0.0,
        modality_lut=_lut(header, "ModalityLUTSequence", is_signed=is_signed),
        voi_lut=_lut(header, "VOILUTSequence", is_signed=is_signed or bool(intercept and intercept[0] < 0)),
        windows=tuple(zip(numbers(header, "WindowCenter"), numbers(header, "WindowWidth"), strict=False)),
        function=word(header, "VOILUTFunction") or "LINEAR",
        padding=_padding(header, is_signed=is_signed),
    )  # fmt: skip


def word(header: Any, keyword: str) -> str:
    """The first value as capitals without blanks around it; empty where there is none."""
    value = header.get(keyword)
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    return str(first).strip().upper() if first else ""


def numbers(header: Any, keyword: str) -> tuple[float, ...]:
    """All values as finite numbers; none where any is not."""
    import math

    try:
        value = header.get(keyword)
        many = () if value is None or value == "" else value if _is_many(value) else (value,)
        found = tuple(float(one) for one in many)
    except (ValueError, TypeError, ArithmeticError):
        return ()
    return found if all(map(math.isfinite, found)) else ()


def _is_many(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes)


def _padding(header: Any, *, is_signed: bool) -> tuple[int, int] | None:
    values = (*numbers(header, "PixelPaddingValue")[:1], *numbers(header, "PixelPaddingRangeLimit")[:1])
    # Its value representation is that of the pixels; some writers leave it unsigned.
    whole = [int(value) - 65_536 if is_signed and value > 32_767 else int(value) for value in values]
    return (min(whole), max(whole)) if whole else None


def _lut(header: Any, keyword: str, *, is_signed: bool) -> Lut | None:
    """The first table of a sequence (DICOM PS3.3 C.11.1.1 and C.11.2.1); null where it is absent or not whole."""
    import numpy as np

    items = header.get(keyword)
    if not items:
        return None
    count, first, bits = (int(value) for value in (*numbers(items[0], "LUTDescriptor"), 0, 0, 0)[:3])
    count, entries = count or 65_536, _entries(items[0], count or 65_536)
    if entries is None or not 1 <= bits <= 16:
        return None
    first = first - 65_536 if is_signed and first > 32_767 else first
    return Lut(first, np.minimum(entries, 2**bits - 1).astype(np.uint16), bits)


def _entries(item: Any, count: int) -> NDArray[np.int64] | None:
    """LUTData as numbers: words, bytes of words, or bytes that hold two entries of 8 bits a word."""
    import numpy as np

    data = item.get("LUTData")
    order = "<" if getattr(item, "is_little_endian", None) is not False else ">"
    if isinstance(data, bytes):
        words = np.frombuffer(data[: len(data) // 2 * 2], order + "u2")
    elif _is_many(data):
        words = np.array([int(one) & 0xFFFF for one in data], "<u2")
    else:
        return None
    if len(words) < count:
        words = words.astype("<u2").view(np.uint8)
    return words[:count].astype(np.int64) if len(words) >= count else None
