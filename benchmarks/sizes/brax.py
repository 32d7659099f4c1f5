"""BRAX's spreadsheet: 40,967 pictures of 24,959 studies and 19,351 patients."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cxdata.sources.brax.states import LABELS

PICTURES, STUDIES, PATIENTS = 40_967, 24_959, 19_351
STATES = ("", "", "", "1.0", "0.0", "", "-1.0", "0.0", "", "1.0", "")


def write(root: Path) -> None:
    """Write the spreadsheet below root."""
    root.mkdir(parents=True)
    rows = (
        pl.DataFrame({"nth": pl.int_range(PICTURES, eager=True)})
        .with_columns(study=pl.col("nth") % STUDIES, second=pl.col("nth") >= STUDIES)
        .with_columns(patient=pl.col("study") % PATIENTS)
    )
    folder = pl.format("id_99{}/Study_99{}/Series_99{}/image-99{}", "patient", "study", "nth", "nth")
    labels = {name: _state(place) for place, name in enumerate(LABELS.all)}
    rows.select(
        DicomPath=pl.format("Anonymized_DICOMs/{}.dcm", folder), PngPath=pl.format("images/{}.png", folder),
        PatientID=pl.format("99{}", "patient"),
        PatientSex=pl.when(pl.col("patient") % 2 == 0).then(pl.lit("F")).otherwise(pl.lit("M")),
        PatientAge=pl.col("patient") % 16 * 5 + 5, AccessionNumber=pl.format("99{}", "study"), **labels,
        ViewPosition=pl.when("second").then(pl.lit("L")).when(pl.col("study") % 3 == 0).then(pl.lit("AP"))
        .otherwise(pl.lit("PA")),
        Rows=pl.lit(2430), Columns=pl.lit(1994),
    ).write_csv(root / "master_spreadsheet_update.csv")  # fmt: skip


def _state(place: int) -> pl.Expr:
    drawn = (pl.col("study") * (place + 3)) ** 2 // 5 % len(STATES)
    return drawn.replace_strict(range(len(STATES)), list(STATES), return_dtype=pl.String)
