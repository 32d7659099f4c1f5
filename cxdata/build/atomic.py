"""Files that are there whole or not at all: written under a temporary name beside their place, synced, renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from cxdata.model.errors import CxdataError

TEMPORARY = ".tmp-"


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then rename it to `path`.

    Raises CxdataError when the disk is full or the folder cannot be written; nothing half-written stays.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from None


def write_text(path: Path, text: str) -> None:
    """Write a small text file atomically, UTF-8."""
    write_atomically(path, lambda temporary: _write_text(temporary, text))


def cannot_write(path: Path, error: OSError) -> CxdataError:
    """The error of a failed write, with its mend."""
    mends = {
        errno.ENOSPC: "free some space, or choose another --out; the same command then goes on",
        errno.EDQUOT: "the quota is used up: free some space, or choose another --out",
        errno.EROFS: "the file system is read-only: choose another --out",
        errno.EACCES: "you may not write there: choose another --out, or change its permissions",
        errno.EPERM: "you may not write there: choose another --out, or change its permissions",
    }
    reason = os.strerror(error.errno) if error.errno else str(error)
    mend = mends.get(error.errno or 0, "choose another --out; the same command then goes on")
    return CxdataError(f"cannot write {path.name}: {reason}", where=str(path), mend=mend)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed process left below the folder."""
    for leftover in folder.rglob(f"{TEMPORARY}*"):
        leftover.unlink(missing_ok=True)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
