"""What is done: a unit of work with its key, its files and what it counted. Done means there, with the right hash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from cxdata.build.folder import STATE, BuildFolder
from cxdata.build.keys import Key
from cxdata.build.writer import Shard
from cxdata.model.hashing import file_sha256


class Unit(NamedTuple):
    """A finished unit: name, key (all it depends on), the files it wrote, and its counts."""

    name: str
    key: Key
    shards: tuple[Shard, ...]
    counts: dict[str, Any]


class Hashes:
    """sha256 of files, remembered by size and time of change, so that a second look costs nothing."""

    def __init__(self, folder: BuildFolder) -> None:
        self._folder = folder
        self._name = f"{STATE}/hashes.json"
        self._known: dict[str, list[Any]] = folder.read_json(self._name) or {}
        self._used: set[str] = set()

    def sha256(self, path: Path, name: str) -> str:
        """sha256 of the file; `name` is what it is remembered by."""
        stat = path.stat()
        return self.remembered(name, [stat.st_size, stat.st_mtime_ns], lambda: file_sha256(path))

    def remembered(self, name: str, signature: Any, compute: Callable[[], str]) -> str:
        """The value last computed for this signature (plain JSON), else a new one."""
        known = self._known.get(name)
        if known is None or known[0] != signature:
            known = self._known[name] = [signature, compute()]
        self._used.add(name)
        return str(known[1])

    def save(self) -> None:
        """Write what was learned to the build folder."""
        self._folder.write_json(self._name, self._known)

    def save_used(self) -> None:
        """The same, without what this build did not ask for: files that are gone."""
        self._known = {name: known for name, known in self._known.items() if name in self._used}
        self.save()


class Ledger:
    """The finished units of a build folder."""

    def __init__(self, folder: BuildFolder, hashes: Hashes) -> None:
        self._folder = folder
        self._hashes = hashes

    def finished(self, name: str, key: Key) -> Unit | None:
        """The unit if it was done with this key and all its files are there, whole; else None."""
        unit = self.recorded(name)
        if unit is None or unit.key != key:
            return None
        return unit if all(self._intact(shard) for shard in unit.shards) else None

    def recorded(self, name: str) -> Unit | None:
        """The unit as it was last recorded, whatever became of its files."""
        record = self._folder.read_json(self._path(name))
        try:
            shards = tuple(Shard(*shard) for shard in record["shards"])
            return Unit(name, Key(dict(record["key"])), shards, dict(record["counts"]))
        except (TypeError, KeyError, ValueError):
            return None  # no record, or one of another version

    def record(self, unit: Unit) -> None:
        """Enter a unit as done; its files are already in their places."""
        record = {"key": unit.key.of, "shards": [list(shard) for shard in unit.shards], "counts": unit.counts}
        self._folder.write_json(self._path(unit.name), record)

    def _path(self, name: str) -> str:
        return f"{STATE}/units/{name.replace('/', '.')}.json"

    def _intact(self, shard: Shard) -> bool:
        path = self._folder.home / shard.file
        if not path.is_file() or path.stat().st_size != shard.size_bytes:
            return False
        return self._hashes.sha256(path, shard.file) == shard.sha256
