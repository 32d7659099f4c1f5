"""What the rows of a mix amount to: findings in their states, people and pictures behind them. Each question once.

The rows are read from the builds a file at a time, and only counts of them are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.build.used import STUDY, UNKNOWN, kind_of, states_of, used
from cxdata.mix.behind import Behind, behind
from cxdata.mix.moved import without_unproved
from cxdata.mix.pool import FILE, PLACE
from cxdata.model.states import Effective
from cxdata.sources.base import Source

READ: Final = (
    "source", "task", "study_key", "asked_finding", "options", "labels", "scored_labels", "answer", "label_policy",
    "reference", "image_ids",
)  # fmt: skip
BY: Final = ("finding", "is_right", "state", "split", "reference", "task")
_POSITIVES: Final = {
    Effective.PRESENT: "stated present", Effective.UNCERTAIN: "uncertain",
}  # fmt: skip


class Facts(NamedTuple):
    """Counts of what a mix holds, each question once however often it comes.

    `findings`: one row each combination of BY, with `n`; `is_right` says whether the finding belongs to the answer,
    `state` what it rests on. `spelled`: finding, source, native (the spellings of it in the source's own tables).
    `asked`: finding, source, yes, no: binary questions of the builds in train, before anything was left out.
    `looked_for`: every finding in a label space of the builds.
    """

    findings: pl.DataFrame
    behind: Behind
    spelled: pl.DataFrame
    asked: pl.DataFrame
    looked_for: frozenset[str]


def facts(
    places: pl.DataFrame, files: Sequence[Path], found: Sequence[Build], sources: Mapping[str, Source],
    unproved: pl.DataFrame | None = None,
) -> Facts:  # fmt: skip
    """Count. `places` says of each row its FILE, PLACE and split; `files` are the Parquet files by that number.

    `unproved` names what rows of val and test are not scored by (see `moved`), where any are.
    Builds of which no row is there are left aside.
    """
    once = places.select(FILE, PLACE, "split").unique([FILE, PLACE])
    shown = {number: files[number] for number in sorted(set(once[FILE]))}
    homes = {path.parent.parent for path in shown.values()}
    found = [build for build in found if build.home in homes]
    counts, studies, pictures = [], [], []
    for build in found:
        states = _states(build, sources)
        for number, path in shown.items():
            if path.parent.parent != build.home:
                continue
            rows = _rows(path, once.filter(pl.col(FILE) == number))
            rows = rows if unproved is None else without_unproved(rows, unproved)
            counts.append(_counted(rows, states))
            studies.append(rows.select("source", "study_key").unique())
            pictures.append(
                rows.select("source", image_id=pl.col("image_ids")).explode("image_id").drop_nulls().unique()
            )
    findings = pl.concat(counts).group_by(BY).agg(pl.col("n").sum()).sort(BY, nulls_last=True)
    people = behind(pl.concat(studies).unique(), pl.concat(pictures).unique(), found)
    return Facts(findings, people, _spelled(found), _asked(found), _looked_for(found))


def _rows(path: Path, places: pl.DataFrame) -> pl.DataFrame:
    scan = pl.scan_parquet(path, glob=False).select(READ).with_row_index(PLACE)
    return scan.join(places.lazy(), on=PLACE).collect()


def _states(build: Build, sources: Mapping[str, Source]) -> pl.DataFrame | None:
    source = str((build.record() or {}).get("source"))
    states = states_of(build, sources[source].manifest) if source in sources else None
    return None if states is None else states.collect()


def _counted(rows: pl.DataFrame, states: pl.DataFrame | None) -> pl.DataFrame:
    each = used(rows.lazy())
    if states is None:
        told = each.with_columns(state=pl.lit(UNKNOWN))
    else:
        codes = {int(code): word for code, word in _POSITIVES.items()}
        right = pl.col("state").replace_strict(codes, default="other", return_dtype=pl.String).fill_null("other")
        word = pl.when("is_right").then(right).otherwise(kind_of(pl.col("state")))
        told = each.join(states.lazy(), on=[STUDY, "finding"], how="left").with_columns(state=word)
    return told.group_by(BY).agg(n=pl.len().cast(pl.Int64)).collect()


def _facet(build: Build, name: str) -> pl.LazyFrame | None:
    path = build.home / f"facets/{name}.parquet"
    return pl.scan_parquet(path, glob=False) if path.is_file() else None


def _spelled(found: Sequence[Build]) -> pl.DataFrame:
    parts = [pl.LazyFrame(schema={"finding": pl.String, "source": pl.String, "native": pl.String})]
    for build in found:
        if (table := _facet(build, "findings")) is not None:
            source = str((build.record() or {}).get("source"))
            named = table.select("finding", source=pl.lit(source), native="native_label")
            parts.append(named.drop_nulls().unique())
    return pl.concat(parts).sort("finding", "source", "native").collect()


def _looked_for(found: Sequence[Build]) -> frozenset[str]:
    tables = [table for build in found if (table := _facet(build, "label_space")) is not None]
    return frozenset(name for table in tables for name in table.select("finding").unique().collect()["finding"])


def _asked(found: Sequence[Build]) -> pl.DataFrame:
    files = [path for build in found for path in build.shards("samples", "disease_binary")]
    nothing = pl.LazyFrame(schema={"finding": pl.String, "source": pl.String, "answer": pl.String})
    scans = [
        pl.scan_parquet(path, glob=False).filter(pl.col("split") == "train")
        .select("source", "answer", finding="asked_finding").select("finding", "source", "answer") for path in files
    ]  # fmt: skip
    sides = [(pl.col("answer") == side).sum().cast(pl.Int64).alias(side.lower()) for side in ("Yes", "No")]
    return pl.concat([nothing, *scans]).group_by("finding", "source").agg(sides).sort("finding", "source").collect()
