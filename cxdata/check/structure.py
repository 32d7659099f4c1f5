"""Whether a build's files are those that build.json names, whole, and of the right schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxdata.build.builds import Build
from cxdata.build.folder import BUILD_JSON, SHARD_FOLDERS
from cxdata.build.writer import Shard
from cxdata.check.problems import Problem, of_file
from cxdata.check.tables import schema_of
from cxdata.model.hashing import file_sha256


def named_shards(record: dict[str, Any] | None) -> list[Shard] | None:
    """The shards that build.json names; None when it does not name any in the form that it should."""
    try:
        return [Shard(s["file"], s["rows"], s["size_bytes"], s["sha256"]) for s in record["shards"]] if record else None
    except (KeyError, TypeError):
        return None


def check_files(build: Build, shards: list[Shard] | None) -> Iterator[Problem]:
    """Problems of build.json and of the files as bytes."""
    if shards is None:
        why = "it is not there, or not what a finished build writes: run the build again to go on"
        yield of_file(build.label(BUILD_JSON), "build_json", why)
        return
    for shard in shards:
        yield from check_shard(build, shard)
    named = {shard.file for shard in shards}
    for table in SHARD_FOLDERS:
        for path in sorted((build.home / table).rglob("*")):
            file = path.relative_to(build.home).as_posix()
            if path.is_file() and file not in named:
                yield of_file(build.label(file), "stray", "build.json does not name this file")


def check_table(build: Build, file: str, rows: int | None) -> Iterator[Problem]:
    """Problems of one file as a table: it can be read, holds `rows` rows (None: any number) and has its schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    label = build.label(file)
    try:
        with pq.ParquetFile(build.home / file) as found:
            schema, height = found.schema_arrow, found.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        yield of_file(label, "unreadable", f"no Parquet file that can be read ({type(error).__name__})")
        return
    if rows is not None and height != rows:
        yield of_file(label, "rows", f"build.json says {rows} rows, the file holds {height}")
    wanted = schema_of(file)
    if wanted is not None:
        yield from check_schema(label, wanted, schema)


def check_shard(build: Build, shard: Shard) -> Iterator[Problem]:
    """Problems of one file as bytes: gone, of another size, or other bytes than were written."""
    path, label = build.home / shard.file, build.label(shard.file)
    if not path.is_file():
        yield of_file(label, "shard_missing", "build.json names it, and it is not there")
    elif path.stat().st_size != shard.size_bytes:
        yield of_file(label, "size", f"build.json says {shard.size_bytes} bytes, the file has {path.stat().st_size}")
    elif file_sha256(path) != shard.sha256:
        yield of_file(label, "sha256", "the bytes are not those that were written")


def check_schema(label: str, wanted: Any, found: Any) -> Iterator[Problem]:
    """Problems of a file's columns, given as pyarrow schemas."""
    for field in wanted:
        if field.name not in found.names:
            yield of_file(label, "schema", "the column is missing", field.name)
        elif not found.field(field.name).type.equals(field.type):
            yield of_file(label, "schema", f"the type is {found.field(field.name).type}, not {field.type}", field.name)
        elif found.field(field.name).nullable != field.nullable:
            yield of_file(
                label,
                "schema",
                "it may hold nulls" if not field.nullable else "it can hold no nulls",
                field.name,
            )
    for name in found.names:
        if name not in wanted.names:
            yield of_file(label, "schema", "no such column is known", name)
    if sorted(found.names) == sorted(wanted.names) and found.names != wanted.names:
        yield of_file(label, "schema", "the columns stand in another order")
