"""The state of one downloaded file: whole, empty, cut off, something else than its name says, or a leftover."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path
from typing import Final, Literal, NamedTuple

from cxdata.images.probe import MESSAGES, probe

State = Literal["ok", "missing", "empty", "truncated", "leftover", "mismatch"]

LEFTOVERS: Final = (".gstmp", ".part", ".crdownload", ".partial", ".download", ".aria2")
SUSPECT: Final = r"(?:^|/)index\.html[^/]*$|\.(?:gstmp|part|crdownload|partial|download|aria2)$"
GZIP: Final = b"\x1f\x8b"
NOT_GZIP: Final = "not a gzip file, whatever its name says"
CHUNK_BYTES: Final = 1 << 20
TAR_BLOCK_BYTES: Final = 512


class Look(NamedTuple):
    """What was seen of a file: its state and, unless that is ok, why, in words."""

    state: State
    what: str = ""


OK: Final = Look("ok")


def is_leftover(name: str) -> bool:
    """True for what a broken download leaves behind: `x.csv.gz_.gstmp` (gsutil), `x.zip.part`, `x.zip.crdownload`."""
    return name.endswith(LEFTOVERS)


def is_index_page(name: str) -> bool:
    """True for the folder listings that `wget -r` leaves: `index.html`, `index.html.1`, `index.html?C=N;O=D`."""
    return name.startswith("index.html")


def look(path: Path, *, whole: bool) -> Look:
    """The state of a file that is there. `whole` reads archives to their end; else their structure alone is checked."""
    if path.stat().st_size == 0:
        return Look("empty", "no bytes")
    with path.open("rb") as stream:
        head = stream.read(64)
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return Look("mismatch", "a web page under the file's name, as a download without signing in leaves it")
    if path.suffix in (".gz", ".tgz"):
        return _gzip(path, head, whole=whole)
    return _zip(path, whole=whole) if path.suffix == ".zip" else OK


def look_at_picture(path: Path) -> Look:
    """The state of a picture file, from its header and its end."""
    status = probe(path).status
    states: dict[str, State] = {"ok": "ok", "missing": "missing", "empty": "empty", "truncated": "truncated"}
    return Look(states.get(status, "mismatch"), MESSAGES.get(status, ""))


def _gzip(path: Path, head: bytes, *, whole: bool) -> Look:
    if not head.startswith(GZIP):
        return Look("mismatch", NOT_GZIP)
    if whole:
        return _gzip_to_the_end(path)
    return _tar_size(path) if path.name.endswith((".tar.gz", ".tgz")) else OK


def _gzip_to_the_end(path: Path) -> Look:
    try:
        with gzip.open(path) as stream:
            while stream.read(CHUNK_BYTES):
                pass
    except EOFError:
        return Look("truncated", "the file ends before its gzip stream does")
    except (zlib.error, gzip.BadGzipFile):
        return Look("mismatch", "the gzip stream is damaged")
    return OK


def _tar_size(path: Path) -> Look:
    # The last four bytes hold the unpacked size, of a tar a multiple of its block; a cut leaves any number there.
    with path.open("rb") as stream:
        stream.seek(-4, 2)
        size = int.from_bytes(stream.read(4), "little")
    return OK if size % TAR_BLOCK_BYTES == 0 else Look("truncated", "the file ends before its gzip stream does")


def _zip(path: Path, *, whole: bool) -> Look:
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip() if whole else None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return Look("truncated", "the zip has no directory at its end: it was cut off")
    return Look("mismatch", "a member of the zip does not fit its checksum") if broken else OK
