"""Which kind of picture a file is, by its first bytes, and whether a film can have its size."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Final

from cxdata.images.codes import BadPicture

HEAD_BYTES: Final = 132
DICOM: Final = "DICOM"
MAX_PIXELS: Final = 2**26
"""A 35 x 43 cm film scanned at 50 micrometres has 60 million pixels; detectors give 4 to 16 million."""
MAX_BYTES: Final = 2**29
MIN_SIDE: Final = 16
MAX_ASPECT: Final = 5.0
"""Longer side by shorter. One frontal a study of MIMIC-CXR-JPG: height by width 0.229 to 3.272, so 4.37 at most."""

_EXTENSIONS: Final = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".gif": "GIF", ".bmp": "BMP",
    ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP", ".dcm": DICOM, ".dicom": DICOM, ".dic": DICOM,
}  # fmt: skip
_MAGIC: Final = (
    (0, b"\xff\xd8\xff", "JPEG"), (0, b"\x89PNG\r\n\x1a\n", "PNG"), (0, b"GIF8", "GIF"), (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"), (0, b"MM\0*", "TIFF"), (8, b"WEBP", "WEBP"), (128, b"DICM", DICOM),
)  # fmt: skip
_BARE_DICOM: Final = (b"\x08\0", b"\x02\0", b"\0\x08", b"\0\x02")


def kind_of(head: bytes, name: str | None = None) -> str:
    """The kind by content: JPEG, PNG, GIF, BMP, TIFF, WEBP or DICOM. `head` is the first HEAD_BYTES of the file.

    BadPicture: `undecodable` where the content is none of these, `wrong_extension` where the name says another kind.
    A name whose extension is none of a picture, or no name, says nothing.
    """
    said = _EXTENSIONS.get(PurePath(name or "").suffix.lower())
    kind = next((kind for at, magic, kind in reversed(_MAGIC) if head[at : at + len(magic)] == magic), None)
    if kind is None and said == DICOM and head[:2] in _BARE_DICOM:
        kind = DICOM  # a data set without preamble and file meta; its header will be found wanting
    if kind is None:
        raise BadPicture("undecodable")
    if said not in (None, kind):
        raise BadPicture("wrong_extension")
    return kind


def is_dicom(path: Path, *, by_name: bool = True) -> bool:
    """Whether the file is there and is DICOM by its first bytes; `by_name`: and by its name, as `kind_of` reads it."""
    try:
        with path.open("rb") as stream:
            return kind_of(stream.read(HEAD_BYTES), path.name if by_name else None) == DICOM
    except (OSError, BadPicture):
        return False


def check_size(width: int, height: int) -> None:
    """BadPicture where no film has so many pixels, so few, or such a shape."""
    size = (width, height)
    if width * height > MAX_PIXELS:
        raise BadPicture("too_many_pixels", size)
    if min(size) < MIN_SIDE:
        raise BadPicture("too_small", size)
    if max(size) > MAX_ASPECT * min(size):
        raise BadPicture("aspect", size)
