"""JPEG, PNG and other picture files through Pillow: their header, and their pixels as 8-bit grey."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from cxdata.images.codes import UNREADABLE, BadPicture
from cxdata.images.kinds import check_size

if TYPE_CHECKING:
    from PIL import Image

TAIL_BYTES: Final = 65_536
ENDS: Final = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
CMYK: Final = ("CMYK", "YCCK")
READ: Final = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "YCbCr", "I;16", "I;16B", "I;16L", "I")
DEEP: Final = ("I;16", "I;16B", "I;16L", "I")
ORIENTATION: Final = 0x0112
SIDEWAYS: Final = (5, 6, 7, 8)


class Header(NamedTuple):
    """Kind, Pillow's mode, size in pixels as the picture is to be looked at, and the EXIF orientation (1: upright)."""

    kind: str
    mode: str
    width: int
    height: int
    orientation: int


def header(stream: BinaryIO, kind: str) -> Header:
    """The header of a picture whose kind is known; nothing is decoded.

    BadPicture: undecodable, animated, cmyk, truncated, and those of `check_size`.
    """
    with opened(stream, kind) as picture:
        found = _header(picture, kind)
    end = ENDS.get(kind)
    if end is not None and end not in _tail(stream):
        raise BadPicture("truncated", (found.width, found.height))
    return found


@contextmanager
def opened(stream: BinaryIO, kind: str) -> Iterator[Image.Image]:
    """The picture by Pillow, by that kind's reader alone; what goes wrong while it is open becomes BadPicture."""
    from PIL import Image

    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(stream, formats=(kind,)) as picture:
                yield picture
    except Image.DecompressionBombError:
        raise BadPicture("too_many_pixels") from None
    except UNREADABLE as error:
        raise BadPicture("truncated" if "truncated" in str(error) else "undecodable") from None


def grey(picture: Image.Image, orientation: int, wanted: tuple[int, int]) -> tuple[Image.Image, tuple[str, ...]]:
    """The pixels as 8-bit grey, upright, not smaller than `wanted` (width, height), and how they came to be.

    A JPEG is scaled down in its DCT as far as `wanted` allows. Transparent pixels are black. 16 bits become 8 by the
    rule `min..max`: lowest value 0, highest 255, since the files do not say how many of the bits are used.
    """
    from PIL import ImageOps

    shape = wanted[::-1] if orientation in SIDEWAYS else wanted
    mode = picture.mode
    picture.draft("L", shape)  # does nothing but for JPEG
    picture.load()
    words = ("turned",) if orientation != 1 else ()
    if orientation != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode in DEEP:
        return _eight_bits(picture), (*words, "16 bit min..max")
    return _flat(picture), words if mode == "L" else (*words, "grey")


def is_constant(picture: Image.Image) -> bool:
    """True where all pixels are the same, over all channels."""
    extrema = picture.getextrema()
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(pair[0] == pair[1] for pair in pairs)


def is_constant_file(data: bytes, kind: str) -> bool:
    """Decode to the end, a JPEG at an eighth of its size first: a constant eighth is looked at in full."""
    for eighth in (True, False) if kind == "JPEG" else (False,):
        with opened(io.BytesIO(data), kind) as picture:
            if eighth:
                picture.draft("L", (1, 1))
            picture.load()
            same = is_constant(picture)
        if not same:
            return False
    return True


def _header(picture: Image.Image, kind: str) -> Header:
    check_size(*picture.size)
    if getattr(picture, "is_animated", False):
        raise BadPicture("animated", picture.size)
    if picture.mode in CMYK:
        raise BadPicture("cmyk", picture.size)
    if picture.mode not in READ:
        raise BadPicture("undecodable", picture.size)
    orientation = _orientation(picture)
    width, height = picture.size[::-1] if orientation in SIDEWAYS else picture.size
    return Header(kind, picture.mode, width, height, orientation)


def _orientation(picture: Image.Image) -> int:
    # Asked of a PNG without EXIF in its head, Pillow would decode the whole picture.
    if "exif" not in picture.info:
        return 1
    try:
        said = picture.getexif().get(ORIENTATION, 1)
    except UNREADABLE:
        return 1
    return said if said in range(1, 9) else 1


def _flat(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if "A" in picture.mode.upper() or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", clear.size, (0, 0, 0, 255)), clear)
    return picture if picture.mode == "L" else picture.convert("L")


def _eight_bits(picture: Image.Image) -> Image.Image:
    wide = picture.convert("I")
    low, high = (int(value) for value in wide.getextrema())  # type: ignore[arg-type]
    if low < 0 or high > 65_535:
        raise BadPicture("undecodable", picture.size)
    span = max(high - low, 1)
    table = [min(max((value - low) * 255 + span // 2, 0) // span, 255) for value in range(65_536)]
    return wide.point(table, "L")


def _tail(stream: BinaryIO) -> bytes:
    size = stream.seek(0, 2)
    stream.seek(max(0, size - TAIL_BYTES))
    return stream.read()
