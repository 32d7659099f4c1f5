"""Pictures, studies and official splits, from the metadata and split tables."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.mimic.ids import dicom_id, image_id, image_path, patient_id, study_id
from cxdata.sources.mimic.views import unread_views, view_columns
from cxdata.sources.reading import Rows, put_aside, sort_rows
from cxdata.sources.tables import ROW

SPLITS: Final = {"train": "train", "validate": "val", "test": "test"}
STRICTEST_LAST: Final = ("train", "val", "test")


def metadata(table: pl.DataFrame) -> Rows:
    """The metadata table with native ids, view, size in pixels and time; one row a picture."""
    rows = table.with_columns(
        dicom=dicom_id("dicom_id"), study_id=study_id("study_id"), patient_id=patient_id("subject_id"),
        width=_pixels("Columns"), height=_pixels("Rows"), taken_at=_taken_at(),
    )  # fmt: skip
    nameless = pl.any_horizontal(pl.col("dicom", "study_id", "patient_id").is_null())
    kept, aside, _ = sort_rows(rows, "dicom", "dicom_id", pl.when(nameless).then(pl.lit("bad_id")))
    kept, torn = _one_patient_a_study(kept)
    nulled = kept.select(
        (pl.col("width").is_null() | pl.col("height").is_null()).sum()
        + pl.col("taken_at").is_null().sum()
        + unread_views().sum()
    ).item()
    return Rows(kept.with_columns(view_columns()), pl.concat([aside, put_aside("dicom_id", torn)]), int(nulled))


def splits(table: pl.DataFrame, pictures: pl.DataFrame) -> Rows:
    """The split of each picture that the metadata table holds; `validate` is val."""
    rows = table.with_columns(
        dicom=dicom_id("dicom_id"),
        split_official=pl.col("split").str.to_lowercase().replace_strict(SPLITS, default=None),
    )
    code = (
        pl.when(pl.col("dicom").is_null()).then(pl.lit("bad_id"))
        .when(pl.col("split_official").is_null()).then(pl.lit("unknown_split"))
        .when(~pl.col("dicom").is_in(pictures["dicom"].implode())).then(pl.lit("picture_not_in_metadata"))
    )  # fmt: skip
    return sort_rows(rows, "dicom", "dicom_id", code)


def images_facet(pictures: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """The `images` facet from the sorted metadata rows."""
    return pictures.select(
        "study_id", "patient_id", "view", "view_source", "width", "height",
        image_id=image_id(pl.col("dicom")), root_id=pl.lit("jpg"),
        path=image_path(pl.col("patient_id"), pl.col("study_id"), pl.col("dicom")), member=pl.lit(None, pl.String),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def studies_facet(pictures: pl.DataFrame, split_rows: pl.DataFrame) -> pl.DataFrame:
    """The `studies` facet: the strictest split of a study's pictures, the time of its first picture; no age, no sex."""
    joined = pictures.join(split_rows.select("dicom", "split_official"), on="dicom", how="left")
    rank = pl.col("split_official").replace_strict(STRICTEST_LAST, range(3), default=None, return_dtype=pl.Int8)
    studies = joined.group_by("study_id").agg(
        pl.col("patient_id").first(), rank.max().alias("rank"), pl.col("taken_at").min()
    )
    split = pl.col("rank").replace_strict(range(3), STRICTEST_LAST, default=None, return_dtype=pl.String)
    return studies.select(
        "study_id",
        "patient_id",
        "taken_at",
        split_official=split,
        age=pl.lit(None, pl.Float64),
        sex=pl.lit(None, pl.String),
    )


def _pixels(column: str) -> pl.Expr:
    size = pl.col(column).cast(pl.Float64, strict=False).cast(pl.Int32, strict=False)
    return pl.when(size > 0).then(size)


def _taken_at() -> pl.Expr:
    # StudyTime lost its leading zeros: 80556.875 is 08:05:56.875; the part behind the point is not needed for order.
    time = pl.col("StudyTime").str.extract(r"^(\d{1,6})").str.zfill(6)
    return (pl.col("StudyDate").str.extract(r"^(\d{8})") + time).str.to_datetime("%Y%m%d%H%M%S", strict=False)


def _one_patient_a_study(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    torn = pl.col("patient_id").n_unique().over("study_id") > 1
    return rows.filter(~torn), rows.filter(torn).with_columns(code=pl.lit("study_of_two_patients"))
