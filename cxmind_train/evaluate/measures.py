"""What can be told of answers, each as a statistic of weights over rows.

One definition gives the value (all weights 1), its interval and the difference of two models. A statistic takes weights
(resamples, rows) and gives one value each, nan where it has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from cxmind_train.evaluate.binary import of_answers
from cxmind_train.evaluate.bootstrap import Bootstrap, ratio

if TYPE_CHECKING:
    import numpy as np

Statistic = Callable[[Any], Any]
BESIDE: Final = ("bleu1", "rouge_l", "bertscore", "iou")
REPORT_TASKS: Final = (
    "findings_generation", "findings_generation_indication", "impression_generation",
    "impression_generation_indication",
)  # fmt: skip
"""Tasks whose prompt shows no earlier picture and no report: an answer that speaks of one has invented it."""
YES_NO: Final = "disease_binary"


def of_rows(rows: pl.DataFrame, answer: str) -> dict[str, Statistic]:
    """Means over rows; `answer` is what the answer's mean is called."""
    told = {answer: "answer", "format": "format", "total": "total", **{name: name for name in BESIDE}}
    return {name: mean(rows[column]) for name, column in told.items() if _is_told(rows, column)}


def of_traces(rows: pl.DataFrame) -> dict[str, Statistic]:
    """Judgements of all rows together, the share of rows whose steps and answer agree, and the rewards of the two."""
    made = {"verdict_accuracy": share(rows["right_verdicts"], rows["verdicts"])}
    told = {"last_step_and_answer_agree": "agrees", "think": "think", "process": "process"}
    return made | {name: mean(rows[column]) for name, column in told.items()}


def of_basis(rows: pl.DataFrame) -> dict[str, dict[str, Statistic]]:
    """By what the gold's steps rest on: the share that is judged, and of those the share judged rightly."""
    return {basis: {"accuracy": share(*_steps(rows, basis)[:2]), "judged": share(*_steps(rows, basis)[1:])}
            for basis in bases(rows)}  # fmt: skip


def bases(rows: pl.DataFrame) -> list[str]:
    """The bases of the golds' steps, in order of name."""
    return sorted(rows["step_basis"].explode().drop_nulls().unique()) if "step_basis" in rows.columns else []


def steps(rows: pl.DataFrame, basis: str) -> int:
    """How many steps of the golds rest on this."""
    return int(_steps(rows, basis)[2].sum())


def of_texts(rows: pl.DataFrame) -> dict[str, Statistic]:
    """Findings that our reader sees in answers in words, of all of them together and as a mean over texts."""
    hits, named, right = (rows[name] for name in ("finding_hits", "findings_said", "findings_there"))
    return {
        "finding_f1": mean(rows["finding_f1"]), "precision": share(hits, named), "recall": share(hits, right),
        "pooled_f1": share(2 * hits, named + right),
    }  # fmt: skip


def of_priors(rows: pl.DataFrame) -> dict[str, Statistic]:
    """The share of reports that speak of an earlier picture, where none was shown: of the answers and of the golds."""
    return {"invented_prior": mean(rows["speaks_of_prior"]), "gold_speaks_of_prior": mean(rows["gold_speaks_of_prior"])}


def texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose gold states findings in words."""
    return rows.filter(pl.col("finding_f1").is_not_null())


def reports(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that ask for a report of pictures alone."""
    return rows.filter(pl.col("task").is_in(REPORT_TASKS) & (pl.col("reward") == "free_text"))


def yes_or_no(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that ask for a finding by Yes or No, with `is_yes` and `said_yes` (null: neither)."""
    return rows.filter(
        (pl.col("task") == YES_NO) & pl.col("finding").is_not_null() & pl.col("gold_option").is_in(["Yes", "No"])
    ).with_columns(
        is_yes=pl.col("gold_option") == "Yes",
        said_yes=pl.when(pl.col("said_option").is_in(["Yes", "No"])).then(pl.col("said_option") == "Yes"),
    )


def by_finding(rows: pl.DataFrame) -> dict[str, dict[str, Statistic]]:
    """Statistics of each finding over all of `rows` (those of `yes_or_no`): weights of other rows are left aside."""
    import numpy as np

    found: dict[str, dict[str, Statistic]] = {}
    for (name,), part in rows.with_row_index("_at").sort("finding", "_at").group_by("finding", maintain_order=True):
        at = np.asarray(part["_at"])
        found[str(name)] = {key: _within(one, at) for key, one in of_answers(part).items()}
    return found


def macro(findings: dict[str, dict[str, Statistic]], counted: Sequence[str]) -> dict[str, Statistic]:
    """Means over the findings that count, of those that have a value in a resample."""
    names = dict.fromkeys(key for finding in counted for key in findings[finding])
    return {key: _mean_of([findings[one][key] for one in counted if key in findings[one]]) for key in names}


def mean(values: pl.Series) -> Statistic:
    """The mean of a column without its nulls."""
    return share(values.cast(pl.Float64).fill_null(0), values.is_not_null())


def share(above: pl.Series, below: pl.Series) -> Statistic:
    """The sum of one column over that of another; nulls count nothing."""
    import numpy as np

    upper, lower = (np.asarray(one.cast(pl.Float64).fill_null(0)) for one in (above, below))
    return lambda weights: ratio(weights @ upper, weights @ lower)


def value(statistic: Statistic, rows: int) -> float | None:
    """What a statistic is with every row once; None where it has no value."""
    import numpy as np

    found = float(statistic(np.ones((1, rows)))[0])
    return None if np.isnan(found) else found


def told(statistics: dict[str, Statistic], boot: Bootstrap) -> dict[str, Any]:
    """Each value and, as `NAME_ci`, its interval."""
    made: dict[str, Any] = {}
    for name, statistic in statistics.items():
        made[name] = value(statistic, boot.rows)
        made[f"{name}_ci"] = None if made[name] is None else boot.interval(statistic)
    return made


def _is_told(rows: pl.DataFrame, column: str) -> bool:
    return column in rows.columns and (column not in BESIDE or rows[column].null_count() < rows.height)


def _steps(rows: pl.DataFrame, basis: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Of each row: steps of this basis judged rightly, judged, and all."""
    each = rows.select("step_basis", "step_right").with_row_index("_row").explode("step_basis", "step_right")
    is_it = pl.col("step_basis") == basis
    right = pl.col("step_right")
    counted = each.group_by("_row", maintain_order=True).agg(
        right=(is_it & right.fill_null(value=False)).sum(), judged=(is_it & right.is_not_null()).sum(), all=is_it.sum()
    )
    return counted["right"], counted["judged"], counted["all"]


def _within(statistic: Statistic, at: np.ndarray) -> Statistic:
    return lambda weights: statistic(weights[:, at])


def _mean_of(parts: Sequence[Statistic]) -> Statistic:
    import numpy as np

    def of(weights: np.ndarray) -> np.ndarray:
        values = np.stack([one(weights) for one in parts])
        there = np.isfinite(values)
        return ratio(np.where(there, values, 0).sum(axis=0), there.sum(axis=0).astype(float))

    return of
