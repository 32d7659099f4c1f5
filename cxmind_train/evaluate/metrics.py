"""What predictions are worth, with intervals, beside what can be had without the picture."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from cxmind_train.evaluate import measures as of
from cxmind_train.evaluate.binary import FEWEST, MEANS, counts_in_mean, of_finding, over_findings
from cxmind_train.evaluate.bootstrap import RESAMPLES, Bootstrap
from cxmind_train.evaluate.scored import SHOWN
from cxmind_train.evaluate.views import VIEWS
from cxmind_train.rewards.rows import score_row

STRATA: Final = {
    "source": "source", "reference": "reference", "level": "level", "view": SHOWN, "sex": "sex",
    "age_band": "age_band", "support_devices": "support_devices",
}  # fmt: skip
"""Names of strata and the columns of predictions they are told by."""
UNKNOWN: Final = "unknown"
ANSWER_NAME: Final = {"closed": "accuracy", "open": "f1", "sft": "score"}
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
        name: {value: _values(part, answer, seed, resamples) for value, part in stratum(sighted, name).items()}
        for name in STRATA
    }
    findings = _findings(sighted, seed, resamples)
    if findings:
        made["findings"] = findings
        made["over_findings"] = over_findings(findings) | _over_findings_ci(sighted, seed, resamples)
    made["traces"] = _traces(sighted, seed, resamples)
    made |= _reports(sighted, seed, resamples)
    return rounded(made)


def stratum(sighted: pl.DataFrame, name: str) -> dict[str, pl.DataFrame]:
    """The rows by the value of one of STRATA; those without one are `unknown`, which comes last."""
    column = STRATA[name]
    parts = sighted.sort(column, nulls_last=True, maintain_order=True).group_by(column, maintain_order=True)
    return {UNKNOWN if value is None else str(value): part for (value,), part in parts}


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
    """Means of rows; the answer's alone has its interval here: `compare` and `predictions.parquet` give the others."""
    statistics = of.of_rows(rows, answer)
    made = {"n": rows.height, "patients": rows["patient_key"].n_unique(), answer: rows["answer"].mean(),
            "ci": _boot(rows, seed, resamples).interval(statistics[answer])}  # fmt: skip
    return made | {name: of.value(one, rows.height) for name, one in statistics.items() if name != answer}


def _boot(rows: pl.DataFrame, seed: int, resamples: int) -> Bootstrap:
    return Bootstrap(rows["patient_key"].to_list(), seed, resamples)


def lost(sighted: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """What a control lacks of the sighted answer, pair by pair: sample_id, patient_key, `lost`."""
    both = sighted.select("sample_id", "patient_key", "answer").join(
        other.select("sample_id", without="answer"), on="sample_id", maintain_order="left"
    )
    return both.select("sample_id", "patient_key", lost=pl.col("answer") - pl.col("without"))


def _lost(sighted: pl.DataFrame, other: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    pairs = lost(sighted, other)
    return {"difference": pairs["lost"].mean(), "ci": _boot(pairs, seed, resamples).of_mean(pairs["lost"].to_list())}


def _turned(parts: list[pl.DataFrame], answer: str, seed: int, resamples: int) -> dict[str, Any]:
    """Over all places of the options: the mean, and the share of questions that got one answer at every place."""
    both = pl.concat(parts)
    return {**_values(both, answer, seed, resamples), "same_answer": steady(both)["same"].mean()}


def steady(rows: pl.DataFrame) -> pl.DataFrame:
    """sample_id, patient_key and `same`: whether a question got one answer at every place of its options."""
    same = (pl.col("said_option").n_unique() == 1).cast(pl.Float64)
    return rows.group_by("sample_id", maintain_order=True).agg(pl.col("patient_key").first(), same=same)


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
    return {
        str(name): of_finding(part, seed, resamples)
        for (name,), part in of.yes_or_no(sighted).sort("finding").group_by("finding", maintain_order=True)
    }


def counted_findings(rows: pl.DataFrame) -> list[str]:
    """Findings of `yes_or_no` rows with enough of both to count in the mean."""
    parts = rows.sort("finding").group_by("finding", maintain_order=True)
    return [str(name) for (name,), part in parts if counts_in_mean(part)]


def _over_findings_ci(sighted: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    """Intervals of the means over findings: a patient is drawn for all findings at once."""
    rows = of.yes_or_no(sighted)
    counted = counted_findings(rows)
    if not counted:
        return {"fewest": FEWEST}
    boot = _boot(rows, seed, resamples)
    means = of.macro(of.by_finding(rows), counted)
    return {"fewest": FEWEST, **{f"{name}_ci": boot.interval(means[name]) for name in MEANS if name in means}}


def _traces(sighted: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    boot = _boot(sighted, seed, resamples)
    by_basis = {
        basis: {"steps": of.steps(sighted, basis), **of.told(statistics, boot)}
        for basis, statistics in of.of_basis(sighted).items()
    }
    return {"verdicts": int(sighted["verdicts"].sum()), **of.told(of.of_traces(sighted), boot), "by_basis": by_basis}


def _reports(sighted: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    """Findings of texts and invented priors of reports; nothing where no row asks for a text."""
    made: dict[str, Any] = {}
    if (rows := of.texts(sighted)).height:
        made["texts"] = {"n": rows.height, **of.told(of.of_texts(rows), _boot(rows, seed, resamples))}
    if (rows := of.reports(sighted)).height:
        made["reports"] = {"n": rows.height, **of.told(of.of_priors(rows), _boot(rows, seed, resamples))}
        if (told := of.texts(rows)).height:
            made["reports"] |= of.told(of.of_texts(told), _boot(told, seed, resamples))
    return made


def rounded(value: Any) -> Any:
    """Six digits of every number, tuples as lists: as JSON holds it."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return round(value, DIGITS) if isinstance(value, float) else value
