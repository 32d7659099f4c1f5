"""Which one of four? The key is stated present, the distractors may be denied, and no two options are related.

First come balanced sets (see `balanced.py`), in which No Finding is an option like any other; the rows left over are
ordinary ones, without a set. There `No Finding` is a key where no pathology is present. As a distractor it replaces the
third one, only beside a pathology that is stated present by labels that do not claim No Finding too, and as often as
makes it the key in a quarter of the questions it appears in: where it could be the key more often than that allows, a
share of those questions, chosen by hash, is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from cxdata.model.hashing import unit_expr
from cxdata.model.policies import Use
from cxdata.model.states import Effective
from cxdata.tasks.balanced import SLOTS, STRATUM, balanced
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.choices import fill, lettered, ranked
from cxdata.tasks.judged import FACETS, USE, askable, has_use, state_is

NAME: Final = "disease_single_choice"
NO_FINDING: Final = "No Finding"
_KEPT: Final = ("study_id", *STRATUM)


def ask(material: Material) -> Asked:
    """One row a study and finding that can be the key and has three distractors."""
    findings = askable(material, "finding")
    normal = askable(material, "normal")
    names = [*findings, *normal]
    if not findings:
        return Asked(pl.DataFrame(), [("no finding may be an option", 0, "questions")])
    keyed = pl.concat([_keyed(material, name, names, i) for i, name in enumerate(names)]).collect()
    may = _may_distract(material, names)
    placed = balanced(keyed, names, material.vocabulary, material.seed, may)
    in_sets = placed.filter(pl.col("set_id").is_not_null())
    left = placed.filter(pl.col("set_id").is_null()).drop(SLOTS)
    enough = _ordinary(left, material, findings, may)
    ordinary = _with_no_finding(enough, len(findings), material.seed) if normal else enough
    rows = pl.concat([in_sets.select(ordinary.columns), ordinary])
    asked = lettered(rows.lazy(), ["key", *SLOTS], names, material.seed, lambda slot: pl.lit(slot == "key"))
    funnel = [("could be the key", keyed.height, "questions"), ("in balanced sets", in_sets.height, "questions"),
              ("left over, with three distractors", enough.height, "questions"),
              ("of these, after balancing No Finding", ordinary.height, "questions")]  # fmt: skip
    finished = asked.with_columns(
        wording_group=pl.lit("any"), notes_no_finding=pl.col("options").list.contains(NO_FINDING)
    )
    return Asked(finished.drop("key", "key_stated", *SLOTS, *STRATUM).collect(), funnel)


def _ordinary(
    rows: pl.DataFrame, material: Material, findings: list[str], may: Callable[[str], pl.Expr]
) -> pl.DataFrame:
    ranks = ranked(rows.lazy(), findings, material.seed, may, lambda finding: has_use(finding, Use.SECOND))
    filled = fill(ranks, findings, material.vocabulary, SLOTS, {})
    return filled.select(*_KEPT, "sample_id", "key", "key_stated", *SLOTS, "set_id").collect()


def _keyed(material: Material, name: str, names: list[str], index: int) -> pl.LazyFrame:
    key = pl.concat_str("study_id", pl.lit(f":{material.vocabulary.slug(name)}"))
    flags = [pl.col(USE + other) for other in names]
    is_key = has_use(name, Use.KEY) if name != NO_FINDING else state_is(name, Effective.PRESENT)
    return material.judged.lazy().filter(is_key).select(
        *_KEPT, *flags, sample_id=material.sample_id(NAME, key), key=pl.lit(index, pl.UInt8),
        key_stated=state_is(name, Effective.PRESENT) & ~pl.col("no_finding_dropped"),
    )  # fmt: skip


def _may_distract(material: Material, names: list[str]) -> Callable[[str], pl.Expr]:
    def may(finding: str) -> pl.Expr:
        taken = [i for i, other in enumerate(names) if other == finding or material.vocabulary.related(finding, other)]
        wrong = pl.col("key_stated") if finding == NO_FINDING else has_use(finding, Use.WRONG)
        return wrong & ~pl.col("key").is_in(taken)

    return may


def _with_no_finding(rows: pl.DataFrame, index: int, seed: int) -> pl.DataFrame:
    is_normal = pl.col("key") == index
    stated = ~is_normal & pl.col("key_stated")
    per_split = rows.group_by("split").agg(
        normal=is_normal.sum().cast(pl.Float64), others=stated.sum().cast(pl.Float64)
    )
    shares = per_split.select(
        "split",
        keep=pl.min_horizontal(pl.lit(1.0), pl.col("others") / (3 * pl.col("normal"))).fill_nan(0.0),
        join=pl.min_horizontal(pl.lit(1.0), 3 * pl.col("normal") / pl.col("others")).fill_nan(0.0),
    )
    rows = rows.join(shares, on="split")
    kept = rows.filter(~is_normal | (unit_expr(seed, pl.col("sample_id"), "keep No Finding") < pl.col("keep")))
    joins = stated & (unit_expr(seed, pl.col("sample_id"), "join No Finding") < pl.col("join"))
    third = pl.when(joins).then(pl.lit(index, pl.UInt8)).otherwise(pl.col("third")).alias("third")
    return kept.with_columns(third).drop("keep", "join")


TASKS: Final = (
    Task(
        name=NAME, version=3, domain="visual_understanding", answer_type="single_choice", stage="closed",
        level="single", reward="closed", facets=FACETS, ask=ask, reads_labels=True,
    ),
)  # fmt: skip
