"""Gold: written by functions and by expressions alike, and scored before it is trained on."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_cases import TABLE, gold_of
from test_rewards_reference import texts
from test_rewards_rules import closed_traces, open_traces

from cxdata.check.gold import MESSAGES, SCHEMA, gold_scores
from cxdata.model.errors import CxdataError
from cxdata.reasoning.render import (
    TraceStep,
    closed_expr,
    open_expr,
    render_closed,
    render_open,
    render_trace,
    trace_expr,
)
from cxmind_train.rewards import score

STEPS = [
    [TraceStep("No line.", "A", False), TraceStep("A meniscus.", "B", True), TraceStep("So.", "B")],
    [TraceStep("Only this.", "A")],
]


def frame(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Rows of answer, reward, gold_kind, scored_labels, ignored_labels."""
    labels = pl.List(pl.String)
    schema = {"answer": pl.String, "reward": pl.String, "gold_kind": pl.String, "scored_labels": labels}
    full = [(*row, *[None] * (5 - len(row))) for row in rows]
    return pl.DataFrame(full, schema={**schema, "ignored_labels": labels}, orient="row")


def code(*row: Any) -> str | None:
    found: str | None = gold_scores(frame(row))["code"].item()
    return found


def test_answers_as_they_are_written() -> None:
    assert render_closed("B") == "<answer>B</answer>"
    assert render_closed(["A", "C"]) == render_closed("A, C") == "<answer>A, C</answer>"
    assert render_open(["Edema", "Pleural Effusion"]) == "<answer>Edema, Pleural Effusion</answer>"


def test_traces_as_they_are_written() -> None:
    assert render_trace(STEPS[0], "closed") == (
        "<think>No line.</think><answer>A) ❌</answer>\n<think>A meniscus.</think><answer>B) ✅</answer>\n"
        "<think>So.</think><answer>B</answer>"
    )
    judged = [TraceStep("a", "Edema, Mass"), TraceStep("b", "Edema", True), TraceStep("c", "Mass", False)]
    assert "<answer>Edema, Mass</answer>\n<think>b</think><answer>Edema ✅</answer>\n" in render_trace(judged, "open")
    assert render_trace(judged, "open").endswith("<answer>Mass ❌</answer>")


@pytest.mark.parametrize(
    "step", [TraceStep("", "A"), TraceStep("x", " "), TraceStep("a </think> b", "A"), TraceStep("x", "<ANSWER>")]
)
def test_a_step_that_would_break_the_form_is_an_error(step: TraceStep) -> None:
    with pytest.raises(CxdataError):
        render_trace([step], "closed")


def test_nothing_to_write_is_an_error() -> None:
    for write in (lambda: render_trace([], "open"), lambda: render_open([]), lambda: render_closed([])):
        with pytest.raises(CxdataError):
            write()


def test_expressions_write_the_same() -> None:
    rows = pl.DataFrame({
        "letters": ["B", "A, C"], "labels": [["Edema"], ["Edema", "Mass"]],
        "steps": [[step._asdict() for step in steps] for steps in STEPS],
    })  # fmt: skip
    written = rows.select(
        closed_expr("letters").alias("closed"), open_expr("labels").alias("open"),
        trace_expr("steps", "closed").alias("a"), trace_expr("steps", "open").alias("b"),
    )  # fmt: skip
    assert written["closed"].to_list() == [render_closed(letters) for letters in rows["letters"]]
    assert written["open"].to_list() == [render_open(labels) for labels in rows["labels"].to_list()]
    assert written["a"].to_list() == [render_trace(steps, "closed") for steps in STEPS]
    assert written["b"].to_list() == [render_trace(steps, "open") for steps in STEPS]
    empty = rows.select(open_expr("labels").over(pl.lit(1)), pl.col("steps")).clear()
    assert empty.height == 0
    nothing = rows.with_columns(labels=pl.lit([], pl.List(pl.String)), steps=pl.col("steps").list.head(0))
    assert nothing.select(open_expr("labels"), trace_expr("steps", "open")).null_count().row(0) == (2, 2)


SPACE = ["Edema", "Pleural Effusion", "Pneumonia"]
GOOD = [
    ("<answer>B</answer>", "closed", "answer"),
    ("<answer>A, C</answer>", "closed", "answer"),
    ("<answer>Edema, Pleural Effusion</answer>", "open_labels", "answer", SPACE, ["Mass"]),
    ("<answer>a native answer, another one</answer>", "open_labels", "answer"),
    (gold_of("one_of_four"), "closed", "trace"),
    (gold_of("silent"), "closed", "trace"),
    (gold_of("wet"), "open_labels", "trace", SPACE, ["Mass"]),
    (gold_of("wet"), "open_labels", "trace", ["Edema", "Pleural Effusion", "Pneumothorax"], ["Pneumonia"]),
    (gold_of("dry"), "open_labels", "trace", ["No Finding", "Pleural Effusion", "Pneumothorax"]),
    ("<answer>Words, as they come.</answer>", "free_text", "answer"),
    (gold_of("one_of_four"), "free_text", "trace"),
    ('<think>Left.</think><answer>[{"bbox_2d": [1, 2, 3, 4], "label": "Mass"}]</answer>', "boxes", "trace"),
    ("<answer>[]</answer>", "boxes", "answer"),
    ("<answer>x</answer>", "none", "answer"),
]


