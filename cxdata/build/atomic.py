"""Files that are there whole or not at all: written under a temporary name beside their place, synced, renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from cxdata.model.errors import CxdataError

TEMPORARY: Final = ".tmp-"
GO_ON: Final = "choose another --out; the same command then goes on"
MENDS: Final = {
    errno.ENOSPC: "free some space: the same command then goes on; or choose another --out",
    errno.EDQUOT: "the quota is used up: free some space, or choose another --out",
    errno.EFBIG: "the largest size of a file is reached (ulimit -f, or the file system's own): choose another --out",
    errno.EROFS: "the file system is read-only: choose another --out",
    errno.EACCES: "you may not write there: choose another --out, or change its permissions",
    errno.EPERM: "you may not write there: choose another --out, or change its permissions",
    errno.ENOTDIR: "a part of the path is a file: choose another --out",
}


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then rename it to `path`.

    Raises CxdataError when the disk is full or the folder cannot be written; nothing half-written stays, whatever
    `write` raises.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _sync(temporary)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a small text file atomically, UTF-8; one that holds the text already is left alone."""
    content = text.encode()
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    write_atomically(path, lambda temporary: _write_bytes(temporary, content))


def cannot_write(path: Path, error: OSError) -> CxdataError:
    """The error of a failed write, with its mend."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return CxdataError(
        f"cannot write {path.name}: {reason}", where=str(path.absolute()), mend=MENDS.get(error.errno or 0, GO_ON)
    )


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed process left below the folder."""
    for leftover in folder.rglob(f"{TEMPORARY}*"):
        leftover.unlink(missing_ok=True)


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    # Some network file systems cannot sync a folder; the renamed file is in its place all the same.
    with suppress(OSError):
        _sync(path)
