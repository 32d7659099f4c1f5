"""`split-check`: does any person stand in two splits, in builds once resolved, or in stage folders as written?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build, builds
from cxdata.mix.identity import Unknown
from cxdata.mix.matches import Roots, go_betweens, with_links
from cxdata.mix.patients import BuildPatients, Matrix, Resolved, overlap, resolve
from cxdata.mix.people import patients_of, record_of
from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.facets import SPLITS
from cxdata.model.manifest import SplitRule
from cxdata.sources.base import Source

WRITTEN: Final = {"patient_key": pl.String(), "source": pl.String(), "split": pl.String()}


class SplitCheck(NamedTuple):
    """Persons in more than one split, by source and source: as published, and what remains; and unknown pairs."""

    official: Matrix
    matrix: Matrix
    unknown: tuple[Unknown, ...]

    @property
    def ok(self) -> bool:
        """True when no person stands in more than one split. Unknown pairs are told and do not count."""
        return not any(n for row in self.matrix.values() for n in row.values())

    def as_json(self) -> dict[str, Any]:
        """What `split-check --json` prints."""
        unknown = [[pair.source, pair.other, pair.why] for pair in self.unknown]
        return {"ok": self.ok, "official": self.official, "matrix": self.matrix, "unknown": unknown}


def split_check(folders: Sequence[Path], sources: Mapping[str, Source]) -> SplitCheck:
    """Judge the stage folders as they are written, all together; without any, the builds as a mix would split them.

    Builds beside stage folders tell their published splits, and where match lists lie. Raises UsageError for a folder
    that is neither, CxdataError when builds or stage folders cannot be read.
    """
    stages = [folder for folder in folders if is_stage_folder(folder)]
    found = [build for folder in folders if folder not in stages for build in builds(folder)]
    written = pl.concat([pl.DataFrame(schema=WRITTEN), *map(_written, stages)]).unique()
    resolved = resolve(_everyone(found, written, sources))
    having = {record["source"] for record in map(record_of, found)}
    published = {one: {k: n for k, n in row.items() if k in having} for one, row in resolved.official.items()}
    official = {one: row for one, row in published.items() if one in having}
    return SplitCheck(official, _judged(resolved, written) if stages else _resolved(resolved), resolved.unknown)


def is_stage_folder(folder: Path) -> bool:
    """True for a folder that holds `train`, `val` or `test`."""
    return any((folder / split).is_dir() for split in SPLITS)


def _judged(resolved: Resolved, written: pl.DataFrame) -> Matrix:
    rows = written.join(resolved.patients.select("patient_key", "person"), on="patient_key", how="left")
    return overlap(rows, written["source"].unique())


def _resolved(resolved: Resolved) -> Matrix:
    rows = resolved.patients.select("person", "split", source="sources").explode("source")
    return overlap(rows, rows["source"].unique())


def _written(stage: Path) -> pl.DataFrame:
    """patient_key, source, split of every row: the folder's split, and the row's own where it says another."""
    parts = [(split, path) for split in SPLITS for path in sorted((stage / split).glob("*.parquet"))]
    if not parts:
        raise UsageError(
            "the stage folder holds no rows", where=str(stage), mend="name a folder that `cxdata mix` wrote"
        )
    return pl.concat([_rows(split, path) for split, path in parts]).unique()


def _rows(split: str, path: Path) -> pl.DataFrame:
    try:
        shard = pl.scan_parquet(path, glob=False)
        own = pl.col("split") if "split" in shard.collect_schema() else pl.lit(split)
        stands = shard.select(
            "source", patient_key="patient_keys", split=pl.concat_list(pl.lit(split), own).list.unique()
        )
        return stands.explode("patient_key").explode("split").drop_nulls().select(WRITTEN.keys()).unique().collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CxdataError(
            f"rows cannot be read ({type(error).__name__}): source and patient_keys are needed", where=str(path),
            mend="write the stage folder anew: cxdata mix",
        ) from None  # fmt: skip


def _everyone(found: Sequence[Build], written: pl.DataFrame, sources: Mapping[str, Source]) -> list[BuildPatients]:
    """Every source that has patients here, once; then those that only link others."""
    told, roots = patients_of(found, sources)
    known = {build.source: build for build in told}
    for (slug,), rows in written.partition_by("source", as_dict=True).items():
        keys = rows.select("patient_key", split_official=pl.lit(None, pl.String)).unique()
        known[slug] = _joined(known.get(slug), slug, keys, sources, roots)
    present = list(known.values())
    return [*present, *go_betweens(sources, present, roots)]


def _joined(
    build: BuildPatients | None, slug: str, keys: pl.DataFrame, sources: Mapping[str, Source], roots: Roots
) -> BuildPatients:
    if build is not None:
        return build._replace(patients=pl.concat([build.patients, keys]).unique())
    if slug in sources:
        return with_links(sources[slug], keys, roots)
    # A stage folder may come from someone with more sources: such rows are judged by their keys alone.
    return BuildPatients(slug, keys["patient_key"][0].partition(":")[0], keys, SplitRule(words="not known here"))


def torn_pairs(matrix: Matrix) -> list[tuple[str, str, int]]:
    """The pairs with at least one person, each once: source, source, persons."""
    return [(one, other, n) for one, row in matrix.items() for other, n in row.items() if n and one <= other]
