"""A mix whose rows with a trace are interleaved and whose other rows are plain."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from stage_folders import row, write_stage

from cxdata.check.stage import validate_stage
from cxdata.mix.config import mix_config
from cxdata.mix.prompts import BOXES_GOLD, BOXES_TOLD, prompted

STEPS = [
    {"think": "The heart is wide.", "answer": "A", "verdict": True, "basis": "affirmed"},
    {"think": "So it is.", "answer": "A", "verdict": None, "basis": None},
]
TRACE = "<think>No line.</think><answer>A) ❌</answer>\n<think>Grey.</think><answer>B) ✅</answer>\n"


def rows(*steps: list[dict[str, object]] | None) -> pl.LazyFrame:
    told = {
        "question": "Is it?", "context": None, "options": ["Yes", "No"], "answer": "Yes", "answer_letter": "A",
        "labels": None, "scored_labels": None, "ignored_labels": None, "image_ids": ["a"], "stage": "closed",
        "reward": "closed", BOXES_TOLD: None, BOXES_GOLD: None,
    }  # fmt: skip
    kinds = {
        "context": pl.String, "labels": pl.List(pl.String), "scored_labels": pl.List(pl.String),
        "ignored_labels": pl.List(pl.String), BOXES_TOLD: pl.String, BOXES_GOLD: pl.String,
    }  # fmt: skip
    return pl.DataFrame([{**told, "steps": one} for one in steps], schema_overrides=kinds).lazy()


def test_rows_with_a_trace_are_interleaved_and_others_plain() -> None:
    made = prompted(rows(STEPS, None, STEPS), "traced").collect()
    assert made["gold_kind"].to_list() == ["trace", "answer", "trace"]
    assert made["prompt_id"].to_list() == ["interleaved.closed.1", "plain.1", "interleaved.closed.1"]
    assert made["gold"][1] == "A) Yes"
    assert made["gold_basis"].to_list() == [["affirmed", None], None, ["affirmed", None]]
    assert made["gold"][0].startswith("<think>The heart is wide.</think><answer>A) ✅</answer>")
    assert [problem.endswith("B) No") for problem in made["problem"]] == [False, True, False]
    whole = prompted(rows(STEPS), "interleaved").collect()
    assert made.row(0, named=True) == whole.row(0, named=True)


def test_the_shipped_mix_for_tuning_takes_traces() -> None:
    assert mix_config("sft").prompt == "traced"


def test_validate_scores_traces_and_reads_the_others(tmp_path: Path) -> None:
    told = [
        row(0, answer=TRACE + "<think>So it is.</think><answer>B</answer>", gold_kind="trace"),
        row(1, answer="B) Pneumonia"),
        row(2, answer=TRACE + "<think>So it is.</think><answer>A</answer>", gold_kind="trace"),
        row(3, answer="<answer>B</answer>"),
    ]
    write_stage(tmp_path, "easyr1", splits={"train": told})
    mix = json.loads((tmp_path / "mix.json").read_text())
    (tmp_path / "mix.json").write_text(json.dumps({**mix, "config": {"prompt": "traced"}}))
    found = {(problem.where.split(":", 1)[1], problem.code) for problem in validate_stage(tmp_path).problems}
    assert found == {("0:3", "gold_process"), ("1:1", "gold_form")}, "by row group and row"
