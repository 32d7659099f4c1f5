"""Decoding pictures to the last pixel, for `validate --deep`: files where a row names one, else the bytes it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.pool import Pool
from cxdata.images.codes import BadPicture
from cxdata.images.decode import decoded_size

CHUNK: Final = 32  # stored pictures travel to the workers: some MB at a time
COLUMNS: Final = (
    "root_id", "path", "member", "bytes", "stored_width", "stored_height", "status", "content_sha256",
)  # fmt: skip
MESSAGES: Final = {
    "picture_gone": "the picture is no longer where it was",
    "picture_broken": "the picture cannot be decoded to its end",
    "picture_size": "the decoded picture is not of the size that the row gives",
    "picture_root_unknown": "the folder of the pictures is not known: run the build again with --images path",
    "picture_sha256": "the stored bytes are not those of content_sha256",
}
SHRUNK: Final = ("too_small", "aspect")
"""Codes of a film that what was stored small, with the right hash, may have."""
COLUMN: Final = {"picture_sha256": "bytes"}
"""The column that a code speaks of, where it is not `path`."""


class Item(NamedTuple):
    """A picture to decode: its row, its file or its bytes with their sha256, and the size it must have (None: any)."""

    row: int
    file: str | None
    content: bytes | None
    sha256: str | None
    width: int | None
    height: int | None


def decoded(shard: Path, roots: Mapping[str, Path], workers: int) -> Iterator[tuple[int, str]]:
    """Row index and code of each picture with status ok that is not what its row says; a row group is read at a time.

    The shard has the columns COLUMNS. Raises pyarrow's errors for a shard that cannot be read to its end.
    """
    for codes in Pool(workers).run(decode_all, ((chunk,) for chunk in _chunks(shard, roots))):
        yield from codes


def decode_all(items: list[Item]) -> list[tuple[int, str]]:
    """Decode a batch; made to be run in a worker process."""
    judged = ((item.row, _judge(item)) for item in items)
    return [(row, code) for row, code in judged if code is not None]


def _chunks(shard: Path, roots: Mapping[str, Path]) -> Iterator[list[Item]]:
    import pyarrow.parquet as pq

    start = 0
    with pq.ParquetFile(shard) as file:
        for batch in file.iter_batches(CHUNK, columns=list(COLUMNS)):
            yield list(_items(pl.DataFrame(pl.from_arrow(batch)), start, roots))
            start += batch.num_rows


def _items(pictures: pl.DataFrame, start: int, roots: Mapping[str, Path]) -> Iterator[Item]:
    rows = pictures.with_row_index("row", offset=start).filter(
        pl.col("status") == "ok", pl.col("bytes").is_not_null() | pl.col("member").is_null()
    )
    for row in rows.iter_rows(named=True):
        root = roots.get(row["root_id"])
        file = None if root is None or row["path"] is None else str(root / row["path"])
        yield Item(row["row"], file, row["bytes"], row["content_sha256"], row["stored_width"], row["stored_height"])


def _judge(item: Item) -> str | None:
    if item.content is not None:
        is_same = hashlib.sha256(item.content).hexdigest() == item.sha256
        return _decode(item, item.content) if is_same else "picture_sha256"
    if item.file is None:
        return "picture_root_unknown"
    return _decode(item, Path(item.file)) if Path(item.file).is_file() else "picture_gone"


def _decode(item: Item, source: Path | bytes) -> str | None:
    wanted = (item.width, item.height)
    try:
        size = decoded_size(source)
    except BadPicture as bad:
        if bad.code in SHRUNK and isinstance(source, bytes) and (bad.width, bad.height) == wanted:
            return None
        is_another = bad.width is not None and (bad.width, bad.height) != wanted
        return "picture_size" if is_another else "picture_broken"
    return "picture_size" if size != wanted else None
