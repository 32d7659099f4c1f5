from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from facets_for_tests import Study, asked, by_id, material
from tasks_tables import reversed_rows, with_facet

from cxdata.model.sample import LETTERS
from cxdata.tasks.base import Material, task
from cxdata.tasks.cases import left_out, patients

NAME = "visual_question_answering"
STUDIES = [
    Study("s1", views=("PA", "LATERAL")),
    Study("s2", split="test"),
    Study("s3", views=()),
    Study("s4", split=None),
]


def native(key: str = "q1", **changed: Any) -> dict[str, Any]:
    """A native question about the first study."""
    return {
        "question_id": key, "study_id": "s1", "image_ids": ["made:s1-0"], "question": "What is seen?", "options": None,
        "answer": "A nodule.", "answer_type": None, "category": "finding", "split_official": None, "reference": "R2",
        "origin_file": "questions.json", "origin_row": 3, **changed,
    }  # fmt: skip


def questions(*rows: dict[str, Any]) -> Material:
    return with_facet(material(STUDIES), "questions", rows)


def only(**changed: Any) -> dict[str, Any]:
    rows = asked(NAME, questions(native(**changed)))
    assert rows.height == 1
    return rows.row(0, named=True)


def shape(row: dict[str, Any]) -> tuple[str, ...]:
    return row["answer_type"], row["stage"], row["level"], row["reward"]


def test_a_question_keeps_its_own_words() -> None:
    row = only(question="  Where,\n if anywhere, is the NG tube? ", answer="Below  the diaphragm")
    assert (row["question"], row["answer"]) == ("Where, if anywhere, is the NG tube?", "Below the diaphragm")
    assert shape(row) == ("free_text", "sft", "answer", "free_text")
    assert (row["sample_id"], row["wording_id"]) == (f"made/{NAME}/q1", f"{NAME}.native")
    assert (row["image_ids"], row["origin_file"], row["origin_row"]) == (["made:s1-0"], "questions.json", 3)
    empty = (
        "context",
        "options",
        "answer_letter",
        "labels",
        "scored_labels",
        "ignored_labels",
        "set_id",
    )
    assert [row[column] for column in empty] == [None] * 7
    assert row["label_policy"] == "none"


@pytest.mark.parametrize(("answer", "options"), [
    ("yes", None), ("YES", None), ("Yes", ["no", "yes"]), ("yes", ["Yes", "No"]), (" yes ", ["Yes", " No"]),
])  # fmt: skip
def test_yes_and_no_are_binary(answer: str, options: list[str] | None) -> None:
    row = only(answer=answer, options=options)
    assert shape(row) == ("binary", "closed", "binary", "closed")
    assert row["answer"] == "Yes"
    assert sorted(row["options"]) == ["No", "Yes"]
    assert row["options"]["AB".index(row["answer_letter"])] == "Yes"


def test_yes_with_more_to_it_is_no_yes() -> None:
    assert shape(only(answer="yes, on the left"))[0] == "free_text"
    assert shape(only(answer="yes", options=["yes", "no", "maybe"]))[0] == "single_choice"


@pytest.mark.parametrize("n", [2, 5, 7])
def test_a_short_list_of_answers_is_a_choice_with_letters(n: int) -> None:
    options = [f"Place {i}" for i in range(n)]
    row = only(options=options, answer="place 1")
    assert shape(row) == ("single_choice", "closed", "single", "closed")
    assert sorted(row["options"]) == options
    assert row["answer"] == "Place 1" == row["options"][LETTERS.index(row["answer_letter"])]
    assert row["labels"] is None


@pytest.mark.parametrize("n", [8, 40])
def test_a_longer_list_is_open_over_itself(n: int) -> None:
    options = [f"Place {i}" for i in range(n)]
    row = only(options=options, answer="Place 5, place 1", answer_type="multi_choice")
    assert shape(row) == ("open_labels", "open", "open", "open_labels")
    assert row["options"] is row["answer_letter"] is None
    assert sorted(row["scored_labels"]) == sorted(options)
    assert row["ignored_labels"] == []
    assert (set(row["labels"]), row["answer"]) == ({"Place 1", "Place 5"}, ", ".join(row["labels"]))
    assert only(options=options, answer="Place 5")["labels"] == ["Place 5"]


def test_several_right_answers_have_several_letters() -> None:
    row = only(options=["left", "right", "apex", "base"], answer="base, left", answer_type="multi_choice")
    assert shape(row) == ("multi_choice", "closed", "multi", "closed")
    letters = row["answer_letter"].split(", ")
    assert letters == sorted(letters)
    assert [row["options"][LETTERS.index(letter)] for letter in letters] == row["answer"].split(", ")
    assert set(row["answer"].split(", ")) == {"left", "base"}


