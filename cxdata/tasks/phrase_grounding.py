"""Where is what a phrase says? All boxes that were drawn for it, on one picture.

The phrase is that of the source, word for word; it may speak of a change, which does not move it. In words the answer
names the part of the picture that holds the middle of each box, as `abnormality_grounding` does.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.phrases import phrases

NAME: Final = "phrase_grounding"


def ask(material: Material) -> Asked:
    """One row a picture and phrase."""
    found = phrases(material)
    one = pl.col("findings").list.len() == 1
    rows = found.rows.select(
        "study_id", "origin_file", "origin_row", "reference", "boxes", wording_group=pl.lit("any"), told="phrase",
        image_ids=pl.concat_list("image_id"), asked_finding=pl.when(one).then(pl.col("findings").list.first()),
        labels="findings", sample_id=material.sample_id(NAME, pl.col("key")), answer=_answer(),
    )  # fmt: skip
    return Asked(rows, [*found.funnel, ("phrases asked about", rows.height, "questions")])


def _answer() -> pl.Expr:
    """`Upper left of the picture; upper right of the picture.`; the phrase where the picture's size is not known."""
    places = pl.col("places").list.eval(pl.concat_str(pl.element(), pl.lit(" of the picture"))).list.join("; ")
    said = pl.concat_str(places.str.head(1).str.to_uppercase(), places.str.slice(1), pl.lit("."))
    return pl.when(pl.col("places").list.len() > 0).then(said).otherwise("phrase")


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="spatiotemporal_alignment", answer_type="boxes", stage="sft", level="grounding",
        reward="boxes", facets=("studies", "images", "regions"), ask=ask,
    ),
)  # fmt: skip
