"""What a source takes on disk, what its build will take, and what is free."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from cxdata.build.space import free_bytes
from cxdata.check.counts import Tally
from cxdata.check.tree import Tree

# Rough, to plan by. A build of a synthetic source of 1,121 studies and 1,871 pictures took 1,040 bytes a study (samples
# and facets) and 70 a picture; texts of real reports repeat less and pack worse, hence twice that a study.
BYTES_A_STUDY: Final = 2_000
BYTES_AN_IMAGE: Final = 70
# Two cores, a local disk; of each picture header and end are read; a network disk may take ten times as long.
STUDIES_A_SECOND: Final = 5_000
IMAGES_A_SECOND: Final = 2_000
START_SECONDS: Final = 5


class Disk(NamedTuple):
    """Bytes of what was looked at (`is_whole`: that was all of it), a build's bytes and seconds, bytes free for it.

    The estimates hold for two cores, a local disk and pictures recorded by path; None when nothing could be counted.
    """

    size_bytes: int
    is_whole: bool
    build_bytes: int | None
    build_seconds: int | None
    free_bytes: int


def disk(files: Iterable[Path], trees: Iterable[Tree], counts: Iterable[Tally], out: Path) -> Disk:
    """Sizes of single files and of trees, and the estimate from the studies and images that were counted."""
    trees = list(trees)
    size = sum(path.stat().st_size for path in files) + sum(int(tree.files["size_bytes"].sum()) for tree in trees)
    counts = list(counts)
    studies, images = _counted(counts, "studies"), _counted(counts, "images")
    is_whole = all(tree.is_whole for tree in trees)
    if not studies and not images:
        return Disk(size, is_whole, None, None, free_bytes(out))
    build_bytes = studies * BYTES_A_STUDY + images * BYTES_AN_IMAGE
    seconds = START_SECONDS + studies // STUDIES_A_SECOND + images // IMAGES_A_SECOND
    return Disk(size, is_whole, build_bytes, seconds, free_bytes(out))


def time_in_words(seconds: int) -> str:
    """A duration as people say it: under a minute, about 4 minutes, about 2 hours."""
    if seconds < 60:
        return "under a minute"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    return f"about {round(minutes / 60)} hours"


def _counted(counts: Iterable[Tally], unit: str) -> int:
    return max((tally.found or 0 for tally in counts if tally.unit == unit), default=0)
