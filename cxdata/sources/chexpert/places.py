"""Where a picture lies: which of the parts with pictures it is taken from, and its path there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE

ORIGINAL: Final = ("jpg", "batches", "png", "dcm")
"""Parts in the order in which they are tried for a picture that v1.0 lists: the original before CheXpert Plus."""
PLUS: Final = ("png", "dcm", "jpg", "batches")
"""The same for a picture that CheXpert Plus alone lists."""
TEST: Final = ("test",)
_ENDINGS: Final = {"png": "png", "dcm": "dcm"}


def placed(rows: pl.DataFrame, order: tuple[str, ...], roots: Collection[str]) -> pl.DataFrame:
    """The rows with `root_id` and `path`: in the first part of the order that was found, else in the order's first.

    The three batch folders have no level for the split, and which patient lies in which is known by hearsay alone:
    there the picture is named with its patient and study, and found wherever it lies.
    """
    part = next((name for name in order if name in roots), order[0])
    below = pl.lit(ANYWHERE) if part == "batches" else pl.col("folder") + pl.lit("/")
    ending = _ENDINGS.get(part, "jpg")
    path = pl.format("{}{}/{}/{}." + ending, below, "patient_id", "study", "view_name")
    return rows.with_columns(root_id=pl.lit(part), path=path)
