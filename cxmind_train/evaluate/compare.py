"""`compare`: two models over the same rows, each number of the one less that of the other, with a paired interval.

Patients are drawn once for both (see `bootstrap`), so that what is hard for both cancels. An interval that holds 0 says
that these rows do not tell the two apart; with many numbers, one in twenty leaves 0 out by chance alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.model.errors import CxdataError, RefusedError
from cxmind_train.evaluate import measures as of
from cxmind_train.evaluate.bootstrap import RESAMPLES, Bootstrap
from cxmind_train.evaluate.metrics import ANSWER_NAME, STRATA, counted_findings, lost, rounded, steady, stratum
from cxmind_train.evaluate.views import VIEWS

SUMMARY: Final = "summary.json"
PREDICTIONS: Final = "predictions.parquet"
ALIKE: Final = ("data_digest", "split", "filter", "stage", "form")
"""What two evaluations must have in common."""
TOLD: Final = ("model", "data", "max_tokens", "pixels", "backend", "seed")
SIGHTED: Final = "sighted"


@dataclass(frozen=True)
class Evaluated:
    """A folder that `eval` wrote, whole."""

    home: Path
    summary: dict[str, Any]
    predictions: pl.DataFrame

    def view(self, name: str) -> pl.DataFrame:
        """The rows of a view, in order of sample_id."""
        return self.predictions.filter(pl.col("view") == name).sort("sample_id", maintain_order=True)


@dataclass(frozen=True)
class _Pair:
    """Rows of the two, which are the same questions in the same order, and how patients are drawn."""

    first: pl.DataFrame
    second: pl.DataFrame
    seed: int
    resamples: int

    @property
    def both(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows of the one and of the other."""
        return self.first, self.second

    def with_rows(self, first: pl.DataFrame, second: pl.DataFrame) -> _Pair:
        """Other rows of the two, drawn alike."""
        return _Pair(first, second, self.seed, self.resamples)

    def boot(self) -> Bootstrap:
        """How the patients of these rows are drawn."""
        return Bootstrap(self.first["patient_key"].to_list(), self.seed, self.resamples)

    def means(self, columns: dict[str, str]) -> dict[str, Any]:
        """Differences of the means of columns, by the names that they are told under."""
        first, second = ({name: of.mean(rows[column]) for name, column in columns.items()} for rows in self.both)
        return _differences(first, second, self.boot())


