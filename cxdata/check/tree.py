"""What lies in a large folder of pictures or reports: a few of its folders, chosen by hash, or all of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.hashing import hash_expr

FOLDERS_A_LEVEL: Final = 200
MAX_DEPTH: Final = 8  # a link that leads back into the tree ends here
COLUMNS: Final = {"path": pl.String(), "size_bytes": pl.Int64()}


class Tree(NamedTuple):
    """Files seen below `top` (`path` relative to it, `size_bytes`), folders looked into, whether that was all."""

    top: Path
    files: pl.DataFrame
    folders: int
    is_whole: bool


class _Level(NamedTuple):
    folders: list[str]
    files: list[tuple[str, int]]
    is_whole: bool


def walk(top: Path, *, whole: bool) -> Tree:
    """Look into a folder level by level: all of it, or at most `FOLDERS_A_LEVEL` folders a level, always the same."""
    limit = None if whole else FOLDERS_A_LEVEL
    below, rows, count, is_whole = [""], [], 0, True
    for _ in range(MAX_DEPTH):
        chosen = _chosen(below, limit)
        level = _looked_into(top, chosen)
        is_whole = is_whole and level.is_whole and len(chosen) == len(below)
        count, below = count + len(chosen), level.folders
        rows += level.files
        if not below:
            break
    return Tree(top, pl.DataFrame(rows, schema=COLUMNS, orient="row").sort("path"), count, is_whole and not below)


def _chosen(folders: list[str], limit: int | None) -> list[str]:
    if limit is None or len(folders) <= limit:
        return sorted(folders)
    names = pl.DataFrame({"name": folders}).with_columns(rank=hash_expr(0, pl.col("name"), "doctor"))
    return sorted(names.sort("rank", "name").head(limit)["name"])


def _looked_into(top: Path, folders: list[str]) -> _Level:
    below: list[str] = []
    files: list[tuple[str, int]] = []
    is_whole = True
    for folder in folders:
        try:
            with os.scandir(top / folder) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir():
                        below.append(name)
                    elif entry.is_file():
                        files.append((name, entry.stat().st_size))
        except PermissionError:
            is_whole = False
    return _Level(below, files, is_whole)
