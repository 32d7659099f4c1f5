"""Does this text belong to this picture? Two studies, both pictures beside both texts: two rows Yes, two rows No.

The two studies contradict each other (`crossing.py`), so a text that is not the picture's own is false of it. All four
rows come out under one `set_id`: the picture alone and the text alone are right as often as wrong.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.choices import yes_or_no
from cxdata.tasks.crossing import pairs
from cxdata.tasks.judged import FACETS

NAME: Final = "image_text_matching"
_PICTURE: Final = ("study_id", "patient_id", "origin_file", "origin_row", "reference")


def ask(material: Material) -> Asked:
    """Four rows a pair of studies; the text is the context, and both patients are named in each crossed row."""
    pool = material.crossable
    found = pairs(pool)
    rows = yes_or_no(_crossed(found, pool, material), material.seed).collect()
    return Asked(rows, [
        ("has a text that tells only what the chest shows", pool.height, "studies"),
        ("paired with a study that contradicts it", 2 * found.height, "studies"),
        ("pictures and texts of each pair crossed", rows.height, "questions"),
    ])  # fmt: skip


def _crossed(found: pl.DataFrame, pool: pl.DataFrame, material: Material) -> pl.LazyFrame:
    sets = pl.concat([
        found.select(picture=picture, text=text, first="first", second="second")
        for picture in ("first", "second") for text in ("first", "second")
    ]).lazy()  # fmt: skip
    pictures = pool.lazy().select("index", *_PICTURE)
    texts = pool.lazy().select("index", context="text", text_study="study_id", text_patient="patient_id")
    studies = pool.lazy().select("index", study="study_id")
    rows = (
        sets.join(pictures, left_on="picture", right_on="index").join(texts, left_on="text", right_on="index")
        .join(studies.rename({"study": "a"}), left_on="first", right_on="index")
        .join(studies.rename({"study": "b"}), left_on="second", right_on="index")
    )  # fmt: skip
    own = pl.col("picture") == pl.col("text")
    return rows.select(
        "study_id", "origin_file", "origin_row", "reference", "context",
        sample_id=material.sample_id(NAME, pl.concat_str("study_id", "text_study", separator=":")),
        set_id=material.sample_id(NAME, pl.concat_str("a", "b", separator=":")),
        answer=pl.when(own).then(pl.lit("Yes")).otherwise(pl.lit("No")),
        other_patient_ids=pl.concat_list(pl.when(~own).then("text_patient")).list.drop_nulls(),
        wording_group=pl.lit("any"),
    )  # fmt: skip


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="visual_understanding", answer_type="binary", stage="closed", level="binary",
        reward="closed", facets=(*FACETS, "reports"), ask=ask,
    ),
)  # fmt: skip
