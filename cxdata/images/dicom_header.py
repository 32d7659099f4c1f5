"""The header of a DICOM film: what it is, where its pixels lie, and whether they can be read; nothing is decoded."""

from __future__ import annotations

import warnings
from typing import Any, BinaryIO, Final, NamedTuple

from cxdata.images.codes import UNREADABLE, BadPicture, lacks_extra
from cxdata.images.facts import Facts, facts_of, numbers, word
from cxdata.images.kinds import MAX_BYTES, check_size

UNDEFINED: Final = 0xFFFFFFFF
PIXELS: Final = 0x7FE00010
FLOAT_PIXELS: Final = (0x7FE00008, 0x7FE00009)
OVERLAY_POSITION: Final = 0x60000102
TAIL_BYTES: Final = 65_536
_SEQUENCE_END: Final = (b"\xfe\xff\xdd\xe0", b"\xff\xfe\xe0\xdd")
_PREFIX: Final = 128

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE: Final = "1.2.840.10008.1.2.5"
JPEG: Final = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
JPEG_LOSSLESS: Final = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
JPEG_LS: Final = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
JPEG_2000: Final = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
NATIVE: Final = (IMPLICIT, EXPLICIT, BIG)
READ: Final = (*NATIVE, RLE, *JPEG, *JPEG_LOSSLESS, *JPEG_LS, *JPEG_2000)
"""Deflated files are not among them: their size after inflating is not known before it is there."""

# pydicom keywords; whatever else the header says, a patient's name among it, is passed over unread.
_KEYWORDS: Final = (
    "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope",
    "RescaleIntercept", "WindowCenter", "WindowWidth", "VOILUTFunction", "ModalityLUTSequence", "VOILUTSequence",
    "PresentationLUTShape",
)  # fmt: skip


class DicomHeader(NamedTuple):
    """Size in pixels, transfer syntax, bits a pixel takes in the file, the facts for rendering, and where pixels lie.

    `offset` and `length` are those of the pixel data's value, in bytes; `is_swapped` where bytes of 8-bit pixels lie
    in big-endian words; `has_overlay` where unused high bits hold drawings.
    """

    width: int
    height: int
    syntax: str
    bits_allocated: int
    facts: Facts
    offset: int
    length: int
    is_swapped: bool
    has_overlay: bool


class _Found(NamedTuple):
    tag: int
    kind: str | None
    length: int


def read_header(stream: BinaryIO) -> DicomHeader:
    """The header of a film. The stream stands anywhere; pixels are not read.

    BadPicture: a code of DICOM, or of size, or truncated. CxdataError: pydicom is not installed.
    """
    try:
        from pydicom.errors import BytesLengthException
    except ImportError as error:
        raise lacks_extra(error) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(stream)
    except (*UNREADABLE, BytesLengthException):
        raise BadPicture("undecodable") from None


def _read(stream: BinaryIO) -> DicomHeader:
    size_bytes = stream.seek(0, 2)
    syntax = _syntax(stream)
    if syntax not in READ:
        raise BadPicture("dicom_transfer_syntax")
    header, found = _dataset(stream, syntax)
    offset = stream.tell() + (8 if syntax == IMPLICIT else 12)
    width, height = _whole(header, "Columns"), _whole(header, "Rows")
    _check(header, found, (width, height))
    allocated = _whole(header, "BitsAllocated")
    stored = _whole(header, "BitsStored")
    if allocated not in (8, 16) or found is None:
        raise BadPicture("undecodable", (width, height))
    film = DicomHeader(
        width, height, syntax, allocated, facts_of(header, stored if 1 <= stored <= allocated else allocated),
        offset, found.length, syntax == BIG and allocated == 8 and found.kind == "OW",
        _whole(header, OVERLAY_POSITION) > 0,
    )  # fmt: skip
    _check_whole(stream, film, size_bytes)
    return film


def _syntax(stream: BinaryIO) -> str:
    """The transfer syntax; the stream then stands at the first element after the file meta."""
    from pydicom.filereader import read_dataset

    stream.seek(0)
    if stream.read(_PREFIX + 4)[_PREFIX:] != b"DICM":
        raise BadPicture("dicom_no_transfer_syntax")
    meta = read_dataset(stream, False, True, stop_when=lambda tag, _kind, _length: tag.group != 2)
    syntax = word(meta, "TransferSyntaxUID")
    if not syntax:
        raise BadPicture("dicom_no_transfer_syntax")
    return syntax


def _dataset(stream: BinaryIO, syntax: str) -> tuple[Any, _Found | None]:
    """What the header says under our keywords, and the element of the pixels, at which the stream then stands."""
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset

    found: list[_Found] = []

    def at_pixels(tag: int, kind: str | None, length: int) -> bool:
        if tag in (PIXELS, *FLOAT_PIXELS):
            found.append(_Found(tag, kind, length))
        return tag >= FLOAT_PIXELS[0]

    tags = [tag for tag in map(tag_for_keyword, _KEYWORDS) if tag is not None]
    header = read_dataset(
        stream, syntax == IMPLICIT, syntax != BIG, stop_when=at_pixels, specific_tags=[*tags, OVERLAY_POSITION]
    )
    return header, found[0] if found else None


def _check(header: Any, found: _Found | None, size: tuple[int, int]) -> None:
    if found is None:
        raise BadPicture("dicom_no_pixels", size if min(size) > 0 else None)
    if min(size) < 1 or found.tag != PIXELS:
        raise BadPicture("undecodable")
    if _whole(header, "NumberOfFrames") > 1:
        raise BadPicture("dicom_multiframe", size)
    photometric = word(header, "PhotometricInterpretation")
    if _whole(header, "SamplesPerPixel", 1) != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise BadPicture("dicom_not_grey", size)
    check_size(*size)


def _check_whole(stream: BinaryIO, film: DicomHeader, size_bytes: int) -> None:
    size = (film.width, film.height)
    is_native = film.syntax in NATIVE
    if (film.length == UNDEFINED) == is_native:
        raise BadPicture("undecodable", size)
    if is_native:
        needed = film.width * film.height * film.bits_allocated // 8
        if min(film.length, size_bytes - film.offset) < needed:
            raise BadPicture("truncated", size)
        return
    if size_bytes - film.offset > MAX_BYTES:
        raise BadPicture("too_many_pixels", size)
    stream.seek(max(film.offset, size_bytes - TAIL_BYTES))
    tail = stream.read()
    if not any(end in tail for end in _SEQUENCE_END):
        raise BadPicture("truncated", size)


def _whole(header: Any, key: str | int, default: int = 0) -> int:
    if isinstance(key, int):
        value = header.get(key)
        return int(value.value or 0) if value is not None else default
    found = numbers(header, key)
    return int(found[0]) if found else default
