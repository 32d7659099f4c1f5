"""The stored values of a DICOM film as a numpy array, whatever its transfer syntax."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from cxdata.images.codes import UNREADABLE, BadPicture, lacks_extra
from cxdata.images.dicom_header import BIG, JPEG_2000, JPEG_LS, NATIVE, RLE, DicomHeader

if TYPE_CHECKING:
    from numpy.typing import NDArray

_J2K_START: Final = b"\xff\x4f\xff\x51"
_JPEG_END: Final = b"\xff\xd9"
_END_WITHIN: Final = 64
_NO_FRAME_MARKERS: Final = (0xC4, 0xC8, 0xCC)


def read_pixels(stream: BinaryIO, film: DicomHeader) -> NDArray[Any]:
    """Rows x columns of stored values, 8 or 16 bits, signed where the header says so.

    The size within a compressed stream is compared with the header's before anything is decoded. BadPicture:
    undecodable, truncated, dicom_not_grey. CxdataError: a decoder of the extra `dicom` is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = _native(stream, film) if film.syntax in NATIVE else _compressed(stream, film)
    except ImportError as error:
        raise lacks_extra(error) from None
    except UNREADABLE:
        raise BadPicture("undecodable", (film.width, film.height)) from None
    if pixels.shape != (film.height, film.width) or pixels.dtype.kind not in "ui" or pixels.dtype.itemsize > 2:
        raise BadPicture("undecodable", (film.width, film.height))
    return _as_said(pixels, film)


def _native(stream: BinaryIO, film: DicomHeader) -> Any:
    import numpy as np

    stream.seek(film.offset)
    data = stream.read(film.width * film.height * film.bits_allocated // 8)
    if film.bits_allocated == 8:
        pixels = np.frombuffer(data, np.uint8)
        if film.is_swapped and len(pixels) % 2 == 0:
            pixels = pixels.reshape(-1, 2)[:, ::-1]
    else:
        pixels = np.frombuffer(data, ">u2" if film.syntax == BIG else "<u2")
        pixels = pixels.astype(np.uint16, copy=False)
    return pixels.reshape(film.height, film.width)


def _compressed(stream: BinaryIO, film: DicomHeader) -> Any:
    from pydicom.encaps import get_frame

    stream.seek(film.offset)
    value = stream.read()
    if film.syntax == RLE:
        return _rle(value, film)
    frame = get_frame(value, 0, number_of_frames=1)
    size = (film.width, film.height)
    width, height, channels = _j2k_size(frame) if film.syntax in JPEG_2000 else _jpeg_size(frame)
    if (width, height) != size:
        raise BadPicture("undecodable", size)
    if channels != 1:
        raise BadPicture("dicom_not_grey", size)
    return _decode(frame, film.syntax, size)


def _decode(frame: bytes, syntax: str, size: tuple[int, int]) -> Any:
    # By libjpeg-turbo, CharLS and OpenJPEG; docs/design-decisions.md tells why not by GDCM or pylibjpeg-libjpeg.
    import imagecodecs

    if syntax in JPEG_2000:
        return imagecodecs.jpeg2k_decode(frame[frame.index(_J2K_START) :])
    if _JPEG_END not in frame[-_END_WITHIN:]:
        raise BadPicture("truncated", size)
    return imagecodecs.jpegls_decode(frame) if syntax in JPEG_LS else imagecodecs.jpeg8_decode(frame)


def _rle(value: bytes, film: DicomHeader) -> Any:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    film_set = Dataset()
    film_set.file_meta = FileMetaDataset()
    film_set.file_meta.TransferSyntaxUID = UID(RLE)
    film_set.Rows, film_set.Columns, film_set.SamplesPerPixel = film.height, film.width, 1
    film_set.BitsAllocated, film_set.BitsStored = film.bits_allocated, film.bits_allocated
    film_set.HighBit, film_set.PixelRepresentation = film.bits_allocated - 1, 0
    film_set.PhotometricInterpretation = "MONOCHROME2"
    film_set.PixelData = value
    film_set["PixelData"].is_undefined_length = True
    return get_decoder(RLE).as_array(film_set, raw=True, index=0)[0]


def _jpeg_size(frame: bytes) -> tuple[int, int, int]:
    """Width, height and channels by the frame header of a JPEG or JPEG-LS stream."""
    at = 2
    while at + 10 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_MARKERS) or marker == 0xF7:
            height, width = _two(frame, at + 5), _two(frame, at + 7)
            return width, height, frame[at + 9]
        at += 1 if marker == 0xFF else 2 + _two(frame, at + 2)
    raise BadPicture("undecodable")


def _j2k_size(frame: bytes) -> tuple[int, int, int]:
    """Width, height and channels by the SIZ segment of a JPEG 2000 stream."""
    at = frame.index(_J2K_START) + len(_J2K_START) + 4
    right, bottom, left, top = (int.from_bytes(frame[at + 4 * i : at + 4 * i + 4], "big") for i in range(4))
    return right - left, bottom - top, _two(frame, at + 32)


def _two(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _as_said(pixels: NDArray[Any], film: DicomHeader) -> NDArray[Any]:
    """With the sign that the header says, and without what lies in bits that are not stored.

    Unsigned values beyond BitsStored are left as they are where no overlay is said to lie there: headers with too
    small a BitsStored are known (VinDr-CXR).
    """
    import numpy as np

    width, stored = pixels.dtype.itemsize * 8, film.facts.bits_stored
    unsigned = pixels.view(f"u{width // 8}")
    if not film.facts.is_signed:
        has_more = film.has_overlay and stored < width
        return np.bitwise_and(unsigned, np.array(2**stored - 1, unsigned.dtype)) if has_more else unsigned
    shift = max(0, width - stored)
    signed = unsigned.view(f"i{width // 8}")
    return (signed << shift) >> shift if shift else signed
