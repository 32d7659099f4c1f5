"""Changes that people stated between two pictures, as draft rows: the earlier picture first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cxdata.model.facets import CHANGES
from cxdata.tasks.base import Asked

if TYPE_CHECKING:
    from cxdata.tasks.base import Material


def stated_changes(material: Material, task: str) -> Asked:
    """One row a pair of pictures and finding whose change is one of CHANGES, without options.

    Left out are pairs of which a picture or study is not known, and those whose studies stand in different splits: a
    row has one.
    """
    stated = material.facets["changes"].filter(pl.col("change").is_in(CHANGES)).drop_nulls("finding")
    cases = material.cases.lazy().select("study_id", "patient_id", "split")
    then = cases.rename({"study_id": "prior_study_id", "patient_id": "prior_patient_id", "split": "prior_split"})
    pictures = material.facets["images"].select("image_id")
    shown = stated.join(pictures, on="image_id", how="semi").join(
        pictures, left_on="prior_image_id", right_on="image_id", how="semi"
    )
    paired = shown.join(cases, on="study_id").join(then, on="prior_study_id")
    agreed = paired.filter(pl.col("split") == pl.col("prior_split")).collect()
    rows = agreed.sort("image_id", "prior_image_id", "finding").select(
        "study_id", "origin_file", "origin_row", "reference", asked_finding="finding", answer="change",
        image_ids=pl.concat_list("prior_image_id", "image_id"), other_patient_ids=pl.concat_list("prior_patient_id"),
        sample_id=material.sample_id(task, _key(material)), wording_group=pl.lit("any"),
    )  # fmt: skip
    counts = pl.collect_all([frame.select(pl.len()) for frame in (stated, paired)])
    steps = ("changes stated of a finding", "between two known pictures")
    funnel = [(step, int(count.item()), "rows") for step, count in zip(steps, counts, strict=True)]
    return Asked(rows, [*funnel, ("whose studies are of one split", rows.height, "questions")])


def _key(material: Material) -> pl.Expr:
    known = material.vocabulary
    slugs = {name: known.slug(name) for name in known.names}
    slug = pl.col("finding").replace_strict(slugs, return_dtype=pl.String)
    stems = (pl.col(name).str.replace(r"^[^:]*:", "") for name in ("prior_image_id", "image_id"))
    return pl.concat_str(*stems, slug, separator=":")
