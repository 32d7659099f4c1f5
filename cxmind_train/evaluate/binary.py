"""A finding asked by Yes or No: sensitivity, specificity, balanced accuracy, MCC, area under the curve."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from cxmind_train.evaluate.bootstrap import Bootstrap, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

FEWEST: Final = 50
"""Positives and negatives below which a finding is listed and left out of the mean over findings."""
MEANS: Final = ("balanced_accuracy", "sensitivity", "specificity", "mcc", "auroc")


def of_answers(rows: pl.DataFrame) -> dict[str, Callable[[Any], Any]]:
    """Statistics of one finding; `rows` has is_yes, said_yes (null: neither) and p_yes (null: not asked).

    An answer that is neither Yes nor No is wrong either way.
    """
    truth = rows["is_yes"].to_numpy()
    right = (rows["said_yes"] == rows["is_yes"]).fill_null(value=False).to_numpy()
    made: dict[str, Callable[[Any], Any]] = {
        name: partial(one, truth=truth, right=right) for name, one in _STATISTICS.items()
    }
    if rows["p_yes"].null_count() == 0:
        made["auroc"] = partial(auroc, truth=truth, scores=rows["p_yes"].to_numpy())
    return made


def of_finding(rows: pl.DataFrame, seed: int, resamples: int) -> dict[str, Any]:
    """Numbers of one finding, each with its interval; `rows` has what `of_answers` wants, and patient_key."""
    import numpy as np

    boot = Bootstrap(rows["patient_key"].to_list(), seed, resamples)
    positives = int(rows["is_yes"].sum())
    negatives = rows.height - positives
    made: dict[str, Any] = {
        "positives": positives, "negatives": negatives, "prevalence": positives / rows.height,
        "counts_in_mean": counts_in_mean(rows),
    }  # fmt: skip
    statistics = of_answers(rows)
    for name in (*_STATISTICS, "auroc"):
        statistic = statistics.get(name)
        made[name] = None if statistic is None else _number(statistic(np.ones((1, rows.height)))[0])
        made[f"{name}_ci"] = None if statistic is None else boot.interval(statistic)
    return made


def counts_in_mean(rows: pl.DataFrame) -> bool:
    """Whether a finding has enough of both to count in the mean."""
    positives = int(rows["is_yes"].sum())
    return min(positives, rows.height - positives) >= FEWEST


def over_findings(findings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Means over the findings with enough of both."""
    counted = [one for one in findings.values() if one["counts_in_mean"]]
    told = {name: [one[name] for one in counted if one[name] is not None] for name in MEANS}
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


def _mcc(weights: np.ndarray, truth: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Matthews's coefficient; nan where a row or column of the table is empty."""
    import numpy as np

    cells = (truth & right, ~truth & right, truth & ~right, ~truth & ~right)
    tp, tn, fn, fp = (weights.astype(np.float64) @ cell for cell in cells)
    below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return ratio(tp * tn - fp * fn, np.sqrt(below))


_STATISTICS: Final = {
    "sensitivity": _sensitivity, "specificity": _specificity, "balanced_accuracy": _balanced, "mcc": _mcc,
}  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value != value else float(value)
