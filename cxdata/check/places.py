"""Where a row of a Parquet file stands: its row group, from 0, and its place in it, from 1."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from pathlib import Path


def group_starts(path: Path) -> list[int]:
    """The index of the first row of each row group."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    return [0, *accumulate(sizes)][: max(len(sizes), 1)]


def place(starts: list[int], row: int) -> tuple[int, int]:
    """Row group and place in it of the row with this index."""
    group = bisect_right(starts, row) - 1
    return group, row - starts[group] + 1
