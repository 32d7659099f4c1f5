"""ChestX-ray14's label table and two lists: 112,120 pictures of 30,805 patients, half of them without a finding."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.sources.chestxray14.labels import LABELS

PICTURES, PATIENTS, TEST_PATIENTS = 112_120, 30_805, 2_797
BOXES = 984
COLUMNS = ["Image Index", "Finding Labels", "Patient ID", "Patient Age", "Patient Gender", "View Position"]


def write(root: Path) -> None:
    """Write the table, the boxes and both lists below root."""
    home = root / "CXR8"
    home.mkdir(parents=True)
    nth = pl.int_range(PICTURES, eager=True).alias("nth")
    rows = pl.DataFrame({"nth": nth}).with_columns(patient=(pl.col("nth") ** 2 // 7) % PATIENTS + 1)
    rows = rows.with_columns(order=pl.col("nth").rank("ordinal").over("patient") - 1)
    stem = pl.format(
        "{}_{}", pl.col("patient").cast(pl.String).str.zfill(8), pl.col("order").cast(pl.String).str.zfill(3)
    )
    table = rows.select(
        pl.format("{}.png", stem).alias(COLUMNS[0]), _labels().alias(COLUMNS[1]), pl.col("patient").alias(COLUMNS[2]),
        (pl.col("patient") % 80 + 10).alias(COLUMNS[3]),
        pl.when(pl.col("patient") % 2 == 0).then(pl.lit("F")).otherwise(pl.lit("M")).alias(COLUMNS[4]),
        pl.when(pl.col("nth") % 5 < 3).then(pl.lit("PA")).otherwise(pl.lit("AP")).alias(COLUMNS[5]),
    ).sort(COLUMNS[0])  # fmt: skip
    table.write_csv(home / "Data_Entry_2017_v2020.csv")
    is_test = pl.col("Patient ID") > PATIENTS - TEST_PATIENTS
    for name, part in (("train_val_list", table.filter(~is_test)), ("test_list", table.filter(is_test))):
        (home / f"{name}.txt").write_text("\n".join(part[COLUMNS[0]]), encoding="utf-8")
    _write_boxes(table, home / "BBox_List_2017.csv")


def _write_boxes(table: pl.DataFrame, path: Path) -> None:
    """Boxes of the first findings of as many pictures of test, in the odd header of the real file."""
    known = ("Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax")
    told = table.with_columns(first=pl.col("Finding Labels").str.split("|").list.first())
    boxed = told.filter(pl.col("first").is_in(known)).tail(BOXES).select("Image Index", "first")
    lines = [
        f"{image},{finding.replace('Infiltration', 'Infiltrate')},200.5,300.25,150.0,210.75,,,"
        for image, finding in boxed.iter_rows()
    ]
    path.write_text("\n".join(["Image Index,Finding Label,Bbox [x,y,w,h],,,", *lines, ""]), encoding="utf-8")


def _labels() -> pl.Expr:
    """Half No Finding, the rest one or two findings by hash."""
    names = [name for name in LABELS.findings if name != "No Finding"]
    key = pl.col("nth").cast(pl.String)
    one, other = (
        (hash_expr(0, key, purpose) % len(names)).replace_strict(range(len(names)), names, return_dtype=pl.String)
        for purpose in ("one", "other")
    )
    several = pl.when((one != other) & (pl.col("nth") % 3 == 0)).then(pl.format("{}|{}", one, other)).otherwise(one)
    return pl.when(pl.col("nth") % 100 < 54).then(pl.lit("No Finding")).otherwise(several)
