"""What each picture is called, and which of the twelve archives holds it."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE, INSIDE

ROOT: Final = "data"
PICTURES: Final = 112_120
FIRST_ARCHIVE: Final = 4_999
ARCHIVE: Final = 10_000


def archive_number(place: pl.Expr, pictures: pl.Expr | int) -> pl.Expr:
    """Which of the twelve archives, 1 to 12, holds the picture at that place (from 0) in the order of the names.

    The first holds 4,999 pictures, the next ten 10,000 each, the last the rest: these counts cut the names of the label
    table exactly where the published first and last names of the archives do. Of fewer pictures than there are, each
    archive holds its share.
    """
    official = place.cast(pl.Int64) * PICTURES // pictures
    return (official + ARCHIVE - FIRST_ARCHIVE) // ARCHIVE + 1


def placed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `path` and `member`, by their `stem` and `archive` (see `archive_number`).

    Users have the pictures in one folder, in twelve, or still in the archives: the path says the name alone, the member
    the archive that holds it, which the Box download numbers with three digits and the official script with two.
    """
    number = pl.col("archive").cast(pl.String).str.zfill(2)
    return rows.with_columns(
        path=pl.format("{}{}.png", pl.lit(ANYWHERE), "stem"),
        member=pl.format("{}images_*{}.tar.gz{}images/{}.png", pl.lit(ANYWHERE), number, pl.lit(INSIDE), "stem"),
    )
