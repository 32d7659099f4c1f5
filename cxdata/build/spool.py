"""Pictures that lie in archives, stored in the order of the archive: each archive is inflated once for all shards.

Shards are cut by patient and ordered by id, archives are not. What is stored of an archive waits in one file of bytes
and a table of places, below `.cxdata/spool`, until every shard is written.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import polars as pl

from cxdata.build.atomic import write_atomically
from cxdata.build.folder import STATE
from cxdata.build.keys import Key
from cxdata.build.ledger import Ledger, Unit
from cxdata.build.pool import Pool
from cxdata.build.progress import Progress, told
from cxdata.build.space import Room
from cxdata.build.stored import CHUNK, FIELDS, store_members, unstored
from cxdata.build.writer import Shard, write_shard
from cxdata.images.archives import BrokenArchiveError, Member, members, plain
from cxdata.images.store import Ask, Stored
from cxdata.model.hashing import digest

FOLDER: Final = f"{STATE}/spool"
CHUNK_BYTES: Final = 32 * 1024 * 1024
PLACE: Final = {"member": pl.String(), "offset": pl.Int64(), "size": pl.Int64()}
TABLE: Final = {**PLACE, **FIELDS}
ARCHIVE: Final = ("root_id", "path")
NOWHERE: Final = Path("/dev/null")  # no file lies below it


class Desk(NamedTuple):
    """What storing pictures needs of a build: folder, roots, what is asked, ledger, pool and progress."""

    home: Path
    roots: Mapping[str, Path]
    ask: Ask
    ledger: Ledger
    pool: Pool
    progress: Progress


class Spool:
    """The stored pictures of every archive that `rows` (root_id, path, member) name."""

    def __init__(self, rows: pl.DataFrame, key: Key, desk: Desk) -> None:
        """Store what is not stored yet; what a killed build with the same `key` left whole is kept."""
        self._desk = desk
        self._key = key
        wanted = rows.select(*ARCHIVE, "member").unique()
        self._room = Room(desk.home, wanted.height, desk.progress, copies=2)
        archives = wanted.group_by(ARCHIVE).agg(pl.col("member").sort()).sort(ARCHIVE)
        self._table = pl.concat(self._archive(*archive) for archive in archives.iter_rows())

    def places(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What stands in the spool for rows of pictures in archives, in their order: TABLE and the file `spool`."""
        named = rows.select(*ARCHIVE, "member")
        return named.join(self._table, on=[*ARCHIVE, "member"], how="left", maintain_order="left")

    def read(self, place: Mapping[str, Any]) -> Stored:
        """The stored picture of a row of `places`."""
        stored = Stored(*(place[name] for name in FIELDS))
        if place["offset"] is None:
            return stored
        with (self._desk.home / place["spool"]).open("rb") as stream:
            stream.seek(place["offset"])
            return stored._replace(data=stream.read(place["size"]))

    def _archive(self, root: str, path: str, wanted: list[str]) -> pl.DataFrame:
        place = self._desk.roots.get(root, NOWHERE) / path
        if not place.is_file():
            return _absent(root, path, wanted)
        name = f"spool/{digest([root, path])[:16]}"
        key = Key({**self._key.of, "archive": stamp(place), "members": digest(wanted)})
        unit = self._desk.ledger.finished(name, key)
        if unit is None:
            unit = Unit(name, key, self._write(name, place, wanted), {})
            self._desk.ledger.record(unit)
        told(self._desk.progress, path, f"{len(wanted):,} pictures")
        table, content = (shard.file for shard in unit.shards)
        return _of_archive(root, path, pl.read_parquet(self._desk.home / table), content)

    def _write(self, name: str, place: Path, wanted: list[str]) -> tuple[Shard, ...]:
        table, content = f"{STATE}/{name}.parquet", f"{STATE}/{name}.bytes"
        rows: list[tuple[Any, ...]] = []
        state = hashlib.sha256()

        def write(temporary: Path) -> None:
            with temporary.open("wb") as stream:
                for member, stored in self._stored(place, wanted):
                    data = stored.data
                    rows.append((member, *_place(stream, data), *stored._replace(data=None)))
                    stream.write(data or b"")
                    state.update(data or b"")

        write_atomically(self._desk.home / content, write)
        # Of a name that stands twice in an archive the last counts, as when it is unpacked.
        found = pl.DataFrame(rows, schema=TABLE, orient="row").unique("member", keep="last", maintain_order=True)
        index = write_shard(self._desk.home, table, found, ["member"])
        size = (self._desk.home / content).stat().st_size
        return index, Shard(content, found.height, size, state.hexdigest())

    def _stored(self, place: Path, wanted: list[str]) -> Iterator[tuple[str, Stored]]:
        archive = Archive(place, wanted)
        with closing(self._desk.pool.run(store_members, ((c, self._desk.ask) for c in archive.chunks()))) as batches:
            for name, stored in archive.named(chain.from_iterable(batches)):
                self._room.took(len(stored.data or b""))
                yield name, stored
        yield from ((name, unstored(archive.rest)) for name in archive.missed())


class Archive:
    """One archive while it is read: the names of its members run beside their bytes, which go to the workers."""

    def __init__(self, path: Path, wanted: list[str]) -> None:
        self._path = path
        self._spelt = {plain(name): name for name in wanted}
        self._names: list[str] = []
        self.rest = "missing"

    def chunks(self) -> Iterator[list[Member]]:
        """The wanted members, a few at a time; ends early where the archive is cut off."""
        chunk: list[Member] = []
        for member in self._members():
            self._names.append(self._spelt[member.name])
            chunk.append(member)
            if len(chunk) == CHUNK or sum(len(held.content or b"") for held in chunk) > CHUNK_BYTES:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def named(self, results: Iterator[Stored]) -> Iterator[tuple[str, Stored]]:
        """Each result with the name that the member was asked by."""
        for i, stored in enumerate(results):
            yield self._names[i], stored

    def missed(self) -> list[str]:
        """The names that were asked for and not come by."""
        return sorted(set(self._spelt.values()) - set(self._names))

    def _members(self) -> Iterator[Member]:
        try:
            yield from members(self._path, self._spelt)
        except BrokenArchiveError:
            self.rest = "truncated"


def remove_spool(home: Path) -> None:
    """Delete what was kept of archives, once every shard is written."""
    shutil.rmtree(home / FOLDER, ignore_errors=True)


def stamp(path: Path) -> str:
    """Size and time of change of a file."""
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _absent(root: str, path: str, wanted: list[str]) -> pl.DataFrame:
    missing = pl.DataFrame({"member": wanted, "status": "missing"}, schema_overrides={"member": pl.String})
    empty = pl.DataFrame(schema=TABLE)
    return _of_archive(root, path, pl.concat([empty, missing], how="diagonal"), None)


def _of_archive(root: str, path: str, table: pl.DataFrame, spool: str | None) -> pl.DataFrame:
    return table.with_columns(root_id=pl.lit(root), path=pl.lit(path), spool=pl.lit(spool, pl.String))


def _place(stream: BinaryIO, data: bytes | None) -> tuple[int | None, int | None]:
    return (None, None) if data is None else (stream.tell(), len(data))