def test_good_gold_has_no_code_and_keeps_its_order() -> None:
    scores = gold_scores(frame(*GOOD))
    assert scores.schema == pl.Schema(SCHEMA)
    assert scores["code"].null_count() == scores.height == len(GOOD)
    assert scores["checked"].to_list() == ["reward"] * 9 + ["form"] * 5
    assert scores["answer"].to_list() == [1.0] * 9 + [None] * 5
    assert scores["think"].to_list() == [None] * 4 + [1.0, None, 1.0, 1.0, 1.0] + [None] * 5
    assert scores["process"].to_list() == [None] * 4 + [1.0] * 5 + [None] * 5


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("B", "closed", "answer"), "gold_form"),
        (("<answer>B", "closed", "answer"), "gold_form"),
        (("<answer>b</answer>", "closed", "answer"), "gold_form"),
        (("<answer>H</answer>", "closed", "answer"), "gold_form"),
        (("<answer>A,C</answer>", "closed", "answer"), "gold_form"),
        (("<answer></answer>", "closed", "answer"), "gold_form"),
        (("<answer>A</answer><answer>B</answer>", "closed", "answer"), "gold_form"),
        ((None, "closed", "answer"), "gold_form"),
        (("<answer>A, A</answer>", "closed", "answer"), "gold_answer"),
        (("<answer>B</answer>", "closed", "trace"), "gold_kind"),
        (("<answer>Edema, edema</answer>", "open_labels", "answer"), "gold_answer"),
        (("<answer>Edema,Mass</answer>", "open_labels", "answer"), "gold_form"),
        (("<answer>Edema ✅</answer>", "open_labels", "answer"), "gold_form"),
        (("<answer>1. Edema</answer>", "open_labels", "answer"), "gold_form"),
        (("<answer>Edema.</answer>", "open_labels", "answer"), "gold_form"),
        (("<answer>Mass</answer>", "open_labels", "answer", SPACE), "gold_not_scored"),
        (("words", "free_text", "answer"), "gold_form"),
        (("<answer> </answer>", "free_text", "answer"), "gold_form"),
        (("<think>x</think>", "boxes", "trace"), "gold_form"),
        ((gold_of("one_of_four"), "boxes", "trace"), "gold_form"),
        (("<think>x</think>[] <answer>[]</answer>", "boxes", "trace"), "gold_form"),
        ((gold_of("one_of_four"), "closed", "answer"), "gold_kind"),
        ((gold_of("one_of_four") + " so", "closed", "trace"), "gold_form"),
        (("<think>x</think><answer>Edema</answer>", "closed", "trace"), "gold_unreadable"),
        ((gold_of("one_of_four").replace("A) ❌", "A) ✅"), "closed", "trace"), "gold_process"),
        ((gold_of("one_of_four").replace("B) ❌", "D) ❌"), "closed", "trace"), "gold_process"),
        ((gold_of("one_of_four").replace("meniscus", "meniscus ✅"), "closed", "trace"), "gold_think"),
        ((gold_of("wet").replace("Pneumonia ❌", "Mass ❌"), "open_labels", "trace"), "gold_process"),
        ((gold_of("wet"), "open_labels", "trace", ["Edema"]), "gold_not_scored"),
    ],
)
def test_bad_gold_has_its_code(row: tuple[Any, ...], told: str) -> None:
    assert code(*row) == told
    assert told in MESSAGES


def test_a_basis_is_used_where_there_is_one() -> None:
    gold = gold_of("one_of_four").replace("meniscus", "meniscus ✅")
    basis = pl.Series([["denied", "denied", "silent", "denied", None]])
    rows = frame((gold, "closed", "trace")).with_columns(gold_basis=basis)
    assert gold_scores(rows)["code"].item() is None
    rows = rows.with_columns(pl.col("gold_basis").list.head(2))
    assert gold_scores(rows)["code"].item() == "gold_unreadable"


def test_no_rows_no_scores() -> None:
    assert gold_scores(frame()).schema == pl.Schema(SCHEMA)


@given(st.one_of(closed_traces(), open_traces()))
def test_a_rendered_trace_has_no_code(gold: str) -> None:
    stage = "closed" if "A) " in gold else "open_labels"
    assert code(gold, stage, "trace") is None


@settings(max_examples=300)
@given(
    st.one_of(texts, st.sampled_from([gold_of(name) for name in TABLE["golds"]])), st.sampled_from(["closed", "open"])
)
def test_the_check_of_gold_and_the_reward_agree(gold: str, stage: Any) -> None:
    """A gold without a code earns the maximum, and a trace that earns it has none."""
    kind = "trace" if "<think>" in gold else "answer"
    told = code(gold, {"closed": "closed", "open": "open_labels"}[stage], kind)
    try:
        total = score(gold, gold, stage, is_gold_form=True).total
    except CxdataError:
        total = 0.0
    assert total == 1 if told is None else (kind == "answer" or total < 1)
