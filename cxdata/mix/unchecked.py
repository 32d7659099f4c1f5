"""Pictures that their build did not look at (`--images none`): the mix looks at them, as a build would have.

But for DICOM: trainers read none, so a film that is not stored is left out, and what reads it need not be installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.build.builds import Build
from cxdata.build.pictures import CHUNK, UNCHECKED
from cxdata.build.pool import Pool
from cxdata.images.kinds import is_dicom
from cxdata.images.probe import probe_all

NOT_STORED: Final = "dicom_not_stored"
_PLACE: Final = ("root_id", "path", "member")
_SEEN: Final = {"image_id": pl.String, "seen": pl.String}


def seen(build: Build, workers: int) -> pl.DataFrame:
    """image_id and `seen`, the status, of every picture of the build that nobody looked at."""
    scans = [
        pl.scan_parquet(path, glob=False).filter(pl.col("status") == UNCHECKED).select("image_id", *_PLACE)
        for path in build.shards("images")
    ]  # fmt: skip
    rows = pl.concat(scans).sort("root_id", "image_id").collect() if scans else pl.DataFrame()
    if rows.is_empty():
        return pl.DataFrame(schema=_SEEN)
    found = [status for batch in Pool(workers).run(_look, _chunks(rows, build)) for status in batch]
    return rows.select("image_id", pl.Series("seen", found))


def _look(root: str | None, paths: Sequence[str], members: Sequence[str | None]) -> list[str]:
    """In a worker: the status of each picture."""
    return [_status(root, path, member) for path, member in zip(paths, members, strict=True)]


def _status(root: str | None, path: str, member: str | None) -> str:
    if root is not None and member is None and is_dicom(Path(root, path)):
        return NOT_STORED
    (found,) = probe_all(root, [path], [member])
    return found.status


def _chunks(rows: pl.DataFrame, build: Build) -> Iterator[tuple[str | None, list[str], list[str | None]]]:
    roots = build.roots()
    for part in rows.partition_by("root_id", maintain_order=True):
        root = roots.get(part["root_id"][0])
        for some in part.iter_slices(CHUNK):
            yield str(root) if root else None, some["path"].to_list(), some["member"].to_list()
