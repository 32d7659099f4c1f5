"""Reading a source's tables: by column name, whatever the order, with or without a BOM, CRLF or gzip.

Every cell is read as text; a blank is null. Readers turn text into meaning and count what they cannot read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from cxdata.model.errors import CxdataError, Where
from cxdata.model.manifest import FileSpec

ROW: Final = "row"


def read_table(source: str, spec: FileSpec, path: Path) -> pl.DataFrame:
    """The columns that the manifest names, as text, and `row` (from 1, header excluded).

    Raises CxdataError for an empty, damaged or undecodable file and for a missing column, naming file and column.
    """
    where = Where(source, path.name)
    if path.stat().st_size == 0:
        raise CxdataError(f"{path.name} is empty", where=where, mend=f"get it again: {spec.get}")
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CxdataError(
            f"{path.name} cannot be read as a table: {_reason(error)}", where=where, mend=f"get it again: {spec.get}"
        ) from None
    if frame.is_empty():
        raise CxdataError(f"{path.name} has a header and no rows", where=where, mend=f"get it again: {spec.get}")
    return _named(frame, spec, where).with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))


def _named(frame: pl.DataFrame, spec: FileSpec, where: Where) -> pl.DataFrame:
    frame = frame.rename({name: name.strip().strip("\ufeff") for name in frame.columns})
    for column in spec.columns:
        if column not in frame.columns:
            raise CxdataError(
                f"{where.file} has no column {column!r}",
                where=where._replace(column=column),
                mend=f"its columns are {', '.join(frame.columns)}; get the official file: {spec.get}",
            )
    absent = [pl.lit(None, pl.String).alias(column) for column in spec.optional_columns if column not in frame.columns]
    frame = frame.with_columns(absent)
    return frame.select(pl.col(*spec.columns, *spec.optional_columns).str.strip_chars().replace("", None))


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160]


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
