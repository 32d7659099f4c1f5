"""Kaggle's copy: the reports as one table, the pictures as another, with Frontal or Lateral for each."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.openi.ids import study_id
from cxdata.sources.openi.nlm import PLACES
from cxdata.sources.openi.sections import TEXTS, told, without_text
from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.tables import ROW

_SECTIONS: Final = ("indication", "comparison", "findings", "impression")


def reports(table: pl.DataFrame) -> Rows:
    """The rows of indiana_reports.csv with study_id and cleaned sections; one row a report."""
    cleaned = table.with_columns(study_id=study_id(pl.col("uid").str.extract(r"^(\d+)$"))).with_columns(
        map(told, _SECTIONS)
    )
    code = (
        pl.when(pl.col("study_id").is_null()).then(pl.lit("bad_id"))
        .when(without_text()).then(pl.lit("report_without_text"))
    )  # fmt: skip
    nulled = (table.select(TEXTS).count() - cleaned.select(TEXTS).count()).sum_horizontal().item()
    return sort_rows(cleaned, "study_id", "uid", code)._replace(cells_nulled=int(nulled))


def with_origin(rows: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """The rows with what the reports facet asks for and a csv does not have."""
    nowhere = [pl.lit(None, pl.Int32).alias(name) for name in PLACES]
    return rows.with_columns(*nowhere, origin_file=origin, origin_row=pl.col(ROW))


def terms(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an index term. Terms are joined by `;`; their commas belong to them."""
    split = rows.select("study_id", "origin_file", "origin_row", term=pl.col("MeSH").str.split(";"))
    each = split.explode("term").with_columns(pl.col("term").str.strip_chars())
    return each.filter(pl.col("term").str.len_chars() > 0)


def pictures(rows: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """One row a picture of the projections table: study_id, stem, nth, origin."""
    return rows.select(
        "study_id", "stem", nth=pl.col(ROW), origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip
