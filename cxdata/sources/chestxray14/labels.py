"""The fourteen findings and No Finding: native spelling to canonical name, and the facets that hold them."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.tables import ROW

CANONICAL: Final = {
    "No Finding": "No Finding", "Atelectasis": "Atelectasis", "Cardiomegaly": "Cardiomegaly",
    "Consolidation": "Consolidation", "Edema": "Edema", "Effusion": "Pleural Effusion", "Emphysema": "Emphysema",
    "Fibrosis": "Fibrosis", "Hernia": "Hernia", "Infiltration": "Infiltration", "Mass": "Mass", "Nodule": "Nodule",
    "Pleural_Thickening": "Pleural Thickening", "Pneumonia": "Pneumonia", "Pneumothorax": "Pneumothorax",
}  # fmt: skip
IN_BOXES: Final = {**CANONICAL, "Infiltrate": "Infiltration"}  # the boxes' own word for it


def native_labels(column: str) -> pl.Expr:
    """The labels of a cell, each once; null for a blank cell and for one that holds a word that is no label.

    Silence on a finding becomes a wrong option in train, so a cell that was read in part would make false ones.
    """
    labels = pl.col(column).str.split("|").list.eval(pl.element().str.strip_chars()).list.unique(maintain_order=True)
    known = labels.list.eval(pl.element().is_in(list(CANONICAL))).list.all()
    return pl.when(known).then(labels)


def readings_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One reading a picture whose labels could be read."""
    return rows.filter(pl.col("labels").is_not_null()).select(
        study_id="stem", image_id=pl.lit(None, pl.String), annotator=pl.lit(annotator.name),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def findings_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One row a label of a picture, all of them present: the source lists nothing else."""
    return rows.filter(pl.col("labels").is_not_null()).explode("labels").select(
        study_id="stem", image_id=pl.lit(None, pl.String),
        finding=pl.col("labels").replace_strict(CANONICAL), state=pl.lit("present"), native_label="labels",
        annotator=pl.lit(annotator.name), reference=pl.lit(annotator.reference),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip
