"""Rows of the three tables, and what masks of pictures state of studies."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.cells import matched, text
from cxdata.sources.masks import is_nothing, mask, refused_masks
from cxdata.sources.native import native_labels
from cxdata.sources.reading import Rows, rows_of
from cxdata.sources.tables import ROW

LABELS: Final = native_labels(__file__)
_UID: Final = r"(\d+(?:\.\d+){3,})"


def picture_rows(table: pl.DataFrame) -> Rows:
    """The rows of the table of reports that can be used, one a mask: stem, study_id, patient_id, mask, report, row.

    A blank cell of the mask says nothing of the picture, and its row is used for the report.
    """
    cells = {
        "stem": matched("SOPInstanceUID", _UID), "study_id": matched("StudyInstanceUID", _UID),
        "patient_id": matched("filename", r"P0*(\d+)_.*"), "mask": mask("EncodedPixels"), "report": text("Report"),
    }  # fmt: skip
    torn = pl.any_horizontal(
        pl.col("patient_id").n_unique().over("stem") > 1, pl.col("study_id").n_unique().over("stem") > 1,
        pl.col("patient_id").n_unique().over("study_id") > 1,
    )  # fmt: skip
    refused = {
        "bad_id": pl.any_horizontal(pl.col("stem", "study_id").is_null()),
        "bad_patient": pl.col("patient_id").is_null(),
        "other_patient": torn,
        **refused_masks("EncodedPixels", or_blank=True),
    }
    return rows_of(table, cells, refused, named="SOPInstanceUID", key=("stem", "EncodedPixels"))


def listed_rows(table: pl.DataFrame, pictures: pl.DataFrame) -> tuple[Rows, pl.DataFrame]:
    """The rows of a list of masks that can be used: stem, mask, row.

    And the pictures with a row put aside, whose state is in doubt: stem, row, is_there (null).
    """
    cells = {"stem": matched("anon_SOPUID", _UID), "mask": mask("mask_rle")}
    refused = {
        "picture_not_in_table": ~pl.col("stem").is_in(pictures["stem"].implode()),
        "no_mask": is_nothing("mask").fill_null(value=False),
        **{code: test for code, test in refused_masks("mask_rle").items() if code != "mask_and_none"},
    }
    rows = rows_of(table, cells, refused, named="anon_SOPUID", key=("stem", "mask_rle"))
    doubted = table.join(rows.used.select(ROW), on=ROW, how="anti").with_columns(stem=cells["stem"].value)
    doubted = doubted.join(rows.used.select("stem"), on="stem", how="anti")
    doubted = doubted.filter(pl.col("stem").is_in(pictures["stem"].implode()))
    return rows, doubted.select("stem", ROW, is_there=pl.lit(None, pl.Boolean))


def masked_pictures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a picture of the table of reports: stem, row (the first), is_there (null where nothing is said)."""
    first = rows.sort(ROW).unique("stem", keep="first", maintain_order=True)
    return first.select("stem", ROW, is_there=~is_nothing("mask"))


def states(seen: pl.DataFrame, pictures: pl.DataFrame, silent: bool | None) -> pl.DataFrame:
    """One row a study of which something is said: study_id, state, row (of the first picture with the finding).

    `seen` is one row a picture (stem, row, is_there); `silent` is what the other pictures of `pictures` are taken for.
    A finding is present where each picture of a study shows it and absent where each is said not to; where they
    differ, or one is in doubt, the study is uncertain: a tube put in between two pictures makes them differ.
    """
    told = pictures.select("stem", "study_id").join(seen, on="stem", how="left", maintain_order="left")
    is_there = pl.when(pl.col(ROW).is_null()).then(pl.lit(silent, pl.Boolean)).otherwise("is_there")
    ordered = told.with_columns(is_there=is_there).sort("is_there", ROW, descending=[True, False], nulls_last=True)
    by_study = ordered.group_by("study_id", maintain_order=True).agg(
        pl.col(ROW).drop_nulls().first(), shown=pl.col("is_there").eq_missing(other=True).sum(),
        clear=pl.col("is_there").eq_missing(other=False).sum(), pictures=pl.len(),
    )  # fmt: skip
    unsaid = pl.col(ROW).is_null() | ((pl.col("shown") == 0) & (pl.col("clear") == 0) & pl.lit(silent is None))
    state = (
        pl.when(pl.col("shown") == pl.col("pictures")).then(pl.lit("present"))
        .when(pl.col("clear") == pl.col("pictures")).then(pl.lit("absent"))
        .otherwise(pl.lit("uncertain"))
    )  # fmt: skip
    return by_study.filter(~unsaid).select("study_id", ROW, state=state)
