"""What is in these boxes? The words that a phrase says of them, as far as the picture itself can answer for them.

Words about earlier pictures, other examinations, history and marks of de-identification are no answer: the rules are
those of report targets (`reports/targets.py`). Where boxes lie is told in parts of the picture's width and height.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.reports.targets import with_targets
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.phrases import phrases

NAME: Final = "grounded_captioning"
MARKS: Final = r"\bDEID\b|___"


def ask(material: Material) -> Asked:
    """One row a picture and phrase."""
    found = phrases(material)
    as_section = found.rows.lazy().with_columns(findings="phrase", impression=pl.lit(None, pl.String))
    told = with_targets(as_section).drop_nulls(["findings_target", "told"])
    rows = told.filter(~pl.col("phrase").str.contains(MARKS)).select(
        "study_id", "origin_file", "origin_row", "reference", "told", wording_group=pl.lit("any"),
        image_ids=pl.concat_list("image_id"), sample_id=material.sample_id(NAME, pl.col("key")),
        answer=_sentence(pl.col("findings_target")),
    ).collect()  # fmt: skip
    return Asked(rows, [*found.funnel, ("whose words the picture can answer for", rows.height, "questions")])


def _sentence(text: pl.Expr) -> pl.Expr:
    """With a capital, and a stop at its end."""
    bare = text.str.strip_chars_end(" .")
    return pl.concat_str(bare.str.head(1).str.to_uppercase(), bare.str.slice(1), pl.lit("."))


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="spatiotemporal_alignment", answer_type="free_text", stage="sft",
        level="captioning", reward="free_text", facets=("studies", "images", "regions"), ask=ask,
    ),
)  # fmt: skip
