"""What predictions are worth: statistics against known values, controls, and a whole evaluation of a stand-in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from model_server import completion, serving
from trained_folders import closed_row, open_row, write_stage

from cxdata.model.errors import CxdataError, RefusedError, UsageError
from cxmind_train.data.rows import read_rows
from cxmind_train.evaluate import run as run_module
from cxmind_train.evaluate.bertscore import is_installed
from cxmind_train.evaluate.binary import auroc, of_finding, over_findings
from cxmind_train.evaluate.bootstrap import Bootstrap, ratio
from cxmind_train.evaluate.generate import Asked
from cxmind_train.evaluate.judge import judge
from cxmind_train.evaluate.measures import bases, of_basis, value
from cxmind_train.evaluate.metrics import majority
from cxmind_train.evaluate.priors import speaks_of_prior
from cxmind_train.evaluate.run import Evaluation, evaluate
from cxmind_train.evaluate.scored import NOT_IN_GOLD, SCHEMA, begun, scored, yes_and_no
from cxmind_train.evaluate.views import asked, shuffled_rows

BRIGHT = 100


def test_weights_are_poisson_and_the_same_every_time() -> None:
    patients = [f"p{n}" for n in range(200)]
    weights = Bootstrap(patients, 0, 500)._weights
    assert weights.mean() == pytest.approx(1, abs=0.02)
    assert weights.var() == pytest.approx(1, abs=0.05)
    assert (Bootstrap(patients, 0, 500)._weights == weights).all()
    assert (Bootstrap(patients, 1, 500)._weights != weights).any()


def test_the_interval_of_a_mean_is_that_of_the_formula() -> None:
    values = [float(place % 5 == 0) for place in range(1000)]
    low, high = Bootstrap([f"p{n}" for n in range(1000)], 0).of_mean(values) or (0, 0)
    spread = 1.96 * (0.2 * 0.8 / 1000) ** 0.5
    assert (low, high) == (pytest.approx(0.2 - spread, abs=0.004), pytest.approx(0.2 + spread, abs=0.004))


def test_rows_of_a_patient_go_together() -> None:
    values = [float(place < 100) for place in range(200)]
    apart = Bootstrap([f"p{n}" for n in range(200)], 0).of_mean(values) or (0, 0)
    together = Bootstrap([f"p{n // 20}" for n in range(200)], 0).of_mean(values) or (0, 0)
    assert together[1] - together[0] > 3 * (apart[1] - apart[0])


def test_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    truth = np.array([True, True, False, False, False])
    scores = np.array([0.9, 0.4, 0.4, 0.2, 0.1])
    pairs = [(a > b) + (a == b) / 2 for a in scores[truth] for b in scores[~truth]]
    assert auroc(np.ones((1, 5)), truth, scores)[0] == pytest.approx(sum(pairs) / len(pairs))
    twice = np.array([[2.0, 1, 1, 1, 1]])
    again = auroc(np.ones((1, 6)), np.r_[truth, True], np.r_[scores, 0.9])
    assert auroc(twice, truth, scores)[0] == pytest.approx(again[0])
    assert np.isnan(auroc(np.ones((1, 2)), np.array([True, True]), np.array([0.1, 0.2]))[0])
    assert np.isnan(ratio(np.array([1.0]), np.array([0.0]))[0])


def test_a_finding_against_its_table() -> None:
    said = [True] * 40 + [False] * 20 + [False] * 70 + [True] * 10 + [None] * 10
    truth = [True] * 60 + [False] * 80 + [False] * 10
    rows = pl.DataFrame({
        "is_yes": truth, "said_yes": said, "p_yes": [None] * 150, "patient_key": [f"p{n}" for n in range(150)],
    }, schema_overrides={"said_yes": pl.Boolean, "p_yes": pl.Float64})  # fmt: skip
    told = of_finding(rows, 0, 200)
    assert (told["positives"], told["negatives"], told["counts_in_mean"]) == (60, 90, True)
    assert told["sensitivity"] == pytest.approx(40 / 60)
    assert told["specificity"] == pytest.approx(70 / 90)
    assert told["balanced_accuracy"] == pytest.approx((40 / 60 + 70 / 90) / 2)
    tp, tn, fp, fn = 40, 70, 20, 20
    assert told["mcc"] == pytest.approx((tp * tn - fp * fn) / ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5)
    assert told["sensitivity_ci"][0] < 40 / 60 < told["sensitivity_ci"][1]
    assert told["auroc"] is None
    assert over_findings({"Edema": told, "Mass": {**told, "counts_in_mean": False}})["findings"] == 1


def test_pictures_are_swapped_with_another_patient(tmp_path: Path) -> None:
    rows = read_rows(write_stage(tmp_path), "train")
    others = shuffled_rows(rows, 0)
    patients = rows.frame["patient_keys"].list.first().to_list()
    assert all(patients[one] != patients[other] for one, other in enumerate(others))
    assert shuffled_rows(rows, 0) == others
    assert shuffled_rows(rows, 1) != others


def test_views_show_what_they_say(tmp_path: Path) -> None:
    rows = read_rows(write_stage(tmp_path), "train")
    blank = asked(rows, 0, "blank", [])
    assert {blank.pictures[0].getpixel(at) for at in ((0, 0), (30, 40))} == {128}
    assert blank.pictures[0].size == rows.sizes(0)[0]
    text = asked(rows, 0, "text_only", [])
    assert (text.pictures, "<image>" in text.problem) == ([], False)
    assert asked(rows, 0, "shuffled", [1])[1][0].getpixel((0, 0)) == 40


def test_a_completion_is_cut_where_its_closing_answer_begins() -> None:
    done = "<think>a</think><answer>A) ✅</answer>\n<think>b</think><answer>"
    assert begun(done + "A</answer>") == done
    assert begun(done) == done
    assert begun("A bright film") == "A bright film<answer>"
    assert yes_and_no("Is it?\nA) No\nB) Yes") == ("B", "A")
    assert yes_and_no("Which?\nA) Mass\nB) Edema") is None


def test_a_prediction_tells_option_and_verdicts() -> None:
    row = closed_row(0)
    judged = "<think>Dark.</think><answer>A) ❌</answer><think>b</think><answer>B) ✅</answer>"
    wrong = f"{judged}<think>c</think><answer>B</answer>"
    told = scored(wrong, row, "sighted", 0.2)
    assert (told["said_option"], told["gold_option"], told["answer"]) == ("No", "Yes", 0)
    assert (told["verdicts"], told["right_verdicts"], told["agrees"]) == (2, 0, True)
    right = scored(row["answer"], row, "sighted", 0.9)
    assert (right["verdicts"], right["right_verdicts"], right["agrees"], right["total"]) == (2, 2, True, 1)
    open_told = scored(open_row(0)["answer"], open_row(0), "sighted", None)
    assert (open_told["answer"], open_told["agrees"], open_told["said_option"]) == (1, True, None)


def test_steps_are_told_by_what_the_gold_rests_on() -> None:
    row = closed_row(0, gold_basis=["affirmed", "silent", None])
    half = scored("<think>x</think><answer>A) ❌</answer><think>c</think><answer>B</answer>", row, "sighted", None)
    assert (half["step_basis"], half["step_right"]) == (["affirmed", "silent"], [False, None])
    whole = scored(row["answer"], row, "sighted", None)
    twice = scored(f"<think>x</think><answer>A) ❌</answer>{row['answer']}", row, "sighted", None)
    assert (whole["step_right"], twice["step_right"]) == ([True, True], [False, True])
    assert scored(row["answer"], closed_row(0), "sighted", None)["step_basis"] is None, "not known is not guessed"
    asked_open = open_row(0, gold_basis=[None, "affirmed", None], scored_labels=["Edema", "No Finding", "Mass"])
    more = asked_open["answer"].replace("<think>So", "<think>No mass.</think><answer>Mass ❌</answer><think>So")
    told = scored(more, asked_open, "sighted", None)
    assert (told["step_basis"], told["step_right"]) == (["affirmed", NOT_IN_GOLD], [True, True])
    frame = pl.DataFrame([half, whole], schema=SCHEMA)
    assert bases(frame) == ["affirmed", "silent"]
    statistics = of_basis(frame)
    assert value(statistics["affirmed"]["accuracy"], 2) == 0.5
    assert (value(statistics["silent"]["judged"], 2), value(statistics["silent"]["accuracy"], 2)) == (0.5, 1)


@pytest.mark.parametrize(("text", "is_told"), [
    ("The effusion is unchanged.", True), ("Small effusion. Compared to the prior film it has grown.", True),
    ("There is a small effusion.", False), ("", False), ("Minimal degenerative changes.", False),
])  # fmt: skip
def test_words_of_a_prior(text: str, is_told: bool) -> None:
    assert speaks_of_prior(text) is is_told


def test_majority_is_the_best_single_answer() -> None:
    gold = pl.DataFrame({
        "reward": ["closed"] * 4, "answer": [f"<answer>{x}</answer>" for x in "AABB"],
        "gold_option": ["Yes"] * 3 + ["No"],
    })  # fmt: skip
    assert majority(gold) == 0.75
    told = pl.DataFrame([{**open_row(n), "images": None, "gold_option": None, "gold_basis": None} for n in (0, 2, 1)])
    assert majority(told) == pytest.approx(2 / 3)


class Looking:
    """Answers by the brightness of the picture, and says No without one."""

    calls = 0

    def answers(self, asked: Sequence[Asked]) -> list[str]:
        Looking.calls += 1
        return [self._answer(one) for one in asked]

    def chances(self, asked: Sequence[Asked], begun: Sequence[str], words: Sequence[str]) -> list[list[float]]:
        return [[0.9, 0.1] if _is_bright(one) else [0.1, 0.9] for one in asked]

    def _answer(self, one: Asked) -> str:
        letters = yes_and_no(one.problem)
        if letters is None:
            return open_row(0 if _is_bright(one) else 1)["answer"]
        return f"<think>x</think><answer>{letters[0 if _is_bright(one) else 1]}</answer>"


def _is_bright(one: Asked) -> bool:
    return bool(one.pictures) and one.pictures[0].convert("L").getpixel((0, 0)) > BRIGHT + 40


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> type[Looking]:
    monkeypatch.setattr(run_module, "_backend", lambda *_: Looking())
    monkeypatch.setattr(run_module, "need", lambda *_: None)
    Looking.calls = 0
    return Looking


def said(_: str) -> None:
    """Nothing."""


def test_an_evaluation_sets_controls_beside_the_accuracy(tmp_path: Path, looking: type[Looking]) -> None:
    shown: list[dict[str, Any]] = [{"view": "PA"}, {"view": "several", "age_band": "18 to 39"}, {}]
    rows = [closed_row(n, split="test", gold_basis=["affirmed", "denied", None], **shown[n % 3]) for n in range(12)]
    data = write_stage(tmp_path / "mix", splits={"test": rows}).home
    wanted = Evaluation(data, "m", tmp_path / "out", said, "closed", rotate=True, resamples=200)
    told = evaluate(wanted)
    assert told["accuracy"] == 1
    assert told["majority"] == told["blank"]["accuracy"] == told["text_only"]["accuracy"] == 0.5
    assert told["blank"]["lost"]["difference"] == 0.5
    assert told["rotated"] | {"accuracy": 1.0, "same_answer": 1.0} == told["rotated"]
    assert told["shuffled"]["accuracy"] < 1
    edema = told["findings"]["Edema"]
    assert (edema["sensitivity"], edema["specificity"], edema["auroc"], edema["counts_in_mean"]) == (1, 1, 1, False)
    assert told["strata"]["source"]["mimic"]["n"] == 12
    assert {name: list(values) for name, values in told["strata"].items()} == {
        "source": ["mimic"], "reference": ["R4"], "level": ["binary"], "view": ["PA", "several", "unknown"],
        "sex": ["unknown"], "age_band": ["18 to 39", "unknown"], "support_devices": ["unknown"],
    }  # fmt: skip
    assert told["strata"]["view"]["PA"] | {"n": 4, "accuracy": 1.0} == told["strata"]["view"]["PA"]
    assert told == json.loads((tmp_path / "out" / "summary.json").read_text())
    predictions = pl.read_parquet(tmp_path / "out" / "predictions.parquet")
    assert predictions["view"].value_counts()["count"].unique().to_list() == [12]
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<article>") == 12
    assert "Haze is over both lungs" in page


def test_open_questions_are_told_by_f1(tmp_path: Path, looking: type[Looking]) -> None:
    data = write_stage(tmp_path / "mix", "open").home
    told = evaluate(Evaluation(data, "m", tmp_path / "out", said, resamples=50))
    assert (told["f1"], told["traces"]["last_step_and_answer_agree"]) == (1, 1)
    assert told["traces"]["verdict_accuracy_ci"] == [1, 1]
    assert told["blank"]["f1"] == 0.5


def test_an_evaluation_goes_on_where_it_was_and_is_bound(
    tmp_path: Path, looking: type[Looking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "ROWS_A_PART", 5)
    data = write_stage(tmp_path / "mix").home
    wanted: dict[str, Any] = {"data": data, "model": "m", "out": tmp_path / "out", "say": said, "resamples": 50}
    first = evaluate(Evaluation(**wanted))
    calls = looking.calls
    (tmp_path / "out" / "parts" / "blank-00000005.parquet").unlink()
    assert evaluate(Evaluation(**wanted)) == first
    assert looking.calls == calls + 1
    with pytest.raises(RefusedError, match="other there: max_tokens"):
        evaluate(Evaluation(**wanted, max_tokens=7))
    with pytest.raises(RefusedError, match="something else"):
        evaluate(Evaluation(**{**wanted, "out": data}))
    with pytest.raises(UsageError, match="one of closed"):
        evaluate(Evaluation(**wanted, stage="open"))


def text_row(place: int) -> dict[str, Any]:
    text = "There is edema." if place % 2 == 0 else "The lungs are clear. There is no edema."
    told = {"problem": "<image>\nWhat is there?", "answer": text, "task": "findings_generation", "stage": "sft",
            "reward": "free_text", "gold_kind": "answer", "sample_id": f"mimic/findings_generation/s{place}",
            "split": "test"}  # fmt: skip
    return closed_row(place, **told)


class Telling(Looking):
    """Says what a bright picture shows, whatever the picture, and once that it is as it was."""

    def answers(self, asked: Sequence[Asked]) -> list[str]:
        return ["There is edema." if place else "There is unchanged edema." for place in range(len(asked))]


def test_texts_are_told_by_findings_and_by_a_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "_backend", lambda *_: Telling())
    monkeypatch.setattr(run_module, "need", lambda *_: None)
    data = write_stage(
        tmp_path / "mix", "sft", {"test": [text_row(n) for n in range(6)]}, config={"prompt": "plain"}
    ).home
    replies = ["10", "3/10", "ten", "0.", "7", "5"]
    with serving(lambda body, number: completion(replies[number])) as server:
        wanted = Evaluation(data, "m", tmp_path / "out", said, resamples=50, judge=(server.url, "small"))
        told = evaluate(wanted)
    assert told["score"] == told["tasks"]["findings_generation"]["score"] == 0.5
    assert told["rouge_l"] > told["bleu1"] / 2 > 0
    assert told["judge"] == {"model": "small", "mean": pytest.approx(0.5), "n": 5, "without_number": 1}
    (content,) = {body["messages"][0]["content"].count("edema.") for body in server.asked[:1]}
    assert content == 2
    reports = told["reports"]
    assert (reports["n"], reports["finding_f1"], reports["recall"]) == (6, 0.5, 0.5)
    assert reports["precision"] == pytest.approx(3 / 9), "what the gold denies counts twice"
    assert (reports["invented_prior"], reports["gold_speaks_of_prior"]) == (pytest.approx(1 / 6, abs=1e-5), 0)
    assert reports["invented_prior_ci"][0] <= 1 / 6 <= reports["invented_prior_ci"][1]
    assert told["bertscore"] == ("no model named" if is_installed() else "not installed")
    assert pl.read_parquet(tmp_path / "out" / "predictions.parquet")["judge"].drop_nulls().len() == 5


def test_a_judge_elsewhere_is_not_asked() -> None:
    with pytest.raises(RefusedError, match="this machine alone"):
        judge([("a", "b")], "https://example.org/v1", "m")
    with pytest.raises(CxdataError, match="no answer"):
        judge([("a", "b")], "http://127.0.0.1:9/v1", "m")
