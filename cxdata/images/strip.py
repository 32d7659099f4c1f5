"""Metadata out of JPEG and PNG files without touching the pixels: what does not carry the picture is left behind.

Kept of a JPEG: frame, tables, scans, the JFIF header without its thumbnail. Left behind: all other APPn (EXIF, XMP,
colour profiles, vendors' blocks), comments, and what lies after the end of the picture. Kept of a PNG: IHDR, PLTE,
IDAT, IEND.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_AFTER_ENTROPY: Final = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_SOI, _EOI, _SOS, _APP0, _APP14, _COM = 0xD8, 0xD9, 0xDA, 0xE0, 0xEE, 0xFE
_APPS: Final = range(0xE0, 0xF0)
_FRAMES: Final = (0xC0, 0xC1, 0xC2)
_TABLES: Final = (0xC4, 0xDB, 0xDD)
_JFIF: Final = b"JFIF\0"
_JFIF_BYTES: Final = 14
_YCBCR: Final = 1
_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = (b"IHDR", b"PLTE", b"IDAT", b"IEND")


def jpeg(data: bytes) -> bytes | None:
    """The file without metadata, `data` itself where it holds none; null where leaving it out could change colours.

    Null too for a file whose segments cannot be followed. Three channels are taken for YCbCr by every reader where a
    JFIF header, or Adobe's mark for YCbCr, or the channel numbers 1 to 3 say so; without Adobe's mark only the JFIF
    header and the numbers are left to say it.
    """
    segments = list(_segments(data))
    if not segments or segments[-1][0] != _EOI or not _is_safe(segments):
        return None
    kept = b"\xff\xd8" + b"".join(_kept(marker, piece) for marker, piece in segments)
    return data if kept == data else kept


def png(data: bytes) -> bytes | None:
    """The file without metadata, `data` itself where it holds none; null where its chunks cannot be followed.

    Null for 16 bits a channel too: no reader of 8-bit pictures takes those as they are.
    """
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND" or chunks[0][1][16] > 8:
        return None
    kept = _PNG_HEAD + b"".join(piece for name, piece in chunks if name in _PNG_KEPT)
    return data if kept == data else kept


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes (the marker's included) of each segment after SOI; a scan holds its coded pixels.

    Ends after EOI, or early where the file cannot be followed.
    """
    at = 2
    while (start := at) + 4 <= len(data) or data[at : at + 2] == b"\xff\xd9":
        if data[at] != 0xFF:
            return
        while at + 1 < len(data) and data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1] if at + 1 < len(data) else 0
        if marker == _EOI:
            yield marker, b"\xff\xd9"
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker < 0xC0 or 0xD0 <= marker <= _SOI or end > len(data):
            return
        if marker == _SOS:
            found = _AFTER_ENTROPY.search(data, end)
            end = found.start() if found else len(data)
        yield marker, data[start:end]
        at = end


def _is_safe(segments: list[tuple[int, bytes]]) -> bool:
    known = (*_FRAMES, *_TABLES, _SOS, _EOI, _COM, *_APPS)
    frames = [piece for marker, piece in segments if marker in _FRAMES]
    if len(frames) != 1 or any(marker not in known for marker, _ in segments):
        return False
    frame = frames[0][frames[0].index(0xFF) :].lstrip(b"\xff")
    channels = frame[8]
    if channels == 1:
        return True
    adobe = [piece for marker, piece in segments if marker == _APP14 and b"Adobe" in piece[:10]]
    if channels != 3 or any(len(piece) < 16 or piece[15] != _YCBCR for piece in adobe):
        return False
    return any(_is_jfif(marker, piece) for marker, piece in segments) or frame[9:18:3] == b"\1\2\3"


def _kept(marker: int, piece: bytes) -> bytes:
    if marker in _APPS or marker == _COM:
        return _plain_jfif(piece) if _is_jfif(marker, piece) else b""
    return piece


def _is_jfif(marker: int, piece: bytes) -> bool:
    return marker == _APP0 and piece[4:9] == _JFIF and len(piece) >= 4 + _JFIF_BYTES


def _plain_jfif(piece: bytes) -> bytes:
    """The header alone: version and density, no thumbnail."""
    return b"\xff\xe0" + (_JFIF_BYTES + 2).to_bytes(2, "big") + piece[4 : 4 + _JFIF_BYTES - 2] + b"\0\0"


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and bytes (length, name and checksum included) of each chunk up to IEND; ends early at a broken one."""
    at = len(_PNG_HEAD)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        name = data[at + 4 : at + 8]
        yield name, data[at:end]
        if name == b"IEND":
            return
        at = end
