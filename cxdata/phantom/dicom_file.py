"""A grey picture as a DICOM file: as much of a CR image as a reader needs, made without pydicom and numpy.

Part 10 of the standard (https://dicom.nema.org/medical/dicom/current/output/html/part10.html): a preamble, the meta
group, then the data set, here in explicit VR little endian, with uncompressed pixels of 16 bits or one lossy JPEG of 8
bits. A phantom is written by the light core alone, so the few elements are packed by hand; a test reads the files with
pydicom.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from PIL import Image

from cxdata.phantom.jpeg import jpeg_bytes

EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
CR_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.1"
BITS_ALLOCATED: Final = 16
JPEG_QUALITY: Final = 85
UNDEFINED: Final = 0xFFFFFFFF  # the length of pixels that come in fragments
_LONG: Final = ("OB", "OW")
_DICOM_ROOT: Final = "2.25"  # the root of ids made from a UUID, here of the first 16 bytes of a hash


class Look(NamedTuple):
    """How the grey values are stored: bits (9 to 16), whether low values are white (MONOCHROME1), a window or none.

    A window is centre and width in stored values.
    """

    bits: int = 12
    inverted: bool = False
    window: tuple[int, int] | None = None


PLAIN: Final = Look()


class Text(NamedTuple):
    """An element of the header that holds text: its value representation and its value."""

    kind: str
    value: str


Header = Mapping[tuple[int, int], Text]


def uid_of(name: str) -> str:
    """A unique id of a name: always the same one."""
    return f"{_DICOM_ROOT}.{int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], 'big')}"


def dicom_bytes(image: Image.Image, uid: str, look: Look = PLAIN, header: Header | None = None) -> bytes:
    """A file of `image` (mode L), whose 256 levels fill the stored range; `uid` is the instance's own.

    `header` holds further elements by group and element number, of any group up to 0020.
    """
    pixels = _element(0x7FE0, 0x0010, "OW", _pixels(image, look))
    return _preamble(uid, EXPLICIT_LITTLE) + _dataset(image, uid, look, header or {}, BITS_ALLOCATED) + pixels


def jpeg_dicom_bytes(image: Image.Image, uid: str, header: Header | None = None) -> bytes:
    """A file of `image` (mode L) as a lossy JPEG of 8 bits inside, one fragment without an offset table."""
    body = jpeg_bytes(image, JPEG_QUALITY)
    body += b"\0" * (len(body) % 2)
    item, end = struct.pack("<HH", 0xFFFE, 0xE000), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    fragments = item + struct.pack("<I", 0) + item + struct.pack("<I", len(body)) + body + end
    pixels = struct.pack("<HH", 0x7FE0, 0x0010) + b"OB" + struct.pack("<2xI", UNDEFINED) + fragments
    return _preamble(uid, JPEG_BASELINE) + _dataset(image, uid, Look(8), header or {}, 8) + pixels


def _preamble(uid: str, syntax: str) -> bytes:
    meta = b"".join([
        _element(0x0002, 0x0001, "OB", b"\0\1"), _element(0x0002, 0x0002, "UI", _text(CR_IMAGE, "\0")),
        _element(0x0002, 0x0003, "UI", _text(uid, "\0")), _element(0x0002, 0x0010, "UI", _text(syntax, "\0")),
    ])  # fmt: skip
    head = _element(0x0002, 0x0000, "UL", struct.pack("<I", len(meta)))
    return b"\0" * 128 + b"DICM" + head + meta


def _dataset(image: Image.Image, uid: str, look: Look, header: Header, allocated: int) -> bytes:
    """All but the pixels."""
    photometric = "MONOCHROME1" if look.inverted else "MONOCHROME2"
    texts = {
        (0x0008, 0x0016): Text("UI", CR_IMAGE), (0x0008, 0x0018): Text("UI", uid), (0x0008, 0x0060): Text("CS", "CR"),
        **header,
    }  # fmt: skip
    shorts = [
        (0x0028, 0x0010, image.height), (0x0028, 0x0011, image.width), (0x0028, 0x0100, allocated),
        (0x0028, 0x0101, look.bits), (0x0028, 0x0102, look.bits - 1), (0x0028, 0x0103, 0),
    ]  # fmt: skip
    return b"".join([
        *(_element(*tag, text.kind, _text(text.value, "\0" if text.kind == "UI" else " "))
          for tag, text in sorted(texts.items())),
        _element(0x0028, 0x0002, "US", struct.pack("<H", 1)), _element(0x0028, 0x0004, "CS", _text(photometric)),
        *(_element(group, number, "US", struct.pack("<H", value)) for group, number, value in shorts),
        *_window(look),
    ])  # fmt: skip


def _window(look: Look) -> list[bytes]:
    numbers = zip((0x1050, 0x1051), look.window or (), strict=False)
    return [_element(0x0028, number, "DS", _text(str(value))) for number, value in numbers]


def _pixels(image: Image.Image, look: Look) -> bytes:
    """Two bytes a pixel, low byte first: the two halves are looked up apart and laid between each other."""
    shift = look.bits - 8
    stored = [(255 - level if look.inverted else level) << shift for level in range(256)]
    both = bytearray(2 * image.width * image.height)
    both[0::2] = image.point([value & 0xFF for value in stored]).tobytes()
    both[1::2] = image.point([value >> 8 for value in stored]).tobytes()
    return bytes(both)


def _element(group: int, element: int, kind: str, value: bytes) -> bytes:
    length = struct.pack("<2xI" if kind in _LONG else "<H", len(value))
    return struct.pack("<HH", group, element) + kind.encode() + length + value


def _text(value: str, filler: str = " ") -> bytes:
    return (value + filler * (len(value) % 2)).encode()
