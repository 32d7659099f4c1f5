"""The builds in a folder: the folder itself, or those below it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from cxdata.build.folder import BUILD_JSON, STATE
from cxdata.model.errors import UsageError

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
        return {part: Path(folder) for part, folder in found.items()} if isinstance(found, dict) else {}

    def shards(self, table: str, task: str | None = None) -> list[Path]:
        """The Parquet files of `samples`, `images` or `rejects`, of one task where one is named; in order of name."""
        pattern = "*.parquet" if task is None else f"{task}-[0-9]*.parquet"
        return sorted(path for path in (self.home / table).glob(pattern) if not path.name.startswith("."))


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
