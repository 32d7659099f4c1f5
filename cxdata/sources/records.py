"""Reading JSON: a list of records, records by key, or a record a line; each record keeps its place in the file.

A record is a dict; what it holds is the reader's to judge. Nothing of a file's content is shown in an error.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.model.errors import CxdataError, Where
from cxdata.model.manifest import FileSpec
from cxdata.sources.access import readable
from cxdata.sources.tables import GZIP, ROW

KEY: Final = "key"
"""What the key of a record is called where the file is an object of records."""

Record = dict[str, Any]


def read_records(source: str, spec: FileSpec, path: Path) -> list[Record]:
    """The records of a file in order, each with `row` (from 1) and, where the file is an object, `key`.

    A value that is no object becomes a record with `row` alone. Raises CxdataError for an empty, damaged or cut off
    file, and where no record has a key that the manifest names as a column; it names file and, where it is known, row.
    """
    where, again = Where(source, path.name), f"get it again: {spec.get}"
    with readable(source, path):
        content = path.read_bytes()
    if not content.strip():
        raise CxdataError(f"{path.name} is empty", where=where, mend=again)
    records, what, line = _parsed(content)
    if what:
        raise CxdataError(f"{path.name} cannot be read as JSON: {what}", where=where._replace(row=line), mend=again)
    if not records:
        raise CxdataError(f"{path.name} holds no record", where=where, mend=again)
    for column in spec.columns:
        if not any(column in record for record in records):
            raise CxdataError(
                f"no record of {path.name} has {column!r}", where=where._replace(column=column),
                mend=f"get the official file: {spec.get}",
            )  # fmt: skip
    return records


def as_table(records: Sequence[Record], columns: Iterable[str]) -> pl.DataFrame:
    """The named values as cells of text, and `row`; a list or object as JSON, a blank, null or absent value as null."""
    names = [*columns]
    cells = {name: pl.Series(name, [_text(record.get(name)) for record in records], pl.String) for name in names}
    rows = pl.Series(ROW, [record[ROW] for record in records], pl.Int64)
    table = pl.DataFrame([*cells.values(), rows])
    return table.with_columns(pl.col(names).str.strip_chars().replace("", None)) if names else table


def _parsed(content: bytes) -> tuple[list[Record], str, int | None]:
    """Records, what is wrong with the file (empty: nothing) and the line it is seen in."""
    try:
        content = gzip.decompress(content) if content.startswith(GZIP) else content
        text = content.decode("utf-8-sig")
    except EOFError:
        return [], "it ends too early; the download broke off", None
    except (gzip.BadGzipFile, zlib.error):
        return [], "its gzip is damaged", None
    except UnicodeDecodeError:
        return [], "it is not UTF-8", None
    try:
        return _records(json.loads(text)), "", None
    except json.JSONDecodeError as error:
        return _lines(text, error)


def _lines(text: str, whole: json.JSONDecodeError) -> tuple[list[Record], str, int | None]:
    """The file as one record a line, where its first line is one; else what is wrong with it as a whole."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    values: list[Any] = []
    for number, line in lines:
        try:
            values.append(json.loads(line))
        except json.JSONDecodeError:
            is_lines = bool(values) and isinstance(values[0], dict)
            broken = number if is_lines else whole.lineno
            return [], "it is damaged or was cut off", broken
    return _records(values), "", None


def _records(value: Any) -> list[Record]:
    if isinstance(value, Mapping):
        is_by_key = bool(value) and all(isinstance(one, Mapping) for one in value.values())
        told = [{KEY: key, **one} for key, one in value.items()] if is_by_key else [dict(value)]
        return [{**one, ROW: row} for row, one in enumerate(told, start=1)]
    values = value if isinstance(value, list) else []
    return [{**(one if isinstance(one, Mapping) else {}), ROW: row} for row, one in enumerate(values, start=1)]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
