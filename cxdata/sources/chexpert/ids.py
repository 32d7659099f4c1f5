"""CheXpert's ids, all of them in the path: `CheXpert-v1.0-small/train/patient70001/study2/view1_frontal.jpg`.

What stands before the folder of the split differs from copy to copy and says nothing. Studies are numbered within a
patient, views within a study, so that each id takes in those above it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

SLUG: Final = "chexpert"
SPLITS: Final = {"train": "train", "valid": "val", "val": "val", "test": "test"}
_STUDY: Final = r"(?:^|/)(?<folder>train|valid|val|test)/(?<patient>patient\d{5})/(?<study>study\d+)"
_PICTURE: Final = _STUDY + r"/(?<view>view\d+_(?<plane>frontal|lateral))\.[A-Za-z]+$"


def with_picture_ids(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The table with what a picture's path says; all of it null where the cell is no such path.

    New columns: folder, split_official, patient_id, study, study_id, view_name, plane, stem.
    """
    return _with_studies(table, column, _PICTURE).with_columns(
        stem=pl.concat_str("study_id", "view_name", separator="_")
    )


def with_study_ids(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The same for the path of a study, which names no view."""
    return _with_studies(table, column, _STUDY + "/?$")


def image_id(stem: pl.Expr) -> pl.Expr:
    """The image id of a stem, `chexpert:patient70001_study2_view1_frontal`."""
    return pl.concat_str(pl.lit(f"{SLUG}:"), stem)


def _with_studies(table: pl.DataFrame, column: str, pattern: str) -> pl.DataFrame:
    found = table.with_columns(pl.col(column).str.extract_groups(pattern).alias("_path")).unnest("_path")
    names = {"patient": "patient_id", "view": "view_name"}
    found = found.rename({old: new for old, new in names.items() if old in found.columns})
    return found.with_columns(
        study_id=pl.concat_str("patient_id", "study", separator="_"),
        split_official=pl.col("folder").replace_strict(SPLITS, default=None, return_dtype=pl.String),
    )
