"""Samples that show a picture which cannot be read: they stay, so that samples do not depend on pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.build.pictures import UNCHECKED

UNREADABLE: Final = "with_unreadable_picture"
"""What build.json calls the number."""
READABLE: Final = ("ok", UNCHECKED)


def with_unreadable_picture(samples: Sequence[Path], images: Sequence[Path]) -> int:
    """How many rows of the sample shards show a picture that the picture shards call other than ok.

    Pictures that were not checked do not count, nor do those that no shard knows.
    """
    bad = pl.concat([_bad(path) for path in images]) if images else pl.DataFrame()
    if bad.is_empty() or not samples:
        return 0
    return sum(_showing(path, bad.lazy()) for path in samples)


def _showing(samples: Path, bad: pl.LazyFrame) -> int:
    rows = pl.scan_parquet(samples, glob=False).select("image_ids").with_row_index("row")
    shown = rows.explode("image_ids", empty_as_null=False, keep_nulls=False)
    hit = shown.join(bad, left_on="image_ids", right_on="image_id", how="semi")
    return int(hit.select(pl.col("row").n_unique()).collect(engine="streaming").item())


def _bad(images: Path) -> pl.DataFrame:
    rows = pl.scan_parquet(images, glob=False).filter(~pl.col("status").is_in(READABLE))
    return rows.select("image_id").collect()
