"""CXR-LT's table of 45 labels on made-up tables of MIMIC-CXR-JPG: 377,110 pictures."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from mimic_size import write_tables

from cxdata.sources.cxr_lt.reader import LABELS


def write(root: Path) -> None:
    """Write the parent's tables and the labels below root."""
    jpg = write_tables(root)
    metadata = pl.read_csv(next(jpg.glob("*metadata.csv*")), infer_schema=False)
    folder = root / "cxr-lt-iccv-workshop-cvamd/2.0.0/cxr-lt-2024"
    folder.mkdir(parents=True)
    labels = [name for name in LABELS.all if name != "No Finding"]
    metadata.select(
        "dicom_id", "subject_id", pl.format("s{}", pl.col("study_id").str.strip_prefix("s")),
        *(_label(name, place) for place, name in enumerate(labels)),
    ).write_csv(folder / "labels.csv")  # fmt: skip


def _label(name: str, place: int) -> pl.Expr:
    number = pl.col("study_id").str.extract(r"(\d+)$").cast(pl.Int64)
    return ((number * (place + 7)) // 3 % (5 + 2 * place) == 0).cast(pl.Int8).alias(name)
