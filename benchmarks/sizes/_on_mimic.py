"""MIMIC-CXR's tables at their size, and their studies by number, for the sources that stand on it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from mimic_size import write_tables

METADATA = "mimic-cxr-2.0.0-metadata.csv.gz"


def write_mimic(root: Path) -> pl.DataFrame:
    """Write MIMIC-CXR's tables below root; its frontals (dicom_id, subject_id, study_id, StudyDate)."""
    jpg = write_tables(root)
    images = pl.read_csv(jpg / METADATA, columns=["dicom_id", "subject_id", "study_id", "ViewPosition", "StudyDate"])
    frontal = images.filter(pl.col("ViewPosition") != "LATERAL")
    return frontal.unique("study_id", keep="first", maintain_order=True).sort("subject_id", "study_id")
