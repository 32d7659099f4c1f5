"""PadChest's table: 160,861 pictures of 109,931 studies and 67,625 patients, in the columns that are read."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cxdata.sources.padchest.words import LABELS

PICTURES, STUDIES, PATIENTS = 160_861, 109_931, 67_625
WORDS = ("derram", "pleural", "cardiomegali", "consolid", "base", "derech", "sin", "alteracion", "hili", "aort")


def write(root: Path) -> None:
    """Write the table below root, gzipped."""
    root.mkdir(parents=True)
    nth = pl.int_range(PICTURES, eager=True).alias("nth")
    rows = (
        pl.DataFrame({"nth": nth})
        .with_columns(study=pl.col("nth") % STUDIES, second=pl.col("nth") >= STUDIES)
        .with_columns(patient=pl.col("study") % PATIENTS, by_physician=pl.col("study") % 4 == 0)
    )
    study = pl.format(
        "9999{}{}", pl.col("patient").cast(pl.String).str.zfill(20), pl.col("study").cast(pl.String).str.zfill(18)
    )
    code = (
        pl.when("by_physician").then(pl.format("z{}", pl.col("nth").cast(pl.String).str.zfill(6)))
        .otherwise(pl.format("00-{}-0{}", pl.col("nth") % 900 + 100, pl.col("nth") % 90 + 10))
    )  # fmt: skip
    rows.select(
        pl.lit("").alias(""), ImageID=pl.format("{}_{}.png", study, code), ImageDir=pl.col("nth") % 50,
        StudyDate_DICOM=pl.format("20{}0203", pl.col("study") % 9 + 10), StudyID=study,
        PatientID=pl.format("9999{}", pl.col("patient").cast(pl.String).str.zfill(34)),
        PatientBirth=pl.format("{}.0", pl.col("patient") % 80 + 1925),
        PatientSex_DICOM=pl.when(pl.col("patient") % 2 == 0).then(pl.lit("F")).otherwise(pl.lit("M")),
        Projection=pl.when("second").then(pl.lit("L")).when(pl.col("study") % 6 == 0).then(pl.lit("AP"))
        .otherwise(pl.lit("PA")),
        MethodProjection=pl.lit("Manual review of DICOM fields"), Rows_DICOM=pl.lit(2140), Columns_DICOM=pl.lit(1760),
        Report=_report(), MethodLabel=pl.when("by_physician").then(pl.lit("Physician")).otherwise(pl.lit("RNN_model")),
        Labels=_labels(), Localizations=pl.lit("['loc right', 'loc basal']"),
        LabelsLocalizationsBySentence=_by_sentence(),
        labelCUIS=pl.lit("['C0018800'\n 'C2073625']"),
    ).write_csv(root / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv")  # fmt: skip


def _labels() -> pl.Expr:
    """Half normal or unclear as in the real table, the rest one to four labels, some of them much more often."""
    names = LABELS.all
    one = [
        pl.lit(names).list.get((pl.col("study") * step) ** 2 // 7 % size)
        for step, size in ((3, 20), (5, 60), (11, len(names)))
    ]
    several = pl.format("['{}', '{}', '{}']", *one)
    single = pl.format("['{}']", one[1])
    return (
        pl.when(pl.col("study") % 20 < 7).then(pl.lit("['normal']")).when(pl.col("study") % 20 == 19)
        .then(pl.lit("['unchanged']")).when(pl.col("study") % 2 == 0).then(single).otherwise(several)
    )  # fmt: skip


def _by_sentence() -> pl.Expr:
    """The labels with two locations: a list a sentence where physicians told them, else one flat list."""
    flat = pl.concat_str(_labels().str.slice(0, _labels().str.len_chars() - 1), pl.lit(", 'loc right', 'loc basal']"))
    return pl.when("by_physician").then(pl.format("[{}]", flat)).otherwise(flat)


def _report() -> pl.Expr:
    word = [pl.lit(list(WORDS)).list.get(pl.col("study") * step // 5 % len(WORDS)) for step in (3, 7, 11, 13, 17, 19)]
    return pl.format(" {} {} {} . {} {} {} .", *word)
