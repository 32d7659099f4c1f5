"""A made-up download of MIMIC-CXR's size in metadata: the tables and the zip of reports, no pictures."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr, unit_expr

PATIENTS: Final = 65_379
STUDIES: Final = 227_835
IMAGES: Final = 377_110
# Share of present, absent and uncertain cells: about those of the CheXpert labeller on MIMIC-CXR.
CELLS: Final = {
    "Atelectasis": (0.201, 0.007, 0.045),
    "Cardiomegaly": (0.197, 0.070, 0.026),
    "Consolidation": (0.047, 0.035, 0.019),
    "Edema": (0.119, 0.113, 0.058),
    "Enlarged Cardiomediastinum": (0.031, 0.023, 0.041),
    "Fracture": (0.019, 0.004, 0.002),
    "Lung Lesion": (0.028, 0.005, 0.005),
    "Lung Opacity": (0.226, 0.013, 0.017),
    "No Finding": (0.331, 0.0, 0.0),
    "Pleural Effusion": (0.238, 0.119, 0.025),
    "Pleural Other": (0.009, 0.001, 0.003),
    "Pneumonia": (0.072, 0.107, 0.080),
    "Pneumothorax": (0.046, 0.186, 0.005),
    "Support Devices": (0.292, 0.015, 0.001),
}

# How a finding is told where it is present, with a site and a size chosen by hash, and where it is absent.
TOLD: Final = {
    "Atelectasis": ("There is {size} atelectasis at the {side} lung base.", "There is no atelectasis."),
    "Cardiomegaly": ("The heart is {size} enlarged.", "Heart size is normal."),
    "Consolidation": ("{size} consolidation is seen in the {side} lung.", "There is no focal consolidation."),
    "Edema": ("There is {size} pulmonary edema.", "No pulmonary edema is seen."),
    "Enlarged Cardiomediastinum": ("The mediastinum is {size} widened.", "The mediastinal contours are normal."),
    "Fracture": ("There is a {size} displaced fracture of a {side} rib.", "No fracture is seen."),
    "Lung Lesion": ("A {size} nodule projects over the {side} lung.", "No lung nodule or mass is seen."),
    "Lung Opacity": ("There is a {size} opacity in the {side} lung.", "The lungs are clear."),
    "No Finding": ("The bony thorax is intact.", ""),
    "Pleural Effusion": ("There is a {size} {side} pleural effusion.", "There is no pleural effusion."),
    "Pleural Other": ("{size} {side} pleural thickening is seen.", "There is no pleural thickening."),
    "Pneumonia": ("A {size} patch in the {side} lung suggests pneumonia.", "There is no evidence of pneumonia."),
    "Pneumothorax": ("There is a {size} {side} pneumothorax.", "No pneumothorax is seen."),
    "Support Devices": ("A {side} catheter ends in the {size} superior vena cava.", "No tubes or lines are seen."),
}  # fmt: skip
SIDES: Final = ("left", "right", "left lower", "right lower", "left upper", "right upper", "right middle", "lingular")
SIZES: Final = ("tiny", "small", "mild", "moderate", "large", "faint", "patchy", "hazy", "subtle", "marked")


def write_tables(root: Path, share: float = 1.0) -> Path:
    """Write metadata, split and CheXpert tables of `share` of MIMIC's size below root; returns the JPG part."""
    jpg = root / "physionet.org/files/mimic-cxr-jpg/2.1.0"
    jpg.mkdir(parents=True, exist_ok=True)
    studies = _studies(share)
    images = _images(studies, share)
    _write(images, jpg / "mimic-cxr-2.0.0-metadata.csv.gz")
    _write(images.select("dicom_id", "study_id", "subject_id", "split"), jpg / "mimic-cxr-2.0.0-split.csv.gz")
    _write(_labels(studies), jpg / "mimic-cxr-2.0.0-chexpert.csv.gz")
    return jpg


def study_names(share: float = 1.0) -> list[str]:
    """The member name of each study's report, as in mimic-cxr-reports.zip."""
    rows = _studies(share).select("subject_id", "study_id").iter_rows()
    return [f"files/p{str(subject)[:2]}/p{subject}/s{study}.txt" for subject, study in rows]


def study_sentences(share: float = 1.0) -> list[list[str]]:
    """What each study's report says of its findings, in the order of `study_names`: labels and texts agree."""
    studies = _studies(share)
    labels = _labels(studies)
    told = [_told(name, *words).alias(name) for name, words in TOLD.items()]
    rows = labels.with_columns(key=pl.col("study_id").cast(pl.String)).select(pl.concat_list(told).list.drop_nulls())
    return rows.to_series().to_list()


def _told(name: str, present: str, absent: str) -> pl.Expr:
    blanks = re.findall(r"\{(side|size)\}", present)
    words = [_picked(SIDES if blank == "side" else SIZES, f"{blank} {name}") for blank in blanks]
    said = pl.format(re.sub(r"\{\w+\}", "{}", present), *words) if words else pl.lit(present)
    return pl.when(pl.col(name) == "1.0").then(said).when(pl.col(name) == "0.0").then(pl.lit(absent))


def _picked(words: tuple[str, ...], purpose: str) -> pl.Expr:
    place = hash_expr(0, pl.col("key"), purpose) % len(words)
    return place.replace_strict(range(len(words)), words, return_dtype=pl.String)


def _studies(share: float) -> pl.DataFrame:
    n, patients = int(STUDIES * share), int(PATIENTS * share)
    frame = pl.DataFrame({"i": pl.int_range(n, eager=True)})
    key = pl.col("i").cast(pl.String)
    patient = hash_expr(0, key, "patient") % patients
    unit = unit_expr(0, patient.cast(pl.String), "split")
    split = (
        pl.when(unit < 0.9876)
        .then(pl.lit("train"))
        .when(unit < 0.9952)
        .then(pl.lit("validate"))
        .otherwise(pl.lit("test"))
    )
    return frame.select(
        "i", subject_id=10_000_000 + patient * 150, study_id=50_000_000 + pl.col("i") * 40, split=split
    ).sort("subject_id", "study_id")  # fmt: skip


def _images(studies: pl.DataFrame, share: float) -> pl.DataFrame:
    extra = studies.head(int((IMAGES - STUDIES) * share))
    frame = pl.concat([studies.with_columns(nth=pl.lit(0)), extra.with_columns(nth=pl.lit(1))])
    key = pl.format("{}-{}", "i", "nth")
    digits = [pl.lit("") + _hex(key, part) for part in range(5)]
    lateral = (pl.col("nth") == 1) & (unit_expr(0, key, "lateral") < 0.8)
    view = (
        pl.when(lateral)
        .then(pl.lit("LATERAL"))
        .when(unit_expr(0, key, "pa") < 0.4)
        .then(pl.lit("PA"))
        .otherwise(pl.lit("AP"))
    )
    return frame.select(
        pl.concat_str(digits, separator="-").alias("dicom_id"), "subject_id", "study_id",
        PerformedProcedureStepDescription=pl.lit("CHEST (PA AND LAT)"), ViewPosition=view, Rows=pl.lit(3056),
        Columns=pl.lit(2544), StudyDate=pl.lit(21500101) + pl.col("i") % 28, StudyTime=pl.lit("80556.875"),
        ProcedureCodeSequence_CodeMeaning=pl.lit("CHEST (PA AND LAT)"), ViewCodeSequence_CodeMeaning=pl.lit("lateral"),
        PatientOrientationCodeSequence_CodeMeaning=pl.lit("Erect"), split="split",
    )  # fmt: skip


def _hex(key: pl.Expr, part: int) -> pl.Expr:
    # Eight characters out of 0-9: hex digits all the same, and cheap.
    return (hash_expr(0, key, f"dicom{part}") % 100_000_000).cast(pl.String).str.zfill(8)


def _labels(studies: pl.DataFrame) -> pl.DataFrame:
    cells = [_cell(name, shares) for name, shares in CELLS.items()]
    return studies.select("subject_id", "study_id", *cells)


def _cell(name: str, shares: tuple[float, float, float]) -> pl.Expr:
    present, absent, uncertain = shares
    unit = unit_expr(0, pl.col("i").cast(pl.String), f"cell {name}")
    return (
        pl.when(unit < present).then(pl.lit("1.0")).when(unit < present + absent).then(pl.lit("0.0"))
        .when(unit < present + absent + uncertain).then(pl.lit("-1.0")).alias(name)
    )  # fmt: skip


def _write(frame: pl.DataFrame, path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as stream:
        frame.drop("split", strict=False).write_csv(stream) if "ViewPosition" in frame.columns else frame.write_csv(
            stream
        )
