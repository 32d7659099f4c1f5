"""Gold of a stage folder: scored by its reward, or, where a mix has plain prompts, read as the words that it is.

A plain mix (instruction tuning) answers a choice by its options with their letters, a line each, and everything else in
words, without think and answer blocks: there is no reward to earn, and the form alone is looked at. Boxes are given in
an answer block there as well.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.check.gold import SCHEMA, gold_scores, is_box_gold
from cxdata.model.sample import LETTERS

WORDS: Final = "words"
PLAIN: Final = "plain"
TRACED: Final = "traced"
_CHOSEN: Final = rf"^[{LETTERS}]\) \S[^\n]*(?:\n[{LETTERS}]\) \S[^\n]*)*$"
_TAG: Final = r"(?i)</?(?:think|answer)>"


def gold_by_kind(frame: pl.DataFrame) -> pl.DataFrame:
    """The same of a mix whose rows with a trace are interleaved and whose others are plain."""
    numbered = frame.with_row_index("row")
    is_trace = pl.col("gold_kind") == "trace"
    parts = [(numbered.filter(is_trace), False), (numbered.filter(~is_trace.fill_null(value=False)), True)]
    judged = [part.select("row").hstack(gold_of(part, is_plain=is_plain)) for part, is_plain in parts if part.height]
    return pl.concat(judged).sort("row").select(*SCHEMA) if judged else gold_of(frame, is_plain=True)


def gold_of(frame: pl.DataFrame, *, is_plain: bool) -> pl.DataFrame:
    """One row a gold, as `gold_scores`; of plain mixes `checked` is WORDS, and the code gold_form or null."""
    if not is_plain:
        return gold_scores(frame)
    answer = pl.col("answer").fill_null("")
    is_formed = (
        pl.when(pl.col("reward") == "closed").then(answer.str.contains(_CHOSEN))
        .when(pl.col("reward") == "boxes").then(is_box_gold())
        .otherwise((answer.str.strip_chars() != "") & ~answer.str.contains(_TAG))
    )  # fmt: skip
    judged = {
        "format": is_formed.cast(pl.Float64), "checked": pl.lit(WORDS),
        "code": pl.when(~is_formed).then(pl.lit("gold_form")),
    }  # fmt: skip
    return frame.select(judged.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in SCHEMA.items())
