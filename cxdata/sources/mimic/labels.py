"""Labels, from the labellers' tables and the radiologist's: 1 present, 0 absent, -1 uncertain, blank not mentioned."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.mimic.ids import study_id
from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.tables import ROW

STATES: Final = {1.0: "present", 0.0: "absent", -1.0: "uncertain"}
NATIVE: Final = {"Lung Opacity": "Airspace Opacity"}  # the radiologist's table calls it so


def label_rows(table: pl.DataFrame, studies: pl.Series) -> Rows:
    """The rows of a label table whose study is known; a row without any label is used: the report was read."""
    rows = table.with_columns(study=study_id("study_id"))
    code = (
        pl.when(pl.col("study").is_null()).then(pl.lit("bad_id"))
        .when(~pl.col("study").is_in(studies.implode())).then(pl.lit("study_not_in_metadata"))
    )  # fmt: skip
    kept, aside, _ = sort_rows(rows, "study", "study_id", code)
    nulled = kept.select(pl.sum_horizontal(_unreadable(name).sum() for name in _label_columns(kept))).item()
    return Rows(kept, aside, int(nulled))


def readings_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One reading a row: the annotator has read the study, whatever was found."""
    return rows.select(
        study_id="study", image_id=pl.lit(None, pl.String), annotator=pl.lit(annotator.name),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def findings_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One row a stated label; a cell that holds no known value has a null state and is never asked about."""
    native = {finding: NATIVE.get(finding, finding) for finding in annotator.findings}
    native = {finding: name if name in rows.columns else finding for finding, name in native.items()}
    long = rows.unpivot(on=list(native.values()), index=["study", ROW], variable_name="native_label", value_name="cell")
    canonical = {name: finding for finding, name in native.items()}
    return long.filter(pl.col("cell").is_not_null()).select(
        "native_label", study_id="study", image_id=pl.lit(None, pl.String),
        finding=pl.col("native_label").replace_strict(canonical), state=_state(pl.col("cell")),
        annotator=pl.lit(annotator.name), reference=pl.lit(annotator.reference),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def _state(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.Float64, strict=False).replace_strict(STATES, default=None, return_dtype=pl.String)


def _unreadable(column: str) -> pl.Expr:
    return pl.col(column).is_not_null() & _state(pl.col(column)).is_null()


def _label_columns(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in ("subject_id", "study_id", "study", ROW)]