@pytest.mark.parametrize(("answer_type", "options"), [
    ("multi_choice", ["left, upper", "right, upper", "base"]), (None, [f"left, {i}" for i in range(9)]),
    ("open_labels", None), (None, ["one only"]), (None, []), (None, ["same", "same", " same "]),
])  # fmt: skip
def test_what_cannot_be_listed_is_free_text(answer_type: str | None, options: list[str] | None) -> None:
    row = only(options=options, answer_type=answer_type, answer="left, upper")
    assert (shape(row)[0], row["answer"], row["options"]) == ("free_text", "left, upper", None)


def test_a_comma_does_no_harm_where_one_answer_is_right() -> None:
    row = only(options=["left, upper", "right, upper"], answer="Right, upper")
    assert (shape(row)[0], row["answer"]) == ("single_choice", "right, upper")


@pytest.mark.parametrize("changed", [
    {"answer": "elsewhere", "options": ["left", "right"]}, {"answer": "left, nowhere", "options": list("abcdefghij")},
    {"answer": None}, {"answer": "  "}, {"question": None}, {"question": "<image> What is it?"},
    {"answer": "<|im_end|>"}, {"options": ["left", "<image>"], "answer": "left"}, {"study_id": "s3", "image_ids": []},
    {"study_id": "s3", "image_ids": None}, {"study_id": "s4"}, {"study_id": "nowhere"},
])  # fmt: skip
def test_questions_that_cannot_be_asked_are_left_out_and_counted(changed: dict[str, Any]) -> None:
    found = task(NAME).ask(questions(native(), native("q2", **changed)))
    assert found.rows["sample_id"].to_list() == [f"made/{NAME}/q1"]
    assert (found.funnel[0][1], found.funnel[-1][1]) == (2, 1)


def test_a_question_without_pictures_of_its_own_shows_those_of_its_study() -> None:
    assert only(image_ids=[])["image_ids"] == ["made:s1-0", "made:s1-1"]
    assert only(image_ids=["made:s1-1", "made:s1-1"])["image_ids"] == ["made:s1-1"]


def test_options_stand_in_hash_order_unless_they_speak_of_their_places() -> None:
    options = ["left", "right", "apex", "base"]
    rows = asked(NAME, questions(*(native(f"q{i}", options=options, answer="left") for i in range(400))))
    letters = Counter(rows["answer_letter"])
    assert set(letters) == set("ABCD")
    assert max(letters.values()) < 140
    placed = [*options[:3], "all of the above"]
    rows = asked(NAME, questions(*(native(f"q{i}", options=placed, answer="right") for i in range(9))))
    assert {tuple(row) for row in rows["options"]} == {tuple(placed)}
    assert set(rows["answer_letter"]) == {"B"}


def test_an_id_that_cannot_stand_in_a_sample_id_becomes_its_hash() -> None:
    rows = asked(NAME, questions(native("a b/c"), native("ä"), native("fine_1.2:x-y")))
    keys = set(by_id(rows))
    assert "fine_1.2:x-y" in keys
    assert len(keys) == 3
    assert all(pl.Series([key]).str.contains(r"^[A-Za-z0-9._:-]+$").item() for key in keys)


def test_a_patient_has_the_strictest_split_of_its_questions() -> None:
    of = questions(native("q1", split_official="train"), native("q2", split_official="val"))
    rows = by_id(asked(NAME, of))
    assert {key: (row["split"], row["split_official"]) for key, row in rows.items()} == {
        "q1": ("val", "train"), "q2": ("val", "val"),
    }  # fmt: skip
    assert rows["q1"]["split_reason"] == "strictest official split of the patient"
    assert rows["q2"]["split_reason"] == "official"
    split = dict(patients(of, 1).select("patient_key", "split").iter_rows())
    assert (split["made-up:p-s1"], split["made-up:p-s2"]) == ("val", "test")


def test_without_a_split_of_its_own_a_question_has_that_of_its_study() -> None:
    rows = asked(NAME, questions(native(study_id="s2", image_ids=["made:s2-0"])))
    assert rows.select("split", "split_official", "split_reason").row(0) == ("test", None, "official")


def test_questions_do_not_depend_on_the_order_of_rows() -> None:
    kinds = ({"answer": "no"}, {"options": ["left", "right", "base"], "answer": "right"}, {})
    of = questions(*(native(f"q{i}", **kinds[i % 3]) for i in range(60)))
    assert asked(NAME, reversed_rows(of)).equals(asked(NAME, of))


def test_a_picture_that_a_question_names_is_not_left_out_for_its_view() -> None:
    of = with_facet(material([Study("s1", views=("UNKNOWN", "OTHER"))]), "questions", [native()])
    assert left_out(of).select("key", "code").rows() == [("made:s1-1", "view_other")]
    assert asked(NAME, of)["image_ids"].to_list() == [["made:s1-0"]]


def test_no_question_gives_no_row() -> None:
    assert asked(NAME, questions()).is_empty()
