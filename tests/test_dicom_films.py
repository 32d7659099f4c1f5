"""DICOM films: golden pixels of every kind under every profile, polarity, DICOM's formulas against pydicom's."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import dicom_films
import numpy as np
import pytest
from conftest import Golden
from dicom_films import KINDS, SAME, chest, file_of, film, lut
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

from cxdata.images.codes import BadPicture
from cxdata.images.dicom_header import read_header
from cxdata.images.dicom_pixels import read_pixels
from cxdata.images.facts import Facts
from cxdata.images.grey_scale import equalising
from cxdata.images.profiles import PROFILES, render
from cxdata.images.store import Ask, Stored, store
from cxdata.model.errors import CxdataError

NEGATIVE = ("signed", "jpeg lossless signed")  # films with stored values below 0
LUNG, SPINE = (40, 28), (40, 48)  # row, column
REAL = Path(os.environ.get("CXDATA_REAL_DATA", "/nowhere")) / "dicom-cr"


def pixels_of(stored: Stored) -> Any:
    assert stored.data is not None
    return np.asarray(Image.open(io.BytesIO(stored.data)))


def rendered(data: bytes, profile: str = "voi") -> Any:
    stored = store(data, Ask(profile, lossless=True))
    assert stored.status == "ok"
    return pixels_of(stored)


@pytest.mark.parametrize("kind", KINDS)
def test_golden_pixels(kind: str, golden: Golden) -> None:
    data = KINDS[kind]()
    for profile in PROFILES.values():
        stored = store(data, Ask(profile.name, lossless=True))
        if profile.name == "chexpert" and kind in NEGATIVE:
            assert stored.status == "profile_unfit"
            continue
        grey = pixels_of(stored)
        told = f"{grey.shape} {stored.render_profile}".encode()
        digest = hashlib.sha256(told + grey.tobytes()).hexdigest()
        golden.check(f"picture {kind} {profile.name}", profile.version, digest)


@pytest.mark.parametrize("profile", PROFILES)
def test_lossless_encodings_of_one_film_give_one_picture(profile: str) -> None:
    first, *others = (rendered(KINDS[kind](), profile) for kind in SAME)
    assert all(np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_lungs_are_darker_than_the_spine(kind: str, profile: str) -> None:
    by_others = profile in ("mimic-jpg", "chexpert")
    if (by_others and kind == "mono2 inverse") or (profile == "chexpert" and kind in NEGATIVE):
        pytest.skip("these recipes know MONOCHROME1 alone, and chexpert no negative values")
    grey = rendered(KINDS[kind](), profile).astype(int)
    assert grey[LUNG] < grey[SPINE]


def test_monochrome1_with_inverse_inverts_once() -> None:
    plain, both = (rendered(KINDS[kind]()) for kind in ("mono1", "mono1 inverse"))
    assert np.array_equal(plain, both)


@pytest.mark.parametrize("kind", ["mono2", "signed", "sigmoid", "linear exact", "two windows", "voi lut"])
def test_window_and_lut_as_pydicom_has_them(kind: str) -> None:
    from pydicom import dcmread

    data = dcmread(io.BytesIO(KINDS[kind]()))
    values = apply_modality_lut(data.pixel_array, data)
    shown = apply_voi_lut(values if "VOILUTSequence" not in data else values.astype(np.uint16), data)
    low, high = _output_range(data)
    wanted = np.floor((shown - low) / (high - low) * 255 + 0.5).clip(0, 255)
    # One grey at most: pydicom rounds the output of a window to no grid, and ends its range at its own place.
    assert np.abs(rendered(KINDS[kind]()).astype(int) - wanted).max() <= 1


def _output_range(data: Dataset) -> tuple[float, float]:
    if "VOILUTSequence" in data:
        return 0, 2**10 - 1
    low, high = (-2048, 2047) if data.PixelRepresentation else (0, 4095)
    slope, intercept = data.get("RescaleSlope", 1), data.get("RescaleIntercept", 0)
    return low * slope + intercept, high * slope + intercept


def test_lut_takes_its_ends_for_inputs_outside() -> None:
    made = film(chest(), ModalityLUTSequence=lut(np.arange(100, 1100, dtype=np.uint16), 2000, 11))
    stream = io.BytesIO(file_of(made))
    header = read_header(stream)
    from cxdata.images.grey_scale import modality

    values, words = modality(np.array([0, 2000, 2500, 4095]), header.facts)
    assert values.tolist() == [100, 100, 600, 1099]
    assert words == ("modality lut",)


def test_table_of_eight_bit_entries_two_a_word() -> None:
    entries = (np.arange(256)[::-1]).astype(np.uint8)
    made = film((chest() >> 4).astype(np.uint8), 8, VOILUTSequence=lut(entries.view("<u2"), 0, 8))
    made.VOILUTSequence[0].LUTDescriptor = [256, 0, 8]
    plain = rendered(file_of(film((chest() >> 4).astype(np.uint8), 8)), "none")
    assert np.array_equal(rendered(file_of(made)), 255 - plain)


def test_bytes_of_eight_bit_pixels_in_big_endian_words() -> None:
    pixels = (chest() >> 4).astype(np.uint8)
    swapped = film(pixels.reshape(-1, 2)[:, ::-1].reshape(pixels.shape).copy(), 8)
    assert np.array_equal(rendered(file_of(swapped, ExplicitVRBigEndian)), rendered(file_of(film(pixels, 8))))


def test_padding_is_black_and_leaves_the_contrast_alone() -> None:
    padded, whole = rendered(KINDS["padding"]()), chest()[:, 6:]
    assert not padded[:, :6].any()
    assert padded[:, 6:].max() == 255
    assert padded[:, 6:].min() == 0
    assert whole.min() > 0


@pytest.mark.parametrize("width", [0, -3, 0.5])
def test_impossible_window_falls_to_lowest_and_highest(width: float) -> None:
    odd = rendered(file_of(film(chest(), WindowCenter=2000, WindowWidth=width)))
    assert np.array_equal(odd, rendered(KINDS["no window"](), "minmax"))


@pytest.mark.parametrize(
    ("counts", "table"),
    [
        # As cv2.equalizeHist (OpenCV 4.12) gave them.
        ({3: 1, 10: 2, 200: 1}, {3: 0, 10: 170, 200: 255}),
        ({0: 5, 1: 1, 2: 1}, {0: 0, 1: 128, 2: 255}),
        ({7: 100, 8: 3, 9: 5, 255: 2}, {7: 0, 8: 76, 9: 204, 255: 255}),
    ],
)
def test_equalising_as_opencv(counts: dict[int, int], table: dict[int, int]) -> None:
    histogram = [counts.get(grey, 0) for grey in range(256)]
    ours = equalising(histogram)
    assert {grey: int(ours[grey]) for grey in counts} == table


def test_profiles_do_not_change_the_pixels_they_are_given() -> None:
    pixels = chest()
    before = pixels.copy()
    for profile in PROFILES.values():
        render(pixels, Facts(12, is_monochrome1=True, padding=(0, 3)), profile)
    assert np.array_equal(pixels, before)


def _without(keyword: str) -> bytes:
    made = film(chest())
    delattr(made, keyword)
    return file_of(made)


def _without_syntax() -> bytes:
    data = file_of(film(chest()))
    at = data.index(b"\x02\0\x10\0UI")
    length = 8 + int.from_bytes(data[at + 6 : at + 8], "little")
    group = int.from_bytes(data[140:144], "little") - length
    return data[:140] + group.to_bytes(4, "little") + data[144:at] + data[at + length :]


def _huge() -> bytes:
    made = film(chest(), Rows=65_535, Columns=65_535)
    return file_of(made)


def _lying_stream() -> bytes:
    """A compressed stream that says 60,000 x 60,000 under a header that says 96 x 80."""
    coded = bytearray(dicom_films.lossless_jpeg(chest(), 12))
    at = coded.index(b"\xff\xc3")
    coded[at + 5 : at + 9] = (60_000).to_bytes(2, "big") * 2
    return file_of(film(chest()), JPEGLosslessSV1, bytes(coded))


BAD = {
    "dicom_no_pixels": lambda: _without("PixelData"),
    "dicom_no_transfer_syntax": _without_syntax,
    "dicom_transfer_syntax": lambda: file_of(film(chest()), DeflatedExplicitVRLittleEndian),
    "dicom_multiframe": lambda: file_of(film(chest(), NumberOfFrames=2)),
    "dicom_not_grey": lambda: _without("PhotometricInterpretation"),
    "constant": lambda: file_of(film(np.full((80, 96), 7, np.uint16))),
    "too_small": lambda: file_of(film(chest()[:1, :1])),
    "aspect": lambda: file_of(film(np.tile(chest()[:16], 2))),
    "truncated": lambda: KINDS["mono2"]()[:-1000],
    "too_many_pixels": _huge,
    "undecodable": _lying_stream,
}


@pytest.mark.parametrize("code", BAD)
def test_bad_film_gives_its_code(code: str) -> None:
    assert store(BAD[code](), Ask()).status == code


@pytest.mark.parametrize("kind", ["rle", "jpeg lossless", "jpeg-ls", "jpeg 2000"])
def test_cut_compressed_film_is_truncated(kind: str) -> None:
    assert store(KINDS[kind]()[:-400], Ask()).status == "truncated"


@pytest.mark.parametrize("kind", ["jpeg lossless", "jpeg-ls"])
def test_cut_stream_in_a_whole_file_is_not_decoded(kind: str) -> None:
    # CharLS would not come back from such a JPEG-LS stream.
    data = KINDS[kind]()
    frame = data[data.index(b"\xff\xd8") : data.rindex(b"\xff\xd9")]
    syntax = JPEGLosslessSV1 if kind == "jpeg lossless" else JPEGLSLossless
    assert store(file_of(film(chest()), syntax, frame[:-300]), Ask()).status == "truncated"


def test_stream_that_is_no_stream() -> None:
    data = file_of(film(chest()), JPEG2000Lossless, b"\xff\x4f\xff\x51" + bytes(400))
    assert store(data, Ask()).status == "undecodable"


def test_header_is_read_without_the_pixels() -> None:
    whole = KINDS["mono2"]()
    film_header = read_header(io.BytesIO(whole))
    assert (film_header.width, film_header.height) == (96, 80)
    assert film_header.offset + film_header.length == len(whole)
    assert read_pixels(io.BytesIO(whole), film_header).shape == (80, 96)


def test_no_identifier_leaves_the_header() -> None:
    stored = store(KINDS["mono2"](), Ask())
    assert stored.data is not None
    assert b"Painted" not in stored.data + repr(stored).encode()


def test_window_that_shows_nothing_is_a_constant_picture() -> None:
    with pytest.raises(BadPicture, match="constant"):
        render(chest(), Facts(12, windows=((50_000.0, 100.0),)), PROFILES["voi"])


@pytest.mark.skipif(not REAL.is_dir(), reason="CXDATA_REAL_DATA names no folder with dicom-cr")
def test_real_film_in_three_encodings() -> None:
    plain, lossless, lossy = (
        pixels_of(store(REAL / f"{name}.dcm", Ask(lossless=True))).astype(int)
        for name in ("RG1_UNCR", "RG1_J2KR", "RG1_J2KI")
    )
    assert plain.shape == (1955, 1841)
    assert np.array_equal(plain, lossless)
    assert 0 < np.abs(plain - lossy).mean() < 2
    height, width = plain.shape
    lungs = np.median(plain[height // 3 : height // 2, width // 4 : width // 3])
    spine = np.median(plain[height // 2 : 2 * height // 3, int(width * 0.48) : int(width * 0.52)])
    assert lungs + 40 < spine


@pytest.mark.parametrize(("module", "kind"), [("pydicom.errors", "mono2"), ("imagecodecs", "jpeg-ls")])
def test_missing_extra_is_an_error_with_the_command(module: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = KINDS[kind]()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CxdataError, match="extra dicom") as caught:
        store(data, Ask())
    assert "pip install 'cxdata[dicom]'" in str(caught.value)
