"""How well choice questions are guessed without their picture: naive Bayes over options, what is asked, and text.

Each option of a question is an item; its features are the option, the option with what is asked, the option with each
other option, and the option with each hashed word and pair of words of question and context. The log-odds of being a
key, learnt on one half of the patients, are summed for each option of the other half, and the highest is the guess: a
linear model, fitted by counting. All weights are whole numbers, so that no order of adding changes a guess.
"""

from __future__ import annotations

from math import comb
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


def guess(rows: pl.DataFrame) -> pl.Series:
    """Whether each row is guessed right, learnt on the patients of the other half.

    Needs patient_key, options, answer_letter, asked_finding; `words` (a list of strings) is used where it is there.
    """
    items = _items(rows)
    features = pl.concat(_features(items, rows))
    scored = _scored(features, items)
    right = _right(scored, rows)
    return right


def summary(rows: pl.DataFrame, right: pl.Series) -> Guessed:
    """What `mix.json` says of a task."""
    letters = rows["answer_letter"]
    majority = letters.value_counts()["count"].max() or 0
    return Guessed(_share(right), _share(chances(rows)), float(str(majority)) / max(rows.height, 1), rows.height)


def chances(rows: pl.DataFrame) -> pl.Series:
    """What picking at random wins in each row: one option, or as many as most of these rows have keys."""
    keys = rows.select(pl.col("answer_letter").str.count_matches(",") + 1).to_series()
    usual = keys.value_counts().sort("count", keys.name, descending=[True, False])
    number, share = int(usual[keys.name][0]), float(usual["count"][0]) / rows.height
    options = rows["options"].list.len()
    table = {n: share / comb(n, number) if n >= number else 0.0 for n in options.unique()}
    return options.replace_strict(table, return_dtype=pl.Float64)


def _share(values: pl.Series) -> float:
    return float(str(values.cast(pl.Float64).mean() or 0.0))


def _items(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an option: row, half, letter, option, asked, is_key."""
    told = rows.select(
        "options", "answer_letter", asked=pl.col("asked_finding").fill_null(""),
        half=bucket_expr(pl.col("patient_key"), HALVES),
        letter=pl.int_ranges(0, pl.col("options").list.len(), dtype=pl.UInt8),
    ).with_row_index("row").explode("options", "letter")  # fmt: skip
    letter = pl.col("letter").replace_strict(range(len(LETTERS)), LETTER_LIST, return_dtype=pl.String)
    is_key = pl.col("answer_letter").str.contains(letter, literal=True)
    return told.select("row", "half", "letter", "asked", option="options", is_key=is_key)


def _features(items: pl.DataFrame, rows: pl.DataFrame) -> list[pl.DataFrame]:
    base = ("row", "letter", "half", "is_key")
    others = items.select("row", other="option", place="letter")
    pairs = items.join(others, on="row").filter(pl.col("letter") != pl.col("place"))
    found = [
        items.select(*base, _feature("option", "option")), items.select(*base, _feature("asked", "asked", "option")),
        pairs.select(*base, _feature("pair", "option", "other")),
    ]  # fmt: skip
    if "words" in rows.columns:
        words = rows.select(pl.col("words").list.unique()).with_row_index("row").explode("words").drop_nulls()
        found.append(items.join(words, on="row").select(*base, _feature("word", "option", "words")))
    return found


def _feature(kind: str, *columns: str) -> pl.Expr:
    return hash_expr(0, pl.concat_str(columns, separator="\x1f"), kind).alias("feature")


def _scored(features: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The sum of the weights of each item, whole numbers."""
    learnt = features.group_by("half", "feature").agg(keys=pl.col("is_key").sum(), n=pl.len())
    keys, n = pl.col("keys").cast(pl.Float64), pl.col("n").cast(pl.Float64)
    odds = ((keys + SMOOTH) / (n - keys + SMOOTH)).log()
    weight = learnt.select(
        "feature", half=1 - pl.col("half").cast(pl.Int8), weight=(odds * SCALE).round().cast(pl.Int64)
    )
    told = features.select("row", "letter", "feature", half=pl.col("half").cast(pl.Int8)).join(
        weight, on=["half", "feature"], how="left"
    )
    sums = told.group_by("row", "letter").agg(score=pl.col("weight").fill_null(0).sum())
    return items.join(sums, on=["row", "letter"], how="left")


def _right(scored: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
    """Right where the options that score highest, as many as most rows have keys, are the keys."""
    keys = scored.group_by("row").agg(pl.col("is_key").sum())["is_key"]
    number = int(str(keys.mode().min() or 1))
    best = scored.sort("row", pl.col("score"), pl.col("letter"), descending=[False, True, False])
    best = best.with_columns(nth=pl.int_range(pl.len()).over("row"))
    is_right = ((pl.col("nth") < number) == pl.col("is_key")).all()
    judged = best.group_by("row").agg(is_right.alias("right")).sort("row")
    return judged["right"] if judged.height == rows.height else pl.Series("right", [False] * rows.height)
