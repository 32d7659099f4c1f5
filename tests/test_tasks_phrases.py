"""Tasks on boxed phrases, stated changes and pairs of sentences, from small tables that stand here."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from facets_for_tests import Study, asked, by_id, material
from tasks_tables import reversed_rows, with_facet, with_sizes

from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import vocabulary
from cxdata.tasks.base import Material
from cxdata.tasks.wordings import Wording, Wordings, worded, wordings

GROUNDING, CAPTIONING, DIAGNOSIS = "phrase_grounding", "grounded_captioning", "grounded_diagnosis"
PROGRESSION, SIMILARITY = "temporal_progression", "temporal_sentence_similarity"


def box(study: str, phrase: str | None, *corners: float, finding: str | None = "Nodule", **more: Any) -> dict[str, Any]:
    """A box of a phrase on the first picture of a study, in a frame of 900 by 600 pixels."""
    return {
        "image_id": f"made:{study}-0", "kind": "phrase", "finding": finding, "phrase": phrase,
        **dict(zip(("x0", "y0", "x1", "y1"), corners, strict=True)), "frame_width": 900, "frame_height": 600,
        "annotator": "tool", "origin_file": "boxes.csv", "origin_row": 7, **more,
    }  # fmt: skip


def boxed(*boxes: dict[str, Any], size: tuple[int, int] | None = (900, 600)) -> Material:
    of = with_facet(material([Study("s1"), Study("s2")]), "regions", boxes)
    return with_sizes(of, *size) if size else of


def only(name: str, of: Material) -> dict[str, Any]:
    rows = asked(name, of)
    assert rows.height == 1
    return rows.row(0, named=True)


def test_all_boxes_of_a_phrase_are_one_answer() -> None:
    of = boxed(box("s1", "two nodules", 800, 10, 850, 40), box("s1", "two nodules", 10, 500, 50, 560, origin_row=8),
               box("s2", "two nodules", 10, 10, 20, 20))  # fmt: skip
    rows = asked(GROUNDING, of)
    assert rows.height == 2
    row = next(row for row in rows.rows(named=True) if row["image_ids"] == ["made:s1-0"])
    assert [(each["label"], each["x0"]) for each in row["boxes"]] == [("two nodules", 800.0), ("two nodules", 10.0)]
    assert row["answer"] == "Upper right of the picture; lower left of the picture."
    assert (row["asked_finding"], row["labels"], row["reference"]) == ("Nodule", ["Nodule"], "R4")
    assert '"two nodules"' in row["question"]
    assert row["sample_id"].startswith("made/phrase_grounding/s1-0:")
    assert row["label_policy"] == "none"


def test_spellings_of_a_phrase_are_one_and_a_box_under_two_findings_stands_once() -> None:
    of = boxed(
        box("s1", "Left effusion , small.", 10, 10, 50, 50, finding="Pleural Effusion"),
        box("s1", "left effusion, small", 10, 10, 50, 50, finding="Lung Opacity", origin_row=8),
    )
    row = only(GROUNDING, of)
    assert (len(row["boxes"]), row["labels"], row["asked_finding"]) == (1, ["Lung Opacity", "Pleural Effusion"], None)
    assert '"Left effusion, small"' in row["question"]
    assert asked(DIAGNOSIS, of).is_empty()
    assert only(CAPTIONING, of)["answer"] == "Left effusion, small."


def test_other_regions_and_boxes_without_a_phrase_or_an_area_are_left_out() -> None:
    of = boxed(box("s1", "a", 10, 10, 20, 20, kind="abnormality"), box("s1", None, 10, 10, 20, 20),
               box("s1", " . ", 10, 10, 20, 20), box("s1", "b", 20, 10, 20, 40))  # fmt: skip
    assert all(asked(name, of).is_empty() for name in (GROUNDING, CAPTIONING, DIAGNOSIS))


@pytest.mark.parametrize(("phrase", "answer"), [
    ("small apical nodule", "Small apical nodule."), ("unchanged small nodule", None), ("nodule since ___", None),
    ("nodule seen by DEID", None), ("There is a nodule. Compared to the prior, it has grown.", "There is a nodule."),
])  # fmt: skip
def test_a_caption_says_only_what_the_picture_shows(phrase: str, answer: str | None) -> None:
    rows = asked(CAPTIONING, boxed(box("s1", phrase, 90, 60, 450, 300)))
    assert rows["answer"].to_list() == ([answer] if answer else [])
    assert asked(GROUNDING, boxed(box("s1", phrase, 90, 60, 450, 300))).height == 1


def test_boxes_in_words_are_parts_of_the_picture_whatever_its_size() -> None:
    for size in ((900, 600), (450, 300)):
        question = only(CAPTIONING, boxed(box("s1", "a nodule", 90, 60, 450, 300), size=size))["question"]
        assert "[0.1, 0.1, 0.5, 0.5] (left, top, right, bottom; parts of the width and height)" in question


def test_without_a_size_boxes_are_asked_for_and_not_told() -> None:
    of = boxed(box("s1", "a nodule", 90, 60, 450, 300, frame_width=None, frame_height=None), size=None)
    assert only(GROUNDING, of)["answer"] == "a nodule"
    assert asked(CAPTIONING, of).is_empty()
    assert asked(DIAGNOSIS, of).is_empty()


def test_a_diagnosis_that_findings_suggest_is_told_as_such() -> None:
    assert only(DIAGNOSIS, boxed(box("s1", "x", 1, 1, 9, 9)))["answer"] == "Nodule."
    row = only(DIAGNOSIS, boxed(box("s1", "x", 1, 1, 9, 9, finding="Pneumonia")))
    assert (row["answer"], row["labels"], row["reward"]) == (
        "Changes that suggest Pneumonia.",
        ["Pneumonia"],
        "free_text",
    )
    assert asked(DIAGNOSIS, boxed(box("s1", "x", 1, 1, 9, 9, finding=None))).is_empty()


def test_the_same_boxes_of_two_phrases_are_diagnosed_once_and_not_where_they_differ() -> None:
    same = boxed(box("s1", "x", 1, 1, 9, 9), box("s1", "y", 1, 1, 9, 9))
    assert asked(DIAGNOSIS, same).height == 1
    other = boxed(box("s1", "x", 1, 1, 9, 9), box("s1", "y", 1, 1, 9, 9, finding="Mass"))
    assert asked(DIAGNOSIS, other).is_empty()


@pytest.mark.parametrize("name", [GROUNDING, CAPTIONING, DIAGNOSIS])
def test_the_order_of_boxes_does_not_matter(name: str) -> None:
    of = boxed(*(box("s1", f"nodule {n}", 10 * n, 10, 10 * n + 9, 50, origin_row=n) for n in range(1, 9)))
    assert asked(name, of).equals(asked(name, reversed_rows(of)))


# -- changes -----------------------------------------------------------------------------------------------------------

PAIR = [Study("s1", patient="p", split="test"), Study("s2", patient="p", split="test")]


def change(then: str, now: str, finding: str = "Edema", course: str = "worsening", **more: Any) -> dict[str, Any]:
    return {
        "study_id": now, "prior_study_id": then, "image_id": f"made:{now}-0", "prior_image_id": f"made:{then}-0",
        "finding": finding, "change": course, "annotator": "experts", "reference": "R1",
        "origin_file": "changes.csv", "origin_row": 3, **more,
    }  # fmt: skip


def changed(studies: list[Study], *changes: dict[str, Any]) -> Material:
    return with_facet(material(studies), "changes", changes)


def test_a_stated_change_shows_the_earlier_picture_first() -> None:
    row = only(PROGRESSION, changed(PAIR, change("s1", "s2")))
    assert row["image_ids"] == ["made:s1-0", "made:s2-0"]
    assert (row["answer"], row["options"][ord(row["answer_letter"]) - 65]) == ("worsening", "worsening")
    assert sorted(row["options"]) == ["improving", "stable", "worsening"]
    assert (row["split"], row["reference"], row["label_policy"]) == ("test", "R1", "none")
    assert (row["patient_keys"], row["asked_finding"]) == (["made-up:p"], "Edema")
    assert row["sample_id"] == "made/temporal_progression/s2-0:s1-0:edema"


# -- sentences ---------------------------------------------------------------------------------------------------------


def pairs(*told: tuple[str | None, str | None, str]) -> Material:
    rows = [
        {"pair_id": f"pair-{n}", "study_id": "s1", "first": first, "second": second, "meaning": meaning,
         "origin_file": "sentences.csv", "origin_row": n}
        for n, (first, second, meaning) in enumerate(told, start=1)
    ]  # fmt: skip
    return with_facet(material([Study("s1")]), "sentence_pairs", rows)


def test_a_paraphrase_is_yes_and_a_contradiction_no() -> None:
    of = pairs(
        ("It has grown", "It is larger.", "paraphrase"), ("It has grown.", "It is ___\n smaller", "contradiction")
    )
    rows = by_id(asked(SIMILARITY, of))
    assert {key: row["answer"] for key, row in rows.items()} == {"pair-1": "Yes", "pair-2": "No"}
    assert rows["pair-1"]["context"] == "Sentence 1: It has grown. Sentence 2: It is larger."
    assert rows["pair-2"]["context"] == "Sentence 1: It has grown. Sentence 2: It is ___ smaller."
    assert all(row["image_ids"] == [] and row["options"][ord(row["answer_letter"]) - 65] == row["answer"]
               for row in rows.values())  # fmt: skip


def test_pairs_without_both_sentences_or_a_meaning_are_left_out() -> None:
    of = pairs(("a", None, "paraphrase"), (" ", "b", "paraphrase"), ("a", "b", "neutral"))
    assert asked(SIMILARITY, of).is_empty()


# -- wordings with a blank ---------------------------------------------------------------------------------------------


def test_a_blank_is_filled_with_what_the_row_tells() -> None:
    rows = pl.LazyFrame({"sample_id": ["a"], "told": ["the box"]})
    asked_of = worded(rows, CAPTIONING, 0, pictures=pl.lit(1), phrase=pl.col("told"), vocabulary=vocabulary()).collect()
    assert "the box" in asked_of["question"][0]
    assert "{" not in asked_of["question"][0]
    with pytest.raises(CxdataError, match=r"hold \{place\}"):
        worded(rows, CAPTIONING, 0, pictures=pl.lit(1), vocabulary=vocabulary())


def test_wordings_hold_one_blank_and_all_the_same() -> None:
    assert wordings(GROUNDING).blank == "{phrase}"
    assert not wordings(GROUNDING).has_finding
    two = (Wording(id="01", one="Where is {phrase}?"), Wording(id="02", one="Where is {place}?"))
    with pytest.raises(ValueError, match="once or none"):
        Wordings(task="x", language="en", version=1, wordings=two)
