"""Reading a source's tables: by column name, whatever the order, with or without a BOM, CRLF or gzip.

A list has no header: its columns are named by the manifest. Every cell is read as text; a blank is null. Readers turn
text into meaning and count what they cannot read.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.model.errors import CxdataError, Where
from cxdata.model.manifest import FileSpec
from cxdata.sources.access import readable

ROW: Final = "row"
GZIP: Final = b"\x1f\x8b"
# What polars says of a table it cannot read, and our words for it: its own may quote a cell, so they are never shown.
REASONS: Final = {
    "more fields than defined": "a row has more cells than the header",
    "invalid utf-8": "it is not UTF-8",
    "empty csv": "it holds nothing",
    "no data": "it holds nothing",
}
NAME: Final = re.compile(r"[A-Za-z_][\w./()-]{0,39}(?: [\w./()-]{1,20}){0,3}")  # a header, and hardly a sentence


def read_table(source: str, spec: FileSpec, path: Path) -> pl.DataFrame:
    """The columns that the manifest names, as text, and `row` (from 1, a header excluded).

    Raises CxdataError for an empty, damaged, cut off or undecodable file and for a missing column, naming file and
    column.
    """
    where, again = Where(source, path.name), f"get it again: {spec.get}"
    with readable(source, path):
        content = path.read_bytes()
    if not content:
        raise CxdataError(f"{path.name} is empty", where=where, mend=again)
    frame, damage = _parsed(content, spec)
    if damage is not None:
        raise CxdataError(f"{path.name} cannot be read as a table: {damage}", where=where, mend=again)
    frame = _named(frame, spec, where)
    if frame.is_empty():
        raise CxdataError(f"{path.name} has a header and no rows", where=where, mend=again)
    return frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))


def keep_first(frame: pl.DataFrame, key: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a key, and the rows put aside with a `code`.

    Rows that repeat a key word for word: the first stays, the others are `duplicate_row`. Rows that contradict each
    other are all put aside as `conflicting_rows`: which of them is right cannot be known.
    """
    content = pl.struct(pl.exclude(ROW))
    judged = frame.with_columns(
        _kinds=content.n_unique().over(key), _nth=pl.col(ROW).rank("ordinal").over(key)
    ).with_columns(
        code=pl.when(pl.col("_kinds") > 1).then(pl.lit("conflicting_rows"))
        .when(pl.col("_nth") > 1).then(pl.lit("duplicate_row"))
    )  # fmt: skip
    kept = judged.filter(pl.col("code").is_null()).drop("_kinds", "_nth", "code")
    return kept, judged.filter(pl.col("code").is_not_null()).drop("_kinds", "_nth")


def _parsed(content: bytes, spec: FileSpec) -> tuple[pl.DataFrame, str | None]:
    """All cells as text, and what is wrong with the file (None: nothing)."""
    try:
        content = gzip.decompress(content) if content.startswith(GZIP) else content
    except EOFError:
        return pl.DataFrame(), "it ends too early; the download broke off"
    except (gzip.BadGzipFile, zlib.error):
        return pl.DataFrame(), "its gzip is damaged"
    try:
        frame = _list(content, spec) if spec.kind == "list" else pl.read_csv(content, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        return pl.DataFrame(), _reason(error)
    return frame, "its last row is cut off; the download broke off" if _is_cut(content) else None


def _list(content: bytes, spec: FileSpec) -> pl.DataFrame:
    return pl.read_csv(content, infer_schema=False, has_header=False, new_columns=list(spec.columns))


def _reason(error: Exception) -> str:
    said = str(error).lower()
    return next((words for sign, words in REASONS.items() if sign in said), "it is damaged, or not comma-separated")


def _is_cut(content: bytes) -> bool:
    """True when the file ends within a row: without a line's end, and with fewer cells than the header names."""
    last = content.rpartition(b"\n")[2]
    # An odd number of quotes: the line is the end of a cell of several lines, and cannot be counted by itself.
    if not last.strip() or last.count(b'"') % 2:
        return False
    header, row = (_fields(line) for line in (content.partition(b"\n")[0], last))
    named = max((i for i, name in enumerate(header, start=1) if name.strip()), default=0)  # a header may end in commas
    return len(row) < named


def _fields(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "replace")]), [])


def _named(frame: pl.DataFrame, spec: FileSpec, where: Where) -> pl.DataFrame:
    frame = frame.rename({name: name.strip().strip("\ufeff") for name in frame.columns})
    for column in spec.columns:
        if column not in frame.columns:
            raise CxdataError(
                f"{where.file} has no column {column!r}",
                where=where._replace(column=column),
                mend=f"{_its_columns(frame.columns)}; get the official file: {spec.get}",
            )
    absent = [pl.lit(None, pl.String).alias(column) for column in spec.optional_columns if column not in frame.columns]
    frame = frame.with_columns(absent)
    return frame.select(pl.col(*spec.columns, *spec.optional_columns).str.strip_chars().replace("", None))


def _its_columns(columns: list[str]) -> str:
    """The header as far as it looks like one: a table without header begins with cells, which are not shown."""
    shown = [name for name in columns if NAME.fullmatch(name)]
    hidden = len(columns) - len(shown)
    return f"its columns are {', '.join(shown)}{f' and {hidden} more that are no names' if hidden else ''}"
