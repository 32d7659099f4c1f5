"""What has changed between two pictures of one patient? Native questions, in their own words.

Both pictures are shown, the older one, which the question calls the reference, first; a sentence of ours before the
question says so. A source marks such a question in the facet `questions` by the answer type `difference`, and names its
two pictures in that order.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.reports.sentences import unwrap_expr
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.visual_question_answering import MARKS, native_id, split_reason
from cxdata.tasks.wordings import worded

NAME: Final = "difference_vqa"
DIFFERENCE: Final = "difference"


def ask(material: Material) -> Asked:
    """One row a question about two pictures of the patient, whose study has a split."""
    native = material.facets["questions"].filter(pl.col("answer_type") == DIFFERENCE)
    cases = material.cases.lazy().select("study_id", "patient_id", "split", "split_reason")
    told = native.join(cases, on="study_id").with_columns(unwrap_expr("question"), unwrap_expr("answer"))
    told = told.drop_nulls(["question", "answer"]).filter(
        ~pl.any_horizontal(pl.col("question", "answer").str.contains(MARKS))
    )
    owners = material.facets["images"].select("image_id", "patient_id")
    shown = told.filter(pl.col("image_ids").list.len() == 2)
    for place in (0, 1):
        of_patient = owners.rename({"image_id": f"_picture {place}"})
        shown = shown.with_columns(pl.col("image_ids").list.get(place).alias(f"_picture {place}"))
        shown = shown.join(of_patient, on=[f"_picture {place}", "patient_id"], how="semi")
    rows = shown.select(
        "study_id", "image_ids", "answer", "origin_file", "origin_row", "split_official", "reference", split_reason(),
        sample_id=native_id(material, NAME), native="question",
    )  # fmt: skip
    led = worded(rows, NAME, material.seed, pictures=pl.lit(1), vocabulary=material.vocabulary)
    led = led.with_columns(question=pl.concat_str("question", "native", separator=" ")).drop("native")
    counts = [int(frame.select(pl.len()).collect().item()) for frame in (native, told, shown)]
    steps = ("native questions about two pictures", "with an answer, of a study with a split", "both of the patient")
    return Asked(led.collect(), [(step, n, "questions") for step, n in zip(steps, counts, strict=True)])


TASKS: Final = (
    Task(
        name=NAME, version=2, domain="spatiotemporal_alignment", answer_type="free_text", stage="sft", level="answer",
        reward="free_text", facets=("studies", "images", "questions"), ask=ask,
    ),
)  # fmt: skip
