"""The one function that writes every shard, so that the same rows give the same bytes.

polars' own writers do not give the same bytes twice at real size; here the frame is in total order, rechunked to one
chunk, converted with an explicit schema, compressed with fixed settings, and cut into row groups at offsets that depend
on the rows alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.build.atomic import write_atomically
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import file_sha256
from cxdata.model.sample import to_arrow

GROUP_BYTES: Final = 32 * 1024 * 1024
GROUP_ROWS: Final = 65_536
FIXED_BYTES: Final = 8
COMPRESSION: Final = "zstd"
COMPRESSION_LEVEL: Final = 3


class Shard(NamedTuple):
    """A written file: its name relative to the build folder, rows, size and sha256."""

    file: str
    rows: int
    size_bytes: int
    sha256: str


def write_shard(home: Path, file: str, frame: pl.DataFrame, by: Sequence[str], schema: Any = None) -> Shard:
    """Write the frame, in the order of `by`, to `home/file`; `schema` is a pyarrow schema, else the frame's own.

    `by` must order the rows totally: CxdataError when two rows share it, since their order could change the bytes.
    """
    import pyarrow as pa

    ordered = frame.sort(by, nulls_last=True).rechunk()
    if ordered.select(pl.struct(by).is_duplicated().any()).item():
        raise CxdataError(
            f"two rows of {file} share {', '.join(by)}", where=str(home / file), mend="report this as a bug"
        )
    target = schema if schema is not None else to_arrow(dict(ordered.schema))
    table: pa.Table = ordered.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(target)
    path = home / file
    write_atomically(path, lambda temporary: _write(temporary, table, group_rows(ordered)))
    return Shard(file, ordered.height, path.stat().st_size, file_sha256(path))


def group_rows(frame: pl.DataFrame) -> int:
    """How many rows go into a row group: about 32 MB of text and bytes, at most 65,536 rows."""
    if frame.is_empty():
        return GROUP_ROWS
    sizes = [_bytes_of(name, kind) for name, kind in frame.schema.items()]
    total = frame.select(pl.sum_horizontal(sizes)).item() or 0
    per_row = total / frame.height + FIXED_BYTES * frame.width
    return max(1, min(GROUP_ROWS, int(GROUP_BYTES // per_row)))


def _bytes_of(name: str, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.String):
        return pl.col(name).str.len_bytes().sum().cast(pl.Int64)
    if isinstance(kind, pl.Binary):
        return pl.col(name).bin.size().sum().cast(pl.Int64)
    if isinstance(kind, pl.List):
        return pl.col(name).list.len().sum().cast(pl.Int64) * FIXED_BYTES
    return pl.lit(0, pl.Int64)


def _write(path: Path, table: Any, rows: int) -> None:
    import pyarrow.parquet as pq

    options: Mapping[str, Any] = {
        "compression": COMPRESSION, "compression_level": COMPRESSION_LEVEL, "write_page_index": True,
        "write_statistics": True, "use_dictionary": True, "version": "2.6", "data_page_version": "1.0",
    }  # fmt: skip
    with pq.ParquetWriter(path, table.schema, **options) as writer:
        for start in range(0, max(table.num_rows, 1), rows):
            writer.write_table(table.slice(start, rows), row_group_size=rows)
