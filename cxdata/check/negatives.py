"""How samples come by their negatives: stated absent, implied, or never mentioned; computed anew from the facets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from cxdata.build.builds import Build, builds, readable
from cxdata.build.used import BESIDE, UNKNOWN, kind_of, states_of, used
from cxdata.model.manifest import Manifest

__all__ = ["BESIDE", "UNKNOWN", "negatives"]


def negatives(folder: Path, manifests: Mapping[str, Manifest]) -> dict[str, dict[str, int]]:
    """Task to kind to how many negatives: the finding of a No, a wrong option, a scored label that is no answer.

    The kind is the finding's effective state in the study, as the policy met it (see `build.used`); No Finding is
    wrong whatever its state where a finding is there. Only tasks that read labels are counted. Raises UsageError when
    there is no build, CxdataError for a shard that is damaged.
    """
    found = builds(folder)
    with readable(found):
        counts = [_of_build(build, manifests) for build in found]
    table = (
        pl.concat(counts).group_by("task", "kind").agg(pl.col("n").sum()).sort("task", "n", descending=[False, True])
    )
    told: dict[str, dict[str, int]] = {}
    for task, kind, n in table.iter_rows():
        told.setdefault(task, {})[kind] = n
    return told


def _of_build(build: Build, manifests: Mapping[str, Manifest]) -> pl.DataFrame:
    """Columns task, kind, n."""
    shards = build.shards("samples")
    if not shards:
        return pl.DataFrame(schema={"task": pl.String, "kind": pl.String, "n": pl.UInt32})
    wrong = used(pl.scan_parquet(shards, glob=False)).filter(~pl.col("is_right"))
    source = str((build.record() or {}).get("source"))
    states = states_of(build, manifests[source]) if source in manifests else None
    if states is None:
        kinds = wrong.with_columns(kind=pl.lit(UNKNOWN))
    else:
        kinds = wrong.join(states, on=["study_id", "finding"], how="left").with_columns(kind=kind_of(pl.col("state")))
    return kinds.group_by("task", "kind").agg(n=pl.len()).collect(engine="streaming")
