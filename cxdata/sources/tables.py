"""Reading a source's tables: by column name, whatever the order, with or without a BOM, CRLF or gzip.

A list has no header: its columns are named by the manifest. Every cell is read as text; a blank is null. Readers turn
text into meaning and count what they cannot read.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

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
NAME: Final = re.compile(r"[A-Za-z_][\w./()-]{0,59}(?: [\w./()-]{1,20}){0,3}")  # a header, and hardly a sentence
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
BEGINNING_BYTES: Final = 512
SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "upright strokes"}


class Damage(NamedTuple):
    """What is wrong with a file, the row it is seen in (None: in no certain one), and what mends it but a new copy."""

    what: str
    row: int | None = None
    mend: str = ""


def read_table(source: str, spec: FileSpec, path: Path) -> pl.DataFrame:
    """The columns that the manifest names, as text, and `row` (from 1, a header excluded).

    Raises CxdataError for an empty, damaged, cut off or undecodable file and for a missing column, naming file, column
    and, where it is known, row.
    """
    where, again = Where(source, path.name), f"get it again: {spec.get}"
    with readable(source, path):
        content = path.read_bytes()
    if not content:
        raise CxdataError(f"{path.name} is empty", where=where, mend=again)
    frame, damage = _parsed(content, spec)
    if damage is not None:
        raise CxdataError(
            f"{path.name} cannot be read as a table: {damage.what}", where=where._replace(row=damage.row),
            mend=f"{damage.mend}{again}",
        )  # fmt: skip
    frame = _named(frame, spec, where)
    if frame.is_empty():
        raise CxdataError(f"{path.name} has a header and no rows", where=where, mend=again)
    return frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))


def keep_first(frame: pl.DataFrame, key: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a key, and the rows put aside with a `code`.

    Rows that repeat a key word for word: the first stays, the others are `duplicate_row`. Rows that contradict each
    other are all put aside as `conflicting_rows`: which of them is right cannot be known.
    """
    if not frame[key].is_duplicated().any():
        return frame, frame.clear().with_columns(code=pl.lit(None, pl.String))
    content = pl.struct(pl.exclude(ROW))
    judged = frame.with_columns(
        _kinds=content.n_unique().over(key), _nth=pl.col(ROW).rank("ordinal").over(key)
    ).with_columns(
        code=pl.when(pl.col("_kinds") > 1).then(pl.lit("conflicting_rows"))
        .when(pl.col("_nth") > 1).then(pl.lit("duplicate_row"))
    )  # fmt: skip
    kept = judged.filter(pl.col("code").is_null()).drop("_kinds", "_nth", "code")
    return kept, judged.filter(pl.col("code").is_not_null()).drop("_kinds", "_nth")


def _parsed(content: bytes, spec: FileSpec) -> tuple[pl.DataFrame, Damage | None]:
    """All cells as text, and what is wrong with the file (None: nothing)."""
    try:
        content = gzip.decompress(content) if content.startswith(GZIP) else content
    except EOFError:
        return pl.DataFrame(), Damage("it ends too early; the download broke off")
    except (gzip.BadGzipFile, zlib.error):
        return pl.DataFrame(), Damage("its gzip is damaged")
    # polars reads UTF-16 as cells that hold every other byte.
    if content.startswith(UTF_16) or b"\0" in content[:BEGINNING_BYTES]:
        mend = "write it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW; or "
        return pl.DataFrame(), Damage("it is UTF-16 or no text at all, not UTF-8", mend=mend)
    try:
        frame = _list(content, spec) if spec.kind == "list" else pl.read_csv(content, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        return pl.DataFrame(), _damage(error, content, headers=int(spec.kind != "list"))
    is_cut = _is_cut(content)
    return frame, Damage("its last row is cut off; the download broke off", frame.height) if is_cut else None


def _list(content: bytes, spec: FileSpec) -> pl.DataFrame:
    return pl.read_csv(content, infer_schema=False, has_header=False, new_columns=list(spec.columns))


def _damage(error: Exception, content: bytes, headers: int) -> Damage:
    said = str(error).lower()
    sign = next((sign for sign in REASONS if sign in said), None)
    if sign is None:
        return Damage("it is damaged, or not comma-separated")
    line = {"more fields than defined": _wide_line, "invalid utf-8": _undecodable_line}.get(sign, lambda _: 0)(content)
    return Damage(REASONS[sign], line - headers if line > headers else None)


def _wide_line(content: bytes) -> int:
    """The first line, from 1, with more cells than the first one; 0 when none is found."""
    widths = list(_widths(content))
    return next((line for line, width in enumerate(widths, start=1) if width > widths[0]), 0)


def _undecodable_line(content: bytes) -> int:
    """The line, from 1, in which the first byte stands that is not UTF-8; 0 when there is none."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return sum(1 for _ in _widths(content[: error.start] + b"x"))
    return 0


def _widths(content: bytes) -> Iterator[int]:
    """The number of cells of each line (a cell may hold a line's end), as far as they can be told apart."""
    lines = io.StringIO(content.decode("utf-8", "replace"), newline="")
    try:
        yield from map(len, csv.reader(lines))
    except csv.Error:
        return


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
    frame = frame.rename({name: own for name in frame.columns if (own := spec.own_name(name)) not in frame.columns})
    for column in spec.columns:
        if column not in frame.columns:
            raise CxdataError(
                f"{where.file} has no column {column!r}",
                where=where._replace(column=column),
                mend=f"{_its_columns(frame.columns)}; get the official file: {spec.get}",
            )
    absent = [pl.lit(None, pl.String).alias(column) for column in spec.optional_columns if column not in frame.columns]
    frame = frame.with_columns(absent)
    cells = pl.col(*spec.columns, *spec.optional_columns).str.strip_chars()
    return frame.select(pl.when(cells != "").then(cells))


def _its_columns(columns: list[str]) -> str:
    """The header as far as it looks like one: a table without header begins with cells, which are not shown."""
    if len(columns) == 1 and (separator := next((sign for sign in SEPARATORS if sign in columns[0]), None)):
        return f"its cells seem to be separated by {SEPARATORS[separator]}, not by commas"
    shown = [name for name in columns if NAME.fullmatch(name)]
    hidden = len(columns) - len(shown)
    if not shown:
        return "its first line holds no name of a column"
    return f"its columns are {', '.join(shown)}{f' and {hidden} more that are no names' if hidden else ''}"
