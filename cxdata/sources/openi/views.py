"""Frontal or lateral: by Kaggle's projections where they are there, else by the names of a report's two pictures.

Neither the XML nor the DICOM headers tell a view that can be trusted (ViewPosition is PA for 1,368 pictures that Kaggle
calls lateral), so both are left aside. PA and AP are never told apart.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import polars as pl

from cxdata.model.yaml_text import parsed
from cxdata.sources.openi.ids import number_of, stem_of_file, study_id
from cxdata.sources.reading import Rows, put_aside, sort_rows

PROJECTIONS: Final = {"frontal": "FRONTAL", "lateral": "LATERAL"}
BY_KAGGLE: Final = "Kaggle projection"
BY_NAMES: Final = "names of a pair"


def projections(table: pl.DataFrame, studies: pl.Series) -> Rows:
    """Kaggle's table with stem, study_id and view; one row a picture, of reports that could be used."""
    rows = table.with_columns(
        stem=stem_of_file(pl.col("filename")), number=pl.col("uid").str.extract(r"^(\d+)$"),
        view=pl.col("projection").str.to_lowercase().replace_strict(PROJECTIONS, default=None, return_dtype=pl.String),
    ).with_columns(study_id=study_id(pl.col("number")))  # fmt: skip
    strange = pl.col("number").is_null() | number_of(pl.col("stem")).ne_missing(pl.col("number"))
    code = (
        pl.when(strange).then(pl.lit("bad_id"))
        .when(~pl.col("study_id").is_in(studies.implode())).then(pl.lit("report_not_used"))
    )  # fmt: skip
    return _counted(sort_rows(rows, "stem", "filename", code))


def listed_only(rows: Rows, stems: pl.Series) -> Rows:
    """The same, with rows put aside whose picture no report lists."""
    known = pl.col("stem").is_in(stems.implode())
    stray = rows.used.filter(~known).with_columns(code=pl.lit("picture_not_in_reports"))
    aside = pl.concat([rows.aside, put_aside("filename", stray)])
    return _counted(Rows(rows.used.filter(known), aside))


def by_projections(pictures: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The pictures (stem) with `view` and `view_source`; UNKNOWN where the table has none."""
    joined = pictures.join(rows.select("stem", told="view"), on="stem", how="left", maintain_order="left")
    source = pl.when(pl.col("told").is_not_null()).then(pl.lit(BY_KAGGLE))
    return joined.with_columns(view=pl.col("told").fill_null("UNKNOWN"), view_source=source).drop("told")


def by_names(pictures: pl.DataFrame) -> pl.DataFrame:
    """The pictures (study_id, stem, nth) with `view` and `view_source`, by the rules of `pair_views.yaml`."""
    block = pl.col("stem").str.extract(r"_IM-\d+-(.+)$")
    ordered = pictures.sort("study_id", "nth")
    kinds = ordered.group_by("study_id").agg(kind=block.str.join("+"))
    place = pl.int_range(pl.len()).over("study_id").cast(pl.String)
    view = pl.concat_str("kind", pl.lit(" "), place).replace_strict(_pairs(), default=None, return_dtype=pl.String)
    told = ordered.join(kinds, on="study_id", how="left", maintain_order="left").with_columns(view=view)
    source = pl.when(pl.col("view").is_not_null()).then(pl.lit(BY_NAMES))
    return told.with_columns(view=pl.col("view").fill_null("UNKNOWN"), view_source=source).drop("kind")


def _counted(rows: Rows) -> Rows:
    return rows._replace(cells_nulled=rows.used["view"].null_count())


@cache
def _pairs() -> dict[str, str]:
    """`1001+2001 0` to the view of the first picture of such a pair."""
    raw: Any = parsed(files("cxdata.sources.openi").joinpath("pair_views.yaml").read_text("utf-8"))
    views: dict[str, str] = {}
    for pair in raw["pairs"]:
        both = ("FRONTAL", "LATERAL") if pair["frontal"] == "first" else ("LATERAL", "FRONTAL")
        views |= {f"{pair['first']}+{pair['second']} {place}": view for place, view in enumerate(both)}
    return views
