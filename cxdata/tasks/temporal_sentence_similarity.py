"""Do two sentences say the same of how a finding goes on? Text alone: both stand in the context.

Yes is a paraphrase, No a contradiction; a source says which, nothing is read from the sentences here.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.facets import MEANINGS
from cxdata.reports.sentences import context_expr
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.choices import yes_or_no

NAME: Final = "temporal_sentence_similarity"


def ask(material: Material) -> Asked:
    """One row a pair of sentences whose study has a split."""
    pairs = material.facets["sentence_pairs"]
    cases = material.cases.lazy().select("study_id")
    both = [context_expr(name).alias(name) for name in ("first", "second")]
    told = pairs.with_columns(both).drop_nulls(["first", "second"]).filter(pl.col("meaning").is_in(MEANINGS))
    drafts = told.join(cases, on="study_id", how="semi").select(
        "study_id", "origin_file", "origin_row", sample_id=material.sample_id(NAME, pl.col("pair_id")),
        context=pl.format("Sentence 1: {} Sentence 2: {}", _ended("first"), _ended("second")),
        answer=pl.when(pl.col("meaning") == MEANINGS[0]).then(pl.lit("Yes")).otherwise(pl.lit("No")),
        image_ids=pl.lit([], pl.List(pl.String)), wording_group=pl.lit("any"),
    )  # fmt: skip
    rows = yes_or_no(drafts.sort("sample_id"), material.seed).collect()
    read = int(pairs.select(pl.len()).collect().item())
    return Asked(rows, [("pairs of sentences", read, "rows"), ("with a meaning, in a split", rows.height, "questions")])


def _ended(column: str) -> pl.Expr:
    """The sentence with a stop at its end."""
    text = pl.col(column)
    return pl.when(text.str.contains(r"[.?!]$")).then(text).otherwise(pl.concat_str(text, pl.lit(".")))


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="language", answer_type="binary", stage="closed", level="binary", reward="closed",
        facets=("studies", "images", "sentence_pairs"), ask=ask, has_tier=False,
    ),
)  # fmt: skip
