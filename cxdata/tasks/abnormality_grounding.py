"""Where is a finding or a device? Its boxes on one picture, all of them; only what somebody boxed there is asked.

The answer in words names the part of the picture that holds the middle of each box ("lower left of the picture", as
seen on the picture and not of the patient), since pixels change when a picture is made smaller; `boxes` holds those
of the original.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.boxed import ABNORMALITY, DEVICE, box_expr, boxes_of_findings

NAME: Final = "abnormality_grounding"


def ask(material: Material) -> Asked:
    """One row a picture and finding that has boxes there."""
    boxed = boxes_of_findings(material, (ABNORMALITY, DEVICE))
    words = material.vocabulary
    slugs = {finding: words.slug(finding) for finding in boxed.rows["finding"].unique().sort()}
    grouped = boxed.rows.lazy().group_by("image_id", "finding", maintain_order=True).agg(
        pl.col("study_id", "wording_group", "origin_file", "origin_row").first(), pl.col("reference").max(),
        boxes=box_expr(), places=pl.col("place").unique(maintain_order=True).drop_nulls(),
    )  # fmt: skip
    stem = pl.col("image_id").str.replace(r"^[^:]*:", "")
    slug = pl.col("finding").replace_strict(slugs, return_dtype=pl.String)
    rows = grouped.select(
        "study_id", "origin_file", "origin_row", "reference", "boxes", "wording_group",
        image_ids=pl.concat_list("image_id"), asked_finding="finding", labels=pl.concat_list("finding"),
        sample_id=material.sample_id(NAME, pl.concat_str(stem, slug, separator=":")), answer=answer_expr(),
    ).collect()  # fmt: skip
    return Asked(rows, [*boxed.funnel, ("findings asked about", rows.height, "questions")])


def answer_expr() -> pl.Expr:
    """`Pneumothorax: upper left of the picture; upper right of the picture.` of `finding` and `places`."""
    of_picture = pl.col("places").list.eval(pl.concat_str(pl.element(), pl.lit(" of the picture"))).list.join("; ")
    named = pl.concat_str("finding", pl.lit(": "), of_picture, pl.lit("."))
    return pl.when(pl.col("places").list.len() > 0).then(named).otherwise(pl.concat_str("finding", pl.lit(".")))


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="spatiotemporal_alignment", answer_type="boxes", stage="sft", level="grounding",
        reward="boxes", facets=("studies", "images", "regions"), ask=ask,
    ),
)  # fmt: skip
