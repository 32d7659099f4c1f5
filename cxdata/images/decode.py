"""Decoding a picture to its last pixel, to see that it can be."""

from __future__ import annotations

import io
from pathlib import Path

from cxdata.images import raster
from cxdata.images.codes import BadPicture
from cxdata.images.kinds import DICOM, HEAD_BYTES, kind_of


def decoded_size(source: Path | bytes) -> tuple[int, int]:
    """Width and height in pixels, as the picture is to be looked at, after decoding all of it.

    BadPicture: it cannot be. CxdataError: a DICOM file, and the extra `dicom` is not installed.
    """
    try:
        stream = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    except OSError:
        raise BadPicture("unreadable") from None
    with stream:
        kind = kind_of(stream.read(HEAD_BYTES), source.name if isinstance(source, Path) else None)
        if kind != DICOM:
            found = raster.header(stream, kind)
            with raster.opened(stream, kind) as picture:
                picture.load()
            return found.width, found.height
        from cxdata.images.dicom_header import read_header
        from cxdata.images.dicom_pixels import read_pixels

        height, width = read_pixels(stream, read_header(stream)).shape
        return width, height
