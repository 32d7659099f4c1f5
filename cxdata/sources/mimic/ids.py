"""MIMIC-CXR's ids: read with or without their prefixes, `p10000032`, `s50414267`, `files/p10/…/s50414267.txt`."""

from __future__ import annotations

import polars as pl

SLUG = "mimic"


def patient_id(column: str) -> pl.Expr:
    """The eight digits of a subject id; null when the cell holds none."""
    return pl.col(column).str.extract(r"(?:^|[^0-9])(1\d{7})(?:\.0)?$")


def study_id(column: str) -> pl.Expr:
    """A study id as `s50414267`; null when the cell holds none."""
    return "s" + pl.col(column).str.extract(r"(?:^|[^0-9])(5\d{7})(?:\.0|\.txt)?$")


def dicom_id(column: str) -> pl.Expr:
    """The five groups of eight hex digits, without folder and ending; null when the cell holds something else."""
    return pl.col(column).str.extract(r"(?:^|/)([0-9a-f]{8}(?:-[0-9a-f]{8}){4})(?:\.jpg|\.dcm)?$")


def image_id(dicom: pl.Expr) -> pl.Expr:
    """The image id of a dicom id, `mimic:<dicom_id>`."""
    return pl.concat_str(pl.lit(f"{SLUG}:"), dicom)


def image_path(patient: pl.Expr, study: pl.Expr, dicom: pl.Expr) -> pl.Expr:
    """Where the picture lies below the root of MIMIC-CXR-JPG."""
    return pl.format("files/p{}/p{}/{}/{}.jpg", patient.str.head(2), patient, study, dicom)
