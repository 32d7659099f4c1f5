"""Official checksums, `<sha256>  <name>` a line: compared for all files of a source or for a few chosen by hash."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal, NamedTuple

import polars as pl

from cxdata.build.progress import Progress
from cxdata.check.globs import glob_regex
from cxdata.model.hashing import file_sha256, hash_expr
from cxdata.model.manifest import FileSpec

Mode = Literal["none", "sample", "all"]

PICTURES_A_SAMPLE: Final = 20
CHUNK: Final = 2000  # files between two lines of progress


class Covered(NamedTuple):
    """A file or folder of the source that a list of checksums may speak of."""

    spec: FileSpec
    path: Path


class Checked(NamedTuple):
    """What became of the list `file`: how many of the source's files it names, how many were compared, the bad ones."""

    file: str
    listed: int
    looked_at: int
    mismatched: tuple[str, ...]
    missing: tuple[str, ...]


def read_sums(path: Path) -> pl.DataFrame:
    """The list as `sha256` and `name`; lines of another form are passed over."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = pl.DataFrame({"line": text.splitlines()}, schema={"line": pl.String()})
    parts = pl.col("line").str.extract_groups(r"^(?<sha256>[0-9a-fA-F]{64}) [ *]?(?:\./)?(?<name>.+)$")
    return (
        lines.select(parts.alias("part")).unnest("part").drop_nulls().with_columns(pl.col("sha256").str.to_lowercase())
    )


def check_sums(sums: Path, covered: Iterable[Covered], mode: Mode, progress: Progress) -> Checked:
    """Hash what the list names of the covered files: everything, or single files and a few members of each folder."""
    base, listed = sums.parent, read_sums(sums)
    named = [(item, _listed(listed, item, base)) for item in covered if item.path.is_relative_to(base)]
    every = _together(listed, [rows for _, rows in named])
    asked = every if mode == "all" else _together(listed, [_few(rows, item) for item, rows in named])
    verdicts = list(_verdicts(base, asked, progress))
    wrong = tuple(name for name, verdict in verdicts if verdict == "mismatch")
    gone = tuple(name for name, verdict in verdicts if verdict == "missing")
    return Checked(str(sums), every.height, asked.height, wrong, gone)


def _listed(listed: pl.DataFrame, item: Covered, base: Path) -> pl.DataFrame:
    name = item.path.relative_to(base).as_posix()
    if not item.path.is_dir():
        return listed.filter(pl.col("name") == name)
    prefix = "" if name == "." else re.escape(name) + "/"
    return listed.filter(pl.col("name").str.contains(f"^{prefix}{glob_regex(item.spec.holds or '*')}$"))


def _few(rows: pl.DataFrame, item: Covered) -> pl.DataFrame:
    if not item.path.is_dir():
        # An archive of pictures is gigabytes: hashing it is for `all`.
        return rows.clear() if item.spec.kind == "pictures" else rows
    return rows.sort(hash_expr(0, pl.col("name"), "checksum"), "name").head(PICTURES_A_SAMPLE)


def _together(listed: pl.DataFrame, frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([listed.clear(), *frames]).unique("name", keep="first", maintain_order=True)


def _verdicts(base: Path, asked: pl.DataFrame, progress: Progress) -> Iterator[tuple[str, str]]:
    rows = [(base, name, sha256) for name, sha256 in asked.select("name", "sha256").iter_rows()]
    progress.expect(-(-len(rows) // CHUNK))
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            yield from zip((name for _, name, _ in chunk), threads.map(_verdict, chunk), strict=True)
            progress.done("checksums", f"{start + len(chunk):,} of {len(rows):,} files")


def _verdict(row: tuple[Path, str, str]) -> str:
    base, name, sha256 = row
    path = base / name
    if not path.is_file():
        return "missing"
    return "ok" if file_sha256(path) == sha256 else "mismatch"
