"""Choosing options by hash: no two related, ranked so that a better kind of distractor comes first.

A frame here has one row a question with a `sample_id`, and for each candidate finding F a column `rank:F`: a UInt64 that
sorts the candidates of the row (low is first; its last byte is the candidate's index), null where F may not be chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.sample import LETTERS
from cxdata.model.vocabulary import Vocabulary

RANK: Final = "rank:"
INDEX: Final = 256  # candidates are fewer than this
SECOND_CLASS: Final = 2**61


def ranked(
    frame: pl.LazyFrame,
    names: Sequence[str],
    seed: int,
    may: Callable[[str], pl.Expr],
    second: Callable[[str], pl.Expr],
) -> pl.LazyFrame:
    """Add the `rank:F` columns: null unless `may(F)`, those with `second(F)` behind all others, else by hash."""
    return frame.with_columns(_rank(i, name, seed, may(name), second(name)) for i, name in enumerate(names))


def pick(
    frame: pl.LazyFrame,
    names: Sequence[str],
    vocabulary: Vocabulary,
    slot: str,
    among: Callable[[str], pl.Expr] | None = None,
) -> pl.LazyFrame:
    """Choose the first candidate of each row into the column `slot` (index, null when none is left).

    What is chosen, and all that is related to it, leaves the candidates. `among` narrows the choice for this slot.
    """
    ranks = [pl.when(among(n)).then(pl.col(RANK + n)) if among else pl.col(RANK + n) for n in names]
    chosen = frame.with_columns((pl.min_horizontal(ranks) % INDEX).cast(pl.UInt8).alias(slot))
    return chosen.with_columns(
        pl.when(pl.col(slot).is_null() | ~pl.col(slot).is_in(_with_relatives(name, names, vocabulary)))
        .then(pl.col(RANK + name)).alias(RANK + name)
        for name in names
    )  # fmt: skip


def lettered(
    frame: pl.LazyFrame, slots: Sequence[str], names: Sequence[str], seed: int, is_key: Callable[[str], pl.Expr]
) -> pl.LazyFrame:
    """Order the chosen options by hash, and add `options`, `answer_letter`, `labels` (the keys, in order) and `answer`.

    `slots` hold indices into `names`; `is_key(slot)` is true where that slot holds a key.
    """
    placed = [_placed(slot, names, seed, is_key(slot)) for slot in slots]
    coded = pl.concat_list(placed).list.drop_nulls().list.sort()
    frame = frame.with_columns(_coded=coded)
    index = (pl.element() % INDEX).cast(pl.Int16)
    named = index.replace_strict(range(len(names)), list(names), return_dtype=pl.String)
    key = (pl.element() // INDEX) % 2 == 1
    frame = frame.with_columns(
        options=pl.col("_coded").list.eval(named),
        labels=pl.col("_coded").list.eval(pl.element().filter(key)).list.eval(named),
    )
    letters = [_letter(i) for i in range(len(LETTERS))]
    return frame.with_columns(
        answer_letter=pl.concat_str(letters, separator=", ", ignore_nulls=True), answer=pl.col("labels").list.join(", ")
    ).drop("_coded")


def _rank(i: int, name: str, seed: int, may: pl.Expr, second: pl.Expr) -> pl.Expr:
    hashed = hash_expr(seed, pl.col("sample_id"), f"option:{name}") // (8 * INDEX) * INDEX + i
    behind = pl.when(second).then(pl.lit(SECOND_CLASS, pl.UInt64)).otherwise(pl.lit(0, pl.UInt64))
    return pl.when(may).then(hashed + behind).alias(RANK + name)


def _with_relatives(name: str, names: Sequence[str], vocabulary: Vocabulary) -> list[int]:
    return [i for i, other in enumerate(names) if other == name or vocabulary.related(name, other)]


def _placed(slot: str, names: Sequence[str], seed: int, key: pl.Expr) -> pl.Expr:
    index = pl.col(slot).cast(pl.UInt64)
    name = (
        pl.col(slot).cast(pl.Int16).replace_strict(range(len(names)), list(names), default=None, return_dtype=pl.String)
    )
    purpose = pl.concat_str(pl.lit("order:"), name)
    hashed = hash_expr(seed, pl.col("sample_id"), purpose) // (2 * INDEX) * (2 * INDEX)
    return pl.when(pl.col(slot).is_not_null()).then(hashed + pl.when(key).then(INDEX).otherwise(0) + index)


def _letter(i: int) -> pl.Expr:
    coded = pl.col("_coded").list.get(i, null_on_oob=True)
    return pl.when((coded // INDEX) % 2 == 1).then(pl.lit(LETTERS[i]))
