"""Picture files: what is kept, what is stripped, what is made anew, and which code a bad one gets."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dicom_films import KINDS
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from cxdata.images.codes import MESSAGES, BadPicture
from cxdata.images.decode import decoded_size
from cxdata.images.kinds import check_size
from cxdata.images.probe import probe
from cxdata.images.sizes import stored_size
from cxdata.images.store import Ask, Stored, encoded, store
from cxdata.model.errors import UsageError

SIZE = (120, 160)
JFIF_ONLY = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression"}


def picture(mode: str = "L", size: tuple[int, int] = SIZE) -> Image.Image:
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    grey = Image.fromarray(((x * 3 + y * 5 + (x * y) % 17) % 251).astype(np.uint8))
    return grey if mode == "L" else grey.convert(mode)


def saved(image: Image.Image, kind: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)  # type: ignore[arg-type]
    return stream.getvalue()


def opened(stored: Stored) -> Image.Image:
    assert stored.data is not None
    image = Image.open(io.BytesIO(stored.data))
    image.load()
    return image


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = "Painted^Name"
    return made


def full_of_metadata() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(picture(), "JPEG", quality=95, exif=exif(), comment=b"a name", icc_profile=profile) + b"a trailer"


def png_with_metadata() -> bytes:
    notes = PngInfo()
    notes.add_text("Patient", "a name")
    notes.add_itxt("Title", "a name")
    notes.add(b"tIME", bytes(7))
    return saved(picture(), "PNG", pnginfo=notes, exif=exif(), dpi=(72, 72))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_bare_file_is_kept_to_the_byte(kind: str, mode: str) -> None:
    data = saved(picture(mode), kind)
    stored = store(data, Ask(max_side=200))
    assert stored.data == data
    assert stored.render_profile == "none v1; original bytes"
    assert (stored.width, stored.height) == (stored.stored_width, stored.stored_height) == SIZE


@pytest.mark.parametrize("make", [full_of_metadata, png_with_metadata])
def test_metadata_is_stripped_and_the_pixels_stay(make: Callable[[], bytes]) -> None:
    data = make()
    stored = store(data, Ask())
    assert stored.render_profile == "none v1; metadata stripped"
    assert stored.data is not None
    assert b"name" not in stored.data
    assert b"Name" not in stored.data
    assert b"trailer" not in stored.data
    after = opened(stored)
    assert not set(after.info) - JFIF_ONLY
    assert np.array_equal(np.asarray(after), np.asarray(Image.open(io.BytesIO(data))))


def test_thumbnail_in_the_jfif_header_goes() -> None:
    plain = saved(picture(), "JPEG")
    thumbnail = bytes(range(12))  # 2 x 2 pixels
    with_one = plain[:4] + struct.pack(">H", 16 + 12) + plain[6:18] + b"\2\2" + thumbnail + plain[20:]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(with_one))), np.asarray(Image.open(io.BytesIO(plain))))
    assert store(with_one, Ask()).data == plain


def test_progressive_jpeg_with_restarts_is_kept() -> None:
    data = saved(picture(), "JPEG", progressive=True, restart_marker_blocks=3)
    assert store(data, Ask()).data == data
    assert store(data.replace(b"\xff\xd8", b"\xff\xd8\xff\xfe\0\6note", 1), Ask()).data == data


def test_adobe_mark_of_rgb_means_encoding_anew() -> None:
    data = saved(picture("RGB"), "JPEG", keep_rgb=True, quality=95)
    stored = store(data, Ask())
    assert stored.render_profile == "none v1; grey; jpeg 95"
    assert np.abs(np.asarray(opened(stored)).astype(int) - np.asarray(picture())).mean() < 3


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_picture_is_made_upright(orientation: int) -> None:
    from PIL import ImageOps

    data = saved(picture(), "JPEG", quality=95, exif=exif(orientation))
    stored = store(data, Ask(lossless=True))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(np.asarray(opened(stored)), np.asarray(upright))
    assert (stored.width, stored.height) == upright.size
    assert stored.render_profile == "none v1; turned; png"
    halved = store(data, Ask(max_side=80))
    assert opened(halved).size == (60, 80) if orientation < 5 else (80, 60)


@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGBA"])
def test_other_modes_become_grey(mode: str) -> None:
    stored = store(saved(picture(mode), "PNG"), Ask())
    assert opened(stored).mode == "L"
    assert stored.render_profile == "none v1; grey; jpeg 95"


def test_transparent_pixels_are_black() -> None:
    image = picture("RGBA")
    image.putalpha(0)
    image.paste((200, 200, 200, 255), (0, 0, 60, 160))
    grey = np.asarray(opened(store(saved(image, "PNG"), Ask(lossless=True))))
    assert (grey[:, :60] == 200).all()
    assert not grey[:, 60:].any()


def test_sixteen_bits_become_eight_by_lowest_and_highest() -> None:
    values = (np.asarray(picture()).astype(np.uint16) + 100) * 16
    stored = store(saved(Image.fromarray(values), "PNG"), Ask(lossless=True))
    low, high = int(values.min()), int(values.max())
    wanted = ((values.astype(int) - low) * 255 + (high - low) // 2) // (high - low)
    assert np.array_equal(np.asarray(opened(stored)), wanted)
    assert stored.render_profile == "none v1; 16 bit min..max; png"


@pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "WEBP"])
def test_other_kinds_are_encoded_anew(kind: str) -> None:
    stored = store(saved(picture(), kind), Ask())
    assert opened(stored).format == "JPEG"


def test_smaller_picture_is_near_the_full_decode() -> None:
    y, x = np.mgrid[0:1600, 0:1200]
    smooth = Image.fromarray((127 + 80 * np.sin(x / 40) * np.cos(y / 55) + (x * y) % 11).astype(np.uint8))
    data = saved(smooth, "JPEG", quality=95)
    small = np.asarray(opened(store(data, Ask(max_side=512, lossless=True)))).astype(float)
    slow = np.asarray(Image.open(io.BytesIO(data)).resize((384, 512), Image.Resampling.LANCZOS)).astype(float)
    assert small.shape == slow.shape
    assert np.abs(small - slow).mean() < 1.5


def test_same_input_same_bytes() -> None:
    data = saved(picture(), "JPEG")
    first, second = (store(data, Ask(max_side=64)) for _ in range(2))
    assert first == second
    assert first.render_profile == "none v1; lanczos; jpeg 95"


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 4000))
def test_stored_size_stays_within_its_limit(width: int, height: int, limit: int) -> None:
    for size in (stored_size(width, height, max_side=limit), stored_size(width, height, max_pixels=limit * 8)):
        assert 1 <= size[0] <= width
        assert 1 <= size[1] <= height
    assert max(stored_size(width, height, max_side=limit)) <= limit
    across, down = stored_size(width, height, max_pixels=limit * 9000)
    assert across * down <= limit * 9000


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _png_of(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    parts = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _animated(kind: str) -> bytes:
    return saved(picture(), kind, save_all=True, append_images=[picture("L").rotate(180)])


BAD: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "no bytes": ("empty", "a.jpg", bytes),
    "half a JPEG": ("truncated", "a.jpg", lambda: _cut(saved(picture(), "JPEG"))),
    "half a PNG": ("truncated", "a.png", lambda: _cut(saved(picture(), "PNG"))),
    "20 gigapixels": ("too_many_pixels", "a.png", lambda: _png_of(200_000, 100_000)),
    "100 megapixels": ("too_many_pixels", "a.png", lambda: _png_of(10_000, 10_000)),
    "JPEG called PNG": ("wrong_extension", "a.png", lambda: saved(picture(), "JPEG")),
    "PNG called DICOM": ("wrong_extension", "a.dcm", lambda: saved(picture(), "PNG")),
    "CMYK": ("cmyk", "a.jpg", lambda: saved(picture("RGB").convert("CMYK"), "JPEG")),
    "moving PNG": ("animated", "a.png", lambda: _animated("PNG")),
    "moving GIF": ("animated", "a.gif", lambda: _animated("GIF")),
    "1 x 1": ("too_small", "a.png", lambda: saved(Image.new("L", (1, 1)), "PNG")),
    "a strip": ("aspect", "a.png", lambda: saved(picture(size=(200, 30)), "PNG")),
    "text": ("undecodable", "a.jpg", lambda: b"<html>not found</html>" * 20),
    "text called DICOM": ("undecodable", "a.dcm", lambda: b"<html>not found</html>" * 20),
    "bare data set": ("dicom_no_transfer_syntax", "a.dcm", lambda: b"\x08\0\x05\0CS\n\0ISO_IR 100" * 20),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_picture_gives_its_code(what: str, tmp_path: Path) -> None:
    code, name, make = BAD[what]
    path = tmp_path / name
    path.write_bytes(make())
    assert store(path, Ask()).status == code
    assert probe(path).status == code
    assert code in MESSAGES


def test_constant_picture_and_file_that_is_not_there(tmp_path: Path) -> None:
    for kind in ("JPEG", "PNG"):
        for mode in ("L", "RGB"):
            stored = store(saved(Image.new(mode, SIZE), kind), Ask())
            assert (stored.status, stored.width, stored.data) == ("constant", 120, None)
    assert store(saved(Image.new("L", SIZE, 9), "JPEG"), Ask(max_side=50)).status == "constant"
    assert store(tmp_path / "none.jpg", Ask()).status == probe(tmp_path / "none.jpg").status == "missing"


def test_damaged_scan_of_a_whole_file() -> None:
    data = bytearray(saved(picture(), "PNG"))
    at = data.index(b"IDAT") + 20
    data[at : at + 40] = bytes(40)
    stored = store(bytes(data), Ask())
    assert (stored.status, stored.width) == ("undecodable", 120)


def test_bytes_have_no_name_to_be_wrong() -> None:
    assert store(saved(picture(), "JPEG"), Ask()).status == "ok"


def test_what_is_promised_is_not_allocated(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(_png_of(200_000, 100_000))
    code = (
        "import pathlib, resource, sys\n"
        "from cxdata.images.store import Ask, store\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({400 * 2**20},) * 2)\n"
        "print(store(pathlib.Path(sys.argv[1]), Ask()).status)"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["too_many_pixels"]


def test_messages_are_no_sentences() -> None:
    assert all(message and not message.endswith(".") for message in MESSAGES.values())


def test_shape_limits_hold_every_frontal_of_mimic() -> None:
    check_size(1000, 229)
    check_size(1000, 3272)


@pytest.mark.parametrize("ask", [Ask("vio"), Ask(max_side=5, max_pixels=5), Ask(max_side=0), Ask(max_pixels=0)])
def test_senseless_asking_is_an_error(ask: Ask) -> None:
    with pytest.raises(UsageError):
        store(saved(picture(), "PNG"), ask)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_form_that_is_asked_for_is_given(form: str) -> None:
    for kind in ("JPEG", "PNG"):
        stored = encoded(saved(picture(), kind), Ask(lossless=form == "PNG"), form)
        assert opened(stored).format == form
        assert ("original bytes" in (stored.render_profile or "")) is (kind == form)


def test_probe_tells_the_size_as_it_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(picture(), "JPEG", exif=exif(6)))
    assert probe(path) == ("ok", 160, 120)


def test_decoding_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(picture(), "JPEG", exif=exif(6)))
    assert decoded_size(path) == (160, 120)
    assert decoded_size(KINDS["jpeg lossless"]()) == (96, 80)
    data = bytearray(saved(picture(), "PNG"))
    data[data.index(b"IDAT") + 20] ^= 255
    with pytest.raises(BadPicture, match="undecodable"):
        decoded_size(bytes(data))
