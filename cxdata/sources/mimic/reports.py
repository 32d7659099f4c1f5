"""Reports from the zip, an unpacked tree or a table of sections; each is used once or put aside with a code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.model.facets import FACETS, conform
from cxdata.sources.base import ReadContext
from cxdata.sources.mimic import sectioned_csv, texts
from cxdata.sources.reading import Rows

FAMILY: Final = "mimic-cxr-reports"
CHUNK: Final = 4096  # reports a worker takes at a time
_ASIDE: Final = ("key", "code", "message")
_UNKNOWN: Final = ("study_not_in_metadata", "the metadata table has no such study")


def read(context: ReadContext, path: Path, studies: pl.Series) -> Rows:
    """Every report below `path` (zip, folder or table); those of unknown studies are put aside."""
    table = ".csv" in path.name
    rows, aside = sectioned_csv.read_sectioned(path) if table else _from_texts(context, path)
    known = pl.col("study_id").is_in(studies.implode())
    code, message = _UNKNOWN
    stray = rows.filter(~known).select(key="study_id", code=pl.lit(code), message=pl.lit(message))
    return Rows(rows.filter(known), pl.concat([aside.select(pl.col(_ASIDE).cast(pl.String)), stray]))


def _from_texts(context: ReadContext, path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    members, doubled = texts.unique_members(texts.list_members(path))
    batches = list(context.run(texts.read_members, ((str(path), chunk) for chunk in _chunks(members))))
    rows = pl.concat([_rows(batch) for batch in batches])
    aside = [*doubled, *(reject for batch in batches for reject in batch.rejects)]
    return conform("reports", rows), pl.DataFrame(aside, schema=dict.fromkeys(_ASIDE, pl.String), orient="row")


def _chunks(members: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(members), CHUNK):
        yield members[start : start + CHUNK]


def _rows(batch: texts.TextBatch) -> pl.DataFrame:
    schema = FACETS["reports"]
    return pl.DataFrame({name: getattr(batch, name) for name in schema}, schema=schema)
