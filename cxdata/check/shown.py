"""Rules about the pictures of a row: how many, of which view, of whom (medicine.md, section 3)."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.check.facts import Facts
from cxdata.check.rule import Rule
from cxdata.model.facets import FRONTAL_VIEWS, VIEWS
from cxdata.tasks.view_classification import NAME as VIEW_TASK
from cxdata.tasks.view_classification import WORDS

SHOWN: Final = "@shown"
STUDIES: Final = "@studies"
MOST: Final = 2
_VIEW_BITS: Final = 7

_COUNT: Final = pl.col("image_ids").list.len()


def rules(facts: Facts) -> list[Rule]:
    """Rules over image_ids; those that need the table of pictures are judged where it is there."""
    return [*_numbers(facts), *_known(facts)]


def with_pictures(frame: pl.DataFrame, pictures: pl.DataFrame) -> pl.DataFrame:
    """Add what the table of pictures (image_id, view, patient_key, study_key) says of each row's pictures.

    `@shown` holds a number a picture, its view in the lowest three bits and a hash of its patient above them, null for
    an unknown picture; `@studies` a hash of its study.
    """
    ids = pl.element()
    coded = pictures.select(
        "image_id", shown=_owner(pl.col("patient_key")) + _view_code(pl.col("view")), study=pl.col("study_key").hash()
    ).unique("image_id")

    def looked_up(column: str) -> pl.Expr:
        found = ids.replace_strict(coded["image_id"], coded[column], default=None, return_dtype=pl.UInt64)
        return pl.col("image_ids").list.eval(found)

    return frame.with_columns(looked_up("shown").alias(SHOWN), looked_up("study").alias(STUDIES))


def _numbers(facts: Facts) -> list[Rule]:
    of_study = facts.label_tasks | facts.report_tasks
    return [
        Rule("number_of_pictures", "image_ids", ~_COUNT.is_between(1, MOST), "one frontal and at most one lateral", of_study),
        Rule("number_of_pictures", "image_ids", _COUNT != 1, "this task shows one picture", frozenset({VIEW_TASK})),
        Rule("number_of_pictures", "image_ids", _COUNT != 0, "a task of text alone shows no picture", facts.text_tasks),
        Rule("repeated", "image_ids", pl.col("image_ids").list.n_unique() != _COUNT, "a picture is shown twice"),
    ]


def _known(facts: Facts) -> list[Rule]:
    of_study = facts.label_tasks | facts.report_tasks
    unknown = pl.col(SHOWN).list.eval(pl.element().is_null()).list.any()
    owners = pl.col(SHOWN).list.drop_nulls().list.eval(_owner_of(pl.element()))
    strangers = owners.list.set_difference(pl.col("patient_keys").list.eval(_owner(pl.element()))).list.len() > 0
    elsewhere = pl.col(STUDIES).list.eval(pl.element().drop_nulls()).list.set_difference(pl.concat_list(pl.col("study_key").hash()))
    words = _view(0).replace_strict([VIEWS.index(view) for view in WORDS], list(WORDS.values()), default="", return_dtype=pl.String)
    frontal = [VIEWS.index(view) for view in FRONTAL_VIEWS]
    return [
        Rule("unknown_picture", "image_ids", unknown, "images/ has no such picture"),
        Rule("picture_of_another_patient", "image_ids", strangers, "a picture of a patient that the row does not name"),
        Rule("picture_of_another_study", "image_ids", elsewhere.list.len() > 0, "a picture of another study", of_study),
        Rule("first_not_frontal", "image_ids", ~_view(0).is_in(frontal), "the first picture is not frontal", of_study),
        Rule("second_not_lateral", "image_ids", _view(1) != VIEWS.index("LATERAL"), "the second picture is not lateral", of_study),
        Rule("view_not_answer", "answer", words != pl.col("answer"), "the answer is not the view of the picture", frozenset({VIEW_TASK})),
    ]


def _view(place: int) -> pl.Expr:
    return pl.col(SHOWN).list.get(place, null_on_oob=True) % (_VIEW_BITS + 1)


def _view_code(view: pl.Expr) -> pl.Expr:
    return view.replace_strict(VIEWS, range(len(VIEWS)), default=_VIEW_BITS, return_dtype=pl.UInt64)


def _owner(patient_key: pl.Expr) -> pl.Expr:
    return _owner_of(patient_key.hash())


def _owner_of(code: pl.Expr) -> pl.Expr:
    return code // (_VIEW_BITS + 1) * (_VIEW_BITS + 1)
