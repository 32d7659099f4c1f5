"""VinDr-CXR's four tables: 15,000 pictures that three readers each read, and 3,000 of test with one consensus."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cxdata.model.hashing import hash_expr, unit_expr
from cxdata.sources.discovery import source

TRAIN, TEST, READERS = 15_000, 3_000, 17
NORMAL = 0.7
PLACES = (
    "Aortic enlargement", "Cardiomegaly", "Pleural thickening", "Pulmonary fibrosis", "Nodule/Mass", "Pleural effusion",
    "Lung Opacity", "Infiltration", "Atelectasis", "ILD", "Consolidation", "Calcification", "Pneumothorax",
)  # fmt: skip


def write(root: Path) -> None:
    """Write labels and boxes of train and test below root."""
    home = root / "annotations"
    home.mkdir(parents=True)
    for split, pictures, readers in (("train", TRAIN, 3), ("test", TEST, 1)):
        rows = _readings(split, pictures, readers)
        drop = ["rad_id"] if split == "test" else []
        _labels(rows, split).drop(drop).write_csv(home / f"image_labels_{split}.csv")
        _boxes(rows).drop(drop).write_csv(home / f"annotations_{split}.csv")


def _readings(split: str, pictures: int, readers: int) -> pl.DataFrame:
    """A row a picture and reader, with the findings that it saw: those of the picture, one now and then left out."""
    first = 0 if split == "train" else TRAIN
    grid = pl.DataFrame({"nth": pl.int_range(pictures * readers, eager=True) // readers + first}).with_row_index("row")
    key = pl.col("nth").cast(pl.String)
    seen = [
        pl.when(
            (unit_expr(0, key, f"has {name}") < 0.28) & (unit_expr(0, pl.col("row").cast(pl.String), name) < 0.85)
        ).then(pl.lit(name))
        for name in PLACES
    ]
    healthy = unit_expr(0, key, "healthy") < NORMAL
    return grid.select(
        image_id=pl.format("{}", (pl.lit("9" * 24) + key.str.zfill(8))),
        rad_id=pl.format("R{}", pl.col("row") % readers + 1 + pl.col("nth") % (READERS - readers)),
        seen=pl.when(healthy).then(pl.lit([], pl.List(pl.String))).otherwise(pl.concat_list(seen).list.drop_nulls()),
    )  # fmt: skip


def _labels(rows: pl.DataFrame, split: str) -> pl.DataFrame:
    names = source("vindr-cxr").manifest.file(f"image_labels_{split}").columns
    found = [name for name in names if name not in ("image_id", "rad_id", "No finding")]
    cells = [pl.col("seen").list.contains(name).cast(pl.Int8).alias(name) for name in found]
    return rows.select(
        "image_id", "rad_id", *cells, **{"No finding": (pl.col("seen").list.len() == 0).cast(pl.Int8)}
    )  # fmt: skip


def _boxes(rows: pl.DataFrame) -> pl.DataFrame:
    """A box for each finding, a few pixels from reader to reader; a row without one where nothing was seen."""
    told = rows.with_columns(
        class_name=pl.when(pl.col("seen").list.len() == 0).then(pl.lit(["No finding"])).otherwise("seen")
    )
    told = told.explode("class_name").drop("seen")
    at = hash_expr(0, pl.concat_str("image_id", "class_name"), "at") % 1_000
    shift = hash_expr(0, pl.concat_str("image_id", "class_name", "rad_id"), "shift") % 40
    has = pl.col("class_name") != "No finding"
    corners = {"x_min": at + shift, "y_min": at + shift + 100, "x_max": at + shift + 500, "y_max": at + shift + 700}
    return told.with_columns(**{name: pl.when(has).then(value.cast(pl.Float64)) for name, value in corners.items()})
