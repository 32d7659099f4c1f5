"""How has a finding gone on between two pictures: improving, stable or worsening?

What a source states is asked as it stands, in whatever split: people looked at both pictures. What was read in reports
(annotator `reader`) is for train only, and labels may veto it; that a label was other the last time is no change. Such
a pair is shown in both orders, the second time with the change turned round, so that neither picture alone tells it.
Per finding and view the three answers are as many, so that the view tells nothing: a pair that changed, in both orders,
and a stable one make a balanced set.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.states import Effective
from cxdata.model.vocabulary import vocabulary
from cxdata.reports.readings import ANNOTATOR as READER
from cxdata.tasks.base import Asked, Funnel, Material, Task
from cxdata.tasks.judged import label_space, state_is

NAME: Final = "temporal_progression"
ANSWERS: Final = ("improving", "stable", "worsening")
TURNED: Final = {"improving": "worsening", "stable": "stable", "worsening": "improving"}
LETTERS: Final = ("A", "B", "C")
_ALIKE: Final = ("finding", "view")  # what the rows of a balanced set share
_HERE: Final = "_now:"
_THEN: Final = "_then:"


def ask(material: Material) -> Asked:
    """One row a stated change; two a change that was read: as it was, and turned round."""
    changes = material.facets["changes"].collect()
    read = pl.col("annotator") == READER
    stated = _stated(changes.filter(~read), material)
    twice, funnel = _read(changes.filter(read), material)
    rows = pl.concat([stated, twice])
    counted: Funnel = [("changes stated between two pictures", stated.height, "questions")] if stated.height else []
    return Asked(_with_options(rows, material.seed), [*counted, *funnel])


def _stated(changes: pl.DataFrame, material: Material) -> pl.DataFrame:
    """Named by the pictures: two pairs of them may belong to the same two studies."""
    stems = [pl.col(name).str.replace("^[^:]*:", "") for name in ("image_id", "prior_image_id")]
    key = pl.concat_str(*stems, _finding_slug(), separator=":")
    return _rows(changes, material, key, set_id=pl.lit(None, pl.String))


def _read(changes: pl.DataFrame, material: Material) -> tuple[pl.DataFrame, Funnel]:
    train = material.cases.lazy().filter(pl.col("split") == "train").select("study_id", "view")
    tied = changes.lazy().join(train, on="study_id").sort("study_id", "finding").collect()
    kept = _not_vetoed(tied, material) if tied.height else tied
    even = _balanced(kept, material.seed)
    turned = even.with_columns(
        image_id="prior_image_id", prior_image_id="image_id", place=pl.col("place_turned"),
        change=pl.col("change").replace_strict(TURNED, return_dtype=pl.String),
    )  # fmt: skip
    key = pl.concat_str("study_id", _finding_slug(), separator=":")
    sets = pl.concat_str(pl.lit("set"), _finding_slug(), "view", "place", separator=":")
    rows = pl.concat([
        _rows(even, material, key, material.sample_id(NAME, sets)),
        _rows(turned, material, key + pl.lit(":turned"), material.sample_id(NAME, sets)),
    ])  # fmt: skip
    steps = [
        ("changes read in reports, from the study next before in the same view", changes.height, "rows"),
        ("of train", tied.height, "rows"),
        ("not vetoed by labels", kept.height, "rows"),
        ("as many of each answer, a finding and view at a time, in both orders", rows.height, "questions"),
    ]  # fmt: skip
    return rows, steps if changes.height else []


def _not_vetoed(tied: pl.DataFrame, material: Material) -> pl.DataFrame:
    """Without changes that the labels speak against.

    The finding must be present, by label, in one of the two at least. Worse where it is now absent, better where it was
    absent and is present, and as before where only one of the two has it cannot be.
    """
    told = set(tied["finding"])
    space = [name for name in label_space(material) if name in told]
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
    """As many pairs for each answer, finding and view, with the number of the set of either of their rows.

    Turned round, a pair that changed gives one row of each kind of change, a stable one two of the same: the first
    gives both to one set (`place`, `place_turned`), the second to two.
    """
    moved = pl.col("change") != "stable"
    key = pl.concat_str("study_id", "finding", separator=":")
    order = hash_expr(seed, key, "balance of changes")
    nth = order.rank("ordinal").over(*_ALIKE, moved).cast(pl.Int64) - 1
    changed, stable = moved.sum().over(*_ALIKE), (~moved).sum().over(*_ALIKE)
    sets = pl.min_horizontal(2 * stable, changed // 2 * 2).cast(pl.Int64)  # even, since a stable pair is in two
    place = pl.when(moved).then(nth).otherwise(2 * nth)
    placed = rows.with_columns(place=place, place_turned=pl.when(moved).then(nth).otherwise(2 * nth + 1), sets=sets)
    return placed.filter(pl.col("place") < pl.col("sets")).drop("sets")


def _rows(pairs: pl.DataFrame, material: Material, key: pl.Expr, set_id: pl.Expr) -> pl.DataFrame:
    return pairs.select(
        "study_id", "origin_file", "origin_row", "reference", asked_finding="finding", answer="change",
        image_ids=pl.concat_list("prior_image_id", "image_id"), sample_id=material.sample_id(NAME, key), set_id=set_id,
        wording_group=pl.lit("any"),
    )  # fmt: skip


def _finding_slug() -> pl.Expr:
    known = vocabulary()
    return pl.col("finding").replace_strict({name: known.slug(name) for name in known.names}, return_dtype=pl.String)


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
        name=NAME, version=2, domain="spatiotemporal_alignment", answer_type="single_choice", stage="closed",
        level="single", reward="closed", facets=("studies", "images", "changes"), ask=ask,
    ),
)  # fmt: skip
