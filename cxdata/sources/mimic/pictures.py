"""Pictures, studies and official splits, from the metadata and split tables."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from cxdata.sources.mimic.ids import dicom_id, image_id, image_path, patient_id, study_id
from cxdata.sources.mimic.views import unread_views, view_columns
from cxdata.sources.tables import ROW, keep_first

SPLITS: Final = {"train": "train", "validate": "val", "test": "test"}
STRICTEST_LAST: Final = ("train", "val", "test")


class Sorted(NamedTuple):
    """Rows that reach a facet, rows put aside (with `code`), and how many cells could not be read."""

    used: pl.DataFrame
    aside: pl.DataFrame
    cells_nulled: int


def metadata(table: pl.DataFrame) -> Sorted:
    """The metadata table with native ids, view, size in pixels and time; one row a picture."""
    rows = table.with_columns(
        dicom=dicom_id("dicom_id"), study_id=study_id("study_id"), patient_id=patient_id("subject_id"),
        width=_pixels("Columns"), height=_pixels("Rows"), taken_at=_taken_at(),
    )  # fmt: skip
    good = pl.col("dicom").is_not_null() & pl.col("study_id").is_not_null() & pl.col("patient_id").is_not_null()
    bad = rows.filter(~good).with_columns(code=pl.lit("bad_id"))
    kept, doubled = keep_first(rows.filter(good), "dicom")
    kept, torn = _one_patient_a_study(kept)
    nulled = kept.select(
        (pl.col("width").is_null() | pl.col("height").is_null()).sum()
        + pl.col("taken_at").is_null().sum()
        + unread_views().sum()
    ).item()
    return Sorted(kept.with_columns(view_columns()), put_aside("dicom_id", bad, doubled, torn), int(nulled))


def splits(table: pl.DataFrame, pictures: pl.DataFrame) -> Sorted:
    """The split of each picture that the metadata table holds; `validate` is val."""
    rows = table.with_columns(
        dicom=dicom_id("dicom_id"),
        split_official=pl.col("split").str.to_lowercase().replace_strict(SPLITS, default=None),
    )
    rows = rows.with_columns(
        code=pl.when(pl.col("dicom").is_null()).then(pl.lit("bad_id"))
        .when(pl.col("split_official").is_null()).then(pl.lit("unknown_split"))
        .when(~pl.col("dicom").is_in(pictures["dicom"].implode())).then(pl.lit("picture_not_in_metadata"))
    )  # fmt: skip
    kept, doubled = keep_first(rows.filter(pl.col("code").is_null()).drop("code"), "dicom")
    return Sorted(kept, put_aside("dicom_id", rows.filter(pl.col("code").is_not_null()), doubled), 0)


def images_facet(pictures: pl.DataFrame, origin: str) -> pl.DataFrame:
    """The `images` facet from the sorted metadata rows."""
    return pictures.select(
        "study_id", "patient_id", "view", "view_source", "width", "height",
        image_id=image_id(pl.col("dicom")), root_id=pl.lit("jpg"),
        path=image_path(pl.col("patient_id"), pl.col("study_id"), pl.col("dicom")), member=pl.lit(None, pl.String),
        origin_file=pl.lit(origin), origin_row=pl.col(ROW),
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


def put_aside(key: str, *frames: pl.DataFrame) -> pl.DataFrame:
    """The rows put aside, as `key` (the cell of that column), row and code."""
    return pl.concat([frame.select(pl.col(key).alias("key"), ROW, "code") for frame in frames])
