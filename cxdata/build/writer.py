"""The one function that writes every shard, so that the same rows give the same bytes.

polars' own writers do not give the same bytes twice at real size; here the frame is in total order, rechunked to one
chunk, converted with an explicit schema, compressed with fixed settings, and cut into row groups at offsets that depend
on the rows alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.build.atomic import write_atomically
from cxdata.model.errors import CxdataError, Where
from cxdata.model.hashing import file_sha256
from cxdata.model.sample import to_arrow

GROUP_BYTES: Final = 32 * 1024 * 1024
GROUP_ROWS: Final = 65_536
FIXED_BYTES: Final = 8
UNLIKE: Final = frozenset({
    "sample_id", "image_id", "image_ids", "study_key", "patient_key", "patient_keys", "evidence_ids", "difficulty",
    "origin_row", "path", "content_sha256",
})  # fmt: skip
"""Columns whose values hardly ever come twice in a row group: a dictionary of them costs time and space."""
OPTIONS: Final[Mapping[str, Any]] = {
    "compression": "zstd", "compression_level": 1, "write_page_index": True, "write_statistics": True,
    "use_dictionary": True, "version": "2.6", "data_page_version": "1.0",
}  # fmt: skip


class Shard(NamedTuple):
    """A written file: its name relative to the build folder, rows, size and sha256."""

    file: str
    rows: int
    size_bytes: int
    sha256: str


def write_shard(
    home: Path, file: str, frame: pl.DataFrame, by: Sequence[str], schema: Any = None, *, may_repeat: bool = False
) -> Shard:
    """Write the frame, in the order of `by`, to `home/file`; `schema` is a pyarrow schema, else the frame's own.

    `by` must order the rows totally: CxdataError when two rows share it, since their order could change the bytes; of
    rows that `may_repeat`, when they share it and are not alike.
    CxdataError too when columns, types or nulls are not those of the schema, and when the file cannot be written.
    """
    ordered = frame.sort(by, nulls_last=True).rechunk()
    alike = ordered.filter(pl.struct(by).is_duplicated())
    if alike.height and not (may_repeat and alike.n_unique() == alike.select(by).n_unique()):
        raise _bug(file, f"two rows share {', '.join(by)}")
    target = schema if schema is not None else to_arrow(dict(ordered.schema))
    return _written(home, file, [ordered], target)


def write_parts(home: Path, file: str, parts: Iterable[pl.DataFrame], by: str, schema: Any) -> Shard:
    """Write parts that follow one another in the order of the column `by`, one in memory at a time.

    Each part begins a row group of its own: the bytes depend on where the parts are cut. CxdataError when a value of
    `by` does not come after the one before it, and as in `write_shard`.
    """
    return _written(home, file, _in_order(file, parts, by), schema)


def group_rows(frame: pl.DataFrame) -> int:
    """How many rows go into a row group: about 32 MB of text and bytes, at most 65,536 rows."""
    if frame.is_empty():
        return GROUP_ROWS
    sizes = [_bytes_of(pl.col(name), kind) for name, kind in frame.schema.items()]
    total = frame.select(pl.sum_horizontal(sizes)).item() or 0
    per_row = total / frame.height + FIXED_BYTES * frame.width
    return max(1, min(GROUP_ROWS, int(GROUP_BYTES // per_row)))


def _bytes_of(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if kind == pl.List(pl.String):
        return column.explode().str.len_bytes().sum().cast(pl.Int64)
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.List):
        return _bytes_of(column.explode(), kind.inner)
    if isinstance(kind, pl.List):
        return column.list.len().sum().cast(pl.Int64) * FIXED_BYTES
    sizes = {pl.String: column.str.len_bytes(), pl.Binary: column.bin.size()}
    size = sizes.get(type(kind))
    return pl.lit(0, pl.Int64) if size is None else size.sum().cast(pl.Int64)


def _check(file: str, frame: pl.DataFrame, target: Any) -> None:
    if frame.columns != target.names:
        raise _bug(file, "its columns are not those of the schema")
    empty = [name for name, nulls in frame.null_count().row(0, named=True).items() if nulls]
    for column in empty:
        if not target.field(column).nullable:
            raise _bug(file, "a column that must be full holds nulls", column)
    for field, own in zip(target, to_arrow(dict(frame.schema)), strict=True):
        if field.type != own.type:
            raise _bug(file, f"a column of type {field.type} holds {own.type}", field.name)


def _bug(file: str, what: str, column: str | None = None) -> CxdataError:
    return CxdataError(f"{file}: {what}", where=Where(file=file, column=column), mend="report this as a bug of cxdata")


def _in_order(file: str, parts: Iterable[pl.DataFrame], by: str) -> Iterator[pl.DataFrame]:
    last = None
    for part in parts:
        keys = part[by]
        if not (keys.slice(1) > keys.slice(0, max(keys.len() - 1, 0))).all() or _stands_before(keys, last):
            raise _bug(file, f"two rows share {by}, or are out of order")
        last = keys.last() if keys.len() else last
        yield part.rechunk()


def _stands_before(keys: pl.Series, last: Any) -> bool:
    return last is not None and keys.len() > 0 and bool(keys[0] <= last)


def _written(home: Path, file: str, parts: Iterable[pl.DataFrame], schema: Any) -> Shard:
    rows = 0

    def write(temporary: Path) -> None:
        nonlocal rows
        rows = _write(temporary, file, parts, schema)

    path = home / file
    write_atomically(path, write)
    return Shard(file, rows, path.stat().st_size, file_sha256(path))


def _write(path: Path, file: str, parts: Iterable[pl.DataFrame], schema: Any) -> int:
    import pyarrow.parquet as pq

    written = 0
    with pq.ParquetWriter(path, schema, **_options(schema)) as writer:
        for part in parts:
            _check(file, part, schema)
            _write_groups(writer, part, schema)
            written += part.height
    return written


def _options(schema: Any) -> dict[str, Any]:
    """OPTIONS; values that hardly ever come twice get no dictionary, and the bytes of pictures are packed already."""
    import pyarrow as pa

    leaves = {path: field for field in schema for path in _leaves(field.name, field.type)}
    packed = [path for path, field in leaves.items() if pa.types.is_large_binary(field.type)]
    repeated = [path for path, field in leaves.items() if path not in packed and field.name not in UNLIKE]
    if not packed:
        return {**OPTIONS, "use_dictionary": repeated}
    others = [path for path in leaves if path not in packed]
    codecs = {**dict.fromkeys(packed, "NONE"), **dict.fromkeys(others, OPTIONS["compression"])}
    levels = dict.fromkeys(others, OPTIONS["compression_level"])
    return {**OPTIONS, "use_dictionary": repeated, "compression": codecs, "compression_level": levels}


def _leaves(path: str, kind: Any) -> Iterator[str]:
    """The paths of a column's leaves, as Parquet names them."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    else:
        yield path


def _write_groups(writer: Any, frame: pl.DataFrame, schema: Any) -> None:
    rows = group_rows(frame)
    for start in range(0, max(frame.height, 1), rows):
        group = frame.slice(start, rows).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer.write_table(group.cast(schema), row_group_size=rows)
