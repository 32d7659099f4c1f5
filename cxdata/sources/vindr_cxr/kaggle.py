"""Kaggle's train.csv: a row a box, or a row a reader who found nothing; votes and boxes both come out of it."""

from __future__ import annotations

import polars as pl

from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.tables import ROW
from cxdata.sources.vindr_cxr.boxes import corners_are_bad, label_is_unknown, row_key, with_corners
from cxdata.sources.vindr_cxr.ids import reader_id, stem
from cxdata.sources.vindr_cxr.names import IN_KAGGLE, NO_FINDING, NO_FINDING_LABEL
from cxdata.sources.vindr_cxr.rules import Rule
from cxdata.sources.vindr_cxr.votes import has_all_readers, not_the_reader

LABELS = pl.DataFrame({"label": [*IN_KAGGLE, *NO_FINDING_LABEL]})


def box_rows(table: pl.DataFrame, rule: Rule) -> tuple[Rows, pl.DataFrame]:
    """The rows that can be used, and those put aside of readers who count: what these readers saw is known in part."""
    rows = with_corners(table).with_columns(stem=stem(), reader=reader_id())
    rows = rows.with_columns(key=row_key("reader"))
    # A reader who found nothing and boxed something contradicts himself.
    nothing = (pl.col("class_name") == NO_FINDING).any().over("stem", "reader")
    something = (pl.col("class_name") != NO_FINDING).any().over("stem", "reader")
    code = (
        pl.when(pl.col("stem").is_null() | pl.col("reader").is_null()).then(pl.lit("bad_id"))
        .when(not_the_reader(rule)).then(pl.lit("other_reader"))
        .when(~has_all_readers(rule)).then(pl.lit("not_three_readers"))
        .when(label_is_unknown(IN_KAGGLE)).then(pl.lit("unknown_finding"))
        .when(nothing & something).then(pl.lit("conflicting_rows"))
        .when(corners_are_bad()).then(pl.lit("bad_box"))
    )  # fmt: skip
    judged = rows.with_columns(code=code)
    kept, aside, nulled = sort_rows(rows.with_columns(_code=code), "key", "image_id", pl.col("_code"))
    # A picture of which no row is left was not read at all.
    spoilt = judged.filter(pl.col("code").is_in(["unknown_finding", "conflicting_rows", "bad_box"]))
    return Rows(kept.drop("_code"), aside, nulled), spoilt.select("stem", "reader").unique()


def ballots(rows: pl.DataFrame, spoilt: pl.DataFrame) -> pl.DataFrame:
    """One row a picture and label, as `votes.ballots` gives; the silence of a reader with a spoilt row says nothing."""
    pictures = rows.group_by("stem").agg(row=pl.col(ROW).min())
    readers = pl.concat([rows.select("stem", "reader"), spoilt]).unique().join(pictures, on="stem", how="semi")
    whole = readers.join(spoilt, on=["stem", "reader"], how="anti")
    votes = rows.select("stem", "reader", label="class_name").unique()
    cells = readers.join(LABELS, how="cross")
    cells = cells.join(votes.with_columns(vote=True), on=["stem", "reader", "label"], how="left")
    cells = cells.join(whole.with_columns(whole=True), on=["stem", "reader"], how="left")
    counted = cells.group_by("stem", "label").agg(
        votes=pl.col("vote").is_not_null().sum(),
        silent=(pl.col("vote").is_null() & pl.col("whole").is_not_null()).sum(),
        readers=pl.len(),
    )
    return counted.join(pictures, on="stem")
