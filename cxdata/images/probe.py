"""What a picture file is, from its header and its end, without decoding it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

TAIL_BYTES: Final = 65_536
ENDS: Final = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
MESSAGES: Final = {
    "missing": "the picture is listed and not there",
    "empty": "the file has no bytes",
    "truncated": "the file ends before the picture does",
    "undecodable": "the file is no picture that can be read",
    "in_archive": "the picture lies inside an archive",
}


class Probe(NamedTuple):
    """Status (ok, or a key of MESSAGES) and, where the header could be read, width and height in pixels."""

    status: str
    width: int | None
    height: int | None


def probe(path: Path) -> Probe:
    """Look at one file."""
    if not path.is_file():
        return Probe("missing", None, None)
    if path.stat().st_size == 0:
        return Probe("empty", None, None)
    return _look(path)


def probe_all(root: str | None, paths: Sequence[str], members: Sequence[str | None]) -> list[Probe]:
    """Look at many files below a root (None: it was not found); made for a worker process.

    A member of an archive is not looked for.
    """
    if root is None:
        return [Probe("missing", None, None)] * len(paths)
    folder = Path(root)
    seen = zip(paths, members, strict=True)
    return [probe(folder / path) if member is None else _archived(folder / path) for path, member in seen]


def how_to_unpack(path: str) -> str:
    """The command that unpacks an archive, to be given in the root that its path is relative to."""
    return f"unzip {path}" if path.endswith(".zip") else f"tar -xf {path}"


def _archived(path: Path) -> Probe:
    return Probe("in_archive" if path.is_file() else "missing", None, None)


def _look(path: Path) -> Probe:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            kind, (width, height) = picture.format, picture.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Probe("undecodable", None, None)
    end = ENDS.get(kind or "")
    whole = end is None or end in _tail(path)
    return Probe("ok" if whole else "truncated", width, height)


def _tail(path: Path) -> bytes:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL_BYTES))
        return stream.read()
