"""What predictions are worth, with intervals, beside what can be had without the picture."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from cxmind_train.evaluate.binary import of_finding, over_findings
from cxmind_train.evaluate.bootstrap import RESAMPLES, Bootstrap
from cxmind_train.evaluate.views import VIEWS
from cxmind_train.rewards.rows import score_row

STRATA: Final = ("source", "reference", "level")
ANSWER_NAME: Final = {"closed": "accuracy", "open": "f1", "sft": "score"}
BESIDE: Final = ("bleu1", "rouge_l", "iou")
YES_NO: Final = "disease_binary"
DIGITS: Final = 6


def summary(predictions: pl.DataFrame, gold: pl.DataFrame, stage: str, seed: int, resamples: int = RESAMPLES) -> Any:
    """Everything but what the run itself knows; `gold` has the rows of the stage folder that were asked.

    The answer's mean is called accuracy or f1 by the stage. Beside it: majority (the one answer that is right most
    often, known only afterwards), and the model without pictures, with grey ones and with those of others.
    """
    answer = ANSWER_NAME[stage]
    sighted = predictions.filter(pl.col("view") == "sighted")
    made = _block(predictions, gold, answer, seed, resamples)
    made["tasks"] = {
        str(task): _block(part, gold.filter(pl.col("task") == task), answer, seed, resamples)
        for (task,), part in predictions.sort("task").group_by("task", maintain_order=True)
    }
    made["strata"] = {
        column: {
            str(value): _values(part, answer, seed, resamples)
            for (value,), part in sighted.sort(column).group_by(column, maintain_order=True)
        }
        for column in STRATA
    }
    findings = _findings(sighted, seed, resamples)
    if findings:
        made["findings"], made["over_findings"] = findings, over_findings(findings)
    made["traces"] = _traces(sighted)
    return _rounded(made)


def _block(rows: pl.DataFrame, gold: pl.DataFrame, answer: str, seed: int, resamples: int) -> dict[str, Any]:
    by_view = {str(view): part for (view,), part in rows.group_by("view", maintain_order=True)}
    made = _values(by_view["sighted"], answer, seed, resamples)
    made["majority"] = majority(gold)
    for view in VIEWS[1:]:
        if view in by_view:
            made[view] = _values(by_view[view], answer, seed, resamples)
            made[view]["lost"] = _lost(by_view["sighted"], by_view[view], seed, resamples)
    turned = [part for view, part in by_view.items() if view.startswith("rotated_")]
    if turned:
        made["rotated"] = _turned([by_view["sighted"], *turned], answer, seed, resamples)
    return made


def _values(rows: pl.DataFrame, answer: str, seed: int, resamples: int) -> dict[str, Any]:
    boot = Bootstrap(rows["patient_key"].to_list(), seed, resamples)
    told = {
        "n": rows.height, "patients": rows["patient_key"].n_unique(), answer: rows["answer"].mean(),
        "ci": boot.of_mean(rows["answer"].to_list()), "format": rows["format"].mean(), "total": rows["total"].mean(),
    }  # fmt: skip
    return told | {name: rows[name].mean() for name in BESIDE if rows[name].null_count() < rows.height}


def _lost(sighted: pl.DataFrame, other: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    """What a control lacks of the sighted answer, pair by pair."""
    both = sighted.select("sample_id", "patient_key", "answer").join(
        other.select("sample_id", without="answer"), on="sample_id"
    )
    values = (both["answer"] - both["without"]).to_list()
    boot = Bootstrap(both["patient_key"].to_list(), seed, resamples)
    return {"difference": sum(values) / len(values) if values else None, "ci": boot.of_mean(values)}


def _turned(parts: list[pl.DataFrame], answer: str, seed: int, resamples: int) -> dict[str, Any]:
    """Over all places of the options: the mean, and the share of questions that got one answer at every place."""
    both = pl.concat(parts)
    steady = both.group_by("sample_id").agg(same=pl.col("said_option").n_unique() == 1)["same"].mean()
    return {**_values(both, answer, seed, resamples), "same_answer": steady}


def majority(gold: pl.DataFrame) -> float | None:
    """What the best single answer earns: of a letter, of an option in words, of a list of findings."""
    if gold.is_empty():
        return None
    if (gold["reward"] == "closed").all() and gold["answer"].str.contains("<answer>", literal=True).all():
        columns = [pl.col("answer").str.extract(r"<answer>([^<]*)</answer>\s*$", 1), pl.col("gold_option")]
        counts = [gold.select(column.drop_nulls().value_counts(sort=True)).to_series() for column in columns]
        best = max((int(str(one.struct.field("count").max() or 0)) for one in counts if len(one)), default=0)
        return best / gold.height
    final = pl.col("answer").str.extract(r"(<answer>[^<]*</answer>)\s*$", 1)
    usual = gold.select(pl.coalesce(final, "answer").mode().sort()).item(0, 0)
    told = f"<think>x</think>{usual}" if usual.startswith("<answer>") else usual
    earned = [score_row(told, row).answer for row in gold.to_dicts()]
    return sum(earned) / len(earned)


def _findings(sighted: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    asked = sighted.filter((pl.col("task") == YES_NO) & pl.col("finding").is_not_null()).with_columns(
        is_yes=pl.col("gold_option") == "Yes",
        said_yes=pl.when(pl.col("said_option").is_in(["Yes", "No"])).then(pl.col("said_option") == "Yes"),
    )
    asked = asked.filter(pl.col("gold_option").is_in(["Yes", "No"]))
    return {
        str(name): of_finding(part, seed, resamples)
        for (name,), part in asked.sort("finding").group_by("finding", maintain_order=True)
    }


def _traces(sighted: pl.DataFrame) -> dict[str, Any]:
    verdicts = int(sighted["verdicts"].sum())
    return {
        "verdicts": verdicts, "verdict_accuracy": int(sighted["right_verdicts"].sum()) / verdicts if verdicts else None,
        "last_step_and_answer_agree": sighted["agrees"].mean(), "think": sighted["think"].mean(),
        "process": sighted["process"].mean(),
    }  # fmt: skip


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return round(value, DIGITS) if isinstance(value, float) else value
