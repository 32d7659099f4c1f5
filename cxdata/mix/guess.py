"""How well choice questions are guessed without their picture: naive Bayes over options, what is asked, and text.

Each option of a question is an item; its features are the option, the option with what is asked, the option with each
other option, and the option with each hashed word and pair of words of question and context. The log-odds of being a
key, learnt on one half of the patients, are summed for each option of the other half, and the highest is the guess: a
linear model, fitted by counting. All weights are whole numbers, so that no order of adding changes a guess.
"""

from __future__ import annotations

from math import comb, fsum
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.hashing import bucket_expr, hash_expr
from cxdata.model.sample import LETTERS

HALVES: Final = 2
SCALE: Final = 1_000_000
SMOOTH: Final = 0.5
LETTER_LIST: Final = list(LETTERS)


class Guessed(NamedTuple):
    """Of one task: accuracy of the guess, what chance and the commonest answer give, and the number of rows."""

    accuracy: float
    chance: float
    majority: float
    n: int


class Cases(NamedTuple):
    """The questions that differ in what a guess looks at, and which of them each row asks.

    `items`: one row an option of each case: case, half, letter, is_key. `features`: these and feature, many an item.
    `of_row`: the case of each row. A guess about thousands of rows that ask the same is made once.
    """

    items: pl.DataFrame
    features: pl.DataFrame
    of_row: pl.Series


def guess(rows: pl.DataFrame) -> pl.Series:
    """Whether each row is guessed right, learnt on the patients of the other half.

    Needs patient_key, options, answer_letter, asked_finding; `words` (a list of strings) is used where it is there.
    """
    cases = cases_of(rows)
    return guess_cases(cases, cases.of_row)


def cases_of(rows: pl.DataFrame) -> Cases:
    """The cases of rows; needs what `guess` needs."""
    told = rows.select(
        "options", pl.col("answer_letter").cast(pl.String), asked=pl.col("asked_finding").cast(pl.String).fill_null(""),
        half=bucket_expr(pl.col("patient_key").cast(pl.String), HALVES),
    )  # fmt: skip
    if "words" in rows.columns:  # hardly two rows have the same ones
        named = told.with_columns(rows["words"], case=pl.int_range(pl.len(), dtype=pl.UInt32))
        return _cases(named, named["case"])
    found = told.unique(maintain_order=True).with_row_index("case")
    return _cases(found, told.join(found, on=told.columns, how="left", nulls_equal=True, maintain_order="left")["case"])


def guess_cases(cases: Cases, asked: pl.Series) -> pl.Series:
    """Whether each row is guessed right, of rows that ask these cases (some of `of_row`), learnt on them alone."""
    times = asked.rename("case").value_counts(name="times")
    right = _right(_scored(cases, times), times)
    return asked.rename("case").to_frame().join(right, on="case", how="left", maintain_order="left")["right"]


def _cases(told: pl.DataFrame, of_row: pl.Series) -> Cases:
    items = _items(told)
    return Cases(items.drop("asked", "option"), pl.concat(_features(items, told)), of_row)


def summary(rows: pl.DataFrame, right: pl.Series) -> Guessed:
    """What `mix.json` says of a task."""
    letters = rows["answer_letter"]
    majority = letters.value_counts()["count"].max() or 0
    return Guessed(_share(right), chance(rows), float(str(majority)) / max(rows.height, 1), rows.height)


def chance(rows: pl.DataFrame) -> float:
    """What picking at random wins: one option, or as many as most of these rows have keys."""
    keys = rows.select(pl.col("answer_letter").cast(pl.String).str.count_matches(",") + 1).to_series()
    usual = keys.value_counts().sort("count", keys.name, descending=[True, False])
    number, share = int(usual[keys.name][0]), int(usual["count"][0]) / rows.height
    options = rows.select(n=pl.col("options").list.len()).group_by("n").len().sort("n")
    return share * fsum(times / comb(n, number) for n, times in options.iter_rows() if n >= number) / rows.height


def _share(values: pl.Series) -> float:
    return float(str(values.cast(pl.Float64).mean() or 0.0))


def _items(told: pl.DataFrame) -> pl.DataFrame:
    """One row an option: case, half, letter, option, asked, is_key."""
    letters = pl.int_ranges(0, pl.col("options").list.len(), dtype=pl.UInt8)
    each = told.select("case", "options", "answer_letter", "asked", "half", letter=letters).explode("options", "letter")
    letter = pl.col("letter").replace_strict(range(len(LETTERS)), LETTER_LIST, return_dtype=pl.String)
    is_key = pl.col("answer_letter").str.contains(letter, literal=True)
    return each.select("case", "half", "letter", "asked", option="options", is_key=is_key)


def _features(items: pl.DataFrame, told: pl.DataFrame) -> list[pl.DataFrame]:
    base = ("case", "letter", "half", "is_key")
    others = items.select("case", other="option", place="letter")
    pairs = items.join(others, on="case").filter(pl.col("letter") != pl.col("place"))
    found = [
        items.select(*base, _feature("option", "option")), items.select(*base, _feature("asked", "asked", "option")),
        pairs.select(*base, _feature("pair", "option", "other")),
    ]  # fmt: skip
    if "words" in told.columns:
        words = told.select("case", pl.col("words").list.unique()).explode("words").drop_nulls()
        found.append(items.join(words, on="case").select(*base, _feature("word", "option", "words")))
    return found


def _feature(kind: str, *columns: str) -> pl.Expr:
    return hash_expr(0, pl.concat_str(columns, separator="\x1f"), kind).alias("feature")


def _scored(cases: Cases, times: pl.DataFrame) -> pl.DataFrame:
    """The items of the cases that are asked, with the sum of the weights of each, whole numbers."""
    asked = cases.features.join(times, on="case")
    counts = pl.col("times").cast(pl.Int64)
    learnt = asked.group_by("half", "feature").agg(keys=(counts * pl.col("is_key")).sum(), n=counts.sum())
    keys, n = pl.col("keys").cast(pl.Float64), pl.col("n").cast(pl.Float64)
    odds = ((keys + SMOOTH) / (n - keys + SMOOTH)).log()
    weight = learnt.select(
        "feature", half=1 - pl.col("half").cast(pl.Int8), weight=(odds * SCALE).round().cast(pl.Int64)
    )
    told = asked.select("case", "letter", "feature", half=pl.col("half").cast(pl.Int8)).join(
        weight, on=["half", "feature"], how="left"
    )
    sums = told.group_by("case", "letter").agg(score=pl.col("weight").fill_null(0).sum())
    items = cases.items.join(times, on="case", how="semi")
    return items.join(sums, on=["case", "letter"], how="left")


def _right(scored: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """case, right: where the options that score highest, as many as most rows have keys, are the keys."""
    keys = scored.group_by("case").agg(pl.col("is_key").sum()).join(times, on="case")
    usual = keys.group_by("is_key").agg(pl.col("times").sum()).sort("times", "is_key", descending=[True, False])
    number = int(usual["is_key"][0]) or 1
    best = scored.sort("case", pl.col("score"), pl.col("letter"), descending=[False, True, False])
    best = best.with_columns(nth=pl.int_range(pl.len()).over("case"))
    is_right = ((pl.col("nth") < number) == pl.col("is_key")).all()
    return best.group_by("case").agg(is_right.alias("right"))
