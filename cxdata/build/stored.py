"""Pictures into bytes, in worker processes, and what is stored into rows of `images`."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.build.pool import Pool
from cxdata.images.archives import Member
from cxdata.images.codes import BadPicture
from cxdata.images.kinds import HEAD_BYTES, kind_of
from cxdata.images.store import Ask, Stored, store

VERSION: Final = 1  # goes up whenever the same file may give other bytes
CHUNK: Final = 8  # pictures a worker takes at a time: half a second of work, and a few MB that travel back
FIELDS: Final[dict[str, pl.DataType]] = {
    "status": pl.String(), "file_width": pl.Int32(), "file_height": pl.Int32(), "stored_width": pl.Int32(),
    "stored_height": pl.Int32(), "render_profile": pl.String(), "bytes": pl.Binary(), "content_sha256": pl.String(),
}  # fmt: skip
"""What a `Stored` holds, in its order, as columns."""


def unstored(status: str) -> Stored:
    """A picture of which nothing is known but that it is not ok."""
    return Stored(status, None, None, None, None, None, None, None)


def stored_files(rows: pl.DataFrame, roots: Mapping[str, Path], ask: Ask, pool: Pool) -> Generator[Stored, None, None]:
    """The files of located rows, in their order; a path that is still `**/name` is of a file that is not there."""
    places = [_place(roots.get(root), path) for root, path in rows.select("root_id", "path").iter_rows()]
    with closing(pool.run(store_files, ((chunk, ask) for chunk in _chunks(places)))) as batches:
        for batch in batches:
            yield from batch


def store_files(places: Sequence[str | None], ask: Ask) -> list[Stored]:
    """Store each file (None: its folder was not found); made for a worker process."""
    return [unstored("missing") if place is None else store(Path(place), ask) for place in places]


def store_members(members: Sequence[Member], ask: Ask) -> list[Stored]:
    """Store each member of an archive; made for a worker process."""
    return [_store_member(member, ask) for member in members]


def as_frame(stored: Sequence[Stored]) -> pl.DataFrame:
    """A row for each, columns as in FIELDS."""
    return pl.DataFrame(stored, schema=FIELDS, orient="row")


def _store_member(member: Member, ask: Ask) -> Stored:
    if member.content is None:
        return unstored("undecodable")
    if not member.content:
        return unstored("empty")
    try:
        kind_of(member.content[:HEAD_BYTES], member.name)  # as of a file: bytes alone have no name to be wrong
    except BadPicture as bad:
        return unstored(bad.code)
    return store(member.content, ask)


def _place(root: Path | None, path: str | None) -> str | None:
    return None if root is None or path is None else str(root / path)


def _chunks(places: list[str | None]) -> Iterator[list[str | None]]:
    return (places[start : start + CHUNK] for start in range(0, len(places), CHUNK))
