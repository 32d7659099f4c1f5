"""Balanced sets: one option set asked of four studies, with each option the key of one of them.

The four are of one split, view and population (and source, as all rows here), each has its own key stated present and
may have the other three denied. Whoever does not look at the picture is right in a quarter of the rows.

In each round every row that is left draws three distractors by hash, common keys rather than rare ones, so that many
rows meet in the same option set; of those with one option set in one stratum, as many sets are made as the rarest key
has rows. What a row draws depends on its id and on how common each key is among the rows left in its stratum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.vocabulary import Vocabulary
from cxdata.tasks.choices import INDEX, RANK, pick

ROUNDS: Final = 8
STRATUM: Final = ("split", "split_official", "view", "population")
SLOTS: Final = ("first", "second", "third")
OPTIONS: Final = 4
_WEIGHT: Final = "weight:"


def balanced(
    rows: pl.DataFrame, names: Sequence[str], vocabulary: Vocabulary, seed: int, may: Callable[[str], pl.Expr]
) -> pl.DataFrame:
    """The rows that find a place in a set, with the slots filled (indices into `names`) and `set_id`.

    In: one row a question with sample_id, `key` (index into `names`), the columns of STRATUM and those that `may(F)`,
    true where F may be a distractor, reads. A set has the id of its first row by sample_id.
    """
    left, found = rows, [rows.head(0).with_columns(_no_set())]
    for nth in range(ROUNDS):
        sets = _completed(_drawn(left, names, vocabulary, seed, may, nth), seed)
        found.append(sets.select(found[0].columns))
        left = left.join(sets, on="sample_id", how="anti")
    return pl.concat(found)


def _no_set() -> list[pl.Expr]:
    slots = [pl.lit(None, pl.UInt8).alias(slot) for slot in SLOTS]
    return [*slots, pl.lit(None, pl.String).alias("set_id")]


def _drawn(
    rows: pl.DataFrame,
    names: Sequence[str],
    vocabulary: Vocabulary,
    seed: int,
    may: Callable[[str], pl.Expr],
    nth: int,
) -> pl.DataFrame:
    """The rows that could draw three distractors, with the slots filled."""
    weights = [(pl.col("key") == i).sum().cast(pl.UInt64).alias(_WEIGHT + name) for i, name in enumerate(names)]
    weighed = rows.lazy().join(
        rows.lazy().group_by(STRATUM).agg(weights), on=STRATUM, nulls_equal=True, maintain_order="left"
    )
    frame = weighed.with_columns(_rank(i, name, seed, may(name), nth) for i, name in enumerate(names))
    for slot in SLOTS:
        frame = pick(frame, names, vocabulary, slot)
    return frame.drop_nulls(list(SLOTS)).select(*rows.columns, *SLOTS).collect()


def _rank(i: int, name: str, seed: int, may: pl.Expr, nth: int) -> pl.Expr:
    # Divided by the weight, hashes of common keys are small, and small ones come first; whole numbers, for they are the
    # same on every machine.
    weight = pl.col(_WEIGHT + name)
    hashed = hash_expr(seed, pl.col("sample_id"), f"set {nth}:{name}") // (2 * INDEX) // weight.clip(1) * INDEX + i
    return pl.when(may & (weight > 0)).then(hashed).alias(RANK + name)


def _completed(drawn: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The rows of complete sets, with `set_id`."""
    options = pl.concat_list("key", *SLOTS).list.sort().cast(pl.List(pl.UInt32))
    code = sum((options.list.get(i) * INDEX**i for i in range(1, OPTIONS)), options.list.get(0))
    place = hash_expr(seed, pl.col("sample_id"), "place in set")
    rows = drawn.lazy().with_columns(code.alias("_code"), place.alias("_place"))
    rows = rows.with_columns(_nth=pl.struct("_place", "sample_id").rank("ordinal").over(*STRATUM, "_code", "key"))
    per_key = rows.group_by(*STRATUM, "_code", "key").len()
    sets = per_key.group_by(*STRATUM, "_code").agg(keys=pl.len(), sets=pl.col("len").min())
    rows = rows.join(sets.filter(pl.col("keys") == OPTIONS), on=[*STRATUM, "_code"], nulls_equal=True)
    rows = rows.filter(pl.col("_nth") <= pl.col("sets"))
    return rows.with_columns(set_id=pl.col("sample_id").min().over(*STRATUM, "_code", "_nth")).collect()
