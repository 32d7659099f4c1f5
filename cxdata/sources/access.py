"""Reading what the user has on disk: what cannot be read is an error that names the file and the mend."""

from __future__ import annotations

import errno
import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cxdata.model.errors import CxdataError, Where

LONGEST_HEADER: Final = 65_536
NOT_ALLOWED: Final = (errno.EACCES, errno.EPERM)


@contextmanager
def readable(source: str, path: Path) -> Iterator[None]:
    """Turn an OSError met while `path` is read into a CxdataError that names it."""
    try:
        yield
    except OSError as error:
        raise cannot_read(source, path, error) from None


def cannot_read(source: str, path: Path, error: OSError) -> CxdataError:
    """The error of a file or folder that is there and cannot be read."""
    reason = os.strerror(error.errno) if error.errno else "the system gave no reason"
    allowed = error.errno not in NOT_ALLOWED
    mend = "look at its disk or mount, or get it again" if allowed else f"let yourself read it: chmod u+rX {path}"
    return CxdataError(f"{path.name} cannot be read: {reason}", where=Where(source, str(path)), mend=mend)


def entries(folder: Path) -> list[Path]:
    """What a folder holds, in no order; nothing where it is no folder or may not be looked into."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def exists(path: Path) -> bool:
    """True when the path can be seen to exist."""
    return _seen(path.exists)


def is_file(path: Path) -> bool:
    """True when the path can be seen to be a file."""
    return _seen(path.is_file)


def is_folder(path: Path) -> bool:
    """True when the path can be seen to be a folder."""
    return _seen(path.is_dir)


def first_line(path: Path) -> str:
    """The first line of a file, gzipped or not; nothing where it cannot be read."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            return stream.readline(LONGEST_HEADER).decode("utf-8", "replace")
    except (OSError, EOFError, zlib.error):
        return ""


def _seen(look: Callable[[], bool]) -> bool:
    # Before Python 3.14 these raise where a folder on the way may not be entered.
    try:
        return look()
    except OSError:
        return False
