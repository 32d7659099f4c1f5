"""Were these two pictures taken in the same view? Pictures of different patients, so that nothing else is the same.

A set holds four pictures of four patients, two in each of two views; every picture stands in one pair of the same view
and in one of different views, once as the first picture and once as the second: a single picture tells nothing. Only
views that `view_classification` asks about are shown, and all pictures of a set are of one split and age group.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.choices import yes_or_no
from cxdata.tasks.view_classification import asked_views

NAME: Final = "view_matching"
MEMBERS: Final = ("a1", "a2", "b1", "b2")  # a and b are the two views
PAIRS: Final = (("a2", "a1", "Yes"), ("b1", "b2", "Yes"), ("a1", "b1", "No"), ("b2", "a2", "No"))
_STRATUM: Final = ("split", "split_official", "population")


def ask(material: Material) -> Asked:
    """Four rows a set of four pictures; a picture stands in one set at most."""
    images = material.facets["images"]
    kinds = list(combinations(asked_views(images), 2))
    total = int(images.select(pl.len()).collect().item())
    if not kinds:
        return Asked(pl.DataFrame(), [("the source has one view only", 0, "questions")])
    shown = _shown(material, kinds)
    sets = _sets(shown, kinds)
    rows = yes_or_no(_paired(sets, shown, material), material.seed).collect()
    return Asked(rows, [
        ("pictures", total, "images"), ("with a view that can be asked", shown.height, "images"),
        ("in a set of four", 4 * sets.height, "images"), ("paired", rows.height, "questions"),
    ])  # fmt: skip


def _shown(material: Material, kinds: list[tuple[str, str]]) -> pl.DataFrame:
    """The pictures in order of their hash; `kind` is the pair of views that a picture is meant for, by hash too."""
    order = hash_expr(material.seed, pl.col("image_id"), "view matching")
    meant = pl.coalesce(
        pl.when(pl.col("view") == view).then(order % len(own)).replace_strict(range(len(own)), own, default=None)
        for view in dict.fromkeys(view for kind in kinds for view in kind)
        if (own := [i for i, kind in enumerate(kinds) if view in kind])
    )
    cases = material.cases.lazy().select("study_id", *_STRATUM)
    rows = material.facets["images"].filter(pl.col("view").is_in([view for kind in kinds for view in kind]))
    return (
        rows.select("image_id", "study_id", "patient_id", "view", "origin_file", "origin_row", order=order, kind=meant)
        .join(cases, on="study_id").sort("order", "image_id").drop("order").with_row_index().collect()
    )  # fmt: skip


def _sets(shown: pl.DataFrame, kinds: list[tuple[str, str]]) -> pl.DataFrame:
    """First each picture for the views that it is meant for, then those left over for any."""
    free, found = shown, [pl.DataFrame(schema=dict.fromkeys(MEMBERS, pl.UInt32()))]
    for is_meant in (True, False):
        for number, (a, b) in enumerate(kinds):
            fit = pl.col("view").is_in([a, b]) & ((pl.col("kind") == number) | (not is_meant))
            drawn = _drawn(free.lazy().filter(fit).with_columns(is_b=pl.col("view") == b))
            found.append(drawn)
            taken = pl.concat([drawn[member] for member in MEMBERS])
            free = free.filter(~pl.col("index").is_in(taken.implode()))
    return pl.concat(found)


def _drawn(rows: pl.LazyFrame) -> pl.DataFrame:
    place = pl.int_range(pl.len()).over(*_STRATUM, "is_b")
    sets = rows.with_columns(nth=place // 2).group_by(*_STRATUM, "nth").agg(
        pl.col("index").sort_by("is_b", "index"), views=pl.col("is_b").sum(), patients=pl.col("patient_id").n_unique()
    )  # fmt: skip
    whole = sets.filter(pl.col("index").list.len() == 4, pl.col("views") == 2, pl.col("patients") == 4)
    drawn = whole.select(pl.col("index").list.get(i).alias(name) for i, name in enumerate(MEMBERS))
    return drawn.collect().sort(MEMBERS)


def _paired(sets: pl.DataFrame, shown: pl.DataFrame, material: Material) -> pl.LazyFrame:
    stem = pl.col("image_id").str.replace(r"^[^:]*:", "")
    columns = ("index", "image_id", "study_id", "patient_id", "origin_file", "origin_row")
    pictures = shown.lazy().select(*columns, stem=stem)
    named = sets.lazy().join(pictures.select("index", set_stem="stem"), left_on="a1", right_on="index")
    rows = pl.concat([
        named.select("set_stem", left=left, right=right, answer=pl.lit(answer)) for left, right, answer in PAIRS
    ])  # fmt: skip
    second = pictures.select("index", second="image_id", second_stem="stem", second_patient="patient_id")
    return rows.join(pictures, left_on="left", right_on="index").join(second, left_on="right", right_on="index").select(
        "study_id", "origin_file", "origin_row", "answer", image_ids=pl.concat_list("image_id", "second"),
        sample_id=material.sample_id(NAME, pl.concat_str("stem", "second_stem", separator=":")),
        set_id=material.sample_id(NAME, pl.col("set_stem")), other_patient_ids=pl.concat_list("second_patient"),
        wording_group=pl.lit("any"),
    )  # fmt: skip


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="visual_understanding", answer_type="binary", stage="closed", level="binary",
        reward="closed", facets=("studies", "images"), ask=ask, has_tier=False,
    ),
)  # fmt: skip
