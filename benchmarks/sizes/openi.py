"""OpenI in Kaggle's two tables: 3,851 reports with pictures, and the views of 7,466 pictures."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from mimic_size import CELLS, TOLD

from cxdata.model.hashing import unit_expr

REPORTS, PICTURES = 3_851, 7_466
TERMS = {
    "Cardiomegaly": "Cardiomegaly/mild",
    "Pleural Effusion": "Pleural Effusion/left",
    "Atelectasis": "Pulmonary Atelectasis/base/left",
}


def write(root: Path) -> None:
    """Write both tables below root."""
    root.mkdir(parents=True)
    rows = pl.DataFrame({"uid": pl.int_range(1, REPORTS + 1, eager=True)})
    unit = {name: unit_expr(0, pl.col("uid").cast(pl.String), name) for name in CELLS}
    is_there = {name: unit[name] < CELLS[name][0] for name in TOLD if name != "No Finding"}
    said = [
        pl.when(there).then(pl.lit(TOLD[name][0].format(size="small", side="left"))).otherwise(pl.lit(TOLD[name][1]))
        for name, there in is_there.items()
    ]
    terms = pl.concat_list([pl.when(is_there[name]).then(pl.lit(term)) for name, term in TERMS.items()])
    told = terms.list.drop_nulls().list.join(";")
    rows.select(
        "uid", MeSH=pl.when(told == "").then(pl.lit("normal")).otherwise(told), Problems=pl.lit(""),
        image=pl.lit("Xray Chest PA and Lateral"), indication=pl.format("Cough, case {}", "uid"),
        comparison=pl.lit("None."), findings=pl.concat_str(said[:8], separator=" "),
        impression=pl.concat_str([pl.format("{}.", pl.lit("Case as described")), *said[8:]], separator=" "),
    ).write_csv(root / "indiana_reports.csv")  # fmt: skip
    nth = pl.DataFrame({"nth": pl.int_range(PICTURES, eager=True)})
    uid = pl.col("nth") % REPORTS + 1
    lateral, number = pl.col("nth") >= REPORTS, pl.col("nth").cast(pl.String).str.zfill(4)
    nth.select(
        uid=uid, filename=pl.format("{}_IM-{}-{}001.dcm.png", uid, number, lateral.cast(pl.Int8) + 1),
        projection=pl.when(lateral).then(pl.lit("Lateral")).otherwise(pl.lit("Frontal")),
    ).write_csv(root / "indiana_projections.csv")  # fmt: skip
