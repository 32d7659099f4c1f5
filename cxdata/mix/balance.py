"""Choice questions made even, so that the picture is needed (the project's rules, `medicine.md`, section 4).

Balanced sets stay whole. Of the rest, in each split: Yes and No are 1:1 for each source, task, finding and view, at
least half of the No from studies with another pathology; a finding with too few on a side is left out of train; the
views of a source are asked equally often; a finding is the key in at most 30 % of the questions in which it stands; and
rows that a guess by the options alone gets right are thinned until it wins no more than chance. Which rows stay is
chosen by hash.
"""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Final

import polars as pl

from cxdata.mix.config import Balance
from cxdata.mix.guess import cases_of, chance, guess_cases
from cxdata.mix.pool import keep
from cxdata.model.hashing import hash_expr

CHOICES: Final = ("binary", "single_choice", "multi_choice")
ROUNDS: Final = 24  # of thinning; each takes what the one before left guessable
FEWEST_TO_GUESS: Final = 40  # rows of a task in a split, below which a guess says nothing
_ROW: Final = "_row"
_GROUP: Final = ("split", "source", "task", "asked_finding", "view")
_LOOKED_AT: Final = (*_GROUP, "answer_type", "answer", "set_id", "study_key")
DROPS: Final = {
    "set_torn": "another row of its balanced set is in another split or left out",
    "finding_too_few": "train has too few Yes or No of the finding",
    "answers_uneven": "more rows with this answer than with the others",
    "key_too_often": "its key is the answer too often where it is an option",
    "guessable": "a guess by the options alone is right too often",
}


def balanced(rows: pl.DataFrame, rules: Balance, seed: int, dropped: Counter[str]) -> pl.DataFrame:
    """The rows in balance, in their order; those left out are counted by code.

    What is chosen from is narrow and in the order of a hash, so that the first of a group are a choice of it.
    """
    rows = whole_sets(rows, dropped)
    frame = _in_hash_order(rows, seed)
    frame = _even_yes_and_no(frame, rules, dropped)
    frame = _even_views(frame, dropped)
    parts = [_with_options(part, rows) for part in frame.partition_by("split", "task", maintain_order=True)]
    parts = [_keys_not_too_often(part, rules, dropped) if _is_single(part) else part for part in parts]
    kept = [_hard_to_guess(part, rules, dropped) if _is_choice(part) else part for part in parts]
    return rows[pl.concat([pl.Series([], dtype=pl.UInt32), *(part[_ROW] for part in kept)]).sort()]


