"""Official counts beside what is there: rows, distinct values and members, as the manifest says to count them."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.check.globs import glob_regex
from cxdata.check.tree import Tree
from cxdata.model.manifest import Count, FileSpec

TARS: Final = (".tar", ".tar.gz", ".tgz")


class Tally(NamedTuple):
    """An official count and what was found; None: not counted, for want of the file or of a look at all of it."""

    what: str
    unit: str
    official: int
    found: int | None


def differs(tally: Tally) -> bool:
    """True where another number was found than the official one."""
    return tally.found is not None and tally.found != tally.official


def count_rows(count: Count, table: pl.DataFrame) -> int:
    """What the count asks for of a table that was read: rows, or distinct values that are not blank."""
    rows = table.filter(*(pl.col(column) == value for column, value in count.where.items()))
    return rows[count.column].drop_nulls().n_unique() if count.column else rows.height


def count_members(path: Path, spec: FileSpec, tree: Tree | None) -> int | None:
    """How many members a family has: in a zip or a tar of texts, below a folder seen whole, or as rows of a table."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return int(_matching(pl.Series("path", archive.namelist(), pl.String()), spec).sum())
    if path.name.endswith(TARS):
        return _members_of_tar(path, spec)
    if tree is not None:
        return int(_matching(tree.files["path"], spec).sum()) if tree.is_whole else None
    return pl.read_csv(path, infer_schema=False).height if ".csv" in path.name else None


def _members_of_tar(path: Path, spec: FileSpec) -> int | None:
    """A tar has no directory: one of pictures would have to be unpacked to its end, and is not counted."""
    if spec.kind == "pictures":
        return None
    with tarfile.open(path) as archive:
        return int(_matching(pl.Series("path", archive.getnames(), pl.String()), spec).sum())


def is_member(path: pl.Expr, spec: FileSpec) -> pl.Expr:
    """True for the paths, in an archive or below the family's folder, that the family's `holds` describes."""
    return path.str.contains(f"(?:^|/){glob_regex(spec.holds)}$") if spec.holds else pl.lit(value=True)


def _matching(paths: pl.Series, spec: FileSpec) -> pl.Series:
    return paths.to_frame("path").select(is_member(pl.col("path"), spec).alias("is"))["is"]
