"""How gold is written: an answer alone, or a trace of judgements with its closing block.

`mix` writes whole columns by the expressions; the functions write one text, and the tests hold both to the same
characters. What is written here earns the maximum of its reward (`cxdata.check.gold`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import polars as pl

from cxdata.answers.marks import FALSE, TRUE
from cxdata.model.errors import CxdataError

Stage = Literal["closed", "open"]
JOINT: Final = ", "
BETWEEN: Final = "\n"  # between the pairs of a trace
_TAG: Final = re.compile(r"</?(?:think|answer)>", re.IGNORECASE)


class TraceStep(NamedTuple):
    """One step of a trace, as in `traces/<writer>/*.parquet`; `verdict` is None for candidates and closing step."""

    think: str
    answer: str
    verdict: bool | None = None


def render_closed(letters: str | Sequence[str]) -> str:
    """The answer of a choice: `<answer>B</answer>`, `<answer>A, C</answer>`; takes `A, C` as well as a list."""
    return _answer(letters if isinstance(letters, str) else JOINT.join(letters))


def render_open(labels: Sequence[str]) -> str:
    """The answer of an open question: `<answer>Edema, Pleural Effusion</answer>`. Raises CxdataError without labels."""
    return _answer(JOINT.join(labels))


def render_trace(steps: Sequence[TraceStep], stage: Stage) -> str:
    """A trace as `<think>…</think><answer>…</answer>`, a line for each step.

    Closed judgements read `A) ❌`, open ones `Pneumonia ✅`; a step without verdict is written as it is. Raises
    CxdataError for a trace without steps, and for a tag or an empty text within a step.
    """
    if not steps:
        raise CxdataError("a trace has no step", mend="give each trace its closing step at least")
    return BETWEEN.join(_think(step.think) + _answer(_judged(step, stage)) for step in steps)


def closed_expr(letters: str) -> pl.Expr:
    """`render_closed` of a string column as `answer_letter`."""
    return pl.concat_str(pl.lit("<answer>"), pl.col(letters), pl.lit("</answer>"))


def open_expr(labels: str) -> pl.Expr:
    """`render_open` of a list column; null for an empty list."""
    joined = pl.col(labels).list.join(JOINT)
    return pl.when(pl.col(labels).list.len() > 0).then(
        pl.concat_str(pl.lit("<answer>"), joined, pl.lit("</answer>"))
    )  # fmt: skip


def trace_expr(steps: str, stage: Stage) -> pl.Expr:
    """`render_trace` of a list column of steps; null for an empty list. The texts are taken as checked."""
    think, answer, verdict = (pl.element().struct.field(name) for name in ("think", "answer", "verdict"))
    bracket = pl.lit(")" if stage == "closed" else "")
    mark = pl.when(verdict).then(pl.lit(TRUE)).otherwise(pl.lit(FALSE))
    judged = pl.when(verdict.is_null()).then(answer).otherwise(pl.concat_str(answer, bracket, pl.lit(" "), mark))
    step = pl.concat_str(
        pl.lit("<think>"), think, pl.lit("</think><answer>"), judged, pl.lit("</answer>")
    )  # fmt: skip
    return pl.when(pl.col(steps).list.len() > 0).then(pl.col(steps).list.eval(step).list.join(BETWEEN))


def _judged(step: TraceStep, stage: Stage) -> str:
    if step.verdict is None:
        return step.answer
    return f"{step.answer}{')' if stage == 'closed' else ''} {TRUE if step.verdict else FALSE}"


def _think(text: str) -> str:
    return f"<think>{_checked(text)}</think>"


def _answer(text: str) -> str:
    return f"<answer>{_checked(text)}</answer>"


def _checked(text: str) -> str:
    if not text.strip() or _TAG.search(text):
        raise CxdataError("a block of gold is empty or holds a tag", mend="give it words, and no think or answer tag")
    return text
