"""The builds in a folder: the folder itself, or those below it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from cxdata.build.folder import BUILD_JSON, STATE
from cxdata.model.errors import CxdataError, UsageError

FACETS: Final = "facets"
ROOTS_JSON: Final = f"{STATE}/roots.json"
_MARKS: Final = (BUILD_JSON, STATE, "samples")


class Build(NamedTuple):
    """A build: its folder, and what comes before its files' names (empty when it is the folder that was named)."""

    home: Path
    prefix: str

    def label(self, file: str) -> str:
        """The name of a file of the build, relative to the folder that was named."""
        return self.prefix + file

    def record(self) -> dict[str, Any] | None:
        """What build.json holds; None when it is not there or cannot be read."""
        found = read_json(self.home / BUILD_JSON)
        return found if isinstance(found, dict) else None

    def roots(self) -> dict[str, Path]:
        """The folders that the build read from, by part; empty when it did not say."""
        found = read_json(self.home / ROOTS_JSON)
        parts = found.items() if isinstance(found, dict) else ()
        return {part: Path(folder) for part, folder in parts if isinstance(folder, str)}

    def shards(self, table: str, task: str | None = None) -> list[Path]:
        """The Parquet files of `samples`, `images` or `rejects`, of one task where one is named; in order of name."""
        pattern = "*.parquet" if task is None else f"{task}-[0-9]*.parquet"
        return sorted(path for path in (self.home / table).glob(pattern) if not path.name.startswith("."))

    def tables(self) -> list[Path]:
        """Every Parquet file of the build, in order of name."""
        return sorted(path for path in self.home.rglob("*.parquet") if not path.name.startswith("."))


@contextmanager
def readable(found: Sequence[Build]) -> Iterator[None]:
    """While builds are read: turn a failure into a CxdataError that names the files that are no whole Parquet files.

    Where every file is whole the failure has another reason, and stays what it is.
    """
    import polars as pl
    import pyarrow as pa

    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError):
        broken = [path for build in found for path in build.tables() if not _is_whole(path)]
        if not broken:
            raise
        raise _damaged(found, broken) from None


def _damaged(found: Sequence[Build], broken: Sequence[Path]) -> CxdataError:
    caches = [
        build.home / FACETS for build in found if any(path.is_relative_to(build.home / FACETS) for path in broken)
    ]
    ways = [f"delete a cache: rm -r {cache}" for cache in caches]
    if any(FACETS not in path.parts for path in broken):
        ways.append("run the same `cxdata build` again: it writes them anew")
    what = "files of the build are cut short or damaged"
    return CxdataError(what, where=", ".join(map(str, broken)), mend="\n".join(ways))


def _is_whole(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for _ in file.iter_batches():
                pass
    except (pa.ArrowException, OSError):
        return False
    return True


def builds(folder: Path) -> list[Build]:
    """The builds of a folder, by name. Raises UsageError when there is none."""
    if _is_build(folder):
        return [Build(folder, "")]
    found = [Build(home, f"{home.name}/") for home in _children(folder) if _is_build(home)]
    if not found:
        what = "the folder holds no build" if folder.is_dir() else "there is no such folder"
        raise UsageError(what, where=str(folder), mend="name a build, or the folder that `cxdata build --out` wrote to")
    return found


def read_json(path: Path) -> Any:
    """The value of a JSON file; None when it is not there or was cut off."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _children(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(child for child in folder.iterdir() if child.is_dir())


def _is_build(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in _MARKS)
