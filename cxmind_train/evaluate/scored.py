"""Completions as rows of `predictions.parquet`: what was said, what it is worth, and what the gold says."""

from __future__ import annotations

import re
from typing import Any, Final

import polars as pl

from cxdata.answers.blocks import parse
from cxdata.answers.boxes import read_final_boxes
from cxdata.answers.gold import Step, read_gold, steps_of
from cxdata.answers.letters import read_final_letters
from cxdata.answers.names import normal_name
from cxmind_train.data.options import options_of
from cxmind_train.rewards.boxes import mean_iou
from cxmind_train.rewards.free_text import similarity
from cxmind_train.rewards.rows import STAGE_OF_REWARD, score_row

SCHEMA: Final[dict[str, Any]] = {
    "view": pl.String, "sample_id": pl.String, "completion": pl.String, "said": pl.String, "gold": pl.String,
    "format": pl.Float64, "answer": pl.Float64, "think": pl.Float64, "process": pl.Float64, "total": pl.Float64,
    "said_option": pl.String, "gold_option": pl.String, "p_yes": pl.Float64, "verdicts": pl.Int64,
    "right_verdicts": pl.Int64, "agrees": pl.Boolean, "bleu1": pl.Float64, "rouge_l": pl.Float64, "iou": pl.Float64,
}  # fmt: skip
META: Final = ("source", "task", "level", "reference", "reward", "finding", "split", "restricted")
_LAST_ANSWER: Final = re.compile(r"<answer>[^<]*$|<answer>[^<]*</answer>\s*$")


def scored(completion: str, row: dict[str, Any], view: str, p_yes: float | None) -> dict[str, Any]:
    """One prediction. `row` is a row of a stage folder, its `answer` that of the options as they were shown."""
    scores = score_row(completion, row)
    parsed = parse(completion)
    said = parsed.final
    if said is None and "<answer>" not in row["answer"]:
        said = completion.strip() or None
    gold = parse(row["answer"]).final or row["answer"]
    return {
        "view": view, "sample_id": row["sample_id"], "completion": completion, "said": said, "gold": gold,
        "format": scores.format, "answer": scores.answer, "think": scores.think, "process": scores.process,
        "total": scores.total, "said_option": _option(said, row["problem"]),
        "gold_option": _option(gold, row["problem"]), "p_yes": p_yes, **_trace(completion, row),
        **_beside(completion, row),
    }  # fmt: skip


def begun(completion: str) -> str:
    """A completion up to where its closing answer begins; what may follow is the letter in question."""
    found = _LAST_ANSWER.search(completion)
    return completion[: found.start()] + "<answer>" if found else completion.rstrip() + "<answer>"


def yes_and_no(problem: str) -> tuple[str, str] | None:
    """The letters of Yes and No; None where these are not the options."""
    options = options_of(problem)
    if options is None or set(options.names) != {"Yes", "No"}:
        return None
    yes, no = options.letter_of("Yes"), options.letter_of("No")
    return None if yes is None or no is None else (yes, no)


def _option(block: str | None, problem: str) -> str | None:
    """What a closing block names, in words; None where it names no one option."""
    letters = read_final_letters(block) if block is not None else None
    options = options_of(problem)
    if not letters or len(letters) != 1 or options is None:
        return None
    place = ord(next(iter(letters))) - ord("A")
    return options.names[place] if place < len(options.names) else None


def _trace(completion: str, row: dict[str, Any]) -> dict[str, Any]:
    """How many judgements, how many of them right, and whether what was judged true is what the closing block says."""
    stage = STAGE_OF_REWARD.get(row["reward"])
    if stage is None or "<answer>" not in row["answer"]:
        return {"verdicts": 0, "right_verdicts": 0, "agrees": None}
    gold = read_gold(row["answer"], stage, tuple(row["scored_labels"] or ()), tuple(row["ignored_labels"] or ()))
    parsed = parse(completion)
    steps = [step for step in steps_of(parsed, stage, gold.space) if step and _is_known(step, stage, gold.space)]
    right = sum(step.verdict == (step.subject in gold.final) for step in steps)
    if not steps or parsed.final is None:
        return {"verdicts": len(steps), "right_verdicts": right, "agrees": None}
    final = read_final_letters(parsed.final) if stage == "closed" else gold.space.read(parsed.final)
    true = {step.subject for step in steps if step.verdict} or ({normal_name()} if stage == "open" else set())
    return {"verdicts": len(steps), "right_verdicts": right, "agrees": true == set(final or ())}


def _beside(completion: str, row: dict[str, Any]) -> dict[str, float | None]:
    """What is told beside the reward of texts and boxes."""
    made: dict[str, float | None] = {"bleu1": None, "rouge_l": None, "iou": None}
    if row["reward"] == "free_text":
        return made | similarity(completion, row["answer"])
    if row["reward"] == "boxes":
        return made | {"iou": mean_iou(read_final_boxes(completion) or (), read_final_boxes(row["answer"]) or ())}
    return made


def _is_known(step: Step, stage: str, space: Any) -> bool:
    """Labels that the row does not score are judged neither right nor wrong."""
    return stage == "closed" or step.subject in space.scored
