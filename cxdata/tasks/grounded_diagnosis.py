"""Which finding is in these boxes? Its name, where those who drew them gave one alone.

Free text and no choice: whoever boxed one finding did not say that another is absent there, so that nothing is a wrong
option. A diagnosis that findings suggest is told as such. Where the same boxes stand for several findings, none is
asked for.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.phrases import phrases
from cxdata.tasks.wordings import asked_group_expr

NAME: Final = "grounded_diagnosis"
GROUPS: Final = ("visible", "suggestive")
SUGGESTED: Final = "Changes that suggest {}."


def ask(material: Material) -> Asked:
    """One row a picture and set of boxes."""
    found = phrases(material)
    one = found.rows.lazy().with_columns(several=pl.col("findings").list.explode().n_unique().over("image_id", "told"))
    one = one.drop_nulls("told").filter(pl.col("several") == 1, pl.col("findings").list.len() == 1)
    one = one.unique(["image_id", "told"], keep="first", maintain_order=True)
    finding = pl.col("findings").list.first()
    group = asked_group_expr(finding, material.vocabulary)
    named = one.filter(group.is_in(GROUPS)).with_columns(is_visible=group == GROUPS[0])
    rows = named.select(
        "study_id", "origin_file", "origin_row", "reference", "told", wording_group=pl.lit("any"), labels="findings",
        image_ids=pl.concat_list("image_id"), sample_id=material.sample_id(NAME, pl.col("key")),
        answer=pl.when("is_visible").then(pl.format("{}.", finding)).otherwise(pl.format(SUGGESTED, finding)),
    ).collect()  # fmt: skip
    return Asked(rows, [*found.funnel, ("boxes of one finding alone", rows.height, "questions")])


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="spatiotemporal_alignment", answer_type="free_text", stage="sft",
        level="diagnosis", reward="free_text", facets=("studies", "images", "regions"), ask=ask,
    ),
)  # fmt: skip
