"""A trace, the question that it answers, and what the study tells: the nouns that writers, checks and stores share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import polars as pl

BASES: Final = ("affirmed", "denied", "silent", "box", "location", "label_only")
TELLING: Final = frozenset({"affirmed", "denied", "box", "location"})
"""Bases that rest on evidence."""
SILENT: Final = ("silent", "label_only")
"""Bases that do not: at most 30 % of a mix's steps (medicine, section 6)."""
TASKS: Final = ("disease_binary", "disease_single_choice", "disease_multi_choice", "disease_open")
"""The tasks whose answers a report or a box can bear out."""
NO_FINDING: Final = "No Finding"
YES: Final = "Yes"
MOST_CANDIDATES: Final = 8

_STEP: Final = pl.Struct({"think": pl.String(), "answer": pl.String(), "verdict": pl.Boolean(), "basis": pl.String()})
SCHEMA: Final[dict[str, pl.DataType]] = {
    "sample_id": pl.String(), "steps": pl.List(_STEP), "evidence": pl.List(pl.String()), "writer": pl.String(),
    "writer_version": pl.String(), "model": pl.String(), "revision": pl.String(), "prompt_id": pl.String(),
    "sampling": pl.String(),
}  # fmt: skip
"""Columns of `traces/<writer>/*.parquet`; the last four are null where no model wrote; `sampling` is JSON."""
FULL: Final = ("sample_id", "steps", "evidence", "writer", "writer_version")
ASKED: Final = (
    "sample_id", "task", "answer_type", "stage", "question", "asked_finding", "options", "answer", "answer_letter",
    "labels", "scored_labels", "ignored_labels", "study_key", "evidence_ids", "image_ids",
)  # fmt: skip
"""Columns of samples that a question is made of."""


class Step(NamedTuple):
    """One step: its think, the letter or finding judged, the verdict (null: candidates, closing) and its basis."""

    think: str
    answer: str
    verdict: bool | None = None
    basis: str | None = None


class Trace(NamedTuple):
    """The steps of one sample with the sentences that they rest on, word for word."""

    sample_id: str
    steps: tuple[Step, ...]
    evidence: tuple[str, ...] = ()
    model: str | None = None
    revision: str | None = None
    prompt_id: str | None = None
    sampling: str | None = None

    @property
    def judged(self) -> tuple[Step, ...]:
        """The steps that judge an option or a candidate."""
        return tuple(step for step in self.steps if step.verdict is not None)


class Refused(NamedTuple):
    """A sample that gets no trace, and the code of the reason (`cxdata.reasoning.codes`)."""

    sample_id: str
    code: str


class Question(NamedTuple):
    """A sample as a writer sees it. `key` is a hash of its id: every choice for the sample is made by it."""

    sample_id: str
    task: str
    answer_type: str
    stage: str
    question: str
    asked_finding: str | None
    options: tuple[str, ...]
    answer: str
    letters: tuple[str, ...]
    labels: tuple[str, ...]
    scored: tuple[str, ...]
    ignored: tuple[str, ...]
    study_key: str
    image_ids: tuple[str, ...]
    key: int = 0

    @property
    def is_open(self) -> bool:
        """Whether findings are named, not chosen."""
        return self.answer_type == "open_labels"

    @property
    def subjects(self) -> tuple[str, ...]:
        """The finding that each option speaks of: the one asked about, for both answers of a yes-or-no question."""
        if self.answer_type == "binary":
            return (self.asked_finding or "",) * len(self.options)
        return self.options


def question_of(row: Mapping[str, Any]) -> Question:
    """The question of a row with the columns ASKED and, where given, `key`."""
    letters = tuple((row["answer_letter"] or "").split(", ")) if row["answer_letter"] else ()
    return Question(
        row["sample_id"], row["task"], row["answer_type"], row["stage"], row["question"], row["asked_finding"],
        tuple(row["options"] or ()), row["answer"], letters, tuple(row["labels"] or ()),
        tuple(row["scored_labels"] or ()), tuple(row["ignored_labels"] or ()), row["study_key"],
        tuple(row["image_ids"] or ()), row.get("key") or 0,
    )  # fmt: skip


def trace_of(row: Mapping[str, Any]) -> Trace:
    """The trace of a row with the columns of SCHEMA."""
    steps = tuple(Step(one["think"], one["answer"], one["verdict"], one["basis"]) for one in row["steps"] or ())
    told = (row[name] for name in ("model", "revision", "prompt_id", "sampling"))
    return Trace(row["sample_id"], steps, tuple(row["evidence"] or ()), *told)
