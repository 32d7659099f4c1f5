"""Members of an archive in the order in which they lie in it, each read once: tar, tar packed in any way, zip."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple

from cxdata.images.kinds import MAX_BYTES


class Member(NamedTuple):
    """A member: its name without a leading `./`, and its bytes.

    None where it is no plain file, is larger than MAX_BYTES, or cannot be unpacked though others of the zip can.
    """

    name: str
    content: bytes | None


class BrokenArchiveError(Exception):
    """The archive cannot be read, or not beyond what was read of it."""


def members(path: Path, wanted: Container[str]) -> Iterator[Member]:
    """The wanted members of an archive. Of a name that stands twice the last counts, as when it is unpacked.

    Raises BrokenArchiveError where the archive ends too early or is none; what came before is whole.
    """
    read = _of_zip if path.suffix == ".zip" else _of_tar
    try:
        yield from read(path, wanted)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise BrokenArchiveError(type(error).__name__) from None


def plain(name: str) -> str:
    """A member's name without a leading `./`, which tar puts there when a whole folder is packed."""
    return name.removeprefix("./")


def _of_tar(path: Path, wanted: Container[str]) -> Iterator[Member]:
    # As a stream: what is passed over is inflated once, and the list of members does not grow in memory.
    with tarfile.open(path, "r|*") as archive:
        for entry in archive:
            name = plain(entry.name)
            if name in wanted:
                stream = archive.extractfile(entry) if entry.isreg() and entry.size <= MAX_BYTES else None
                yield Member(name, stream.read() if stream else None)
            archive.members.clear()  # type: ignore[attr-defined]


def _of_zip(path: Path, wanted: Container[str]) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
            name = plain(entry.filename)
            if name in wanted:
                is_file = not entry.is_dir() and entry.file_size <= MAX_BYTES
                yield Member(name, _unpacked(archive, entry) if is_file else None)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | None:
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError):
        # RuntimeError is zipfile's word for a password, and for a way of packing that it does not know.
        return None
