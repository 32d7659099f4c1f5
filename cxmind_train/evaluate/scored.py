"""Completions as rows of `predictions.parquet`: what was said, what it is worth, and what the gold says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from cxdata.answers.blocks import parse
from cxdata.answers.boxes import read_final_boxes
from cxdata.answers.gold import Gold, Step, read_gold, steps_of
from cxdata.answers.letters import read_final_letters
from cxdata.answers.names import normal_name
from cxmind_train.data.options import options_of
from cxmind_train.evaluate.priors import speaks_of_prior
from cxmind_train.rewards.boxes import mean_iou
from cxmind_train.rewards.free_text import counts, gold_text, said_text, similarity
from cxmind_train.rewards.rows import STAGE_OF_REWARD, score_row

SCHEMA: Final[dict[str, Any]] = {
    "view": pl.String, "sample_id": pl.String, "completion": pl.String, "said": pl.String, "gold": pl.String,
    "format": pl.Float64, "answer": pl.Float64, "think": pl.Float64, "process": pl.Float64, "total": pl.Float64,
    "said_option": pl.String, "gold_option": pl.String, "p_yes": pl.Float64, "verdicts": pl.Int64,
    "right_verdicts": pl.Int64, "agrees": pl.Boolean, "step_basis": pl.List(pl.String),
    "step_right": pl.List(pl.Boolean), "bleu1": pl.Float64, "rouge_l": pl.Float64, "iou": pl.Float64,
    "finding_f1": pl.Float64, "finding_hits": pl.Int64, "findings_said": pl.Int64, "findings_there": pl.Int64,
    "speaks_of_prior": pl.Boolean, "gold_speaks_of_prior": pl.Boolean,
}  # fmt: skip
FORM: Final = 2
"""Goes up with SCHEMA: parts of an evaluation in another form are another evaluation's."""
SHOWN: Final = "view_shown"
"""The view of the pictures, where `view` says what the model was shown of them."""
META: Final = (
    "source", "task", "level", "reference", SHOWN, "sex", "age_band", "support_devices", "reward", "finding",
    "split", "restricted",
)  # fmt: skip
NOT_IN_GOLD: Final = "not in the gold's steps"
_BESIDE: Final = ("bleu1", "rouge_l", "iou", "finding_f1", "finding_hits", "findings_said", "findings_there",
                  "speaks_of_prior", "gold_speaks_of_prior")  # fmt: skip
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
        **dict.fromkeys(_BESIDE), **_beside(completion, row),
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
    """How many judgements, how many of them right, what they rest on, and whether they go with the closing block."""
    stage = STAGE_OF_REWARD.get(row["reward"])
    none: dict[str, Any] = {"verdicts": 0, "right_verdicts": 0, "agrees": None, "step_basis": None, "step_right": None}
    if stage is None or "<answer>" not in row["answer"]:
        return none
    gold = read_gold(row["answer"], stage, tuple(row["scored_labels"] or ()), tuple(row["ignored_labels"] or ()))
    parsed = parse(completion)
    steps = [step for step in steps_of(parsed, stage, gold.space) if step and _is_known(step, stage, gold.space)]
    right = sum(step.verdict == (step.subject in gold.final) for step in steps)
    made = none | _by_basis(steps, gold, row.get("gold_basis"))
    made |= {"verdicts": len(steps), "right_verdicts": right}
    if not steps or parsed.final is None:
        return made
    final = read_final_letters(parsed.final) if stage == "closed" else gold.space.read(parsed.final)
    true = {step.subject for step in steps if step.verdict} or ({normal_name()} if stage == "open" else set())
    return made | {"agrees": true == set(final or ())}


def _by_basis(steps: Sequence[Step], gold: Gold, basis: Sequence[str | None] | None) -> dict[str, Any]:
    """What each step of the gold rests on and whether its subject was judged rightly, null where it was not judged.

    A subject judged twice counts as judged wrongly unless both are right. Judgements that the gold does not make come
    behind them; labels that the row does not score are left aside. Nothing where the bases are not known.
    """
    told = gold.basis_of(basis or ())
    if not told:
        return {}
    wanted = {name: of for name, of in told.items() if gold.stage == "closed" or name in gold.space.scored}
    verdicts: dict[str, bool] = {}
    for step in steps:
        is_right = step.verdict == (step.subject in gold.final)
        verdicts[step.subject] = is_right and verdicts.get(step.subject, True)
    more = [subject for subject in verdicts if subject not in wanted]
    return {
        "step_basis": [*wanted.values(), *(NOT_IN_GOLD for _ in more)],
        "step_right": [verdicts.get(subject) for subject in (*wanted, *more)],
    }  # fmt: skip


def _beside(completion: str, row: dict[str, Any]) -> dict[str, Any]:
    """What is told beside the reward of texts and boxes."""
    if row["reward"] == "free_text":
        return similarity(completion, row["answer"]) | _findings(completion, row["answer"])
    if row["reward"] == "boxes":
        return {"iou": mean_iou(read_final_boxes(completion) or (), read_final_boxes(row["answer"]) or ())}
    return {}


def _findings(completion: str, answer: str) -> dict[str, Any]:
    """Findings that our reader sees in both texts, null where the gold holds nothing sure; and words of a prior."""
    said, gold = said_text(completion), gold_text(answer)
    counted = counts(said, gold)
    made: dict[str, Any] = {"speaks_of_prior": speaks_of_prior(said), "gold_speaks_of_prior": speaks_of_prior(gold)}
    if counted is None:
        return made
    named = {"finding_hits": counted.hits, "findings_said": counted.said, "findings_there": counted.there}
    return made | {"finding_f1": counted.f1, **named}


def _is_known(step: Step, stage: str, space: Any) -> bool:
    """Labels that the row does not score are judged neither right nor wrong."""
    return stage == "closed" or step.subject in space.scored
