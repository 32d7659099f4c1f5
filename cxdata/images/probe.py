"""What a picture file is, from its header and its end, without decoding it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cxdata.images import raster
from cxdata.images.codes import MESSAGES, BadPicture
from cxdata.images.kinds import DICOM, HEAD_BYTES, kind_of

__all__ = ["MESSAGES", "Probe", "how_to_unpack", "probe", "probe_all"]


class Probe(NamedTuple):
    """Status (ok, or a key of MESSAGES) and, where the header could be read, width and height in pixels.

    The size is that of the picture as it is to be looked at: after the turn that EXIF asks for.
    """

    status: str
    width: int | None
    height: int | None


def probe(path: Path) -> Probe:
    """Look at one file. CxdataError: it is a DICOM file and the extra `dicom` is not installed."""
    if not path.is_file():
        return Probe("missing", None, None)
    try:
        return Probe("ok", *_size(path))
    except BadPicture as bad:
        return Probe(bad.code, bad.width, bad.height)


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


def _size(path: Path) -> tuple[int, int]:
    try:
        stream = path.open("rb")
    except OSError:
        raise BadPicture("unreadable") from None
    with stream:
        head = stream.read(HEAD_BYTES)
        if not head:
            raise BadPicture("empty")
        kind = kind_of(head, path.name)
        if kind != DICOM:
            found = raster.header(stream, kind)
            return found.width, found.height
        from cxdata.images.dicom_header import read_header

        film = read_header(stream)
        return film.width, film.height
