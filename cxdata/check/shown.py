"""Rules about the pictures of a row: how many, of which view, of whom."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.check.facts import Facts
from cxdata.check.rule import Rule
from cxdata.model.facets import FRONTAL_VIEWS
from cxdata.tasks.difference_vqa import NAME as CHANGE_TASK
from cxdata.tasks.temporal_progression import NAME as PROGRESSION_TASK
from cxdata.tasks.view_classification import NAME as VIEW_TASK
from cxdata.tasks.view_classification import WORDS
from cxdata.tasks.view_matching import NAME as VIEWS_TASK

MOST: Final = 2
FIRST_VIEW: Final = "@first_view"
SECOND_VIEW: Final = "@second_view"
UNKNOWN: Final = "@unknown_picture"
STRANGER: Final = "@picture_of_stranger"
ELSEWHERE: Final = "@picture_of_other_study"

_COUNT: Final = pl.col("image_ids").list.len()


def rules(facts: Facts) -> list[Rule]:
    """Rules over image_ids; those that need the table of pictures are judged where it is there."""
    return [*_numbers(facts), *_known(facts)]


def known_pictures(pictures: pl.DataFrame) -> pl.DataFrame:
    """What `with_pictures` needs of the table of pictures (image_id, view, patient_key, study_key).

    Ids are told apart by their hashes, which is several times faster than by their text.
    """
    return pictures.select(
        "view", picture=pl.col("image_id").hash(), owner=pl.col("patient_key").hash(), study=pl.col("study_key").hash()
    ).unique("picture")


def with_pictures(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Add what is known of each row's pictures.

    `@first_view` and `@second_view`, null where there is none or it is unknown; `@unknown_picture`,
    `@picture_of_stranger` (of a patient that the row does not name) and `@picture_of_other_study`, true where any is.
    """
    shown = frame.select(
        "patient_keys", row=pl.int_range(pl.len(), dtype=pl.UInt32), own_study=pl.col("study_key").hash(),
        own_patient=pl.col("patient_key").hash(), picture=pl.col("image_ids").list.eval(pl.element().hash()),
    )  # fmt: skip
    shown = shown.filter(pl.col("picture").list.len() > 0).explode("picture")
    shown = shown.join(known, on="picture", how="left", maintain_order="left")
    found = shown.lazy().group_by("row", maintain_order=True).agg(_of_row()).collect()
    rows = frame.with_columns(row=pl.int_range(pl.len(), dtype=pl.UInt32))
    return rows.join(found, on="row", how="left", maintain_order="left").drop("row")


def _of_row() -> list[pl.Expr]:
    owner = pl.col("owner")
    hashes = pl.col("patient_keys").list.eval(pl.element().hash())
    stranger = (owner != pl.col("own_patient")) & ~owner.is_in(hashes)
    return [
        pl.col("view").first().alias(FIRST_VIEW),
        pl.col("view").get(1, null_on_oob=True).alias(SECOND_VIEW),
        owner.is_null().any().alias(UNKNOWN),
        stranger.any().alias(STRANGER),
        (pl.col("study") != pl.col("own_study")).any().alias(ELSEWHERE),
    ]


def _numbers(facts: Facts) -> list[Rule]:
    of_study = facts.label_tasks | facts.report_tasks
    two = frozenset({VIEWS_TASK, PROGRESSION_TASK, CHANGE_TASK})
    one = frozenset({VIEW_TASK, *(name for name, task in facts.tasks.items() if task.answer_type == "boxes")})
    return [
        Rule(
            "number_of_pictures",
            "image_ids",
            ~_COUNT.is_between(1, MOST),
            "one frontal and at most one lateral",
            of_study,
        ),
        Rule("number_of_pictures", "image_ids", _COUNT != 1, "this task shows one picture", one),
        Rule("number_of_pictures", "image_ids", _COUNT != 2, "this task shows two pictures", two),
        Rule("number_of_pictures", "image_ids", _COUNT != 0, "a task of text alone shows no picture", facts.text_tasks),
        Rule("repeated", "image_ids", pl.col("image_ids").list.n_unique() != _COUNT, "a picture is shown twice"),
    ]


def _known(facts: Facts) -> list[Rule]:
    of_study = facts.label_tasks | facts.report_tasks
    first, second, one = pl.col(FIRST_VIEW), pl.col(SECOND_VIEW), frozenset({VIEW_TASK})
    words = first.replace_strict(list(WORDS), list(WORDS.values()), default="", return_dtype=pl.String)
    stranger, elsewhere = pl.col(STRANGER), pl.col(ELSEWHERE)
    return [
        Rule("unknown_picture", "image_ids", pl.col(UNKNOWN), "images/ has no such picture"),
        Rule("other_patient", "image_ids", stranger, "a picture of a patient that the row does not name"),
        Rule("other_study", "image_ids", elsewhere, "a picture of another study", of_study),
        Rule("not_frontal", "image_ids", ~first.is_in(FRONTAL_VIEWS), "the first picture is not frontal", of_study),
        Rule("not_lateral", "image_ids", second != "LATERAL", "the second picture is not lateral", of_study),
        Rule("view_not_answer", "answer", words != pl.col("answer"), "the answer is not the view of the picture", one),
        Rule(
            "view_not_answer",
            "answer",
            (first == second) != (pl.col("answer") == "Yes"),
            "the answer is not whether the views are the same",
            frozenset({VIEWS_TASK}),
        ),
    ]
