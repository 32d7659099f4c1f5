"""Facets from rows: what a source does not say is null, and is said nowhere."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.facets import FACETS
from cxdata.sources.tables import ROW

STEM: Final = "stem"
"""The column that holds a picture's native name; where there is no `study_id`, each picture is a study of its own."""


def facet(name: str, rows: pl.DataFrame, origin: pl.Expr | None = None, **given: pl.Expr) -> pl.DataFrame:
    """A facet's columns: each as `given`, else the rows' own column of that name, else null.

    `origin` is the file that the rows came from; their `row` is the row in it. A `stem` stands for a `study_id` that is
    not there; a `view` that is null, or not there, is UNKNOWN.
    """
    known = {column: pl.col(column) for column in FACETS[name] if column in rows.columns}
    if STEM in rows.columns:
        known.setdefault("study_id", pl.col(STEM))
    if origin is not None:
        known |= {"origin_file": origin, "origin_row": pl.col(ROW)}
    known |= given
    if name == "images":
        known["view"] = known.get("view", pl.lit(None, pl.String)).fill_null("UNKNOWN")
    schema = FACETS[name]
    columns = [known.get(column, pl.lit(None)).cast(kind).alias(column) for column, kind in schema.items()]
    return rows.with_columns(columns).select(list(schema))


def images_facet(rows: pl.DataFrame, slug: str, root_id: str, origin: pl.Expr, **given: pl.Expr) -> pl.DataFrame:
    """The `images` facet from `stem`, `patient_id`, `path` and what else is known of a picture (view, size, member)."""
    image_id = pl.concat_str(pl.lit(f"{slug}:"), STEM)
    fixed = {"image_id": image_id, "root_id": pl.lit(root_id)}
    return facet("images", rows, origin, **{**fixed, **given})


def studies_facet(rows: pl.DataFrame, **given: pl.Expr) -> pl.DataFrame:
    """The `studies` facet, one row a study: the first of its rows."""
    return facet("studies", rows, **given).unique("study_id", keep="first", maintain_order=True)


def regions_facet(rows: pl.DataFrame, slug: str, origin: pl.Expr, **given: pl.Expr) -> pl.DataFrame:
    """The `regions` facet of boxes of abnormalities, from `stem`, `finding`, corners and frame."""
    fixed = {"image_id": pl.concat_str(pl.lit(f"{slug}:"), STEM), "kind": pl.lit("abnormality")}
    return facet("regions", rows, origin, **{**fixed, **given})
