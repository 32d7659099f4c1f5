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


def parts(
    drafts: pl.DataFrame, shard: int, asked: Task, material: Material, by: Mapping[str, Counter[str]]
) -> Iterator[pl.DataFrame]:
    """The samples of one shard in the order of their ids, a part in memory at a time; `by` counts values of columns."""
    rows = drafts.filter(pl.col("shard") == shard).drop("shard").sort("sample_id")
    for part in rows.iter_slices(PART_ROWS):
        samples = complete(part, asked, material)
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
