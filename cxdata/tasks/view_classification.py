"""From which side was it taken? Only the views that the source has are options.

FRONTAL, a PA or AP of which it is not known which, is neither asked nor an option in a source that knows some: a film
that is PA is frontal too.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.sample import LETTERS
from cxdata.tasks.base import Asked, Material, Task

NAME: Final = "view_classification"
WORDS: Final = {
    "PA": "Posteroanterior (PA)", "AP": "Anteroposterior (AP)", "FRONTAL": "Frontal", "LATERAL": "Lateral",
}  # fmt: skip


def ask(material: Material) -> Asked:
    """One row a picture whose view is known and is one of the source's options."""
    images = material.facets["images"]
    views = asked_views(images)
    if len(views) < 2:
        return Asked(pl.DataFrame(), [("the source has one view only", 0, "questions")])
    known = images.filter(pl.col("view").is_in(views)).join(
        material.cases.lazy().select("study_id"), on="study_id", how="semi"
    )
    rows = known.select(
        "study_id", "origin_file", "origin_row", image_ids=pl.concat_list("image_id"),
        sample_id=material.sample_id(NAME, pl.col("image_id").str.replace(r"^[^:]*:", "")),
        answer=pl.col("view").replace_strict(WORDS), wording_group=pl.lit("any"),
    )  # fmt: skip
    total = images.select(pl.len()).collect().item()
    asked = _ordered(rows, [WORDS[view] for view in views], material.seed).collect()
    return Asked(
        asked, [("pictures", int(total), "images"), ("with a view that can be asked", asked.height, "questions")]
    )


def asked_views(images: pl.LazyFrame) -> list[str]:
    """The views that the source has and that may be asked about; FRONTAL only where neither PA nor AP is known."""
    views = set(images.select(pl.col("view").unique()).collect()["view"])
    if {"PA", "AP"} & views:
        views -= {"FRONTAL"}
    return [view for view in WORDS if view in views]


def _ordered(rows: pl.LazyFrame, words: list[str], seed: int) -> pl.LazyFrame:
    places = [hash_expr(seed, pl.col("sample_id"), f"order:{word}") // 8 * 8 + i for i, word in enumerate(words)]
    named = (pl.element() % 8).cast(pl.Int16).replace_strict(range(len(words)), words, return_dtype=pl.String)
    rows = rows.with_columns(options=pl.concat_list(places).list.sort().list.eval(named))
    position = [
        pl.when(pl.col("options").list.get(i) == pl.col("answer")).then(pl.lit(LETTERS[i])) for i in range(len(words))
    ]
    return rows.with_columns(answer_letter=pl.coalesce(position))


TASKS: Final = (
    Task(
        name=NAME, version=2, domain="visual_understanding", answer_type="single_choice", stage="closed",
        level="single", reward="closed", facets=("studies", "images"), ask=ask, has_tier=False,
    ),
)  # fmt: skip
