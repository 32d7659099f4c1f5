"""Rules about words: the question and its wording, the context, the text of an answer, boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from cxdata.check.facts import Facts
from cxdata.check.rule import Rule
from cxdata.tasks.entity_relation_extraction import NAME as GRAPH_TASK

# Marks of chat templates and of pictures: only an exporter may write them.
MARKS: Final = r"<image>|<video>|<\|[A-Za-z_]+\|>"
PRIORS: Final = r"(?i)compared to|unchanged|___|prior|previous"
WITH_CONTEXT: Final = frozenset(
    {
        "findings_summarization",
        "findings_generation_indication",
        "impression_generation_indication",
        "image_text_matching",
        GRAPH_TASK,
    }
)


def rules(facts: Facts) -> list[Rule]:
    """Rules over texts."""
    return [*_marks(), *_wording(facts), *_report(facts), *_boxes()]


def _marks() -> Iterator[Rule]:
    for column in ("question", "context", "answer"):
        yield Rule("mark_in_text", column, pl.col(column).str.contains(MARKS), "a mark of a picture or a chat template")
    options = pl.col("options").list.eval(pl.element().str.contains(MARKS)).list.any()
    yield Rule("mark_in_text", "options", options, "a mark of a picture or a chat template")


def _wording(facts: Facts) -> list[Rule]:
    wording = pl.col("wording_id")
    unknown = ~wording.is_in(sorted(facts.wording_ids)) | ~wording.str.starts_with(pl.concat_str("task", pl.lit(".")))
    return [Rule("unknown_wording", "wording_id", unknown, "the task has no such wording", facts.worded_tasks)]


def _report(facts: Facts) -> list[Rule]:
    prior = pl.col("answer").str.contains(PRIORS)
    told = "an earlier study, or a de-identification mark, in the answer"
    written = (facts.report_tasks | facts.text_tasks) - {GRAPH_TASK}  # a graph holds the words of its text
    return [
        Rule("missing", "context", pl.col("context").is_null(), "this task has a context", WITH_CONTEXT),
        Rule("speaks_of_prior", "answer", prior, told, written, frozenset({"free_text"})),
    ]


def _boxes() -> list[Rule]:
    x0, y0, x1, y1 = (pl.element().struct.field(name) for name in ("x0", "y0", "x1", "y1"))
    good = (x0 < x1) & (y0 < y1) & (x0 >= 0) & (y0 >= 0) & x1.is_finite() & y1.is_finite()
    wrong = pl.col("boxes").list.eval(~good).list.any()
    return [
        Rule(
            "missing", "boxes", pl.col("boxes").is_null(), "the answer has no boxes", answer_types=frozenset({"boxes"})
        ),
        Rule("box_corners", "boxes", wrong, "corners are not 0 <= x0 < x1 and 0 <= y0 < y1"),
    ]
