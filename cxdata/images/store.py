"""One picture file to the bytes that a build stores: rendered, shrunk, encoded, or kept as it is without metadata."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from cxdata.images import raster, strip
from cxdata.images.codes import BadPicture
from cxdata.images.kinds import DICOM, HEAD_BYTES, MAX_BYTES, kind_of
from cxdata.images.profiles import profile_of, render
from cxdata.images.sizes import stored_size
from cxdata.model.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

QUALITY: Final = 95
"""Of stored JPEGs: that of MIMIC-CXR-JPG."""
AS_IT_IS: Final = "none v1"
_STRIPPERS: Final = {"JPEG": strip.jpeg, "PNG": strip.png}
_KEPT_MODES: Final = ("L", "RGB")


class Ask(NamedTuple):
    """What a stored picture shall be.

    `profile` (a name of PROFILES) is for DICOM files alone. At most one of `max_side` (longest side in pixels) and
    `max_pixels`; nothing is made larger. `lossless`: PNG instead of JPEG where the picture has to be encoded.
    """

    profile: str = "voi"
    max_side: int | None = None
    max_pixels: int | None = None
    lossless: bool = False


class Stored(NamedTuple):
    """A picture as it is stored, or why it cannot be.

    `status` is ok or a key of MESSAGES; sizes in pixels, of the original (upright) and of the stored picture; the
    recipe in words; the bytes and their SHA-256. What is not known, or not there for a picture that is not ok, is null.
    """

    status: str
    width: int | None
    height: int | None
    stored_width: int | None
    stored_height: int | None
    render_profile: str | None
    data: bytes | None
    content_sha256: str | None


def store(source: Path | bytes, ask: Ask) -> Stored:
    """The picture of a file, or of a file's bytes, as asked for.

    A picture that cannot be used gives a Stored with its code. Bytes have no name, so that `wrong_extension` cannot
    be seen. Memory is bounded by the largest film (`kinds.MAX_PIXELS`), whatever a header promises. UsageError: what
    is asked for makes no sense. CxdataError: a DICOM file, and the extra `dicom` is not installed.
    """
    return encoded(source, ask, None)


def encoded(source: Path | bytes, ask: Ask, form: str | None) -> Stored:
    """As `store`; with `form` JPEG or PNG the bytes are of that format, so that a file of the other is encoded anew."""
    _check(ask)
    try:
        with _stream(source) as stream:
            head = stream.read(HEAD_BYTES)
            kind = kind_of(head, source.name if isinstance(source, Path) else None)
            return _dicom(stream, ask) if kind == DICOM else _raster(stream, kind, ask, form)
    except BadPicture as bad:
        return Stored(bad.code, bad.width, bad.height, None, None, None, None, None)


def _check(ask: Ask) -> None:
    profile_of(ask.profile)
    if ask.max_side is not None and ask.max_pixels is not None:
        raise UsageError("a picture is bounded by its longest side or by its pixels, not by both", mend="give one")
    if min(ask.max_side or 1, ask.max_pixels or 1) < 1 or 0 in (ask.max_side, ask.max_pixels):
        raise UsageError("the bound of a picture's size must be 1 pixel or more")


@contextmanager
def _stream(source: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(source, Path) and not source.is_file():
        raise BadPicture("missing")
    try:
        stream = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    except OSError:
        raise BadPicture("unreadable") from None
    with stream:
        if stream.seek(0, 2) == 0:
            raise BadPicture("empty")
        stream.seek(0)
        yield stream


def _dicom(stream: BinaryIO, ask: Ask) -> Stored:
    from PIL import Image

    from cxdata.images.dicom_header import read_header
    from cxdata.images.dicom_pixels import read_pixels

    profile = profile_of(ask.profile)
    film = read_header(stream)
    rendered = render(read_pixels(stream, film), film.facts, profile)
    words = (f"{profile.name} v{profile.version}", *rendered.words)
    return _shrunk(Image.fromarray(rendered.grey), (film.width, film.height), ask, words)


def _raster(stream: BinaryIO, kind: str, ask: Ask, form: str | None) -> Stored:
    header = raster.header(stream, kind)
    size = (header.width, header.height)
    if stream.seek(0, 2) > MAX_BYTES:
        raise BadPicture("too_many_pixels", size)
    stream.seek(0)
    data = stream.read()
    wanted = stored_size(*size, ask.max_side, ask.max_pixels)
    if wanted == size and header.orientation == 1 and header.mode in _KEPT_MODES and form in (None, kind):
        kept = _kept(data, kind, size)
        if kept is not None:
            return kept
    try:
        with raster.opened(io.BytesIO(data), kind) as picture:
            grey, steps = raster.grey(picture, header.orientation, wanted)
    except BadPicture as bad:
        raise BadPicture(bad.code, size) from None
    if raster.is_constant(grey):
        raise BadPicture("constant", size)
    return _shrunk(grey, size, ask, (AS_IT_IS, *steps))


def _kept(data: bytes, kind: str, size: tuple[int, int]) -> Stored | None:
    """The file's own bytes, metadata left out; null where they cannot be kept."""
    bare = _STRIPPERS[kind](data) if kind in _STRIPPERS else None
    if bare is None:
        return None
    try:
        is_constant = raster.is_constant_file(bare, kind)
    except BadPicture as bad:
        raise BadPicture(bad.code, size) from None
    if is_constant:
        raise BadPicture("constant", size)
    how = "original bytes" if bare is data else "metadata stripped"
    return _stored(bare, size, size, (AS_IT_IS, how))


def _shrunk(grey: Image.Image, size: tuple[int, int], ask: Ask, words: tuple[str, ...]) -> Stored:
    """Resized (Lanczos: docs/design-decisions.md) where `size`, the original's, is over the limit, and encoded."""
    from PIL import Image

    wanted = stored_size(*size, ask.max_side, ask.max_pixels)
    if wanted != size:
        grey = grey.resize(wanted, Image.Resampling.LANCZOS)
        words = (*words, "lanczos")
    grey.info = {}  # Pillow would write a comment or a colour profile of the source again
    file = io.BytesIO()
    if ask.lossless:
        grey.save(file, "PNG")
    else:
        grey.save(file, "JPEG", quality=QUALITY)
    return _stored(file.getvalue(), size, wanted, (*words, "png" if ask.lossless else f"jpeg {QUALITY}"))


def _stored(data: bytes, size: tuple[int, int], stored: tuple[int, int], words: tuple[str, ...]) -> Stored:
    return Stored("ok", *size, *stored, "; ".join(words), data, hashlib.sha256(data).hexdigest())
