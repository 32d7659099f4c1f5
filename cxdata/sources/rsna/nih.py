"""What ChestX-ray14 knows of the pictures that were taken from it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

NIH: Final = Path(__file__).with_name("nih.csv.gz")
KEY_LENGTH: Final = 13  # the list has as many characters of an id as tell all of them apart
VIEW_SOURCE: Final = "every picture of ChestX-ray14 is frontal"


def with_nih(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of `stem` with patient_id (the picture itself), and view, view_source, age and sex of ChestX-ray14."""
    known = pl.read_csv(NIH, schema_overrides={"image": pl.String, "age": pl.Float64})
    key = pl.col("stem").str.slice(0, KEY_LENGTH)
    found = rows.with_columns(image=key).join(known, on="image", how="left", maintain_order="left").drop("image")
    is_known = pl.col("view").is_not_null()
    source = pl.when(is_known).then(pl.lit("View Position of ChestX-ray14")).otherwise(pl.lit(VIEW_SOURCE))
    return found.with_columns(view=pl.col("view").fill_null("FRONTAL"), view_source=source, patient_id="stem")