def compare(first: Path, second: Path, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Every number that both summaries have, as `{a, b, difference, ci}`, difference b less a.

    Raises CxdataError for a folder that holds no whole evaluation, RefusedError for two of unlike data.
    """
    a, b = evaluated(first), evaluated(second)
    _refuse_unlike(a, b)
    answer = ANSWER_NAME[a.summary["stage"]]
    pair = _Pair(a.view(SIGHTED), b.view(SIGHTED), seed, resamples)
    made: dict[str, Any] = rounded({
        "a": {key: a.summary.get(key) for key in TOLD}, "b": {key: b.summary.get(key) for key in TOLD},
        **{key: a.summary[key] for key in ALIKE if key != "form"}, "seed": seed, "resamples": resamples,
        "notes": _notes(a, b), "n": pair.first.height, "patients": pair.first["patient_key"].n_unique(),
        **_rows(pair, answer), "views": _views(a, b, pair, answer),
        "tasks": {
            str(task): _counted(pair, part, pair.second.filter(pl.col("task") == task), answer)
            for (task,), part in pair.first.sort("task", maintain_order=True).group_by("task", maintain_order=True)
        },
        "strata": {name: _stratum(pair, name, answer) for name in STRATA},
        **_findings(pair), "traces": _traces(pair), **_texts(pair),
    })  # fmt: skip
    return made


def evaluated(home: Path) -> Evaluated:
    """Read a folder. Raises CxdataError where it holds no evaluation, or one that is not finished."""
    try:
        told = json.loads((home / SUMMARY).read_text("utf-8"))
        predictions = pl.read_parquet(home / PREDICTIONS, glob=False)
    except (OSError, ValueError, pl.exceptions.PolarsError):
        mend = "name the --out of a `cxmind-train eval` that came to its end; the same command goes on with it"
        raise CxdataError("the folder holds no whole evaluation", where=str(home), mend=mend) from None
    missing = [key for key in ALIKE if key not in told]
    if missing:
        what = f"the evaluation is of another form: it does not tell {', '.join(missing)}"
        raise CxdataError(what, where=str(home), mend="run `cxmind-train eval` again, into another folder")
    return Evaluated(home, told, predictions)


def _refuse_unlike(a: Evaluated, b: Evaluated) -> None:
    unlike = [key for key in ALIKE if a.summary[key] != b.summary[key]]
    if unlike:
        told = "; ".join(f"{key} is {a.summary[key]!r} in A, {b.summary[key]!r} in B" for key in unlike)
        mend = "evaluate both models on the same stage folder, split and rows"
        raise RefusedError(f"the two are not comparable: {told}", where=f"{a.home} and {b.home}", mend=mend)
    if a.view(SIGHTED)["sample_id"].to_list() != b.view(SIGHTED)["sample_id"].to_list():
        mend = "evaluate both models on the same stage folder, split and rows"
        raise RefusedError("the two asked other rows", where=f"{a.home} and {b.home}", mend=mend)


def _notes(a: Evaluated, b: Evaluated) -> list[str]:
    """What differs and does not forbid to compare."""
    before, now = (one.summary.get("versions", {}).get("cxdata") for one in (a, b))
    notes = [f"scored by cxdata {before} and {now}"] if before != now else []
    if a.summary.get("seed") != b.summary.get("seed"):
        notes.append("the seeds differ: shuffled pictures are not the same")
    return notes


def _rows(pair: _Pair, answer: str) -> dict[str, Any]:
    return _of_both(pair, lambda rows: of.of_rows(rows, answer))


def _views(a: Evaluated, b: Evaluated, pair: _Pair, answer: str) -> dict[str, Any]:
    """The controls and what they lose, and the options at every place, where both were asked so."""
    made: dict[str, Any] = {}
    for view in VIEWS[1:]:
        shown = pair.with_rows(a.view(view), b.view(view))
        if shown.first.is_empty() or shown.second.is_empty():
            continue
        gone = pair.with_rows(lost(pair.first, shown.first), lost(pair.second, shown.second))
        made[view] = shown.means({answer: "answer"}) | gone.means({"lost": "lost"})
    turns = [view for view in a.predictions["view"].unique().sort() if view.startswith("rotated_")]
    if turns and set(turns) <= set(b.predictions["view"]):
        views = [SIGHTED, *turns]
        every = pair.with_rows(*(pl.concat([one.view(view) for view in views]) for one in (a, b)))
        same = pair.with_rows(steady(every.first), steady(every.second))
        made["rotated"] = every.means({answer: "answer"}) | same.means({"same_answer": "same"})
    return made


def _stratum(pair: _Pair, name: str, answer: str) -> dict[str, Any]:
    parts, others = stratum(pair.first, name), stratum(pair.second, name)
    return {value: _counted(pair, part, others[value], answer) for value, part in parts.items()}


def _counted(pair: _Pair, first: pl.DataFrame, second: pl.DataFrame, answer: str) -> dict[str, Any]:
    return {"n": first.height, **_rows(pair.with_rows(first, second), answer)}


def _findings(pair: _Pair) -> dict[str, Any]:
    asked = pair.with_rows(of.yes_or_no(pair.first), of.yes_or_no(pair.second))
    if asked.first.is_empty():
        return {}
    first, second = of.by_finding(asked.first), of.by_finding(asked.second)
    boot, counted = asked.boot(), counted_findings(asked.first)
    made: dict[str, Any] = {"findings": {name: _differences(first[name], second[name], boot) for name in first}}
    if counted:
        means = _differences(of.macro(first, counted), of.macro(second, counted), boot)
        made["over_findings"] = {"findings": len(counted), **means}
    return made


def _traces(pair: _Pair) -> dict[str, Any]:
    boot = pair.boot()
    first, second = of.of_basis(pair.first), of.of_basis(pair.second)
    by_basis = {basis: _differences(first[basis], second[basis], boot) for basis in first if basis in second}
    return {**_of_both(pair, of.of_traces), "by_basis": by_basis}


def _texts(pair: _Pair) -> dict[str, Any]:
    made: dict[str, Any] = {}
    texts, reports = pair.with_rows(*map(of.texts, pair.both)), pair.with_rows(*map(of.reports, pair.both))
    if texts.first.height:
        made["texts"] = {"n": texts.first.height, **_of_both(texts, of.of_texts)}
    if reports.first.height:
        told = pair.with_rows(*map(of.texts, reports.both))
        made["reports"] = {"n": reports.first.height, **_of_both(reports, of.of_priors)}
        made["reports"] |= _of_both(told, of.of_texts) if told.first.height else {}
    return made


def _of_both(pair: _Pair, statistics: Callable[[pl.DataFrame], dict[str, of.Statistic]]) -> dict[str, Any]:
    return _differences(statistics(pair.first), statistics(pair.second), pair.boot())


def _differences(
    first: dict[str, of.Statistic], second: dict[str, of.Statistic], boot: Bootstrap
) -> dict[str, dict[str, Any]]:
    """Each statistic of both, b less a, over the same draws of patients; nothing where one of them has no value."""
    made = {}
    for name in first:
        if name not in second:
            continue
        a, b = of.value(first[name], boot.rows), of.value(second[name], boot.rows)
        if a is None or b is None:
            continue
        one, other = first[name], second[name]
        ci = boot.interval(lambda weights, one=one, other=other: other(weights) - one(weights))  # type: ignore[misc]
        made[name] = {"a": a, "b": b, "difference": b - a, "ci": ci}
    return made
