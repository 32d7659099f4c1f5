"""Phrases that somebody boxed on a picture: one row a picture and phrase, with all of its boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.reports.sentences import unwrap_expr
from cxdata.tasks.boxed import box_expr, boxes_in_pictures

if TYPE_CHECKING:
    from cxdata.tasks.base import Funnel, Material

PHRASE: Final = "phrase"
EDGES: Final = "(left, top, right, bottom; parts of the width and height)"
_CORNERS: Final = ("x0", "y0", "x1", "y1")


class Phrased(NamedTuple):
    """One row a picture and phrase, and the funnel that led to it."""

    rows: pl.DataFrame
    funnel: Funnel


def phrases(material: Material) -> Phrased:
    """Every phrase that is boxed on a picture that may be asked about.

    Columns: image_id, study_id, phrase (one line, as first written, without what it ends with), findings (canonical, of
    all boxes of the phrase, sorted), boxes (each once, original pixels, their label is the phrase), places (thirds of
    the picture, `upper left`), told (the boxes in words; null where the picture's size is not known), key (of the
    sample), reference, origin_file, origin_row. Phrases of a picture that differ in case or in what they end with are
    one.
    """
    regions = material.facets["regions"].filter(pl.col("kind") == PHRASE)
    named = regions.with_columns(_one_line()).drop_nulls("phrase")
    placed = boxes_in_pictures(named.with_columns(_same=pl.col("phrase").str.to_lowercase()), material)
    ordered = placed.sort("image_id", "origin_row", "y0", "x0", "y1", "x1")
    ordered = ordered.with_columns(phrase=pl.col("phrase").first().over("image_id", "_same"), told=_told())
    grouped = ordered.group_by("image_id", "_same", maintain_order=True).agg(
        pl.col("study_id", "phrase", "origin_file", "origin_row").first(), pl.col("reference").max(),
        findings=pl.col("finding").drop_nulls().unique().sort(), boxes=box_expr("phrase").unique(maintain_order=True),
        places=pl.col("place").unique(maintain_order=True).drop_nulls(),
        told=pl.col("told").unique(maintain_order=True),
    )  # fmt: skip
    stem = pl.col("image_id").str.replace(r"^[^:]*:", "")
    key = pl.concat_str(
        stem, hash_expr(0, pl.col("image_id"), pl.concat_str(pl.lit("phrase:"), "_same")), separator=":"
    )
    told = pl.when(pl.col("places").list.len() > 0).then(
        pl.concat_str(pl.col("told").list.join(" and "), pl.lit(f" {EDGES}"))
    )
    rows = grouped.with_columns(key=key, told=told).drop("_same").sort("image_id", "origin_row").collect()
    counts = pl.collect_all([regions.select(pl.len()), placed.select(pl.len())])
    steps = ("boxes of phrases", "on a picture that can be asked about, with an area")
    funnel = [(step, int(count.item()), "rows") for step, count in zip(steps, counts, strict=True)]
    return Phrased(rows, [*funnel, ("phrases of a picture, all boxes together", rows.height, "rows")])


def _one_line() -> pl.Expr:
    """The phrase without blanks before a comma and without the stop at its end."""
    text = pl.col("phrase").str.replace_all(r"\s+([.,;:])", "${1}").str.strip_chars(" .,;:\n\t")
    return unwrap_expr(text)


def _told() -> pl.Expr:
    """`[0.281, 0.101, 0.5, 0.6]`: parts of the picture, which stay the same when it is made smaller."""
    parts = [(pl.col(corner) / pl.col(f"{corner[0]} edge")).round(3).cast(pl.String) for corner in _CORNERS]
    return pl.format("[{}, {}, {}, {}]", *parts)
