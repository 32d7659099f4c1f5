"""How has a finding gone on between two pictures: improving, stable or worsening?

The change is what the later study's report says of it, in words tied to the finding (`reports/changes.py`); that a
label was other the last time is no change. The two are the frontal of a study and that of the patient's study next
before it by time, in the same view. Labels may only veto. Each pair is shown in both orders, the second time with the
change turned round, so that neither picture alone tells it; per finding the three answers are as many. Train only: no
person has looked at both pictures.

Where people have, and the source says what they found (`changes`), these rows are the question: as it was, in the
source's own splits (`stated_changes.py`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.states import Effective
from cxdata.model.vocabulary import vocabulary
from cxdata.reports.changes import CHANGING, reported_changes
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.judged import FACETS, label_space, state_is
from cxdata.tasks.stated_changes import stated_changes

NAME: Final = "temporal_progression"
ANSWERS: Final = ("improving", "stable", "worsening")
TURNED: Final = {"improving": "worsening", "stable": "stable", "worsening": "improving"}
LETTERS: Final = ("A", "B", "C")
_HERE: Final = "_now:"
_THEN: Final = "_then:"


def ask(material: Material) -> Asked:
    """Two rows a pair of studies and finding, as it was and turned round; of what people stated, one."""
    if "changes" in material.facets:
        stated = stated_changes(material, NAME)
        return stated._replace(rows=_with_options(stated.rows, material.seed))
    told = reported_changes(material.facets["reports"])
    pairs = _pairs(material)
    tied = told.lazy().join(pairs, on="study_id").collect()
    kept = _not_vetoed(tied, material)
    even = _balanced(kept, material.seed)
    rows = pl.concat([_rows(even, material, turned=turned) for turned in (False, True)])
    return Asked(_with_options(rows, material.seed), [
        ("changes told of a finding", told.height, "rows"),
        ("with the study next before it in train, frontal in the same view", tied.height, "rows"),
        ("not vetoed by labels", kept.height, "rows"),
        ("as many of each answer, a finding at a time, in both orders", rows.height, "questions"),
    ])  # fmt: skip


def _pairs(material: Material) -> pl.LazyFrame:
    """Each study of train with the patient's study next before it, where both have a frontal in the same view.

    A study whose time is unknown, or is also another's, is neither: which came first is not known.
    """
    times = material.facets["studies"].select("study_id", "taken_at")
    shown = material.cases.lazy().filter(pl.col("pictures") > 0, pl.col("split") == "train")
    frontal = pl.col("image_ids").list.first().alias("image_id")
    studies = shown.select("study_id", "patient_id", "view", frontal).join(times, on="study_id")
    timed = studies.filter(pl.col("taken_at").is_not_null())
    timed = timed.with_columns(alone=pl.len().over("patient_id", "taken_at") == 1)
    columns = ("study_id", "image_id", "view", "alone")
    before = [
        pl.col(name).shift(1).over("patient_id", order_by=["taken_at", "study_id"]).alias(f"prior_{name}")
        for name in columns
    ]
    paired = timed.with_columns(before).filter(pl.col("view") == pl.col("prior_view"))
    return paired.filter("alone", "prior_alone").drop("alone", "prior_alone")


def _not_vetoed(tied: pl.DataFrame, material: Material) -> pl.DataFrame:
    """Without changes that the labels speak against.

    The finding must be present, by label, in one of the two at least. Worse where it is now absent, better where it was
    absent and is present, and as before where only one of the two has it cannot be.
    """
    space = [name for name in CHANGING if name in label_space(material)]
    if not space:
        return tied.clear()
    states = {
        name: state_is(name, Effective.PRESENT).cast(pl.Int8) - state_is(name, Effective.ABSENT) for name in space
    }
    judged = material.judged.lazy().select("study_id", **states)
    now = judged.rename({name: _HERE + name for name in space})
    then = judged.rename({name: _THEN + name for name in space})
    both = tied.lazy().join(now, on="study_id").join(then, left_on="prior_study_id", right_on="study_id")
    now_is, then_is = (
        pl.coalesce(pl.when(pl.col("finding") == name).then(side + name) for name in space)
        for side in (_HERE, _THEN)
    )  # fmt: skip
    change, there = pl.col("change"), (now_is == 1) | (then_is == 1)
    against = (
        ((change == "worsening") & (now_is == -1))
        | ((change == "improving") & (then_is == -1))
        | ((change == "stable") & (now_is * then_is == -1))
    )  # fmt: skip
    return both.filter(there, ~against).select(tied.columns).sort("study_id", "finding").collect()


def _balanced(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """As many pairs for each answer and finding: turned round, those that changed give one of each kind of change."""
    moved = pl.col("change") != "stable"
    key = pl.concat_str("study_id", "finding", separator=":")
    order = hash_expr(seed, key, "balance of changes")
    changed, stable = moved.sum().over("finding"), (~moved).sum().over("finding")
    # c changed pairs give c rows of either kind, s stable ones 2 s rows
    most = pl.when(moved).then(2 * stable).otherwise(changed // 2)
    place = order.rank("ordinal").over("finding", moved)
    # an even number of changed pairs, so that half as many stable ones give as many rows
    wanted = pl.when(moved).then(pl.min_horizontal(most, changed // 2 * 2)).otherwise(most)
    return rows.filter(place <= wanted)


def _rows(pairs: pl.DataFrame, material: Material, *, turned: bool) -> pl.DataFrame:
    first, second = ("image_id", "prior_image_id") if turned else ("prior_image_id", "image_id")
    known = vocabulary()
    slug = pl.col("finding").replace_strict({name: known.slug(name) for name in CHANGING}, return_dtype=pl.String)
    key = pl.concat_str("study_id", slug, *([pl.lit("turned")] if turned else []), separator=":")
    change = pl.col("change").replace_strict(TURNED, return_dtype=pl.String) if turned else pl.col("change")
    return pairs.select(
        "study_id", "origin_file", "origin_row", asked_finding="finding", answer=change,
        image_ids=pl.concat_list(first, second), sample_id=material.sample_id(NAME, key),
        set_id=material.sample_id(NAME, pl.concat_str("study_id", slug, separator=":")), wording_group=pl.lit("any"),
    )  # fmt: skip


def _with_options(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The three answers in an order by hash, and the letter of the right one."""
    hashes = [hash_expr(seed, pl.col("sample_id"), f"option:{answer}") // 4 * 4 + i for i, answer in enumerate(ANSWERS)]
    coded = rows.with_columns(_order=pl.concat_list(hashes).list.sort().list.eval(pl.element() % 4))
    named = pl.element().cast(pl.Int8).replace_strict(range(3), list(ANSWERS), return_dtype=pl.String)
    options = coded.with_columns(options=pl.col("_order").list.eval(named)).drop("_order")
    letter = pl.coalesce(
        pl.when(pl.col("options").list.get(i) == pl.col("answer")).then(pl.lit(LETTERS[i])) for i in range(3)
    )
    return options.with_columns(answer_letter=letter)


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="spatiotemporal_alignment", answer_type="single_choice", stage="closed",
        level="single", reward="closed", facets=(*FACETS, "reports"), ask=ask,
        or_facets=("studies", "images", "changes"),
    ),
)  # fmt: skip
