"""Regions of findings as boxes of an answer: on pictures that may be asked about, in pixels of the original."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from cxdata.model.errors import CxdataError
from cxdata.model.facets import FRONTAL_VIEWS
from cxdata.tasks.wordings import asked_group_expr

if TYPE_CHECKING:
    from cxdata.tasks.base import Funnel, Material

ABNORMALITY: Final = "abnormality"
DEVICE: Final = "device"
PLAIN: Final = "visible"
GROUPS: Final = (PLAIN, "suggestive")
VIEWS: Final = (*FRONTAL_VIEWS, "LATERAL")
ROWS: Final = ("upper", "middle", "lower")
COLUMNS: Final = ("left", "centre", "right")
_CORNERS: Final = ("x0", "y0", "x1", "y1")
_REFERENCES: Final = {"annotator": pl.String(), "reference": pl.String()}


class Boxed(NamedTuple):
    """One row a box, and the funnel that led to it."""

    rows: pl.DataFrame
    funnel: Funnel


def boxes_of_findings(material: Material, kinds: Collection[str] = (ABNORMALITY,)) -> Boxed:
    """One row a box of an abnormality, or of whatever `kinds` of regions are wanted, that a picture can show.

    Columns: image_id, study_id, finding, wording_group, x0, y0, x1, y1 (original pixels, cut at the edges), place (its
    middle in words, as seen on the picture: `lower left`), reference, origin_file, origin_row. Where the facet's frame
    is of another size than the picture, the box is scaled to the picture. Boxes without a finding or an area are left
    out, as are those on a picture whose view is not known or whose study has no split, and those that several rows of
    the source repeat; what one record of it holds twice stays twice.
    Raises CxdataError for a finding that the vocabulary does not have.
    """
    regions = material.facets["regions"].filter(pl.col("kind").is_in(list(kinds)))
    _check(regions, material)
    group = asked_group_expr(pl.col("finding"), material.vocabulary)
    # a device is a region of its own kind, and is asked about in the words for what is plain to see
    fits = (group == DEVICE) == (pl.col("kind") == DEVICE)
    group = pl.when(fits).then(group.replace({DEVICE: PLAIN}))
    named = regions.filter(pl.col("finding").is_not_null()).with_columns(wording_group=group)
    named = named.filter(pl.col("wording_group").is_in(GROUPS)).join(_pictures(material), on="image_id")
    sized = _with_area(named)
    placed = _placed(sized, material)
    rows = placed.select(
        "image_id", "study_id", "finding", "wording_group", *_CORNERS, "place", "reference", "origin_file", "origin_row"
    ).sort("image_id", "finding", "y0", "x0", "y1", "x1", "origin_row")  # fmt: skip
    box = ["image_id", "finding", *_CORNERS]
    again = pl.int_range(pl.len()).over(*box, "origin_file", "origin_row").alias("again")
    found = rows.with_columns(again).unique([*box, "again"], keep="first", maintain_order=True).drop("again").collect()
    counts = pl.collect_all([frame.select(pl.len()) for frame in (regions, named, sized)])
    steps = ("boxes of abnormalities", "of a finding that can be asked about, on a picture that can", "with an area")
    funnel = [(step, int(count.item()), "rows") for step, count in zip(steps, counts, strict=True)]
    return Boxed(found, [*funnel, ("each once", found.height, "rows")])


def boxes_in_pictures(regions: pl.LazyFrame, material: Material) -> pl.LazyFrame:
    """The regions that lie on a picture that may be asked about, in pixels of the picture and cut at its edges.

    With study_id, place, reference and `x edge`, `y edge`, the size of the picture.
    """
    return _placed(_with_area(regions.join(_pictures(material), on="image_id")), material)


def box_expr(label: str = "finding") -> pl.Expr:
    """The box of each row as a struct of the samples' column `boxes`, with the column that is its label."""
    return pl.struct(pl.col(label).alias("label"), *_CORNERS)


def _with_area(rows: pl.LazyFrame) -> pl.LazyFrame:
    return _in_picture(rows).filter(pl.col("x0") < pl.col("x1"), pl.col("y0") < pl.col("y1"))


def _placed(rows: pl.LazyFrame, material: Material) -> pl.LazyFrame:
    return rows.with_columns(place=_place()).join(_references(material), on="annotator", how="left")


def _check(regions: pl.LazyFrame, material: Material) -> None:
    named = regions.select(pl.col("finding").drop_nulls().unique()).collect()["finding"]
    if unknown := sorted(set(named) - set(material.vocabulary.names)):
        raise CxdataError(f"the vocabulary has no finding {', '.join(unknown)}", where=material.card.slug)


def _pictures(material: Material) -> pl.LazyFrame:
    images = material.facets["images"].filter(pl.col("view").is_in(VIEWS))
    cases = material.cases.lazy().select("study_id")
    return images.select("image_id", "study_id", "width", "height").join(cases, on="study_id", how="semi")


def _in_picture(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Corners in pixels of the picture, cut at its edges; where its size is not known, in pixels of the frame."""
    scaled = []
    for axis, size, frame in (("x", "width", "frame_width"), ("y", "height", "frame_height")):
        factor = (pl.col(size) / pl.col(frame)).fill_null(1.0)
        edge = pl.coalesce(size, frame).cast(pl.Float64)
        for corner in (f"{axis}0", f"{axis}1"):
            scaled.append((pl.col(corner) * factor).clip(0.0, edge).alias(corner))
        scaled.append(edge.alias(f"{axis} edge"))
    return rows.with_columns(scaled)


def _place() -> pl.Expr:
    """The third of the picture, down and across, that holds the middle of the box; null where its size is not known."""
    row, column = (_third(axis).replace_strict([0, 1, 2], words, return_dtype=pl.String)
                   for axis, words in (("y", ROWS), ("x", COLUMNS)))  # fmt: skip
    both = pl.concat_str(row, column, separator=" ")
    return pl.when(both == "middle centre").then(pl.lit("centre")).otherwise(both)


def _third(axis: str) -> pl.Expr:
    middle = (pl.col(f"{axis}0") + pl.col(f"{axis}1")) / 2
    return (middle * 3 / pl.col(f"{axis} edge")).floor().clip(0, 2).cast(pl.Int8)


def _references(material: Material) -> pl.LazyFrame:
    annotators = material.labels.annotators if material.labels else ()
    rows = [(annotator.name, annotator.reference) for annotator in annotators]
    return pl.LazyFrame(rows, schema=_REFERENCES, orient="row")
