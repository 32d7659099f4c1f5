"""Files that the phantoms write by hand, as pydicom reads them."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from cxdata.phantom.dicom_file import JPEG_BASELINE, Look, Text, dicom_bytes, jpeg_dicom_bytes, uid_of

pydicom = pytest.importorskip("pydicom", reason="the extra dicom is not installed")
numpy = pytest.importorskip("numpy")
RAMP = Image.linear_gradient("L").resize((37, 64))  # an odd width: rows of an odd number of values


@pytest.mark.parametrize(
    "look", [Look(), Look(14, inverted=True, window=(8192, 16384)), Look(16), Look(12, window=(2048, 4096))]
)
def test_pydicom_reads_what_was_written(look: Look) -> None:
    header = {(0x0010, 0x0040): Text("CS", "F"), (0x0010, 0x0020): Text("LO", ""), (0x0010, 0x1010): Text("AS", "063Y")}
    read = pydicom.dcmread(BytesIO(dicom_bytes(RAMP, uid_of("one"), look, header)))
    assert (read.Rows, read.Columns, read.BitsAllocated, read.BitsStored, read.HighBit) == (
        64,
        37,
        16,
        look.bits,
        look.bits - 1,
    )
    assert read.PhotometricInterpretation == ("MONOCHROME1" if look.inverted else "MONOCHROME2")
    assert (read.PatientSex, read.PatientID, read.PatientAge) == ("F", "", "063Y")
    assert ("WindowCenter" in read) == (look.window is not None)
    if look.window:
        assert (read.WindowCenter, read.WindowWidth) == look.window
    levels = numpy.asarray(RAMP).astype(int)
    expected = (255 - levels if look.inverted else levels) << (look.bits - 8)
    assert (read.pixel_array == expected).all()
    assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID == uid_of("one")
    assert read.is_implicit_VR is False


def test_a_lossy_jpeg_is_read_back_within_a_few_levels() -> None:
    read = pydicom.dcmread(BytesIO(jpeg_dicom_bytes(RAMP, uid_of("one"), {(0x0018, 0x5101): Text("CS", "AP")})))
    assert (read.BitsAllocated, read.BitsStored, read.HighBit, read.ViewPosition) == (8, 8, 7, "AP")
    assert read.file_meta.TransferSyntaxUID == JPEG_BASELINE
    off = numpy.abs(read.pixel_array.astype(int) - numpy.asarray(RAMP).astype(int))
    assert off.max() <= 8


def test_elements_stand_in_the_order_of_their_numbers() -> None:
    header = {(0x0020, 0x000D): Text("UI", ""), (0x0008, 0x0005): Text("CS", "ISO_IR 100")}
    read = pydicom.dcmread(BytesIO(dicom_bytes(RAMP, uid_of("two"), Look(window=(1, 2)), header)))
    tags = [int(element.tag) for element in read]
    assert tags == sorted(tags)
    assert len(tags) == len(set(tags))


def test_a_name_has_one_id() -> None:
    assert uid_of("a") == uid_of("a") != uid_of("b")
    assert all(len(uid_of(name)) <= 64 for name in ("a", "b", "c"))
