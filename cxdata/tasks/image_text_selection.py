"""Which of four texts belongs to this picture? Four studies of which any two contradict each other (`crossing.py`).

All four rows come out under one `set_id`, each with another of the four texts as the key: texts alone are right in a
quarter of the rows.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.sample import LETTERS
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.crossing import MEMBERS, quadruples
from cxdata.tasks.judged import FACETS

NAME: Final = "image_text_selection"
_PICTURE: Final = ("study_id", "origin_file", "origin_row")


def ask(material: Material) -> Asked:
    """Four rows a set of four studies; the options are the four texts, in an order chosen by hash for each row."""
    pool = material.crossable
    found = quadruples(pool)
    rows = _lettered(_pictured(_told(found, pool), pool, material), material.seed).collect()
    return Asked(rows, [
        ("has a text that tells only what the chest shows", pool.height, "studies"),
        ("in a set of four that contradict one another", 4 * found.height, "studies"),
        ("each picture of a set asked about", rows.height, "questions"),
    ])  # fmt: skip


def _told(found: pl.DataFrame, pool: pl.DataFrame) -> pl.LazyFrame:
    """The sets, with the texts, studies and patients of their members as lists in the order of the members."""
    rows = found.with_row_index("set").lazy().with_columns(members=pl.concat_list(MEMBERS))
    said = pool.lazy().select("index", "text", "reference", study="study_id", patient="patient_id")
    each = rows.select("set", index="members").explode("index").join(
        said, on="index", how="left", maintain_order="left"
    )  # fmt: skip
    told = each.group_by("set").agg("text", "study", "patient", pl.col("reference").max())
    return rows.join(told, on="set")


def _pictured(sets: pl.LazyFrame, pool: pl.DataFrame, material: Material) -> pl.LazyFrame:
    rows = pl.concat([
        sets.with_columns(picture=pl.col(member), own=pl.lit(place, pl.UInt32)) for place, member in enumerate(MEMBERS)
    ])  # fmt: skip
    pictures = pool.lazy().select("index", *_PICTURE)
    return rows.join(pictures, left_on="picture", right_on="index").select(
        *_PICTURE, "text", "own", "reference", "study",
        sample_id=material.sample_id(NAME, pl.col("study_id")),
        set_id=material.sample_id(NAME, pl.col("study").list.join(":")),
        other_patient_ids=pl.col("patient"), wording_group=pl.lit("any"),
    )  # fmt: skip


def _lettered(rows: pl.LazyFrame, seed: int) -> pl.LazyFrame:
    """Texts in the order of the hash of sample and study; the key is the picture's own."""
    ranks = [
        hash_expr(seed, pl.col("sample_id"), pl.concat_str(pl.lit("order:"), pl.col("study").list.get(place))) // 4 * 4
        + place
        for place in range(len(MEMBERS))
    ]
    order = pl.concat_list(ranks).list.sort().list.eval((pl.element() % 4).cast(pl.UInt32))
    rows = rows.with_columns(order=order)
    letters = [
        pl.when(pl.col("order").list.get(place) == pl.col("own")).then(pl.lit(LETTERS[place])) for place in range(4)
    ]
    return rows.with_columns(
        options=pl.col("text").list.gather(pl.col("order")), answer=pl.col("text").list.get("own"),
        answer_letter=pl.coalesce(letters),
    ).drop("text", "own", "study", "order")  # fmt: skip


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="visual_understanding", answer_type="single_choice", stage="closed",
        level="single", reward="closed", facets=(*FACETS, "reports"), ask=ask,
    ),
)  # fmt: skip
