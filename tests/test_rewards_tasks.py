"""Rewards of free text, boxes and choices in words: gold earns the maximum, and the ways around earn less."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxdata.answers.boxes import AnswerBox, render_boxes
from cxdata.model.errors import CxdataError
from cxmind_train.rewards.boxes import box_reward, iou, matched, mean_iou, score_boxes
from cxmind_train.rewards.free_text import finding_f1, score_text, similarity
from cxmind_train.rewards.rows import score_row
from cxmind_train.rewards.sets import score_words

GOLDEN = yaml.safe_load((Path(__file__).parent / "golden" / "task_rewards.yaml").read_text("utf-8"))
REPORT = "There is a small left pleural effusion. The heart is enlarged. There is no pneumothorax."
NORMAL = "The lungs are clear. There is no pleural effusion or pneumothorax. The heart size is normal."


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden_completions(case: dict[str, object]) -> None:
    row = {"scored_labels": None, "ignored_labels": None, **case}
    scores = score_row(str(case["completion"]), row)
    assert [round(scores.format, 4), round(scores.answer, 4), round(scores.total, 4)] == case["expected"]


@pytest.mark.parametrize("gold", [REPORT, NORMAL, f"<answer>{REPORT}</answer>", "Stable appearance of the chest."])
def test_gold_text_earns_the_maximum(gold: str) -> None:
    assert score_text(gold.removeprefix("<answer>").removesuffix("</answer>"), gold).total == 1


def test_an_empty_text_earns_nothing_of_a_normal_report() -> None:
    assert score_text("", NORMAL).total == 0
    assert score_text("The film was taken upright.", NORMAL).answer == 0


def test_listing_denials_earns_nothing_more() -> None:
    one = "There is a small left pleural effusion."
    more = f"{one} There is no edema. There is no consolidation. There is no fracture."
    assert score_text(more, REPORT).answer <= score_text(one, REPORT).answer
    assert score_text("There is no edema. There is no fracture.", REPORT).answer == 0


def test_a_stated_absence_contradicted_costs_twice() -> None:
    other = f"{REPORT} There is a rib fracture."
    against = REPORT.replace("There is no pneumothorax.", "There is a pneumothorax.")
    assert finding_f1(against, REPORT) < finding_f1(other, REPORT) < 1


def test_length_and_repetition_are_paid_for() -> None:
    padded = REPORT + " The patient stood upright and held the breath while this picture was taken." * 3
    assert score_text(padded, REPORT).answer < 0.6
    repeated = "The heart is enlarged. " * 3 + "There is a small left pleural effusion."
    assert score_text(repeated, REPORT).answer < score_text(REPORT, REPORT).answer * 0.6


def test_similarity_is_told_beside() -> None:
    assert similarity(REPORT, REPORT) == {"bleu1": 1, "rouge_l": 1}
    assert similarity("No words in common", "Edema") == {"bleu1": 0, "rouge_l": 0}


BOXES = st.lists(
    st.builds(
        lambda label, x, y, w, h: AnswerBox(label, x, y, x + w, y + h), st.sampled_from(["Nodule", "Mass"]),
        st.integers(0, 50), st.integers(0, 50), st.integers(1, 50), st.integers(1, 50),
    ),
    max_size=6,
)  # fmt: skip


@given(BOXES)
def test_gold_boxes_earn_the_maximum(boxes: list[AnswerBox]) -> None:
    gold = f"<answer>{render_boxes(boxes)}</answer>"
    assert score_boxes(gold, gold).total == 1
    assert mean_iou(boxes, boxes) == 1


@given(BOXES, BOXES)
def test_boxes_are_matched_one_to_one(said: list[AnswerBox], truth: list[AnswerBox]) -> None:
    overlaps = matched(said, truth)
    assert len(overlaps) <= min(len(said), len(truth))
    assert 0 <= box_reward(said, truth) <= 1
    assert overlaps == sorted(overlaps, reverse=True)


def test_surplus_boxes_are_false_positives() -> None:
    box = AnswerBox("Mass", 10, 10, 40, 40)
    assert box_reward([box] * 4, [box]) == pytest.approx(2 / 5)
    assert box_reward([], [box]) == 0
    assert box_reward([box], []) == 0
    assert iou(box, AnswerBox("Mass", 40, 40, 50, 50)) == 0


def test_a_synonym_is_the_same_label() -> None:
    assert matched([AnswerBox("pulmonary nodule", 0, 0, 9, 9)], [AnswerBox("Nodule", 0, 0, 9, 9)]) == [1]


def test_boxes_of_a_gold_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(CxdataError, match="cannot be read"):
        score_boxes("<answer>[]</answer>", "<answer>somewhere</answer>")


def test_choices_in_words_are_sets() -> None:
    gold = "A) Edema\nC) Mass"
    for right in (gold, "C) Mass\nA) Edema", "A\nC", "edema; mass."):
        assert score_words(right, gold).answer == 1
    for wrong in ("A) Edema", "A) Mass\nC) Edema", "A\nA", "A) Edema\nC) Mass\nD) Hernia", "", "Edema Mass"):
        assert score_words(wrong, gold).answer == 0


def test_a_row_without_a_reward_is_an_error() -> None:
    row = {"reward": "none", "answer": "x", "sample_id": "a/b/c", "scored_labels": None, "ignored_labels": None}
    with pytest.raises(CxdataError, match="cannot be scored"):
        score_row("x", row)


@pytest.mark.parametrize("unit", ["The heart is enlarged. ", "no " * 20, "<answer>", '[{"bbox_2d": [', "A) Edema\n"])
def test_time_grows_with_length_alone(unit: str) -> None:
    def seconds(times: int) -> float:
        started = time.perf_counter()
        text = unit * times
        score_text(text, REPORT)
        score_words(text, "A) Edema")
        score_boxes(text, "<answer>[]</answer>")
        return time.perf_counter() - started

    seconds(10)
    assert seconds(4000) < 30 * max(seconds(400), 0.01)
