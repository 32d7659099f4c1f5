"""The text-only baseline of a mix: how often the choice questions of train are guessed without a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.mix.balance import CHOICES, FEWEST_TO_GUESS
from cxdata.mix.guess import guess, summary
from cxdata.mix.lookup import looked_up
from cxdata.mix.pool import FILE, PLACE
from cxdata.model.hashing import hash_expr

MOST_ROWS: Final = 20_000  # of a task, chosen by hash: enough for the interval that validate looks at
BINS: Final = 2**14


def text_only(rows: pl.DataFrame, files: list[Path]) -> dict[str, dict[str, Any]]:
    """For each task with options: accuracy of the guess, chance, majority, and the rows judged, all of train.

    Learnt on the question, its context, what is asked and the options, on half of the patients at a time.
    """
    train = rows.filter(pl.col("split") == "train", pl.col("answer_type").is_in(CHOICES)).unique("sample_id")
    told = {}
    for (task,), part in sorted(train.partition_by("task", as_dict=True).items()):
        if part.height >= FEWEST_TO_GUESS:
            some = part.sort(hash_expr(0, _unit(), "baseline"), _unit(), "sample_id").head(MOST_ROWS)
            judged = _with_words(some, files)
            found = summary(judged, guess(judged))
            told[str(task)] = {name: round(value, 4) for name, value in found._asdict().items()}
    return told


def _unit() -> pl.Expr:
    return pl.coalesce("set_id", "sample_id")


def _with_words(rows: pl.DataFrame, files: list[Path]) -> pl.DataFrame:
    """The rows with `words`: hashed words, and pairs of words, of question and context."""
    texts = looked_up(rows, files, ("question", "context"))
    text = pl.concat_str("question", "context", separator=" ", ignore_nulls=True).str.to_lowercase()
    words = texts.select(FILE, PLACE, words=text.str.extract_all(r"[a-z0-9-]+"))
    pairs = pl.col("words").list.eval(pl.concat_str(pl.element(), pl.element().shift(-1), separator=" ").drop_nulls())
    both = words.with_columns(words=pl.concat_list("words", pairs))
    hashed = (hash_expr(0, pl.element(), "word") % BINS).cast(pl.String)
    return rows.join(
        both.with_columns(pl.col("words").list.eval(hashed)), on=[FILE, PLACE], how="left", maintain_order="left"
    )
