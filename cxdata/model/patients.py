"""Patients and splits: how strict a split is, and the split of a patient for whom none is published.

Test is stricter than val, val stricter than train: a strict split must not be trained on.
"""

from __future__ import annotations

import polars as pl

from cxdata.model.facets import SPLITS
from cxdata.model.hashing import unit_expr


def split_rank(column: str) -> pl.Expr:
    """How strict a split is, Int8: 0 train, 1 val, 2 test; null for anything else."""
    return pl.col(column).replace_strict(SPLITS, range(len(SPLITS)), default=None, return_dtype=pl.Int8)


def split_of(rank: pl.Expr) -> pl.Expr:
    """The split of a rank; null of null."""
    return rank.replace_strict(range(len(SPLITS)), SPLITS, default=None, return_dtype=pl.String)


def split_by_hash(patient: pl.Expr, val_share: float | pl.Expr, test_share: float | pl.Expr) -> pl.Expr:
    """The split of a patient key by stable hash, whatever the seed; shares are of 1, null where both are 0.

    The same for the same key in every build, so that a mix may repeat it.
    """
    val, test = (pl.lit(share) if isinstance(share, float | int) else share for share in (val_share, test_share))
    unit = unit_expr(0, patient, "split")
    return (
        pl.when(val + test == 0).then(pl.lit(None, pl.String))
        .when(unit < test).then(pl.lit("test")).when(unit < test + val).then(pl.lit("val")).otherwise(pl.lit("train"))
    )  # fmt: skip
