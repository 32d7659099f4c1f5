"""Finding one sample by its id, or the ids that come near to it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.check.places import group_starts, place
from cxdata.model.errors import UsageError

NEAR: Final = 5
COMPARED: Final = 5_000  # ids that difflib looks at: it compares them one by one

_ID: Final = pl.col("sample_id")
_NONE: Final = pl.LazyFrame(schema={"sample_id": pl.String})


class Located(NamedTuple):
    """A sample: its build, its file relative to the build, `shard:row-group:row`, and every column."""

    build: Build
    file: str
    where: str
    row: dict[str, Any]


def locate_sample(found: Sequence[Build], sample_id: str) -> Located:
    """The sample of that id. Raises UsageError that names near ids when there is none."""
    for build in found:
        for path in _shards(build, sample_id):
            ids = pl.scan_parquet(path, glob=False).select("sample_id").with_row_index("row")
            rows = ids.filter(pl.col("sample_id") == sample_id).collect()["row"]
            if len(rows):
                return _located(build, path, rows[0])
    raise UsageError(f"no sample has the id {sample_id!r}", where=_folders(found), mend=_mend(found, sample_id))


def near_ids(found: Sequence[Build], sample_id: str) -> list[str]:
    """Ids like the one given: of its study and task, else of its study, else spelt like it, of its task first."""
    task, _, key = sample_id.rpartition("/")
    if not key:
        return []
    ids = pl.concat([ids for build in found for ids in map(_ids, build.shards("samples"))] or [_NONE])
    own, of_study = _ID.str.starts_with(f"{task}/"), _ID.str.contains(f"/{key.partition(':')[0]}", literal=True)
    for test in (own & of_study, of_study):
        if close := _matching(ids, test):
            return difflib.get_close_matches(sample_id, close, NEAR) or close[:NEAR]
    # A key with one wrong character shares one of its halves with the key that was meant.
    half = len(key) // 2
    alike = _ID.str.ends_with(key[half:]) | _ID.str.contains(f"/{key[:half]}", literal=True)
    near = (difflib.get_close_matches(sample_id, _matching(ids, test), NEAR) for test in (own & alike, alike))
    return next(filter(None, near), [])


def _matching(ids: pl.LazyFrame, test: pl.Expr) -> list[str]:
    return ids.filter(test).unique().sort("sample_id").head(COMPARED).collect()["sample_id"].to_list()


def _mend(found: Sequence[Build], sample_id: str) -> str:
    near = near_ids(found, sample_id)
    return "\n".join(["did you mean:", *near]) if near else "an id is <source>/<task>/<key>, as in the column sample_id"


def _ids(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False).select("sample_id")


def _shards(build: Build, sample_id: str) -> list[Path]:
    parts = sample_id.split("/")
    return build.shards("samples", parts[1]) if len(parts) > 1 and parts[1].isidentifier() else build.shards("samples")


def _located(build: Build, path: Path, row: int) -> Located:
    file = path.relative_to(build.home).as_posix()
    group, nth = place(group_starts(path), row)
    content = pl.scan_parquet(path, glob=False).slice(row, 1).collect().row(0, named=True)
    return Located(build, file, f"{build.label(file)}:{group}:{nth}", content)


def _folders(found: Sequence[Build]) -> str:
    return ", ".join(str(build.home) for build in found)
