"""What can be wrong with a picture: a code each, in words, and the exception that carries it inside this package."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from cxdata.model.errors import CxdataError

MESSAGES: Final = {
    "missing": "the picture is listed and not there",
    "empty": "the file has no bytes",
    "unreadable": "the file is there and cannot be opened",
    "truncated": "the file ends before the picture does",
    "undecodable": "the file is no picture that can be read",
    "in_archive": "the picture lies inside an archive",
    "wrong_extension": "the file is called one kind of picture and holds another",
    "too_many_pixels": "the header promises more pixels, or the file holds more bytes, than any chest film has",
    "too_small": "the picture is too small to show a chest",
    "aspect": "the picture is far longer than wide, or wider than long: no chest film",
    "constant": "all pixels of the picture are the same",
    "profile_unfit": "the render profile does not fit the film: chexpert takes no negative stored values",
    "cmyk": "the picture is in printing colours (CMYK)",
    "animated": "the file holds more than one picture",
    "dicom_no_pixels": "the DICOM file holds no pixel data",
    "dicom_no_transfer_syntax": "the DICOM file does not say how it is encoded (no file meta, no transfer syntax)",
    "dicom_transfer_syntax": "the DICOM file is encoded in a transfer syntax that is not read",
    "dicom_multiframe": "the DICOM file holds more than one frame",
    "dicom_not_grey": "the DICOM file is in colour, or does not say whether low values are white or black",
}
"""Codes of pictures that cannot be used, each with a message; `ok` is not among them."""

UNREADABLE: Final = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError,
    RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What decoders raise at bytes that are not what they claim to be."""


class BadPicture(Exception):  # noqa: N818 - a finding about a file, not an error of the program
    """A picture that cannot be used: a key of MESSAGES, and its size in pixels where the header told it."""

    def __init__(self, code: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.width: int | None = size[0] if size else None
        self.height: int | None = size[1] if size else None


def lacks_extra(error: ImportError) -> CxdataError:
    """The error for a DICOM file where the extra `dicom` is not installed.

    No code of a picture: the file is sound, and rejects would go on standing in the build after the extra came.
    """
    return CxdataError(
        f"DICOM files need the extra dicom ({error.name or error} is missing)", mend="pip install 'cxdata[dicom]'"
    )
