"""A finding asked by Yes or No: sensitivity, specificity, balanced accuracy, MCC, area under the curve."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from cxmind_train.evaluate.bootstrap import Bootstrap, ratio

if TYPE_CHECKING:
    import numpy as np

FEWEST: Final = 50
"""Positives and negatives below which a finding is listed and left out of the mean over findings."""


def of_finding(rows: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    """Numbers of one finding; `rows` has is_yes, said_yes (null: neither), p_yes (null: not asked) and patient_key.

    An answer that is neither Yes nor No is wrong either way.
    """
    import numpy as np

    truth = rows["is_yes"].to_numpy()
    right = (rows["said_yes"] == rows["is_yes"]).fill_null(value=False).to_numpy()
    boot = Bootstrap(rows["patient_key"].to_list(), seed, resamples)
    ones = np.ones((1, len(truth)))
    made: dict[str, Any] = {
        "positives": int(truth.sum()), "negatives": int((~truth).sum()), "prevalence": float(truth.mean()),
        "counts_in_mean": min(truth.sum(), (~truth).sum()) >= FEWEST,
    }  # fmt: skip
    made["counts_in_mean"] = bool(made["counts_in_mean"])
    for name, statistic in _STATISTICS.items():
        made[name] = _number(statistic(ones, truth, right)[0])
        made[f"{name}_ci"] = boot.interval(partial(statistic, truth=truth, right=right))
    made["mcc"] = _mcc(truth, right)
    scores = rows["p_yes"].to_numpy() if rows["p_yes"].null_count() == 0 else None
    made["auroc"] = None if scores is None else _number(auroc(ones, truth, scores)[0])
    made["auroc_ci"] = None if scores is None else boot.interval(lambda weights: auroc(weights, truth, scores))
    return made


def over_findings(findings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Means over the findings with enough of both."""
    counted = [one for one in findings.values() if one["counts_in_mean"]]
    names = ("balanced_accuracy", "sensitivity", "specificity", "mcc", "auroc")
    told = {name: [one[name] for one in counted if one[name] is not None] for name in names}
    return {"findings": len(counted), **{name: sum(v) / len(v) if v else None for name, v in told.items()}}


def auroc(weights: np.ndarray, truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of each row of weights, ties counted by half; nan without both classes."""
    import numpy as np

    _, place = np.unique(scores, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(place[order]) > 0])
    positive = np.add.reduceat((weights * truth)[:, order], starts, axis=1)
    negative = np.add.reduceat((weights * ~truth)[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    won: np.ndarray = (positive * (below + negative / 2)).sum(axis=1)
    return ratio(won, positive.sum(axis=1) * negative.sum(axis=1))


def _sensitivity(weights: np.ndarray, truth: np.ndarray, right: np.ndarray) -> np.ndarray:
    return ratio(weights @ (truth & right), weights @ truth)


def _specificity(weights: np.ndarray, truth: np.ndarray, right: np.ndarray) -> np.ndarray:
    return ratio(weights @ (~truth & right), weights @ ~truth)


def _balanced(weights: np.ndarray, truth: np.ndarray, right: np.ndarray) -> np.ndarray:
    both: np.ndarray = _sensitivity(weights, truth, right) + _specificity(weights, truth, right)
    return both / 2


_STATISTICS: Final = {
    "sensitivity": _sensitivity, "specificity": _specificity, "balanced_accuracy": _balanced,
}  # fmt: skip


def _mcc(truth: np.ndarray, right: np.ndarray) -> float | None:
    """Matthews's coefficient; None where a row or column of the table is empty."""
    tp, tn = float((truth & right).sum()), float((~truth & right).sum())
    fn, fp = float(truth.sum()) - tp, float((~truth).sum()) - tn
    below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / below**0.5 if below > 0 else None


def _number(value: Any) -> float | None:
    return None if value != value else float(value)
