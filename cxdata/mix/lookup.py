"""What rows of a mix say, read from the files they lie in when it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from cxdata.mix.pool import FILE, PLACE


def looked_up(rows: pl.DataFrame, files: Sequence[Path], columns: Sequence[str]) -> pl.DataFrame:
    """`file`, `place` and these columns of samples, of each row once, in no order; `rows` has file and place."""
    found = []
    for (number,), part in rows.select(FILE, PLACE).unique().partition_by(FILE, as_dict=True).items():
        scan = pl.scan_parquet(files[int(str(number))], glob=False).select(columns).with_row_index(PLACE)
        held = scan.join(part.select(PLACE).lazy(), on=PLACE, how="semi")
        found.append(held.with_columns(pl.lit(number, pl.UInt32).alias(FILE)).collect(engine="streaming"))
    return pl.concat(found)
