"""MS-CXR's 1,448 boxes on 1,047 pictures, and MIMIC's tables at their size, on which it stands."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
from mimic_size import write_tables

BOXES = 1_448
PICTURES = 1_047
CATEGORIES = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Lung Opacity", "Pleural Effusion", "Pneumonia",
    "Pneumothorax",
)  # fmt: skip
HEADER = (
    "dicom_id", "category_name", "label_text", "path", "x", "y", "w", "h", "image_width", "image_height", "split",
)  # fmt: skip


def write(root: Path) -> None:
    """Write the table of boxes below root/ms-cxr and MIMIC's tables beside it."""
    pictures = frontal_pictures(root).head(PICTURES).rows(named=True)
    folder = root / "ms-cxr"
    folder.mkdir(parents=True)
    with (folder / "MS_CXR_Local_Alignment_v1.1.0.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *(_row(nth, pictures[nth % PICTURES]) for nth in range(BOXES))])


def frontal_pictures(root: Path) -> pl.DataFrame:
    """Write MIMIC's tables, and give the frontal pictures by patient and study."""
    metadata = write_tables(root) / "mimic-cxr-2.0.0-metadata.csv.gz"
    images = pl.read_csv(metadata, infer_schema=False).filter(pl.col("ViewPosition").is_in(["PA", "AP"]))
    return images.unique("study_id", keep="first", maintain_order=True).sort("subject_id", "study_id")


def _row(nth: int, picture: dict[str, str]) -> tuple[object, ...]:
    patient, study, dicom = (picture[name] for name in ("subject_id", "study_id", "dicom_id"))
    path = f"files/p{patient[:2]}/p{patient}/s{study}/{dicom}.jpg"
    split = ("train", "train", "train", "val", "test")[nth % PICTURES % 5]
    box = (nth % 1_000, nth % 1_500, 400, 300, 2_544, 3_056)
    return (dicom, CATEGORIES[nth % 8], f"made-up phrase {nth % 715}", path, *box, split)
