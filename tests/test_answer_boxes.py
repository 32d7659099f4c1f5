"""Boxes of answers: written, read back, and what is no list of boxes; and where they lie in a stored picture."""

from __future__ import annotations

import json
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxdata.answers.boxes import AnswerBox, read_boxes, read_final_boxes, render_boxes
from cxdata.check.gold import gold_scores
from cxdata.check.stage_gold import gold_of
from cxdata.images.boxes import whole_rescaled
from cxdata.mix.boxed import boxed
from cxdata.mix.prompts import WIDE, prompted
from cxdata.model.errors import CxdataError

labels = st.text('ab é"\\{}[]:,/\u2028✅', min_size=1, max_size=12).map(str.strip).filter(bool)


@st.composite
def drawn(draw: st.DrawFn) -> AnswerBox:
    x0, y0 = draw(st.integers(0, 4000)), draw(st.integers(0, 4000))
    return AnswerBox(draw(labels), x0, y0, x0 + draw(st.integers(1, 900)), y0 + draw(st.integers(1, 900)))


@given(st.lists(drawn(), max_size=5), st.sampled_from(["", " ", "\n\t"]))
def test_what_is_written_is_read(boxes: list[AnswerBox], space: str) -> None:
    text = render_boxes(boxes)
    assert "\n" not in text
    assert read_boxes(space + text + space) == tuple(boxes)
    spaced = json.dumps(json.loads(text), indent=2)
    assert read_boxes(spaced) == tuple(boxes)


def test_the_form_is_that_of_qwen() -> None:
    text = render_boxes([AnswerBox("Pleural Effusion", 3, 4, 50, 60), AnswerBox("Nodule", 1, 2, 3, 4)])
    assert (
        text
        == '[{"bbox_2d": [3, 4, 50, 60], "label": "Pleural Effusion"}, {"bbox_2d": [1, 2, 3, 4], "label": "Nodule"}]'
    )
    assert render_boxes([]) == "[]"
    assert read_boxes("[]") == ()
    trace = f"<think>Two.</think><answer>[]</answer>\n<think>Sure.</think><answer> {text} </answer>"
    found = read_final_boxes(trace)
    assert found is not None
    assert [box.label for box in found] == ["Pleural Effusion", "Nodule"]
    assert read_boxes('[{"label":" Edema ","bbox_2d":[0.5,1,2.25,3]}]') == (AnswerBox("Edema", 0.5, 1, 2.25, 3),)


GOOD = '{"bbox_2d": [1, 2, 3, 4], "label": "Edema"}'


@pytest.mark.parametrize(
    "text",
    [
        "", "Edema", "null", "{}", GOOD, f"[{GOOD}", f"[{GOOD},]", f"[{GOOD}] and more", f"[{GOOD}, 1]", f"[[{GOOD}]]",
        f"```json\n[{GOOD}]\n```", '[{"bbox_2d": [1, 2, 3, 4]}]', '[{"label": "Edema"}]', "[[1, 2, 3, 4]]",
        '[{"bbox_2d": [1, 2, 3, 4], "label": ""}]', '[{"bbox_2d": [1, 2, 3, 4], "label": " "}]',
        '[{"bbox_2d": [1, 2, 3, 4], "label": 7}]', '[{"bbox_2d": [1, 2, 3], "label": "Edema"}]',
        '[{"bbox_2d": [1, 2, 3, 4, 5], "label": "Edema"}]', '[{"bbox_2d": "1, 2, 3, 4", "label": "Edema"}]',
        '[{"bbox_2d": ["1", 2, 3, 4], "label": "Edema"}]', '[{"bbox_2d": [true, 2, 3, 4], "label": "Edema"}]',
        '[{"bbox_2d": [null, 2, 3, 4], "label": "Edema"}]', '[{"bbox_2d": [NaN, 2, 3, 4], "label": "Edema"}]',
        '[{"bbox_2d": [1, 2, Infinity, 4], "label": "Edema"}]', '[{"bbox_2d": [1, 2, 1e999, 4], "label": "Edema"}]',
        '[{"bbox_2d": [1, 2, 1' + "0" * 3000 + ', 4], "label": "Edema"}]',
        '[{"bbox_2d": [1, 2, 1' + "0" * 9000 + ', 4], "label": "Edema"}]',
        '[{"bbox_2d": [3, 2, 3, 4], "label": "Edema"}]', '[{"bbox_2d": [1, 4, 3, 2], "label": "Edema"}]',
        '[{"bbox_2d": [1, 2, 3, 4], "label": "Edema", "score": 1}]',
        '[{"bbox_2d": [1, 2, 3, 4], "label": "Edema", "label": "Mass"}]',
        '[{"bbox_2d": [1, 2, 3, 4], "bbox_2d": [1, 2, 3, 4], "label": "Edema"}]',
        '[{"bbox_2d": {"a": 1, "b": 2, "c": 3, "d": 4}, "label": "Edema"}]', "[" * 60_000, '[{"a":' * 30_000,
    ],
)  # fmt: skip
def test_anything_else_is_unreadable(text: str) -> None:
    assert read_boxes(text) is None
    assert read_final_boxes(f"<answer>{text}</answer>") is None


@pytest.mark.parametrize(
    "box",
    [
        AnswerBox("", 1, 2, 3, 4), AnswerBox("a</answer>", 1, 2, 3, 4), AnswerBox("a", 3, 2, 3, 4),
        AnswerBox("a", 1, 2, float("nan"), 4), AnswerBox("a", 1, 2, float("inf"), 4),
    ],
)  # fmt: skip
def test_what_is_no_box_is_not_written(box: AnswerBox) -> None:
    with pytest.raises(CxdataError):
        render_boxes([box])


