"""A grey picture as a DICOM file, explicit VR little endian: as much of a CR image as a reader needs.

Real collections hold MONOCHROME1 (low values are white) as well as MONOCHROME2, mostly with 12 of 16 bits stored.
"""

from __future__ import annotations

import struct
from typing import Final

from PIL import Image

EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
CR_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.1"
BITS: Final = 12
_LONG: Final = ("OB", "OW")


def dicom_bytes(image: Image.Image, uid: str, *, inverted: bool) -> bytes:
    """A file of `image` (mode L) at 12 bits; `inverted` writes MONOCHROME1. `uid` is the instance's own."""
    meta = b"".join([
        _element(0x0002, 0x0001, "OB", b"\0\1"), _element(0x0002, 0x0002, "UI", _text(CR_IMAGE, "\0")),
        _element(0x0002, 0x0003, "UI", _text(uid, "\0")), _element(0x0002, 0x0010, "UI", _text(EXPLICIT_LITTLE, "\0")),
    ])  # fmt: skip
    head = _element(0x0002, 0x0000, "UL", struct.pack("<I", len(meta)))
    return b"\0" * 128 + b"DICM" + head + meta + _dataset(image, uid, inverted=inverted)


def _dataset(image: Image.Image, uid: str, *, inverted: bool) -> bytes:
    grey = image.point([255 - value for value in range(256)]) if inverted else image
    pixels = struct.pack(f"<{image.width * image.height}H", *(value << (BITS - 8) for value in grey.tobytes()))
    photometric = "MONOCHROME1" if inverted else "MONOCHROME2"
    return b"".join([
        _element(0x0008, 0x0016, "UI", _text(CR_IMAGE, "\0")), _element(0x0008, 0x0018, "UI", _text(uid, "\0")),
        _element(0x0008, 0x0060, "CS", _text("CR")), _element(0x0028, 0x0002, "US", _short(1)),
        _element(0x0028, 0x0004, "CS", _text(photometric)), _element(0x0028, 0x0010, "US", _short(image.height)),
        _element(0x0028, 0x0011, "US", _short(image.width)), _element(0x0028, 0x0100, "US", _short(16)),
        _element(0x0028, 0x0101, "US", _short(BITS)), _element(0x0028, 0x0102, "US", _short(BITS - 1)),
        _element(0x0028, 0x0103, "US", _short(0)), _element(0x7FE0, 0x0010, "OW", pixels),
    ])  # fmt: skip


def _element(group: int, element: int, kind: str, value: bytes) -> bytes:
    length = struct.pack("<2xI" if kind in _LONG else "<H", len(value))
    return struct.pack("<HH", group, element) + kind.encode() + length + value


def _short(value: int) -> bytes:
    return struct.pack("<H", value)


def _text(value: str, filler: str = " ") -> bytes:
    return (value + filler * (len(value) % 2)).encode()
