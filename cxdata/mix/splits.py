"""The split of every row: as strict as its strictest patient, and none where its patients stay in different splits."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.mix.patients import Resolved
from cxdata.model.patients import split_of, split_rank

TORN: Final = "patients_in_two_splits"
STRANGER: Final = "patient_without_split"
DROPS: Final = {
    TORN: "its patients stay in different splits: in the stricter one it would show a patient of the other",
    STRANGER: "one of its patients stands in no patients.parquet, or has no split there",
}
"""Codes of rows that no split can take, and why."""
DROP_CODE: Final = "drop_code"


def splits_of(samples: pl.LazyFrame, resolved: Resolved) -> pl.LazyFrame:
    """The samples with split and split_reason of their strictest patient, and `drop_code`, null where a row may stay.

    Needs sample_id, patient_key and patient_keys; every patient in patient_keys counts. Columns that are there already
    are replaced.
    """
    known = resolved.patients.lazy().select("patient_key", "split_reason", _rank=split_rank("split"))
    own = samples.drop("split", "split_reason", DROP_CODE, strict=False).join(
        known, on="patient_key", how="left", maintain_order="left"
    )
    rows = own.join(_of_others(samples, known), on="sample_id", how="left", maintain_order="left")
    lowest = pl.min_horizontal("_rank", "_low")
    strictest = pl.max_horizontal("_rank", "_high")
    is_stranger = pl.col("_rank").is_null() | pl.col("_stranger").fill_null(False)
    return rows.with_columns(
        split_of(strictest).alias("split"),
        pl.when(pl.col("_high") > pl.col("_rank")).then("_reason").otherwise("split_reason").alias("split_reason"),
        pl.when(is_stranger).then(pl.lit(STRANGER)).when(lowest < strictest).then(pl.lit(TORN)).alias(DROP_CODE),
    ).drop("_rank", "_low", "_high", "_reason", "_stranger")


def _of_others(samples: pl.LazyFrame, known: pl.LazyFrame) -> pl.LazyFrame:
    """Of rows with several patients: least and most strict rank, the latter's reason, and whether one is unknown."""
    several = samples.filter(pl.col("patient_keys").list.len() > 1).select("sample_id", patient_key="patient_keys")
    named = several.explode("patient_key").join(known, on="patient_key", how="left")
    ordered = named.sort("_rank", "patient_key", nulls_last=False)
    return ordered.group_by("sample_id").agg(
        _low=pl.col("_rank").min(), _high=pl.col("_rank").max(), _reason=pl.col("split_reason").last(),
        _stranger=pl.col("_rank").is_null().any(),
    )  # fmt: skip
