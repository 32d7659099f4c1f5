"""Findings in a list column as bits, so that relations between them are a few integer operations a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import reduce
from operator import or_

import polars as pl

from cxdata.model.vocabulary import Vocabulary

WORD = 60  # findings a 64-bit column holds; list.sum of distinct bits never carries beyond them


def bits(column: str, vocabulary: Vocabulary) -> list[pl.Expr]:
    """The columns `@column:0`, `@column:1`, …: the findings of each row's list, one bit each; unknown names none."""
    names = vocabulary.names
    return [
        _word(column, names[start : start + WORD]).alias(_name(column, i)) for i, start in enumerate(_starts(names))
    ]


def any_of(column: str, names: Collection[str], vocabulary: Vocabulary) -> pl.Expr:
    """True where the list of `column` holds one of the findings."""
    masks = _masks(names, vocabulary)
    return pl.any_horizontal(
        [(pl.col(_name(column, i)) & mask) != 0 for i, mask in enumerate(masks) if mask] or [False]
    )


def any_related(column: str, vocabulary: Vocabulary, other: str | None = None) -> pl.Expr:
    """True where a finding of `column` is related to another of it or, with `other`, to one that only `other` holds."""
    return pl.any_horizontal(_pairs(column, vocabulary, other))


def _pairs(column: str, vocabulary: Vocabulary, other: str | None) -> Iterator[pl.Expr]:
    for name in vocabulary.names:
        masks = _masks(vocabulary.relatives(name), vocabulary)
        meets = [(_held(column, other, i) & mask) != 0 for i, mask in enumerate(masks) if mask]
        if meets:
            yield any_of(column, [name], vocabulary) & pl.any_horizontal(meets)


def _held(column: str, other: str | None, word: int) -> pl.Expr:
    own = pl.col(_name(column, word))
    return own if other is None else pl.col(_name(other, word)) & ~own


def _word(column: str, names: tuple[str, ...]) -> pl.Expr:
    values = [1 << i for i in range(len(names))]
    coded = pl.element().unique().replace_strict(list(names), values, default=0, return_dtype=pl.UInt64)
    return pl.col(column).list.eval(coded).list.sum()


def _masks(names: Collection[str], vocabulary: Vocabulary) -> list[int]:
    chunks = [vocabulary.names[start : start + WORD] for start in _starts(vocabulary.names)]
    return [reduce(or_, (1 << i for i, name in enumerate(chunk) if name in names), 0) for chunk in chunks]


def _starts(names: tuple[str, ...]) -> range:
    return range(0, len(names), WORD)


def _name(column: str, word: int) -> str:
    return f"@{column}:{word}"
