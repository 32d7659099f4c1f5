"""A shard of stored pictures: its rows in order of id, cut by bytes into parts, each finished for itself.

A part ends where the next picture would make it too large, so that its end depends on what is stored and on nothing
else: the same pictures give the same parts whatever the workers, and after a kill the finished ones stay.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.keys import Key
from cxdata.build.ledger import Unit
from cxdata.build.pictures import IMAGES, in_frame, other_sizes, signature
from cxdata.build.progress import told
from cxdata.build.space import Room
from cxdata.build.spool import Desk, Spool
from cxdata.build.stored import as_frame, stored_files
from cxdata.build.writer import GROUP_BYTES, Shard, write_parts
from cxdata.images.store import Stored
from cxdata.model.hashing import digest
from cxdata.model.sample import to_arrow

PART_BYTES: Final = 448 * 1024 * 1024  # of pictures: with all else a file stays below 512 MB
ROW_BYTES: Final = 1024  # more than the other columns of a row take, unpacked


class Parts(NamedTuple):
    """The files of a shard, those of them that were written now, and the files of another size: see `other_sizes`."""

    files: list[Shard]
    written: list[Shard]
    other_sizes: dict[str, int]


class Around(NamedTuple):
    """What the shards of a build share; the spool where pictures lie in archives."""

    desk: Desk
    spool: Spool | None
    room: Room


class Shelf:
    """The pictures of one shard on their way into parts; `rows` are located rows of it, with source and keys."""

    def __init__(self, name: str, rows: pl.DataFrame, key: Key, around: Around) -> None:
        """`name` is what its files are called, without their end; `key` is all that it depends on but the files."""
        self._name = name
        self._rows = rows.sort("image_id")
        self._key = key
        self._desk, self._spool, self._room = around
        self._queue: Queue | None = None

    def parts(self) -> Parts:
        """Every part, written where it is not finished. Raises CxdataError when the disk is too small."""
        done: list[Unit] = []
        written: list[Shard] = []
        start = 0
        try:
            while start < self._rows.height:
                part = self._finished(len(done), start)
                if part is None:
                    part = self._write(len(done), start)
                    written += part.shards
                done.append(part)
                start = int(part.counts["end"])
        finally:
            self._close()
        return Parts([part.shards[0] for part in done], written, _sum([part.counts["other_sizes"] for part in done]))

    def _finished(self, number: int, start: int) -> Unit | None:
        part = self._desk.ledger.finished(self._unit(number), self._key_from(start))
        if part is None or part.counts["seen"] != self._seen(start, part.counts["end"]):
            return None
        self._close()
        told(self._desk.progress, part.shards[0].file, "reused")
        return part

    def _write(self, number: int, start: int) -> Unit:
        sizes: list[dict[str, int]] = []
        file = f"images/{self._name}-part-{number:04d}.parquet"
        frames = self._frames(start, sizes)
        shard = write_parts(self._desk.home, file, frames, "image_id", to_arrow(IMAGES))
        end = start + shard.rows
        counts = {"end": end, "seen": self._seen(start, end), "other_sizes": _sum(sizes)}
        part = Unit(self._unit(number), self._key_from(start), (shard,), counts)
        self._desk.ledger.record(part)
        told(self._desk.progress, file, f"{shard.rows:,} pictures")
        return part

    def _frames(self, start: int, sizes: list[dict[str, int]]) -> Iterator[pl.DataFrame]:
        """The row groups of one part; as many pictures are in memory as a row group holds."""
        if self._queue is None:
            self._queue = Queue(self._stored(self._rows[start:]))
        room = PART_BYTES
        while stored := self._queue.take(GROUP_BYTES, room, is_new=room == PART_BYTES):
            rows = self._rows[start : start + len(stored)]
            rows = pl.concat([rows, as_frame(stored)], how="horizontal")
            sizes.append(other_sizes(rows))
            yield in_frame(rows)
            start += len(stored)
            room -= sum(map(cost, stored))

    def _stored(self, rows: pl.DataFrame) -> Generator[Stored, None, None]:
        """The pictures of the rows, in their order, whether they are files or wait in the spool."""
        is_packed = pl.col("member").is_not_null()
        places = self._spool.places(rows.filter(is_packed)).iter_rows(named=True) if self._spool else iter(())
        desk = self._desk
        with closing(stored_files(rows.filter(~is_packed), desk.roots, desk.ask, desk.pool)) as files:
            for packed in rows.select(is_packed).to_series():
                if packed and self._spool:
                    yield self._spool.read(next(places))
                else:
                    picture = next(files)
                    self._room.took(len(picture.data or b""))
                    yield picture

    def _close(self) -> None:
        """Begin nothing more: what comes next is finished, or the build ends."""
        if self._queue is not None:
            self._queue.close()
            self._queue = None

    def _seen(self, start: int, end: int) -> str:
        # With the picture behind the last: had it been smaller, it would stand in this part.
        return digest(signature(self._rows[start : end + 1], dict(self._desk.roots), "embed"))

    def _unit(self, number: int) -> str:
        return f"images/{self._name}-part-{number:04d}"

    def _key_from(self, start: int) -> Key:
        return Key({**self._key.of, "first picture": self._rows["image_id"][start]})


class Queue:
    """Stored pictures in order, taken by how many bytes they have together."""

    def __init__(self, stored: Generator[Stored, None, None]) -> None:
        self._stored = stored
        self._next = next(stored, None)

    def take(self, group_bytes: int, room: int, *, is_new: bool) -> list[Stored]:
        """The next pictures while `group_bytes` and `room` hold them; no group is too small for one.

        None where the next one does not fit into the room, unless the part `is_new`.
        """
        taken: list[Stored] = []
        size = 0
        while self._next is not None:
            size += cost(self._next)
            if (taken and size > group_bytes) or (size > room and not (is_new and not taken)):
                break
            taken.append(self._next)
            self._next = next(self._stored, None)
        return taken

    def close(self) -> None:
        """Begin nothing more."""
        self._stored.close()


def cost(stored: Stored) -> int:
    """Bytes that a picture takes in a row group, and no less."""
    return len(stored.data or b"") + ROW_BYTES


def _sum(counts: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(count[name] for count in counts) for name in counts[0]}
