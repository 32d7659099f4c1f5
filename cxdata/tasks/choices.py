"""Choosing options by hash: no two related, ranked so that a better kind of distractor comes first.

A frame here has one row a question with a `sample_id`, and for each candidate finding F a column `rank:F`: a UInt64
that sorts the candidates of the row (low is first; its last byte is the candidate's index), null where F may not be
chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr, pick_expr
from cxdata.model.sample import LETTERS
from cxdata.model.vocabulary import Vocabulary

RANK: Final = "rank:"
INDEX: Final = 256  # candidates are fewer than this
SECOND_CLASS: Final = 2**61
_HASHED: Final = "hashed:"
_PLAIN: Final = "plain:"


def ranked(
    frame: pl.LazyFrame,
    names: Sequence[str],
    seed: int,
    may: Callable[[str], pl.Expr],
    second: Callable[[str], pl.Expr],
) -> pl.LazyFrame:
    """Add the `rank:F` columns: null unless `may(F)`, those with `second(F)` behind all others, else by hash."""
    return frame.with_columns(_rank(i, name, seed, may(name), second(name)) for i, name in enumerate(names))


def fill(
    frame: pl.LazyFrame,
    names: Sequence[str],
    vocabulary: Vocabulary,
    slots: Sequence[str],
    among: Mapping[str, Callable[[str], pl.Expr]],
) -> pl.LazyFrame:
    """Fill every slot as `pick` does, one after the other; rows that have too few candidates for it are left out.

    Candidates are taken by rank. Where that leaves a slot empty, as when one with many relatives comes first, those
    with the fewest relatives are taken first. Which rows stay depends on that order alone, and so never on the seed.
    """
    tried = frame.with_columns(_tries(names, vocabulary))
    for prefix in (_PLAIN, _HASHED):
        for slot in slots:
            tried = pick(tried, names, vocabulary, slot, among.get(slot), prefix)
    stuck = pl.any_horizontal(pl.col(_HASHED + slot).is_null() for slot in slots)
    better = {each: pl.when(stuck).then(_PLAIN + each).otherwise(_HASHED + each) for each in (*slots, *names)}
    return (
        tried.filter(pl.col(_PLAIN + slot).is_not_null() for slot in slots)
        .with_columns(
            *(better[slot].alias(slot) for slot in slots),
            *(pl.when(better[name].is_not_null()).then(RANK + name).alias(RANK + name) for name in names),
        )
        .drop(prefix + each for prefix in (_PLAIN, _HASHED) for each in (*slots, *names))
    )


def pick(
    frame: pl.LazyFrame,
    names: Sequence[str],
    vocabulary: Vocabulary,
    slot: str,
    among: Callable[[str], pl.Expr] | None = None,
    prefix: str = "",
) -> pl.LazyFrame:
    """Choose the first candidate of each row into the column `slot` (index, null when none is left).

    What is chosen, and all that is related to it, leaves the candidates. `among` narrows the choice for this slot.
    """
    rank, slot = prefix or RANK, prefix + slot
    ranks = [pl.when(among(n)).then(pl.col(rank + n)) if among else pl.col(rank + n) for n in names]
    chosen = frame.with_columns((pl.min_horizontal(ranks) % INDEX).cast(pl.UInt8).alias(slot))
    return chosen.with_columns(
        pl.when(pl.col(slot).is_null() | ~pl.col(slot).is_in(_with_relatives(name, names, vocabulary)))
        .then(pl.col(rank + name)).alias(rank + name)
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


def yes_or_no(rows: pl.LazyFrame, seed: int) -> pl.LazyFrame:
    """Add `options` (Yes and No, in an order chosen by hash) and `answer_letter` to rows that are answered by one."""
    swapped = pick_expr(seed, pl.col("sample_id"), "order", 2) == 1
    first_is_right = (pl.col("answer") == "Yes") != swapped
    return rows.with_columns(
        options=pl.when(swapped).then(pl.lit(["No", "Yes"])).otherwise(pl.lit(["Yes", "No"])),
        answer_letter=pl.when(first_is_right).then(pl.lit("A")).otherwise(pl.lit("B")),
    )


def _rank(i: int, name: str, seed: int, may: pl.Expr, second: pl.Expr) -> pl.Expr:
    hashed = hash_expr(seed, pl.col("sample_id"), f"option:{name}") // (8 * INDEX) * INDEX + i
    behind = pl.when(second).then(pl.lit(SECOND_CLASS, pl.UInt64)).otherwise(pl.lit(0, pl.UInt64))
    return pl.when(may).then(hashed + behind).alias(RANK + name)


def _tries(names: Sequence[str], vocabulary: Vocabulary) -> list[pl.Expr]:
    """The ranks twice: as they are, and with the order by hash replaced by that of the fewest relatives."""
    crowd = {name: len(_with_relatives(name, names, vocabulary)) for name in names}
    place = {name: i for i, name in enumerate(sorted(names, key=crowd.__getitem__))}
    hashed = [pl.col(RANK + name).alias(_HASHED + name) for name in names]
    plain = [
        (pl.col(RANK + name) // SECOND_CLASS * SECOND_CLASS + place[name] * INDEX + i).alias(_PLAIN + name)
        for i, name in enumerate(names)
    ]
    return [*hashed, *plain]


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
