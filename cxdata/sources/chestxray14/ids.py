"""ChestX-ray14's ids: `00000999_004.png` is picture 4 of patient 999; each picture is a study of its own."""

from __future__ import annotations

import polars as pl

SLUG = "chestxray14"


def stem(column: str) -> pl.Expr:
    """The eight and three digits of a picture's name, `00000999_004`; null when the cell holds something else."""
    return pl.col(column).str.extract(r"^(\d{8}_\d{3})\.png$")


def patient_id(stem: pl.Expr) -> pl.Expr:
    """The patient's number as the column `Patient ID` has it, without leading zeros."""
    return stem.str.head(8).cast(pl.Int64).cast(pl.String)


def image_id(stem: pl.Expr) -> pl.Expr:
    """The image id of a stem, `chestxray14:00000999_004`."""
    return pl.concat_str(pl.lit(f"{SLUG}:"), stem)