def whole_sets(rows: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """The rows without those of sets that have fewer than their `set_rows` left, or stand in two splits."""
    in_set = pl.col("set_id").is_not_null()
    sets = rows.filter(in_set).group_by("set_id").agg(pl.len(), pl.col("set_rows").first(), pl.col("split").n_unique())
    whole = sets.filter(pl.col("len") == pl.col("set_rows"), pl.col("split") == 1)["set_id"].implode()
    return keep(rows, pl.when(in_set & ~pl.col("set_id").is_in(whole)).then(pl.lit("set_torn")), dropped)


def _in_hash_order(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """What most rules look at, with the number of each row; equal hashes by id."""
    order = hash_expr(seed, pl.col("sample_id"), "balance").alias("_hash")
    numbers = rows.select(order, "sample_id").with_row_index(_ROW).sort("_hash", "sample_id")[_ROW]
    return rows.select(_LOOKED_AT)[numbers].with_columns(numbers)


def _with_options(part: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a split and task, with what the other rules look at where they are choice questions."""
    if part["answer_type"][0] not in CHOICES:
        return part
    more = rows.select("options", pl.col("answer").cast(pl.String), "answer_letter", "patient_key")
    return part.drop("answer").hstack(more[part[_ROW]])


def _is_single(part: pl.DataFrame) -> bool:
    return bool(part["task"][0] == "disease_single_choice")


def _is_choice(part: pl.DataFrame) -> bool:
    return part.height >= FEWEST_TO_GUESS and part["answer_type"][0] in CHOICES


def _even_yes_and_no(rows: pl.DataFrame, rules: Balance, dropped: Counter[str]) -> pl.DataFrame:
    asked = (pl.col("answer_type") == "binary") & pl.col("set_id").is_null()
    sick = rows.filter(asked, pl.col("answer") == "Yes", pl.col("task") == "disease_binary")["study_key"].unique()
    kind = pl.when(pl.col("answer") == "Yes").then(pl.lit("yes")).when(
        pl.col("study_key").is_in(sick.implode())).then(pl.lit("sick")).otherwise(pl.lit("well"))  # fmt: skip
    sided = rows.with_columns(_kind=pl.when(asked).then(kind)).with_columns(_nth=_place([*_GROUP, "_kind"]))
    few = _too_few(sided.filter(asked), rules)
    sided = sided.join(
        few, on=["split", "source", "task", "asked_finding"], how="left", nulls_equal=True, maintain_order="left"
    )
    sided = keep(sided, pl.when(asked & pl.col("_few").fill_null(False)).then(pl.lit("finding_too_few")), dropped)
    quota = _quotas(sided.filter(asked), rules)
    sided = sided.join(quota, on=[*_GROUP, "_kind"], how="left", nulls_equal=True, maintain_order="left")
    kept = keep(sided, pl.when(asked & (pl.col("_nth") >= pl.col("_quota"))).then(pl.lit("answers_uneven")), dropped)
    return kept.drop("_kind", "_nth", "_few", "_quota")


def _place(group: list[str]) -> pl.Expr:
    """Which of its group a row is, from 0: rows stand in the order of their hashes."""
    return pl.int_range(pl.len()).over(group)


def _too_few(asked: pl.DataFrame, rules: Balance) -> pl.DataFrame:
    """The findings of train with fewer Yes or No than the rule wants, by source and task."""
    train = asked.filter(pl.col("split") == "train")
    by = ["split", "source", "task", "asked_finding"]
    sides = train.group_by(by).agg(yes=(pl.col("answer") == "Yes").sum(), no=(pl.col("answer") == "No").sum())
    rows_of_task = (pl.col("yes") + pl.col("no")).sum().over("source", "task")
    least = pl.min_horizontal(pl.lit(rules.fewest), (rows_of_task * rules.fewest_share).ceil())
    return sides.with_columns(_few=pl.min_horizontal("yes", "no") < least).select(*by, "_few")


def _quotas(asked: pl.DataFrame, rules: Balance) -> pl.DataFrame:
    """How many rows of each kind stay in each group."""
    counts = asked.group_by(_GROUP).agg((pl.col("_kind") == kind).sum().alias(kind) for kind in ("yes", "sick", "well"))
    no = pl.col("sick") + pl.col("well")
    limit = (pl.col("sick") / rules.sick_share).floor() if rules.sick_share else no
    sides = counts.with_columns(m=pl.min_horizontal("yes", no, limit).cast(pl.Int64))
    well = pl.min_horizontal(
        pl.col("well").cast(pl.Int64), pl.col("m") - (pl.col("m") * rules.sick_share).ceil().cast(pl.Int64)
    )
    shares = sides.with_columns(yes="m", well=well).with_columns(sick=pl.col("m") - pl.col("well"))
    return shares.unpivot(["yes", "sick", "well"], index=list(_GROUP), variable_name="_kind", value_name="_quota")


def _even_views(rows: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    asked = (pl.col("task") == "view_classification") & pl.col("set_id").is_null()
    group = ["split", "source", "task"]
    sizes = rows.filter(asked).group_by(*group, "answer").len().group_by(group).agg(_least=pl.col("len").min())
    placed = rows.with_columns(_nth=_place([*group, "answer"])).join(sizes, on=group, how="left", maintain_order="left")
    uneven = pl.when(asked & (pl.col("_nth") >= pl.col("_least"))).then(pl.lit("answers_uneven"))
    return keep(placed, uneven, dropped).drop("_nth", "_least")


def _keys_not_too_often(asked: pl.DataFrame, rules: Balance, dropped: Counter[str]) -> pl.DataFrame:
    """Drop ordinary rows of findings that are the key too often, round by round, until none is."""
    while True:
        keys = asked.group_by("answer").agg(k=pl.len())
        stands = asked.select(answer="options").explode("answer").group_by("answer").agg(a=pl.len())
        over = keys.join(stands, on="answer").select(
            "answer", surplus=((pl.col("k") - rules.key_share * pl.col("a")) / (1 - rules.key_share)).ceil(),
        ).filter(pl.col("surplus") > 0)  # fmt: skip
        free = pl.col("set_id").is_null()
        placed = asked.with_columns(_free=free).with_columns(_nth=_place(["answer", "_free"]))
        placed = placed.join(over, on="answer", how="left", maintain_order="left")
        much = pl.when(free & (pl.col("_nth") < pl.col("surplus"))).then(pl.lit("key_too_often"))
        left = keep(placed, much, dropped).drop("_nth", "_free", "surplus")
        if left.height == asked.height:
            return left
        asked = left


def _hard_to_guess(rows: pl.DataFrame, rules: Balance, dropped: Counter[str]) -> pl.DataFrame:
    """Drop ordinary rows that are guessed right until the guess wins no more than chance allows."""
    cases = cases_of(rows)
    rows = rows.with_columns(cases.of_row.alias("_case"))
    for _ in range(ROUNDS):
        if rows.height < FEWEST_TO_GUESS or not rows["set_id"].null_count():
            break
        right = guess_cases(cases, rows["_case"])
        wanted = chance(rows) + rules.guess_over_chance
        hits = int(right.sum())
        if hits <= wanted * rows.height:
            break
        surplus = ceil((hits - wanted * rows.height) / (1 - wanted))
        placed = rows.with_columns(_hit=pl.col("set_id").is_null() & right).with_columns(_nth=_place(["_hit"]))
        much = pl.when(pl.col("_hit") & (pl.col("_nth") < surplus)).then(pl.lit("guessable"))
        rows = keep(placed, much, dropped).drop("_hit", "_nth")
    return rows
