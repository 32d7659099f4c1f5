"""The view of a picture: frontal or lateral by its file name, PA or AP by the table.

A frontal picture whose position is LL or RL (17 of v1.0) contradicts itself: its view is not known.
"""

from __future__ import annotations

from typing import Final

import polars as pl

POSITIONS: Final = {"AP": "AP", "PA": "PA"}
LATERALS: Final = ("LL", "RL")
_UNKNOWN: Final = "UNKNOWN"


def view_columns(plane: str | None, position: str | None) -> list[pl.Expr]:
    """`view` and `view_source`; `plane` and `position` are the table's columns, None where it has none.

    The column `plane` of the rows holds the plane that the file name says.
    """
    told = pl.lit(None, pl.String) if plane is None else pl.col(plane).str.to_lowercase()
    stands = pl.lit(None, pl.String) if position is None else pl.col(position).str.to_uppercase()
    frontal = (
        pl.when(stands.is_null()).then(pl.lit("FRONTAL"))
        .otherwise(stands.replace_strict(POSITIONS, default=_UNKNOWN, return_dtype=pl.String))
    )  # fmt: skip
    view = (
        pl.when(told.is_not_null() & (told != pl.col("plane"))).then(pl.lit(_UNKNOWN))
        .when(pl.col("plane") == "lateral").then(pl.lit("LATERAL")).otherwise(frontal)
    )  # fmt: skip
    source = (
        pl.when(view.is_in(list(POSITIONS))).then(pl.lit(position)).when(view != _UNKNOWN).then(pl.lit("file name"))
    )
    return [view.alias("view"), source.alias("view_source")]


def unread_views(plane: str, position: str) -> pl.Expr:
    """True where a cell holds a word that no table is known to hold: it counts as nulled."""
    planes, positions = pl.col(plane).str.to_lowercase(), pl.col(position).str.to_uppercase()
    strange = planes.is_not_null() & ~planes.is_in(["frontal", "lateral"])
    return strange | (positions.is_not_null() & ~positions.is_in([*POSITIONS, *LATERALS]))
