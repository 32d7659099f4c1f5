"""Why? The picture, a diagnosis, and the sentence of the report that says what speaks for it.

The answer is the sentence as far as the picture itself can answer for it: `reports/targets.py` leaves out what needs an
earlier picture, another examination or what the referring doctor told. A sentence that explains several diagnoses is
asked about with all of them.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.vocabulary import Vocabulary
from cxdata.reports.targets import with_targets
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.visual_question_answering import MARKS
from cxdata.tasks.wordings import worded

NAME: Final = "explanation"
SEVERAL: Final = ", "


def ask(material: Material) -> Asked:
    """One row a sentence that explains a diagnosis, of a study with a frontal picture."""
    told = material.facets["statements"].filter(
        pl.col("diagnosis").is_not_null(), ~pl.col("sentence").str.contains(MARKS)
    )
    cases = material.cases.lazy().filter(pl.col("pictures") > 0).select("study_id", "image_ids")
    shown = told.join(cases, on="study_id").collect()
    sections = shown.lazy().with_columns(findings="sentence", impression=pl.lit(None, pl.String))
    clean = with_targets(sections).collect().filter(pl.col("findings_target").is_not_null())
    rows = clean.select(
        "study_id", "image_ids", "origin_file", "origin_row", "reference", answer="findings_target",
        sample_id=material.sample_id(NAME, pl.col("statement_id")),
        phrase=_phrase(pl.col("diagnosis"), material.vocabulary),
    )  # fmt: skip
    asked = worded(
        rows.lazy(), NAME, material.seed, pictures=pl.col("image_ids").list.len(), vocabulary=material.vocabulary,
        phrase=pl.col("phrase"),
    )  # fmt: skip
    number = told.select(pl.len()).collect().item()
    steps = (("sentences that explain", number), ("with a frontal picture", shown.height),
             ("that the picture can answer for", rows.height))  # fmt: skip
    return Asked(asked.drop("phrase").collect(), [(step, int(count), "questions") for step, count in steps])


def _phrase(findings: pl.Expr, vocabulary: Vocabulary) -> pl.Expr:
    """The findings, joined by `, `, as words: "atelectasis or pneumonia"."""
    phrases = {name: vocabulary.finding(name).phrase for name in vocabulary.names}
    words = pl.element().replace_strict(phrases, default=None, return_dtype=pl.String)
    names = findings.str.split(SEVERAL).list.eval(words)
    last, first = names.list.last(), names.list.head(names.list.len() - 1).list.join(", ")
    return pl.when(names.list.len() > 1).then(pl.concat_str(first, last, separator=" or ")).otherwise(last)


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="text_generation", answer_type="free_text", stage="sft", level="answer",
        reward="free_text", facets=("studies", "images", "statements"), ask=ask,
    ),
)  # fmt: skip
