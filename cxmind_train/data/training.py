"""The rows of a run: chosen, without those that cannot be trained on, in the order of the curriculum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from cxdata.export.formats import MARK
from cxdata.images.tokens import Limits
from cxdata.model.errors import CxdataError, UsageError
from cxmind_train.config import Recipe
from cxmind_train.data.prompts import message, prompt_tokens
from cxmind_train.data.rows import Rows, chosen, grey
from cxmind_train.rewards.rows import score_row

SHOWN: Final = 5
GOLD: Final = ("sample_id", "reward", "answer", "scored_labels", "ignored_labels", "gold_basis")


@dataclass(frozen=True)
class Prepared:
    """Rows to train on, and how many were left out by code."""

    rows: Rows
    left_out: dict[str, int]


def prepared(rows: Rows, recipe: Recipe, count: Callable[[str], int]) -> Prepared:
    """The rows of a run. `count` tells the tokens of a text.

    Left out are rows without a picture (one among others breaks a batch) and rows over the limit of the prompt.
    Raises UsageError for shuffled rows with a curriculum, CxdataError where nothing is left.
    """
    refuse_shuffled_curriculum(rows, recipe)
    told = chosen(rows, recipe.data.filter, recipe.data.max_rows)
    shown = told.take(told.frame.filter(pl.col("problem").str.contains(MARK, literal=True)))
    tokens = prompt_tokens(shown, Limits(recipe.data.min_pixels, recipe.data.max_pixels), count)
    fits = shown.take(shown.frame.filter(pl.Series(tokens, dtype=pl.Int64) <= recipe.data.max_prompt_tokens))
    left_out = {"no_picture": len(told) - len(shown), "prompt_tokens": len(shown) - len(fits)}
    if not len(fits):
        raise CxdataError(
            f"no row is left to train on; left out: {left_out}", where=str(rows.folder.home),
            mend="cxmind-train check tells how long prompts are: lower data.max_pixels or raise data.max_prompt_tokens",
        )  # fmt: skip
    return Prepared(fits, {code: n for code, n in left_out.items() if n})


def refuse_shuffled_curriculum(rows: Rows, recipe: Recipe) -> None:
    """Raise UsageError where rows lie in the order of a curriculum and the recipe would shuffle them."""
    if recipe.data.shuffle and rows.frame["curriculum_order"].n_unique() > 1:
        raise UsageError(
            "data.shuffle would undo the curriculum, in whose order these rows lie", where=str(rows.folder.home),
            mend="set data.shuffle: false",
        )  # fmt: skip


def check_golds(rows: Rows) -> None:
    """Raise CxdataError, with the first ids, for rows whose reward is none or whose gold cannot be read."""
    wrong = []
    for row in rows.frame.select(GOLD).iter_rows(named=True):
        try:
            score_row("", row)
        except CxdataError:
            wrong.append(row["sample_id"])
    if wrong:
        what = f"{len(wrong):,} rows have a gold that no reward can read: {', '.join(wrong[:SHOWN])}"
        mend = "mix --stage closed or open (an interleaved prompt); cxdata validate tells more"
        raise CxdataError(what, where=str(rows.folder.home), mend=mend)


def dataset(rows: Rows, *, with_answer: bool, blank: bool = False) -> Any:
    """A `datasets.Dataset` of row numbers, whose rows are made when they are asked for; `blank` greys the pictures.

    Stored as they are, content blocks would come back with a null for every key, and pictures encoded anew.
    """
    from datasets import Dataset

    problems, answers = rows.frame["problem"].to_list(), rows.frame["answer"].to_list()

    def made(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        places = batch["row"]
        columns: dict[str, list[Any]] = {
            "row": places, "prompt": [message(problems[place]) for place in places],
            "images": [[grey(one) if blank else one for one in rows.pictures(place)] for place in places],
        }  # fmt: skip
        if with_answer:
            columns["completion"] = [[{"role": "assistant", "content": answers[place]}] for place in places]
        return columns

    return Dataset.from_dict({"row": list(range(len(rows)))}).with_transform(made)
