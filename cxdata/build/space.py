"""Room on a disk: what is free, and whether the pictures that a build stores will fit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from cxdata.build.progress import Progress
from cxdata.model.errors import CxdataError

FIRST: Final = 64  # pictures after which the size of all is judged
CLEARLY: Final = 0.8  # share of the judged size that must be free; the first pictures may be larger than the others


class Room:
    """Judges from the first pictures that are stored how large all will be, once, and says so."""

    def __init__(self, home: Path, pictures: int, progress: Progress, copies: int = 1) -> None:
        """`pictures` are still to be stored below `home`, each `copies` times while the build runs."""
        self._home = home
        self._pictures = pictures
        self._progress = progress
        self._copies = copies
        self._seen = 0
        self._bytes = 0

    def took(self, size_bytes: int) -> None:
        """A picture took so many bytes. Raises CxdataError when the disk is clearly too small for all."""
        self._seen += 1
        self._bytes += size_bytes
        if self._seen == FIRST:
            self._judge()

    def _judge(self) -> None:
        needed, free = self._bytes * self._pictures * self._copies // FIRST, free_bytes(self._home)
        twice = " (twice: first as they lie in their archives)" if self._copies == 2 else ""
        takes = f"storing {self._pictures:,} pictures takes about {in_words(needed)}{twice}"
        if needed * CLEARLY > free:
            raise CxdataError(
                f"{takes}, and {in_words(free)} are free", where=str(self._home.absolute()),
                mend="free some space (the same command then goes on), choose another --out, or smaller pictures: "
                "--max-side",
            )  # fmt: skip
        self._progress.note(f"{takes}; {in_words(free)} are free")


def free_bytes(folder: Path) -> int:
    """Bytes free where a folder lies or will lie."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def in_words(size_bytes: int) -> str:
    """A size as people say it: 812 bytes, 1.4 MB, 570 GB."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    steps = [(size_bytes / 1000**power, unit) for power, unit in enumerate(("kB", "MB", "GB", "TB"), start=1)]
    value, unit = next((step for step in steps if step[0] < 999.5), steps[-1])
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"
