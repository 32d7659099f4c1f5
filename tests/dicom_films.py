"""Painted DICOM films of every kind that is read, and a few that are not; each as the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

WIDTH, HEIGHT = 96, 80
Pixels = NDArray[Any]


def chest(bits: int = 12) -> Pixels:
    """Two dark ovals on a bright ground, a gradient and a grain, over most of the range of `bits`; whole numbers."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.int64)
    lungs = sum(((x - c) * 3) ** 2 + ((y - 40) * 2) ** 2 < 60**2 for c in (28, 68))
    grain = (x * 7919 + y * 104_729 + x * y * 31) % 97
    values = 2600 + 9 * y - 1500 * lungs + 2 * grain
    return (values * 2**bits // 4096).astype(np.uint16)


def film(pixels: Pixels, bits: int = 12, **cells: Any) -> Dataset:
    """A data set of these pixels: MONOCHROME2, unsigned unless the pixels are signed; `cells` replace and add."""
    made = Dataset()
    made.SOPClassUID = ComputedRadiographyImageStorage
    made.SOPInstanceUID = UID("2.25.1")
    made.PatientName, made.PatientID = "Painted^Film", "PAINTED"
    made.Modality = "CR"
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = pixels.shape
    made.BitsAllocated = pixels.dtype.itemsize * 8
    made.BitsStored, made.HighBit = bits, bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in cells.items():
        setattr(made, keyword, value)
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    return made


def file_of(made: Dataset, syntax: UID = ExplicitVRLittleEndian, coded: bytes | None = None) -> bytes:
    """The bytes of a DICOM file; `coded` is the compressed frame that takes the place of the pixels."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    if coded is not None:
        made.PixelData = encapsulate([coded])
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
    if syntax == ExplicitVRBigEndian and made.BitsAllocated == 16:
        made.PixelData = np.frombuffer(made.PixelData, "<u2").byteswap().tobytes()
    stream = io.BytesIO()
    made.set_original_encoding(syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian)
    dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


def lut(entries: Pixels, first: int, bits: int, explanation: str = "painted") -> Sequence:
    """A sequence with one lookup table."""
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    item.LUTExplanation = explanation
    item.add_new(0x00283006, "US", [int(one) for one in entries])
    return Sequence([item])


def lossless_jpeg(pixels: Pixels, bits: int) -> bytes:
    """A lossless JPEG (process 14, first-order prediction) by our own few lines, so that no decoder checks itself."""
    height, width = pixels.shape
    values = pixels.astype(np.int64)
    guess = np.empty_like(values)
    guess[:, 1:] = values[:, :-1]
    guess[1:, 0] = values[:-1, 0]
    guess[0, 0] = 2 ** (bits - 1)
    written = []
    for gap in (values - guess).ravel().tolist():
        size = abs(gap).bit_length()
        tail = gap if gap >= 0 else gap + 2**size - 1
        written.append(f"{size:05b}" + (f"{tail:0{size}b}" if size else ""))
    text = "".join(written)
    text += "1" * (-len(text) % 8)
    coded = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    # Categories 0 to 16, all with codes of five bits.
    table = (
        b"\xff\xc4" + (2 + 1 + 16 + 17).to_bytes(2, "big") + b"\0" + bytes([0] * 4 + [17] + [0] * 11) + bytes(range(17))
    )
    frame = b"\xff\xc3\0\x0b" + bytes([bits]) + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\1\1\x11\0"
    return b"\xff\xd8" + frame + table + b"\xff\xda\0\x08\1\1\0\1\0\0" + coded + b"\xff\xd9"


def _baseline() -> bytes:
    stream = io.BytesIO()
    Image.fromarray((chest() >> 4).astype(np.uint8)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def _overlaid() -> bytes:
    pixels = chest()
    pixels[:4] |= 1 << 12
    made = film(pixels)
    made.add_new(0x60000100, "US", 16)
    made.add_new(0x60000102, "US", 12)
    return file_of(made)


def _padded() -> bytes:
    pixels = 4095 - chest()
    pixels[:, :6] = 0
    return file_of(film(pixels, PixelPaddingValue=0, PhotometricInterpretation="MONOCHROME1"))


def _coded(syntax: UID, coded: bytes) -> bytes:
    return file_of(film(chest()), syntax, coded)


def _signed() -> Pixels:
    return (chest().astype(np.int32) - 2048).astype(np.int16)


WINDOW = {"WindowCenter": 2000, "WindowWidth": 2400}
CURVE = (np.sqrt(np.arange(4096) / 4095) * 1023).astype(np.uint16)

KINDS: dict[str, Callable[[], bytes]] = {
    "mono2": lambda: file_of(film(chest(), **WINDOW)),
    "mono1": lambda: file_of(film(4095 - chest(), PhotometricInterpretation="MONOCHROME1", **WINDOW)),
    "mono1 inverse": lambda: file_of(
        film(4095 - chest(), PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE", **WINDOW)
    ),
    "mono2 inverse": lambda: file_of(film(4095 - chest(), PresentationLUTShape="INVERSE", **WINDOW)),
    "eight bits": lambda: file_of(film((chest() >> 4).astype(np.uint8), 8)),
    "sixteen bits": lambda: file_of(film(chest(16), 16)),
    "signed": lambda: file_of(film(_signed(), RescaleSlope=2, RescaleIntercept=-10, WindowCenter=0, WindowWidth=5000)),
    "voi lut": lambda: file_of(film(chest(), VOILUTSequence=lut(CURVE, 0, 10), **WINDOW)),
    "modality lut": lambda: file_of(film(chest(), ModalityLUTSequence=lut(CURVE[::2], 500, 10))),
    "sigmoid": lambda: file_of(film(chest(), VOILUTFunction="SIGMOID", **WINDOW)),
    "linear exact": lambda: file_of(film(chest(), VOILUTFunction="LINEAR_EXACT", **WINDOW)),
    "two windows": lambda: file_of(film(chest(), WindowCenter=[1500, 2500], WindowWidth=[1000, 300])),
    "no window": lambda: file_of(film(chest())),
    "window of no width": lambda: file_of(film(chest(), WindowCenter=2000, WindowWidth=0)),
    "padding": _padded,
    "overlay": _overlaid,
    "bits stored too small": lambda: file_of(film(chest(14), 12)),
    "implicit": lambda: file_of(film(chest(), **WINDOW), ImplicitVRLittleEndian),
    "big endian": lambda: file_of(film(chest(), **WINDOW), ExplicitVRBigEndian),
    "rle": lambda: _coded(RLELossless, RLELosslessEncoder.encode(chest(), encoding_plugin="pydicom", **RLE)),
    "jpeg baseline": lambda: file_of(film((chest() >> 4).astype(np.uint8), 8), JPEGBaseline8Bit, _baseline()),
    "jpeg 12 bit": lambda: _coded(JPEGExtended12Bit, imagecodecs.jpeg8_encode(chest(), level=98, bitspersample=12)),
    "jpeg lossless": lambda: _coded(JPEGLosslessSV1, lossless_jpeg(chest(), 12)),
    "jpeg lossless signed": lambda: file_of(
        film(_signed()), JPEGLosslessSV1, lossless_jpeg(_signed().view(np.uint16) & 0xFFF, 12)
    ),
    "jpeg-ls": lambda: _coded(JPEGLSLossless, imagecodecs.jpegls_encode(chest())),
    "jpeg 2000": lambda: _coded(
        JPEG2000Lossless, imagecodecs.jpeg2k_encode(chest(), codecformat="J2K", reversible=True, bitspersample=12)
    ),
}  # fmt: skip
"""Each kind with the function that paints it."""

RLE = {
    "rows": HEIGHT, "columns": WIDTH, "samples_per_pixel": 1, "bits_allocated": 16, "bits_stored": 12,
    "pixel_representation": 0, "photometric_interpretation": "MONOCHROME2", "number_of_frames": 1,
}  # fmt: skip
SAME = ("no window", "rle", "jpeg lossless", "jpeg-ls", "jpeg 2000")
"""One film, the first uncompressed, the others without loss."""
