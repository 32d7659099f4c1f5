"""How samples come by their negatives: stated absent, implied, or never mentioned; computed anew from the facets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.build.builds import Build, builds, readable
from cxdata.model.manifest import Manifest
from cxdata.model.policies import POLICIES
from cxdata.model.states import Effective, effective, stated_wide
from cxdata.model.vocabulary import vocabulary

KINDS: Final = {
    Effective.ABSENT: "stated absent",
    Effective.IMPLIED_ABSENT_PARENT: "implied by an absent parent",
    Effective.IMPLIED_ABSENT_NO_FINDING: "implied by No Finding",
    Effective.NOT_MENTIONED: "not mentioned",
    Effective.UNCERTAIN: "uncertain",
    Effective.IMPLIED_UNCERTAIN: "implied uncertain",
    Effective.CONFLICT: "in conflict",
    Effective.OUTSIDE: "not looked for",
}
BESIDE: Final = "No Finding beside a finding"
PRESENT: Final = "present, or not read"  # never in a sound build
UNKNOWN: Final = "unknown: facets/ is gone, or the source is not known here"
FACETS: Final = ("findings", "readings", "label_space")


def negatives(folder: Path, manifests: Mapping[str, Manifest]) -> dict[str, dict[str, int]]:
    """Task to kind to how many negatives: the finding of a No, a wrong option, a scored label that is no answer.

    The kind is the finding's effective state in the study, as the policy met it (see `model.states`); No Finding is
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
    rows = pl.scan_parquet(shards, glob=False).filter(pl.col("label_policy").is_in(list(POLICIES)))
    source = str((build.record() or {}).get("source"))
    states = _states(build, manifests[source]) if source in manifests else None
    if states is None:
        kinds = _negatives(rows).with_columns(kind=pl.lit(UNKNOWN))
    else:
        study = pl.col("study_key").str.split_exact(":", 1).struct.field("field_1")
        asked = _negatives(rows.with_columns(study_id=study))
        words = {int(state): word for state, word in KINDS.items()}
        kind = pl.col("state").replace_strict(words, default=PRESENT, return_dtype=pl.String).fill_null(PRESENT)
        kind = pl.when(pl.col("finding").is_in(_normal())).then(pl.lit(BESIDE)).otherwise(kind)
        kinds = asked.join(states, on=["study_id", "finding"], how="left").with_columns(kind=kind)
    return kinds.group_by("task", "kind").agg(n=pl.len()).collect(engine="streaming")


def _negatives(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row a negative, with its `finding`."""
    is_asked, is_no = pl.col("asked_finding").is_not_null(), pl.col("answer") == "No"
    offered = pl.coalesce("options", "scored_labels")
    wrong = offered.list.set_difference(pl.col("labels").fill_null([]))
    finding = pl.when(is_asked & is_no).then(pl.concat_list("asked_finding")).when(~is_asked).then(wrong)
    return rows.with_columns(finding=finding).explode("finding", empty_as_null=False, keep_nulls=False)


def _normal() -> list[str]:
    return [finding.name for finding in vocabulary().findings if finding.kind == "normal"]


def _states(build: Build, manifest: Manifest) -> pl.LazyFrame | None:
    """study_id, finding and the code of its effective state; None where the facets are gone or hold no labels."""
    files = {name: build.home / f"facets/{name}.parquet" for name in FACETS}
    if manifest.labels is None or not all(path.is_file() for path in files.values()):
        return None
    tables = {name: pl.scan_parquet(path, glob=False) for name, path in files.items()}
    looked_for = set(tables["label_space"].select("finding").collect()["finding"])
    space = [name for name in vocabulary().names if name in looked_for]
    stated = stated_wide(tables["findings"], tables["readings"], manifest.labels, space)
    wide = effective(stated, space, vocabulary()).select("study_id", *space)
    return wide.unpivot(index="study_id", variable_name="finding", value_name="state")
