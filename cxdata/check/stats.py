"""`stats`: how many samples there are of what; counted lazily, a few columns at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.build.builds import Build, builds, readable
from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.sample import polars_schema

# Name of a count to the column it counts; finding and view are made from several.
COUNTS: Final = {
    "source": "source", "task": "task", "split": "split", "stage": "stage", "level": "level",
    "answer_type": "answer_type", "finding": "finding", "answer": "answer", "letter": "answer_letter", "view": "view",
    "reference": "reference", "policy": "label_policy", "population": "population",
}  # fmt: skip
ORDER: Final = {"split": ["train", "val", "test"]}
NONE: Final = "none"
UNKNOWN_VIEW: Final = "not in images/"


def stats(folder: Path) -> dict[str, Any]:
    """Counts of the samples of the builds in a folder.

    `rows` is their number; `by` maps source, task, split, stage, level, answer_type, finding, letter, view, reference,
    policy and population to counts, the highest first. `finding` counts the rows that ask about a finding or have it
    among their labels; `view` is that of the first picture; `answer` are those of binary questions; what a row lacks
    counts as `none`, and is left out for finding and answer. Raises UsageError when there is no build, CxdataError for
    a shard that is damaged.
    """
    found = builds(folder)
    with readable(found):
        samples = _samples(found)
        rows = int(samples.select(pl.len()).collect().item())
        return {"rows": rows, "by": {name: _counted(samples, name) for name in COUNTS}}


def cross(folder: Path, by: Sequence[str]) -> dict[str, Any]:
    """The cross table of columns of the samples, or of the names of `COUNTS`: `by`, and `rows` with `n` for each.

    A list column counts each of its elements, and null once for an empty list. Raises UsageError for an unknown name,
    CxdataError for a shard that is damaged.
    """
    known = {**{name: name for name in polars_schema()}, **COUNTS}
    if unknown := [name for name in by if name not in known]:
        raise UsageError(f"samples have no column {', '.join(map(repr, unknown))}", mend=f"one of: {', '.join(known)}")
    names, found = list(dict.fromkeys(by)), builds(folder)
    with readable(found):
        frame = _samples(found).select(pl.col(known[name]).alias(name) for name in names)
        for name, kind in frame.collect_schema().items():
            frame = frame.explode(name, empty_as_null=True) if isinstance(kind, pl.List) else frame
        table = frame.group_by(names).agg(n=pl.len()).collect(engine="streaming")
    return {"by": names, "rows": table.sort(names, nulls_last=True).to_dicts()}


def finding_answers(folder: Path) -> list[tuple[str, int, int, int]]:
    """For each finding: questions about it answered Yes, those answered No, and other rows that have it as a label."""
    asked, answer, found = pl.col("is_asked"), pl.col("answer"), builds(folder)
    with readable(found):
        rows = _samples(found).select("answer", "finding", is_asked=pl.col("asked_finding").is_not_null())
        table = rows.explode("finding").drop_nulls("finding").group_by("finding").agg(
            yes=(asked & (answer == "Yes")).sum(), no=(asked & (answer == "No")).sum(), label=(~asked).sum()
        ).sort("finding").collect(engine="streaming")  # fmt: skip
    return [(*row,) for row in table.iter_rows()]


def _samples(found: Sequence[Build]) -> pl.LazyFrame:
    """The samples with `finding` (a list) and `view` beside their columns."""
    shards = [path for build in found for path in build.shards("samples")]
    if not shards:
        raise CxdataError(
            "the build has no samples", where=", ".join(str(build.home) for build in found), mend="build it first"
        )
    asked = pl.col("asked_finding")
    finding = pl.when(asked.is_not_null()).then(pl.concat_list(asked)).otherwise("labels")
    first = pl.col("image_ids").list.get(0, null_on_oob=True)
    samples = pl.scan_parquet(shards).with_columns(finding=finding, first=first)
    pictures = [path for build in found for path in build.shards("images")]
    if not pictures:
        return samples.with_columns(view=pl.when(pl.col("first").is_not_null()).then(pl.lit(UNKNOWN_VIEW)))
    views = pl.scan_parquet(pictures).select(first="image_id", view="view").unique("first")
    joined = samples.join(views, on="first", how="left")
    return joined.with_columns(view=pl.when(pl.col("first").is_not_null()).then(pl.col("view").fill_null(UNKNOWN_VIEW)))


def _counted(samples: pl.LazyFrame, name: str) -> dict[str, int]:
    column = COUNTS[name]
    rows = samples.filter(pl.col("answer_type") == "binary") if name == "answer" else samples
    rows = rows.explode("finding").drop_nulls("finding") if name == "finding" else rows
    counts = rows.group_by(pl.col(column).fill_null(NONE).alias("value")).agg(n=pl.len()).collect(engine="streaming")
    ordered = counts.sort("n", "value", descending=[True, False])
    tally = {str(value): int(n) for value, n in ordered.iter_rows()}
    wanted = ORDER.get(name)
    return tally if wanted is None else {value: tally[value] for value in [*wanted, *tally] if value in tally}
