"""The view of a MIMIC-CXR picture: by ViewPosition, then by the view code, else unknown.

The view code column holds 641 shifted values (`Erect`, `Recumbent`: where the view's item is missing, the orientation
slid into its place); these say nothing of the view and are not read. Decubitus, oblique and axial films are OTHER.
"""

from __future__ import annotations

from typing import Final

import polars as pl

POSITIONS: Final = {
    "PA": "PA", "AP": "AP", "LATERAL": "LATERAL", "LL": "LATERAL",
    "AP AXIAL": "OTHER", "AP LLD": "OTHER", "AP RLD": "OTHER", "PA LLD": "OTHER", "PA RLD": "OTHER",
    "LAO": "OTHER", "RAO": "OTHER", "LPO": "OTHER", "RPO": "OTHER", "XTABLE LATERAL": "OTHER", "SWIMMERS": "OTHER",
}  # fmt: skip
CODES: Final = {
    "postero-anterior": "PA", "antero-posterior": "AP", "lateral": "LATERAL", "left lateral": "LATERAL",
    "right lateral": "LATERAL", "left anterior oblique": "OTHER", "right anterior oblique": "OTHER",
    "left posterior oblique": "OTHER", "right posterior oblique": "OTHER",
}  # fmt: skip


def view_columns() -> list[pl.Expr]:
    """`view` and `view_source` (ViewPosition, ViewCodeSequence, procedure) from the metadata table's columns.

    A film whose procedure names the abdomen and not the chest is OTHER, whatever its position says.
    """
    position = pl.col("ViewPosition").str.to_uppercase().replace_strict(POSITIONS, default=None, return_dtype=pl.String)
    code = pl.col("ViewCodeSequence_CodeMeaning").str.to_lowercase()
    code = code.replace_strict(CODES, default=None, return_dtype=pl.String)
    abdomen = _is_abdomen()
    view = pl.when(abdomen).then(pl.lit("OTHER")).otherwise(pl.coalesce(position, code, pl.lit("UNKNOWN")))
    source = (
        pl.when(abdomen).then(pl.lit("procedure")).when(position.is_not_null()).then(pl.lit("ViewPosition"))
        .when(code.is_not_null()).then(pl.lit("ViewCodeSequence"))
    )  # fmt: skip
    return [view.alias("view"), source.alias("view_source")]


def unread_views() -> pl.Expr:
    """True where ViewPosition holds a word that no table knows: the cell counts as nulled."""
    return pl.col("ViewPosition").is_not_null() & ~pl.col("ViewPosition").str.to_uppercase().is_in(list(POSITIONS))


def _is_abdomen() -> pl.Expr:
    procedure = pl.col("PerformedProcedureStepDescription").str.to_uppercase().fill_null("")
    return procedure.str.contains("ABD") & ~procedure.str.contains("CHEST|CXR|TRAUMA")
