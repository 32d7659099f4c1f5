"""Where a picture lies: PNG or DICOM, under its whole name or under one that the download cut.

Relative paths of BRAX have about 201 characters (PNG) and 212 (DICOM). Two readers found files only after they had cut
each path of the table to 194 characters, so that the ending was lost too; others found whole names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import polars as pl

from cxdata.sources.access import is_file, is_folder

CUT: Final = 194
FOLDERS: Final = {"PngPath": "images", "DicomPath": "Anonymized_DICOMs"}
LOOKED_AT: Final = 64
"""So many pictures, spread over the table, tell how a download names its files."""


def placed(rows: pl.DataFrame, root: Path | None) -> pl.DataFrame:
    """The rows with `path`, in the way in which the first pictures that are there lie; PNG goes before DICOM."""
    column = next((name for name, top in FOLDERS.items() if root and is_folder(root / top)), "PngPath")
    few = rows[column].drop_nulls().gather_every(max(1, rows.height // LOOKED_AT)).to_list()
    return rows.with_columns(path=_ways(column)[_way(few, root)])


def _ways(column: str) -> list[pl.Expr]:
    path = pl.col(column)
    cut = pl.when(path.str.len_chars() > CUT).then(path.str.slice(0, CUT)).otherwise(path)
    return [path, cut, cut + path.str.extract(r"(\.[a-z]+)$")]


def _way(paths: Sequence[str], root: Path | None) -> int:
    """The first way in which one of the pictures is there; the whole name where none is."""
    for path in paths if root else ():
        ways = (path, path[:CUT], path[:CUT] + PurePosixPath(path).suffix)
        there = next((k for k, way in enumerate(ways) if root and is_file(root / way)), None)
        if there is not None:
            return there
    return 0
