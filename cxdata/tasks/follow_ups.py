"""Studies that follow one another: each with the patient's study next before it, both frontal, in the same view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from cxdata.model.facets import conform
from cxdata.reports.readings import ANNOTATOR, REFERENCE

if TYPE_CHECKING:
    from cxdata.tasks.base import Material

VERSION: Final = 1
"""Goes up whenever the same studies may be paired otherwise."""


def read_follow_ups(told: pl.DataFrame, material: Material) -> pl.DataFrame:
    """The facet `changes` from what reports tell (study_id, finding, change and origin of `reports.changes`).

    A report compares with the study next before its own: what it tells of a study that has none, or one in another
    view, is left out, since the words do not hold between its picture and any other.
    """
    rows = told.lazy().join(follow_ups(material), on="study_id").with_columns(
        annotator=pl.lit(ANNOTATOR), reference=pl.lit(REFERENCE)
    )  # fmt: skip
    return conform("changes", rows.collect())


def follow_ups(material: Material) -> pl.LazyFrame:
    """One row a study that follows another in the same view: study_id, image_id, prior_study_id, prior_image_id.

    The frontals are those of `cases`. A study whose time is unknown, or is also another's, is neither the earlier nor
    the later one: which came first is not known.
    """
    times = material.facets["studies"].select("study_id", "taken_at")
    shown = material.cases.lazy().filter(pl.col("pictures") > 0)
    frontal = pl.col("image_ids").list.first().alias("image_id")
    timed = (
        shown.select("study_id", "patient_id", "view", frontal)
        .join(times, on="study_id")
        .filter(pl.col("taken_at").is_not_null())
        .with_columns(alone=pl.len().over("patient_id", "taken_at") == 1)
    )
    before = [
        pl.col(name).shift(1).over("patient_id", order_by=["taken_at", "study_id"]).alias(f"prior_{name}")
        for name in ("study_id", "image_id", "view", "alone")
    ]
    paired = timed.with_columns(before).filter(pl.col("view") == pl.col("prior_view"), "alone", "prior_alone")
    return paired.select("study_id", "image_id", "prior_study_id", "prior_image_id")
