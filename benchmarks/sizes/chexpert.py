"""CheXpert v1.0's two tables: 223,414 pictures of 64,540 patients in train, 234 of 200 patients in valid."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from mimic_size import CELLS

from cxdata.model.hashing import unit_expr

TRAIN = (223_414, 187_641, 64_540)  # pictures, studies, patients
VALID = (234, 200, 200)
LABELS = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema",
    "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
    "Support Devices",
)  # fmt: skip


def write(root: Path) -> None:
    """Write both tables below root."""
    home = root / "CheXpert-v1.0"
    home.mkdir(parents=True)
    _table("train", 1, *TRAIN).write_csv(home / "train.csv")
    _table("valid", 70_000, *VALID).write_csv(home / "valid.csv")


def _table(split: str, first: int, pictures: int, studies: int, patients: int) -> pl.DataFrame:
    nth = pl.int_range(pictures, eager=True).alias("nth")
    rows = pl.DataFrame({"nth": nth}).with_columns(study=pl.col("nth") % studies, second=pl.col("nth") >= studies)
    rows = rows.with_columns(patient=pl.col("study") % patients + first, turn=pl.col("study") // patients + 1)
    lateral = pl.col("second") & (pl.col("study") % 10 < 9)
    frontal = pl.when(pl.col("study") % 7 == 0).then(pl.lit("PA")).otherwise(pl.lit("AP"))
    file = pl.format(
        "view{}_{}.jpg",
        pl.col("second").cast(pl.Int8) + 1,
        pl.when(lateral).then(pl.lit("lateral")).otherwise(pl.lit("frontal")),
    )
    path = pl.format(
        f"CheXpert-v1.0/{split}/patient{{}}/study{{}}/{{}}",
        pl.col("patient").cast(pl.String).str.zfill(5),
        "turn",
        file,
    )
    return rows.select(
        Path=path, Sex=pl.when(pl.col("patient") % 2 == 0).then(pl.lit("Female")).otherwise(pl.lit("Male")),
        Age=pl.col("patient") % 70 + 20,
        **{
            "Frontal/Lateral": pl.when(lateral).then(pl.lit("Lateral")).otherwise(pl.lit("Frontal")),
            "AP/PA": pl.when(~lateral).then(frontal),
            **{name: _cell(name, split) for name in LABELS},
        },
    )  # fmt: skip


def _cell(name: str, split: str) -> pl.Expr:
    """Train as a labeller leaves it, by study; valid 0 or 1 in every cell."""
    present, absent, uncertain = CELLS[name]
    unit = unit_expr(0, pl.col("study").cast(pl.String), f"{split} {name}")
    if split == "valid":
        return pl.when(unit < present).then(pl.lit("1.0")).otherwise(pl.lit("0.0"))
    return (
        pl.when(unit < present).then(pl.lit("1.0")).when(unit < present + absent).then(pl.lit("0.0"))
        .when(unit < present + absent + uncertain).then(pl.lit("-1.0"))
    )  # fmt: skip
