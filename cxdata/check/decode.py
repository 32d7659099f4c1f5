"""Decoding pictures to the last pixel, for `validate --deep`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.pool import Pool
from cxdata.images.codes import BadPicture
from cxdata.images.decode import decoded_size

CHUNK: Final = 256
COLUMNS: Final = ("root_id", "path", "member", "bytes", "stored_width", "stored_height", "status")
MESSAGES: Final = {
    "picture_gone": "the picture is no longer where it was",
    "picture_broken": "the picture cannot be decoded to its end",
    "picture_size": "the decoded picture is not of the size that the row gives",
    "picture_root_unknown": "the folder of the pictures is not known: run the build again with --images path",
}


class Item(NamedTuple):
    """A picture to decode: its row, its file or its bytes, and the size it must have (None: any)."""

    row: int
    file: str | None
    content: bytes | None
    width: int | None
    height: int | None


def decoded(pictures: pl.DataFrame, roots: Mapping[str, Path], workers: int) -> Iterator[tuple[int, str]]:
    """Row index and code of each picture with status ok that is not what its row says; columns as in COLUMNS."""
    items = list(_items(pictures, roots))
    yield from ((item.row, "picture_root_unknown") for item in items if item.file is None and item.content is None)
    chunks = [(items[start : start + CHUNK],) for start in range(0, len(items), CHUNK)]
    for codes in Pool(workers).run(decode_all, chunks):
        yield from codes


def decode_all(items: list[Item]) -> list[tuple[int, str]]:
    """Decode a batch; made to be run in a worker process."""
    judged = ((item.row, _decode(item)) for item in items if item.file is not None or item.content is not None)
    return [(row, code) for row, code in judged if code is not None]


def _items(pictures: pl.DataFrame, roots: Mapping[str, Path]) -> Iterator[Item]:
    rows = pictures.with_row_index("row").filter((pl.col("status") == "ok") & pl.col("member").is_null())
    for row in rows.select("row", *COLUMNS[:2], "bytes", *COLUMNS[4:6]).iter_rows(named=True):
        root = roots.get(row["root_id"])
        file = None if root is None or row["path"] is None else str(root / row["path"])
        yield Item(row["row"], file, row["bytes"], row["stored_width"], row["stored_height"])


def _decode(item: Item) -> str | None:
    source = Path(item.file or "") if item.content is None else item.content
    if isinstance(source, Path) and not source.is_file():
        return "picture_gone"
    try:
        size = decoded_size(source)
    except BadPicture as bad:
        is_another = bad.width is not None and (bad.width, bad.height) != (item.width, item.height)
        return "picture_size" if is_another else "picture_broken"
    return "picture_size" if size != (item.width, item.height) else None
