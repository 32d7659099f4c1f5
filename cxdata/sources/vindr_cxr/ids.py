"""VinDr-CXR's ids: a picture is 32 hexadecimal characters, a reader `R1` to `R17`; no patient is named."""

from __future__ import annotations

from typing import Final

import polars as pl

SLUG: Final = "vindr-cxr"
_IMAGE: Final = r"^[0-9a-f]{32}$"
_READER: Final = r"^R\d{1,2}$"


def stem(column: str = "image_id") -> pl.Expr:
    """The picture's name without ending; null when the cell holds something else."""
    return pl.when(pl.col(column).str.contains(_IMAGE)).then(pl.col(column))


def reader_id(column: str = "rad_id") -> pl.Expr:
    """The reader; null when the cell holds something else."""
    return pl.when(pl.col(column).str.contains(_READER)).then(pl.col(column))


def image_id(stem: pl.Expr) -> pl.Expr:
    """The image id of a picture's name."""
    return pl.concat_str(pl.lit(f"{SLUG}:"), stem)
