"""Pictures of the rows of a stage folder: are they there, do their headers read, how many tokens do they cost?"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import polars as pl

from cxdata.export.formats import MAX_PIXELS, MIN_PIXELS, PICTURES, picture_paths
from cxdata.images import raster
from cxdata.images.codes import MESSAGES as CODES
from cxdata.images.codes import BadPicture
from cxdata.images.decode import decoded_size
from cxdata.images.kinds import DICOM, HEAD_BYTES, is_dicom, kind_of
from cxdata.images.probe import probe
from cxdata.images.tokens import Limits, image_tokens

LIMITS: Final = Limits(MIN_PIXELS, MAX_PIXELS)
MESSAGES: Final = {
    "picture_empty": "a picture holds no bytes, or no path to take its place",
    "picture_path": "the path of a picture does not lie below the stage folder",
    "picture_kind": "a picture is a DICOM file, which no trainer opens: build with --images embed",
} | {f"picture_{code}": message for code, message in CODES.items()}
SHRUNK: Final = ("too_small", "aspect")
"""What a film may not be and a stored copy may: the size is judged by the processor's rules instead."""
SHORTEST: Final = 28


class Shown(NamedTuple):
    """Of one row: the tokens of its pictures (None where one cannot be told), and what is wrong, by code."""

    tokens: int | None
    wrong: tuple[str, ...]


class _Seen(NamedTuple):
    tokens: int | None
    code: str | None


class Pictures:
    """Looks at the pictures of rows, at each file once; `deep` decodes them to the last pixel."""

    def __init__(self, folder: Path, form: str, *, deep: bool = False) -> None:
        self.folder = folder
        self.form = form
        self.deep = deep
        self._files: dict[str, _Seen] = {}

    def shown(self, images: pl.Series) -> Iterator[Shown]:
        """What each row shows; `images` is that column, in a type of the format."""
        is_stored = images.dtype == PICTURES
        for paths, row in zip(picture_paths(images), images, strict=True):
            names = paths.to_list() if paths is not None else []
            contents = [one and one["bytes"] for one in row] if is_stored and row is not None else [None] * len(names)
            yield self._row(names, contents, is_stored=is_stored)

    def _row(self, names: list[str | None], contents: list[bytes | None], *, is_stored: bool) -> Shown:
        # TRL's files are opened by the path beside the empty bytes; the other trainers want the bytes.
        needs_bytes = is_stored and self.form != "trl"
        found = [self._one(name, content, needs_bytes) for name, content in zip(names, contents, strict=True)]
        tokens = [one.tokens for one in found if one.tokens is not None]
        wrong = tuple(dict.fromkeys(one.code for one in found if one.code is not None))
        return Shown(sum(tokens) if len(tokens) == len(found) else None, wrong)

    def _one(self, name: str | None, content: bytes | None, needs_bytes: bool) -> _Seen:
        if content is not None:
            return self._stored(content)
        if name is None or needs_bytes:
            return _Seen(None, "picture_empty")
        if name not in self._files:
            self._files[name] = self._file(name)
        return self._files[name]

    def _file(self, name: str) -> _Seen:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            return _Seen(None, "picture_path")
        file = self.folder / path
        if is_dicom(file, by_name=False):
            return _Seen(None, "picture_kind")
        found = probe(file)
        seen = _judged(found.status, found.width, found.height)
        return self._decoded(file, seen)

    def _stored(self, content: bytes) -> _Seen:
        if kind_or_none(content) == DICOM:
            return _Seen(None, "picture_kind")
        try:
            found = raster.header(io.BytesIO(content), kind_of(content[:HEAD_BYTES]))
        except BadPicture as bad:
            return self._decoded(content, _judged(bad.code, bad.width, bad.height))
        return self._decoded(content, _judged("ok", found.width, found.height))

    def _decoded(self, picture: Path | bytes, seen: _Seen) -> _Seen:
        if not self.deep or seen.code is not None:
            return seen
        try:
            decoded_size(picture)
        except BadPicture as bad:
            return seen if bad.code in SHRUNK else _Seen(None, f"picture_{bad.code}")
        return seen


def kind_or_none(head: bytes) -> str | None:
    """The kind of a picture by its first bytes; None where they are none's."""
    try:
        return kind_of(head[:HEAD_BYTES])
    except BadPicture:
        return None


def _judged(status: str, width: int | None, height: int | None) -> _Seen:
    if status not in ("ok", *SHRUNK):
        return _Seen(None, f"picture_{status}")
    if width is None or height is None or min(width, height) < SHORTEST:
        return _Seen(None, "picture_too_small")
    if max(width, height) > 200 * min(width, height):
        return _Seen(None, "picture_aspect")
    return _Seen(image_tokens(width, height, LIMITS), None)


def rows_of(found: list[Shown]) -> dict[str, list[int]]:
    """Codes of what is wrong, each with the indices of its rows."""
    rows: dict[str, list[int]] = {}
    for row, shown in enumerate(found):
        for code in shown.wrong:
            rows.setdefault(code, []).append(row)
    return rows


def tokens_of(found: list[Shown]) -> pl.Series:
    """The picture tokens of each row; null where a picture could not be read."""
    return pl.Series("tokens", [shown.tokens for shown in found], dtype=pl.Int64)
