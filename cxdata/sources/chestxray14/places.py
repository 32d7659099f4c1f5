"""Where each picture lies: in one folder, in several, or in one of the twelve archives."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

import polars as pl

from cxdata.sources.reading import Desk

ROOT: Final = "data"
FLAT: Final = "images"
IN_FOLDERS: Final = "images-in-folders"
IN_ARCHIVES: Final = "image-archives"
PICTURES: Final = 112_120
FIRST_ARCHIVE: Final = 4_999
ARCHIVE: Final = 10_000
_NUMBERED: Final = re.compile(r"_(\d+)\.tar\.gz$")


def archive_number(place: pl.Expr, pictures: pl.Expr | int) -> pl.Expr:
    """Which of the twelve archives, 1 to 12, holds the picture at that place (from 0) in the order of the names.

    The first holds 4,999 pictures, the next ten 10,000 each, the last the rest: these counts cut the names of the label
    table exactly where the published first and last names of the archives do. Of fewer pictures than there are, each
    archive holds its share.
    """
    official = place.cast(pl.Int64) * PICTURES // pictures
    return (official + ARCHIVE - FIRST_ARCHIVE) // ARCHIVE + 1


def placed(desk: Desk, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `path`, relative to the root, and `member`, by their `stem` and `place` (see `archive_number`)."""
    flat = pl.format("images/{}.png", "stem")
    if not desk.has(FLAT) and desk.has(IN_FOLDERS):
        return rows.join(_index(desk), on="stem", how="left").with_columns(
            path=pl.coalesce("path", flat), member=pl.lit(None, pl.String)
        )
    if not desk.has(FLAT) and desk.has(IN_ARCHIVES):
        return rows.with_columns(path=_archive(desk), member=flat)
    return rows.with_columns(path=flat, member=pl.lit(None, pl.String))


def _index(desk: Desk) -> pl.DataFrame:
    paths = pl.Series("path", desk.members(IN_FOLDERS), pl.String()).to_frame()
    stems = paths.with_columns(stem=pl.col("path").str.extract(r"/(\d{8}_\d{3})\.png$")).drop_nulls()
    return stems.unique("stem", keep="first", maintain_order=True)


def _archive(desk: Desk) -> pl.Expr:
    """The archive's path, with as many digits as the archives on disk are numbered with."""
    first = desk.path(IN_ARCHIVES)
    folder = first.relative_to(desk.context.roots[ROOT]).parent
    numbered = _NUMBERED.search(first.name)
    digits = len(numbered.group(1)) if numbered else 3
    prefix = str(PurePosixPath(folder.as_posix()) / "images_")
    return pl.format("{}{}.tar.gz", pl.lit(prefix), pl.col("archive").cast(pl.String).str.zfill(digits))
