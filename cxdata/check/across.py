"""What only many rows together can show: ids that repeat, patients in two splits, counts that do not agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.model.facets import SPLITS

REPEATED: Final = ("sample_id", "id_repeated", "the id stands in the build already")
LOOSE: Final = ("split", "split_differs", "rows of the same patient stand in a stricter split")
TORN: Final = ("set_id", "set_torn", "the set is not whole: its answers do not occur equally often")
COUNTED: Final = {"by_task": "task", "by_split": "split", "by_stage": "stage"}


class Hit(NamedTuple):
    """A row that is wrong among others: the place of its shard in the order of adding, and its index there."""

    shard: int
    row: int


class Across:
    """Takes shard after shard, and keeps of each row no more than a hash of its id."""

    def __init__(self) -> None:
        self.rows = 0
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
        self._ids: list[pl.DataFrame] = []
        self._splits: list[pl.DataFrame] = []
        self._sets: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Take the rows of a shard into account."""
        shard = pl.lit(len(self._ids), pl.UInt32).alias("shard")
        self.rows += frame.height
        ids = pl.col("sample_id").hash() if "sample_id" in frame.columns else pl.lit(None, pl.UInt64)
        self._ids.append(frame.select(ids.alias("id"), shard, row=pl.int_range(pl.len(), dtype=pl.UInt32)))
        if {"patient_key", "split"} <= set(frame.columns):
            self._splits.append(frame.select("patient_key", _rank()).unique())
        if {"set_id", "answer"} <= set(frame.columns):
            rows = frame.select("answer", "set_id", shard, row=pl.int_range(pl.len(), dtype=pl.UInt32))
            self._sets.append(rows.drop_nulls("set_id").with_columns(pl.col("set_id", "answer").hash()))
        for name, column in COUNTED.items():
            if column in frame.columns:
                self.counts[name].update(dict(frame[column].drop_nulls().value_counts().iter_rows()))

    def repeats(self) -> list[Hit]:
        """Rows whose id stands in an earlier row, by 64-bit hash of the id."""
        ids = pl.concat(self._ids).drop_nulls("id") if self._ids else pl.DataFrame(schema=["id", "shard", "row"])
        later = ids.filter(pl.col("id").is_duplicated()).sort("shard", "row").filter(~pl.col("id").is_first_distinct())
        return [Hit(*row) for row in later.select("shard", "row").iter_rows()]

    def torn_sets(self) -> list[Hit]:
        """The first row of each set in which one answer is right more often than another, or only one ever is."""
        if not self._sets:
            return []
        each = pl.concat(self._sets).sort("shard", "row").group_by("set_id", "answer", maintain_order=True)
        sets = each.agg(pl.len(), pl.col("shard", "row").first()).group_by("set_id", maintain_order=True)
        torn = sets.agg(pl.col("shard", "row").first(), rows=pl.col("len").n_unique(), answers=pl.len())
        wrong = torn.filter((pl.col("rows") > 1) | (pl.col("answers") == 1)).sort("shard", "row")
        return [Hit(*row) for row in wrong.select("shard", "row").iter_rows()]

    def torn_patients(self) -> pl.DataFrame:
        """Patients in more than one split: `patient_key` and `rank`, the strictest of them."""
        if not self._splits:
            return pl.DataFrame(schema={"patient_key": pl.String, "rank": pl.Int8})
        ranks = pl.concat(self._splits).unique().group_by("patient_key").agg(pl.col("rank").max(), n=pl.len())
        return ranks.filter(pl.col("n") > 1).select("patient_key", "rank")

    def miscounts(self, said: Mapping[str, Any]) -> Iterator[tuple[str, Any, int]]:
        """Where the `samples` of build.json say another number: name, what it says, what there is."""
        if said.get("total") != self.rows:
            yield "samples.total", said.get("total"), self.rows
        for name, counted in self.counts.items():
            yield from miscounted(f"samples.{name}", said.get(name) or {}, counted)


def miscounted(name: str, said: Mapping[str, Any], counted: Mapping[str, int]) -> Iterator[tuple[str, Any, int]]:
    """The entries in which two tallies differ; an entry that is not there counts as 0."""
    for key in sorted({*said, *counted}):
        if said.get(key, 0) != counted.get(key, 0):
            yield f"{name}.{key}", said.get(key, 0), counted.get(key, 0)


def looser_rows(frame: pl.DataFrame, torn: pl.DataFrame) -> list[int]:
    """Indices of the rows whose split is looser than the strictest of their patient."""
    ranked = frame.select("patient_key", _rank().alias("own"), row=pl.int_range(pl.len()))
    joined = ranked.join(torn, on="patient_key", how="inner")
    return sorted(joined.filter(pl.col("own") < pl.col("rank"))["row"])


def _rank() -> pl.Expr:
    return pl.col("split").replace_strict(SPLITS, range(len(SPLITS)), default=None, return_dtype=pl.Int8).alias("rank")
