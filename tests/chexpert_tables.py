from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import polars as pl

from cxdata.build.inputs import resolve
from cxdata.build.pool import Pool
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.chexpert.phantom_tables import PLUS, V1
from cxdata.sources.discovery import source
from cxdata.sources.roots import locate

CHEXPERT = source("chexpert")
LAYOUTS = {layout.name: layout for layout in CHEXPERT.manifest.layouts}
LABELS = V1[5:]
FEW = 8
MANY = 40


def read(*roots: Path) -> Reading:
    found = locate(CHEXPERT.manifest, roots)
    assert found is not None
    files = resolve(CHEXPERT.manifest, found, {}, None, partial=True).files
    return CHEXPERT.reader.read(ReadContext(CHEXPERT.manifest, files, found.roots, {}, Pool(1).run))


def codes(reading: Reading, file: str) -> dict[str, int]:
    return dict(Counter(reading.rejects.filter(pl.col("file") == file)["code"]))


def nulled(reading: Reading, file: str) -> int:
    return next(count.cells_nulled for count in reading.counts if count.file == file)


def states(reading: Reading, study: str) -> dict[str, str | None]:
    rows = reading.facets["findings"].filter(pl.col("study_id") == study)
    return dict(rows.select("finding", "state").iter_rows())


def v1_row(path: str, sex: str = "Male", age: str = "50", view: str = "Frontal,AP", **labels: str) -> list[str]:
    """A row of train.csv; labels by name with _ for the space, the rest blank."""
    return [path, sex, age, *view.split(","), *(labels.get(name.replace(" ", "_"), "") for name in LABELS)]


def whole_row(path: str, seen: tuple[str, ...] = (), **cells: str) -> list[str]:
    """A row of valid.csv: every finding but those seen is absent."""
    stated = {name.replace(" ", "_"): "1.0" if name in seen else "0.0" for name in LABELS}
    return v1_row(path, **{**stated, **cells})


def plus_row(path: str, **cells: str) -> list[str]:
    usual = {"path_to_image": path, "frontal_lateral": "Frontal", "ap_pa": "AP", "age": "60.0", "sex": "Female"}
    return [{**usual, **cells}.get(name, "") for name in PLUS]


def write(path: Path, header: tuple[str, ...], *rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path.parent


def write_v1(root: Path, *train: list[str], valid: tuple[list[str], ...] = ()) -> Path:
    write(root / "valid.csv", V1, *valid)
    return write(root / "train.csv", V1, *train) if train else root
