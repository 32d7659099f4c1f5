"""The fourteen labels: 1 present, 0 absent, -1 uncertain, blank not mentioned; one state a study.

The tables repeat a study's labels on each of its pictures. Where they differ, or a cell holds something else, the state
is null: it is in conflict, and not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.chexpert.ids import with_study_ids
from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.tables import ROW

STATES: Final = {1.0: "present", 0.0: "absent", -1.0: "uncertain"}
NO_FINDING: Final = "No Finding"
NO_PATHOLOGY: Final = (NO_FINDING, "Support Devices")
_NOT_KNOWN: Final = 9.0


def study_rows(table: pl.DataFrame, studies: pl.Series) -> Rows:
    """The rows of a table of studies (`groundtruth.csv`) that a table of pictures knows."""
    rows = with_study_ids(table, "Study")
    code = (
        pl.when(pl.col("study_id").is_null()).then(pl.lit("bad_id"))
        .when(~pl.col("study_id").is_in(studies.implode())).then(pl.lit("study_without_picture"))
    )  # fmt: skip
    return sort_rows(rows, "study_id", "Study", code)


def unread_cells(rows: pl.DataFrame, findings: Sequence[str]) -> int:
    """How many label cells hold something that is no label."""
    unread = (
        pl.col(name).is_not_null() & (_value(name).fill_null(_NOT_KNOWN) == _NOT_KNOWN) for name in findings
    )  # fmt: skip
    return int(rows.select(pl.sum_horizontal(test.sum() for test in unread)).item())


def readings_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One reading a study, from its first row: the annotator has read it, whatever was found."""
    return rows.group_by("study_id").agg(pl.col(ROW).min()).select(
        "study_id", image_id=pl.lit(None, pl.String), annotator=pl.lit(annotator.name),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def findings_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One row a stated label of a study.

    Of readings of the picture (R1), No Finding is worked out from the twelve pathologies: present where all of them are
    absent. The devices are no pathology, and the table's own column is not read.
    """
    wide = rows.group_by("study_id").agg(pl.col(ROW).min(), *map(_agreed, annotator.findings))
    if annotator.reference == "R1":
        wide = wide.with_columns(_derived_normal(annotator.findings))
    long = wide.unpivot(
        on=list(annotator.findings), index=["study_id", ROW], variable_name="finding", value_name="cell"
    )
    return long.filter(pl.col("cell").is_not_null()).select(
        "study_id", "finding", image_id=pl.lit(None, pl.String),
        state=pl.col("cell").replace_strict(STATES, default=None, return_dtype=pl.String), native_label="finding",
        annotator=pl.lit(annotator.name), reference=pl.lit(annotator.reference),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def _value(name: str) -> pl.Expr:
    """The label as a number, null for a blank, `_NOT_KNOWN` for a cell that is none."""
    value = pl.col(name).cast(pl.Float64, strict=False)
    known = value.is_in(list(STATES))
    return pl.when(known).then(value).when(pl.col(name).is_not_null()).then(_NOT_KNOWN)


def _agreed(name: str) -> pl.Expr:
    value = _value(name)
    return pl.when(value.n_unique() == 1).then(value.first()).otherwise(_NOT_KNOWN).alias(name)


def _derived_normal(findings: Sequence[str]) -> pl.Expr:
    pathologies = [pl.col(name) for name in findings if name not in NO_PATHOLOGY]
    seen = pl.any_horizontal(cell == 1.0 for cell in pathologies)
    clear = pl.all_horizontal(cell == 0.0 for cell in pathologies)
    return (
        pl.when(seen.fill_null(value=False)).then(0.0).when(clear.fill_null(value=False)).then(1.0)
        .otherwise(_NOT_KNOWN).alias(NO_FINDING)
    )  # fmt: skip
