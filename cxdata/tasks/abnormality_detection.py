"""Which abnormalities are there, and where? All boxes of a picture, on pictures whose findings are all boxed.

A picture is asked about only where nothing is known to be there without a box: of 880 pictures with a box in
ChestX-ray14, 594 have further labels that nobody boxed, and an answer that leaves those out would be wrong. So each
finding (devices aside) of its study that is present, uncertain or in conflict must have a box, or a kind of it or what
it is a kind of. Where the source states labels, a study that nobody has labelled is not asked about, nor one with a
label that the vocabulary does not name ("other lesion") and that is not absent: nobody could answer it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.states import OPEN_STATES
from cxdata.tasks.abnormality_grounding import answer_expr
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.boxed import box_expr, boxes_of_findings
from cxdata.tasks.judged import STATE, askable, state_is

NAME: Final = "abnormality_detection"


def ask(material: Material) -> Asked:
    """One row a picture with boxes that are all there is."""
    boxed = boxes_of_findings(material)
    pictures = _pictures(boxed.rows)
    whole = pictures.join(_half_boxed(boxed.rows, material), on="image_id", how="anti", maintain_order="left")
    whole = _labelled(whole, material)
    rows = whole.select(
        "study_id", "origin_file", "origin_row", "reference", "boxes", "labels", "answer",
        image_ids=pl.concat_list("image_id"),
        sample_id=material.sample_id(NAME, pl.col("image_id").str.replace(r"^[^:]*:", "")),
        wording_group=pl.lit("any"),
    )  # fmt: skip
    return Asked(rows, [*boxed.funnel, ("pictures with a box", pictures.height, "images"),
                        ("with every finding boxed", rows.height, "questions")])  # fmt: skip


def _pictures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a picture, with the answer: its findings by the alphabet, each with its places."""
    findings = rows.lazy().group_by("image_id", "finding", maintain_order=True).agg(
        pl.col("study_id", "origin_file", "origin_row").first(), pl.col("reference").max(),
        boxes=box_expr(), places=pl.col("place").unique(maintain_order=True).drop_nulls(),
    )  # fmt: skip
    said = findings.with_columns(said=answer_expr())
    return said.group_by("image_id", maintain_order=True).agg(
        pl.col("study_id", "origin_file", "origin_row").first(), pl.col("reference").max(),
        pl.col("boxes").explode(), labels="finding", answer=pl.col("said").str.join(" "),
    ).collect()  # fmt: skip


def _half_boxed(rows: pl.DataFrame, material: Material) -> pl.DataFrame:
    """The pictures whose study has a finding without a box of its own or of a relative."""
    words = material.vocabulary
    if material.labels is None:
        return rows.select("image_id").head(0)
    states = material.judged.lazy()
    unboxed = []
    boxed = rows.lazy().select("image_id", "study_id", "finding")
    for finding in askable(material, "finding"):
        there = states.filter(state_is(finding, *OPEN_STATES)).select("study_id")
        kinds = [finding, *words.ancestors(finding), *words.descendants(finding)]
        own = boxed.filter(pl.col("finding").is_in(kinds)).select("image_id")
        unboxed.append(boxed.join(there, on="study_id", how="semi").join(own, on="image_id", how="anti"))
    return pl.concat(unboxed).select("image_id").unique().collect() if unboxed else rows.select("image_id").head(0)


def _labelled(pictures: pl.DataFrame, material: Material) -> pl.DataFrame:
    if material.labels is None:
        return pictures
    known = [name for name in material.judged.columns if name.startswith(STATE)]
    if not known:
        return pictures
    is_open = pl.col("finding").is_null() & pl.col("state").ne_missing("absent")
    nameless = material.facets["findings"].filter(is_open).select("study_id").collect()
    labelled = pictures.join(material.judged.select("study_id"), on="study_id", how="semi")
    return labelled.join(nameless, on="study_id", how="anti")


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="spatiotemporal_alignment", answer_type="boxes", stage="sft", level="detection",
        reward="boxes", facets=("studies", "images", "regions"), ask=ask,
    ),
)  # fmt: skip
