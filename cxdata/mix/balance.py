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
from cxdata.mix.guess import chances, guess
from cxdata.mix.pool import keep
from cxdata.model.hashing import hash_expr

CHOICES: Final = ("binary", "single_choice", "multi_choice")
ROUNDS: Final = 24  # of thinning; each takes what the one before left guessable
FEWEST_TO_GUESS: Final = 40  # rows of a task in a split, below which a guess says nothing
_GROUP: Final = ("split", "source", "task", "asked_finding", "view")
DROPS: Final = {
    "set_torn": "another row of its balanced set is in another split or left out",
    "finding_too_few": "train has too few Yes or No of the finding",
    "answers_uneven": "more rows with this answer than with the others",
    "key_too_often": "its key is the answer too often where it is an option",
    "guessable": "a guess by the options alone is right too often",
}


def balanced(rows: pl.DataFrame, rules: Balance, seed: int, dropped: Counter[str]) -> pl.DataFrame:
    """The rows in balance; those left out are counted by code."""
    order = hash_expr(seed, pl.col("sample_id"), "balance").alias("_hash")
    frame = whole_sets(rows, dropped).with_columns(order)
    frame = _even_yes_and_no(frame, rules, dropped)
    frame = _even_views(frame, dropped)
    frame = _keys_not_too_often(frame, rules, dropped)
    parts = frame.partition_by("split", "task", maintain_order=True)
    kept = [_hard_to_guess(part, rules, dropped) if _is_choice(part) else part for part in parts]
    return (pl.concat(kept) if kept else frame).drop("_hash")


def whole_sets(rows: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """The rows without those of sets that have fewer than their `set_rows` left, or stand in two splits."""
    in_set = pl.col("set_id").is_not_null()
    sets = rows.filter(in_set).group_by("set_id").agg(pl.len(), pl.col("set_rows").first(), pl.col("split").n_unique())
    whole = sets.filter(pl.col("len") == pl.col("set_rows"), pl.col("split") == 1)["set_id"].implode()
    return keep(rows, pl.when(in_set & ~pl.col("set_id").is_in(whole)).then(pl.lit("set_torn")), dropped)


def _is_choice(rows: pl.DataFrame) -> bool:
    return rows["answer_type"][0] in CHOICES and rows.height >= FEWEST_TO_GUESS


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
    return pl.struct("_hash", "sample_id").rank("ordinal").over(group) - 1


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


def _keys_not_too_often(rows: pl.DataFrame, rules: Balance, dropped: Counter[str]) -> pl.DataFrame:
    """Drop ordinary single-choice rows of findings that are the key too often, round by round, until none is."""
    single = pl.col("task") == "disease_single_choice"
    others, asked = rows.filter(~single), rows.filter(single)
    while True:
        keys = asked.group_by("split", "answer").agg(k=pl.len())
        stands = asked.select("split", answer="options").explode("answer").group_by("split", "answer").agg(a=pl.len())
        over = keys.join(stands, on=["split", "answer"]).select(
            "split", "answer",
            surplus=((pl.col("k") - rules.key_share * pl.col("a")) / (1 - rules.key_share)).ceil(),
        ).filter(pl.col("surplus") > 0)  # fmt: skip
        free = pl.col("set_id").is_null()
        ranked = asked.with_columns(_free=free).with_columns(_nth=_place(["split", "answer", "_free"]))
        ranked = ranked.join(over, on=["split", "answer"], how="left", maintain_order="left")
        much = pl.when(free & (pl.col("_nth") < pl.col("surplus"))).then(pl.lit("key_too_often"))
        left = keep(ranked, much, dropped).drop("_nth", "_free", "surplus")
        if left.height == asked.height:
            return pl.concat([others, left])
        asked = left


def _hard_to_guess(rows: pl.DataFrame, rules: Balance, dropped: Counter[str]) -> pl.DataFrame:
    """Drop ordinary rows that are guessed right until the guess wins no more than chance allows."""
    for _ in range(ROUNDS):
        free = int(rows["set_id"].null_count())
        if not free or rows.height < FEWEST_TO_GUESS:
            return rows
        right = guess(rows)
        wanted = float(str(chances(rows).mean())) + rules.guess_over_chance
        hits = int(right.sum())
        if hits <= wanted * rows.height:
            return rows
        surplus = ceil((hits - wanted * rows.height) / (1 - wanted))
        ranked = rows.with_columns(_hit=pl.col("set_id").is_null() & right)
        ranked = ranked.with_columns(_nth=_place(["_hit"]))
        rows = keep(
            ranked, pl.when(pl.col("_hit") & (pl.col("_nth") < surplus)).then(pl.lit("guessable")), dropped
        ).drop("_hit", "_nth")
    return rows
