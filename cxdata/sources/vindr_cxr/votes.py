"""Votes of readers as states of findings.

A reader that saw a finding is a vote for it. Enough votes: present; none, all readers known: absent; some: uncertain.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.reading import Rows, put_aside, sort_rows
from cxdata.sources.tables import ROW
from cxdata.sources.vindr_cxr.ids import reader_id, stem
from cxdata.sources.vindr_cxr.names import CANONICAL, OTHER_DISEASE, wider
from cxdata.sources.vindr_cxr.rules import READERS, Rule

_CELLS: Final = {1.0: True, 0.0: False}


def train_rows(table: pl.DataFrame, test: pl.Series, rule: Rule) -> Rows:
    """The rows of image_labels_train of pictures that count, one a picture and reader."""
    rows = table.with_columns(stem=stem(), reader=reader_id())
    rows = rows.with_columns(key=pl.concat_str("stem", "reader", separator="|"))
    code = pl.when(pl.col("key").is_null()).then(pl.lit("bad_id")).when(
        pl.col("stem").is_in(test.implode())
    ).then(pl.lit("picture_in_test")).when(not_the_reader(rule)).then(pl.lit("other_reader"))  # fmt: skip
    kept, aside, _ = sort_rows(rows, "key", "image_id", code)
    whole = has_all_readers(rule)
    few = kept.filter(~whole).with_columns(code=pl.lit("not_three_readers"))
    kept = kept.filter(whole)
    return Rows(kept, pl.concat([aside, put_aside("image_id", few)]), _unreadable(kept))


def test_rows(table: pl.DataFrame) -> Rows:
    """The rows of image_labels_test, one a picture."""
    rows = table.with_columns(stem=stem())
    code = pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
    kept, aside, _ = sort_rows(rows, "stem", "image_id", code)
    return Rows(kept, aside, _unreadable(kept))


def not_the_reader(rule: Rule) -> pl.Expr:
    """True for a row of a reader that the rule leaves out; rows have `reader`."""
    return pl.lit(value=False) if rule.only is None else pl.col("reader") != rule.only


def has_all_readers(rule: Rule) -> pl.Expr:
    """True for the rows of a picture that three readers read, where all three count; rows have `stem` and `reader`."""
    if rule.only is not None:
        return pl.lit(value=True)
    return pl.col("reader").n_unique().over("stem") == READERS


def ballots(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a picture and label: stem, label, votes, silent (how many said 0), readers, row (of the first)."""
    labels = _labels(rows)
    long = rows.unpivot(on=labels, index=["stem", ROW], variable_name="label", value_name="cell")
    seen = _seen(pl.col("cell"))
    return long.group_by("stem", "label").agg(
        votes=seen.sum(), silent=(~seen).sum(), readers=pl.len(), row=pl.col(ROW).min()
    )


def states(ballots: pl.DataFrame, least: int) -> pl.DataFrame:
    """The ballots with `state`; null where a reader's cell could not be read and decides.

    The absence of a wider label where somebody saw a narrower one is no absence and is left out: readers used the
    narrower word. (Of Kaggle's pictures where two readers saw a nodule, half have no vote for Lung Opacity.)
    """
    votes, silent, readers = pl.col("votes"), pl.col("silent"), pl.col("readers")
    state = (
        pl.when(votes >= least).then(pl.lit("present"))
        .when(votes + silent < readers).then(None)
        .when(votes == 0).then(pl.lit("absent")).otherwise(pl.lit("uncertain"))
    )  # fmt: skip
    judged = ballots.with_columns(state=state)
    narrower = judged.filter(pl.col("state").ne_missing("absent")).with_columns(
        label=pl.col("label").replace_strict({label: wider(label) for label in CANONICAL}, default=[])
    )
    named = narrower.explode("label").drop_nulls("label").select("stem", "label").unique()
    return pl.concat([
        judged.filter(pl.col("state").ne_missing("absent")),
        judged.filter(pl.col("state") == "absent").join(named, on=["stem", "label"], how="anti"),
    ])  # fmt: skip


def readings_facet(ballots: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One reading a picture; its row is that of the first reader."""
    return ballots.group_by("stem").agg(pl.col("row").min()).select(
        study_id="stem", image_id=pl.lit(None, pl.String), annotator=pl.lit(annotator.name),
        origin_file=origin, origin_row="row",
    )  # fmt: skip


def findings_facet(states: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """One row a picture and label; what the vocabulary does not name has no finding and keeps its native label."""
    return states.select(
        "state", study_id="stem", image_id=pl.lit(None, pl.String),
        finding=pl.col("label").replace_strict(CANONICAL, return_dtype=pl.String), native_label="label",
        annotator=pl.lit(annotator.name), reference=pl.lit(annotator.reference), origin_file=origin, origin_row="row",
    )  # fmt: skip


def _labels(rows: pl.DataFrame) -> list[str]:
    """The label columns that the file has: of the two spellings of other diseases each file has one."""
    is_there = (name not in OTHER_DISEASE or rows[name].null_count() < rows.height for name in rows.columns)
    return [name for name, is_in in zip(rows.columns, is_there, strict=True) if is_in and name in CANONICAL]


def _seen(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.Float64, strict=False).replace_strict(_CELLS, default=None, return_dtype=pl.Boolean)


def _unreadable(rows: pl.DataFrame) -> int:
    return int(rows.select(pl.sum_horizontal(_seen(pl.col(name)).is_null().sum() for name in _labels(rows))).item())
