"""Which pictures stand for a study, and which split it belongs to.

A question about a study shows one frontal (PA, then AP, then FRONTAL; of several the first by image id) and at most one
lateral: further frontals of a study are left out, since before and after a tube differ. A patient has one split: the
strictest of its studies and their native questions (test over val over train); where none is published, the manifest
may have it cut by hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from cxdata.model.facets import FRONTAL_VIEWS
from cxdata.model.hashing import bucket_expr
from cxdata.model.patients import split_by_hash, split_of, split_rank

if TYPE_CHECKING:
    from cxdata.tasks.base import Material

ADULT_YEARS: Final = 18


def cases(material: Material) -> pl.DataFrame:
    """One row a study with a split.

    Columns: study_id, patient_id, split, split_official, split_reason, population, view (of the frontal), image_ids
    (none; a frontal; a frontal and a lateral), pictures (their number).
    """
    studies = _with_split(_studies(material), material).with_columns(_population(material.card.population))
    pictures = _pictures(material.facets["images"])
    rows = studies.join(pictures, on="study_id", how="left").select(
        "study_id", "patient_id", "split", "split_official", "split_reason", "population", "view",
        image_ids=pl.col("image_ids").fill_null(pl.lit([], pl.List(pl.String))),
    )  # fmt: skip
    return rows.with_columns(pictures=pl.col("image_ids").list.len().cast(pl.UInt8)).sort("study_id").collect()


def patients(material: Material, shards: int) -> pl.DataFrame:
    """Every patient of the source, in the order of the keys.

    Columns: patient_id, patient_key, split_official (strictest, null when none is published), split (the same, else
    cut by hash, else null), shard (0 … shards-1).
    """
    key = _patient_key(material)
    rows = _studies(material).group_by("patient_id").agg(_rank().max())
    return rows.select(
        "patient_id", split_official=split_of(pl.col("rank")), shard=bucket_expr(key, shards), patient_key=key,
        split=pl.coalesce(split_of(pl.col("rank")), _split_by_hash(material)),
    ).sort("patient_key").collect()  # fmt: skip


def _studies(material: Material) -> pl.LazyFrame:
    """The studies, each with the strictest official split of itself and of its native questions."""
    studies = material.facets["studies"]
    if "questions" not in material.facets:
        return studies
    asked = material.facets["questions"].group_by("study_id").agg(_rank().max().alias("asked"))
    strictest = pl.max_horizontal(_rank(), "asked")
    return studies.join(asked, on="study_id", how="left").with_columns(split_official=split_of(strictest)).drop("asked")


def _rank() -> pl.Expr:
    return split_rank("split_official").alias("rank")


def _patient_key(material: Material) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{material.card.namespace}:"), "patient_id")


def _with_split(studies: pl.LazyFrame, material: Material) -> pl.LazyFrame:
    ranked = studies.with_columns(_rank()).with_columns(strictest=pl.col("rank").max().over("patient_id"))
    reason = (
        pl.when(pl.col("strictest").is_null()).then(pl.lit("hash of the patient: none is published"))
        .when(pl.col("rank").is_null()).then(pl.lit("patient has an official split"))
        .when(pl.col("strictest") > pl.col("rank")).then(pl.lit("strictest official split of the patient"))
        .otherwise(pl.lit("official"))
    )  # fmt: skip
    split = pl.coalesce(split_of(pl.col("strictest")), _split_by_hash(material))
    return ranked.with_columns(split=split, split_reason=reason).filter(pl.col("split").is_not_null())


def _split_by_hash(material: Material) -> pl.Expr:
    return split_by_hash(_patient_key(material), material.split.val_share, material.split.test_share)


def _population(default: str) -> pl.Expr:
    adult = pl.when(pl.col("age") >= ADULT_YEARS).then(pl.lit("adult")).otherwise(pl.lit("paediatric"))
    return pl.when(pl.col("age").is_null()).then(pl.lit(default)).otherwise(adult).alias("population")


def _pictures(images: pl.LazyFrame) -> pl.LazyFrame:
    """One row a study with a frontal: its view, and the image ids of it and of a lateral, in this order."""
    frontal = _first(images.filter(pl.col("view").is_in(FRONTAL_VIEWS)))
    lateral = _first(images.filter(pl.col("view") == "LATERAL")).join(frontal, on="study_id", how="semi")
    both = pl.concat([frontal.select("study_id", "image_id"), lateral.select("study_id", "image_id")])
    shown = both.group_by("study_id", maintain_order=True).agg(image_ids="image_id")
    return frontal.select("study_id", "view").join(shown, on="study_id")


def _first(images: pl.LazyFrame) -> pl.LazyFrame:
    order = pl.col("view").replace_strict(FRONTAL_VIEWS, range(3), default=3, return_dtype=pl.Int8)
    return (
        images.with_columns(_order=order)
        .sort("_order", "image_id")
        .unique("study_id", keep="first", maintain_order=True)
    )


LEFT_OUT: Final = {
    "view_other": "an oblique, decubitus, axial or abdominal film is not asked about",
    "view_unknown": "the view of the picture is not known",
    "study_without_split": "no table gives a split to any study of the patient",
}


def _not_asked_about(material: Material) -> pl.LazyFrame:
    """The pictures that no native question names: such a question shows its own, whatever their view."""
    images = material.facets["images"]
    if "questions" not in material.facets:
        return images
    named = material.facets["questions"].select(image_id="image_ids").explode("image_id")
    return images.join(named, on="image_id", how="anti")


def left_out(material: Material) -> pl.DataFrame:
    """Pictures and studies that no question may show, as rejects (source, file, key, stage, code, message)."""
    views = _not_asked_about(material).filter(pl.col("view").is_in(["OTHER", "UNKNOWN"])).select(
        file="origin_file", key="image_id", code=pl.concat_str(pl.lit("view_"), pl.col("view").str.to_lowercase())
    )  # fmt: skip
    origin = material.facets["images"].group_by("study_id").agg(pl.col("origin_file").min())
    studies = (
        material.facets["studies"].join(material.cases.lazy(), on="study_id", how="anti").join(origin, on="study_id")
    )
    unsplit = studies.select(file="origin_file", key="study_id", code=pl.lit("study_without_split"))
    return pl.concat([views, unsplit]).select(
        "file", "key", "code", source=pl.lit(material.card.slug), stage=pl.lit("select"),
        message=pl.col("code").replace_strict(LEFT_OUT, return_dtype=pl.String),
    ).collect()  # fmt: skip
