"""The samples of one task: its drafts from the whole source, those selected, and the rows as they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from cxdata.build.rejects import tally
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.complete import CASE, complete
from cxdata.tasks.curriculum import rated

PART_ROWS: Final = 32_768  # samples that are in memory with all their columns at a time
CHOSEN: Final = "of the split and patients asked for"


def ask(asked: Task, material: Material, selected: pl.DataFrame) -> Asked:
    """The drafts, rated, with `shard` and `case` of their study, and the funnel; only of the studies `selected`.

    `selected` holds study_id, shard and `case`, the place of the study in `material.cases`.
    """
    drafts, funnel = asked.ask(material)
    drafts = rated(drafts, asked, material)
    if drafts.height:
        # only what is added is joined: the columns of the drafts are not copied for it
        place = drafts.select("study_id").join(selected, on="study_id", how="left", maintain_order="left")
        drafts = _chosen(drafts.hstack(place.select("shard", CASE)))
    return Asked(drafts, [*funnel, (CHOSEN, drafts.height, "questions")])


def places(drafts: pl.DataFrame) -> dict[int, pl.Series]:
    """For each shard that has drafts the indices of its rows, in the order of their ids."""
    if drafts.is_empty():
        return {}
    order = drafts.select("shard", "sample_id").with_row_index("row").sort("shard", "sample_id")
    shards = order.partition_by("shard", as_dict=True, maintain_order=True)
    return {int(shard): part["row"] for (shard,), part in shards.items()}


def parts(
    drafts: pl.DataFrame, rows: pl.Series, asked: Task, material: Material, by: Mapping[str, Counter[str]]
) -> Iterator[pl.DataFrame]:
    """The samples of the rows, a part in memory at a time; `by` counts the values of columns."""
    for start in range(0, rows.len(), PART_ROWS):
        samples = complete(drafts[rows.slice(start, PART_ROWS)].drop("shard"), asked, material)
        for column, counts in by.items():
            counts.update(tally(samples[column]))
        yield samples


def _chosen(drafts: pl.DataFrame) -> pl.DataFrame:
    """The drafts that have a shard; without those of a balanced set that has lost a row: it is balanced no more."""
    chosen = pl.col("shard").is_not_null()
    if not drafts["shard"].has_nulls():
        return drafts
    if "set_id" in drafts.columns:
        chosen &= pl.col("set_id").is_null() | chosen.all().over("set_id")
    return drafts.filter(chosen)