def test_reading_takes_time_in_proportion_to_the_text() -> None:
    def seconds(copies: int) -> float:
        text = "[" + ", ".join([GOOD] * copies)  # cut off
        begun = time.perf_counter()
        for _ in range(5):
            assert read_boxes(text) is None
        return time.perf_counter() - begun

    seconds(500)
    assert seconds(16_000) < 20 * max(seconds(2_000), 1e-3) + 0.5


@pytest.mark.parametrize(
    ("box", "wanted"),
    [
        ((500, 1000, 1000, 3000), (250, 250, 500, 750)),  # half as wide, a quarter as high
        ((0, 0, 2000, 4000), (0, 0, 1000, 1000)),
        ((10, 10, 10.5, 11), (5, 2, 6, 3)),  # thinner than a pixel
        ((-5, -5, 4000, 8000), (0, 0, 1000, 1000)),
    ],
)
def test_each_axis_has_its_own_scale(box: tuple[float, ...], wanted: tuple[int, ...]) -> None:
    assert whole_rescaled(box, (2000, 4000), (1000, 1000)) == wanted  # type: ignore[arg-type]


def one_row(**changes: object) -> pl.DataFrame:
    row = {
        "sample_id": "s/abnormality_grounding/1", "question": "Where is it?", "context": None, "options": None,
        "answer": "Edema: upper left of the picture.", "answer_letter": None, "answer_type": "boxes",
        "labels": ["Edema"],
        "scored_labels": None, "ignored_labels": None, "image_ids": ["s:one"], "stage": "sft", "label_policy": "none",
        "boxes": [{"label": "Edema", "x0": 500.0, "y0": 1000.0, "x1": 1000.0, "y1": 3000.0}], "reward": "boxes",
        "licence": "x", "restricted": False, "source": "s", "task": "abnormality_grounding", "level": "grounding",
        "difficulty": None, "patient_keys": ["s:1"], "study_key": "s:1", "reference": "R2",
    }  # fmt: skip
    strings = pl.List(pl.String)
    kinds = {"context": pl.String, "options": strings, "answer_letter": pl.String, "scored_labels": strings,
             "ignored_labels": strings}  # fmt: skip
    made = pl.DataFrame([{**row, **changes}], schema_overrides=kinds)
    assert set(WIDE) <= set(made.columns)
    return made


def pictures(**changes: object) -> pl.DataFrame:
    size = {"image_id": "s:one", "width": 2000, "height": 4000, "stored_width": 1000, "stored_height": 1000}
    return pl.DataFrame([{**size, **changes}])


@pytest.mark.parametrize("prompt", ["plain", "interleaved"])
def test_the_prompt_asks_for_the_form_that_the_gold_has(prompt: str) -> None:
    made = prompted(boxed(one_row(), pictures()).lazy(), prompt).collect().row(0, named=True)  # type: ignore[arg-type]
    assert made["gold"] == '<answer>[{"bbox_2d": [250, 250, 500, 750], "label": "Edema"}]</answer>'
    assert made["problem"].startswith("<image>\nWhere is it?\n\nAnswer between <answer>")
    assert '[{"bbox_2d": [x0, y0, x1, y1], "label": "name of the finding"}]' in made["problem"]
    assert made["problem"].endswith("1000 pixels wide and 1000 pixels high.")
    assert (made["prompt_id"], made["gold_kind"]) == ("boxes.1", "answer")


def test_other_rows_stay_as_they_are() -> None:
    other = one_row(sample_id="s/findings_generation/1", answer_type="free_text", boxes=None, reward="free_text")
    made = prompted(boxed(other, pictures()).lazy(), "plain").collect().row(0, named=True)
    assert (made["problem"], made["gold"]) == ("<image>\nWhere is it?", "Edema: upper left of the picture.")
    assert made["prompt_id"] == "plain.1"


def test_a_picture_without_a_size_is_named() -> None:
    with pytest.raises(CxdataError, match="size of a picture"):
        boxed(one_row(), pictures(stored_width=None))
    with pytest.raises(CxdataError, match="size of a picture"):
        boxed(one_row(), pictures(image_id="s:other"))


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (f"<answer>[{GOOD}]</answer>", None), ("<answer>[]</answer>", None), (f"[{GOOD}]", "gold_form"),
        ("<answer>Edema: upper left.</answer>", "gold_form"), (f"<answer>[{GOOD}</answer>", "gold_form"),
    ],
)  # fmt: skip
def test_golds_in_boxes_are_parsed(answer: str, code: str | None, is_plain: bool) -> None:
    rows = pl.DataFrame(
        [{"answer": answer, "reward": "boxes", "gold_kind": "answer", "scored_labels": None, "ignored_labels": None},
         {"answer": "<answer>Clear.</answer>", "reward": "free_text", "gold_kind": "answer", "scored_labels": None,
          "ignored_labels": None}],
        schema_overrides={"scored_labels": pl.List(pl.String), "ignored_labels": pl.List(pl.String)},
    )  # fmt: skip
    scores = gold_of(rows, is_plain=is_plain)
    assert scores["code"][0] == code
    if not is_plain:
        assert gold_scores(rows)["code"].to_list() == [code, None]
        assert scores["checked"][0] == "form"
