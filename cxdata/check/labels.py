"""Rules about findings: as options, as labels, and as what an open answer is scored on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from cxdata.check.facts import Facts
from cxdata.check.findings import any_of, any_related
from cxdata.check.options import MULTI
from cxdata.check.rule import Rule

NO_FINDING: Final = "No Finding"
NAMED: Final = ("options", "labels", "scored_labels", "ignored_labels")
LISTED: Final = frozenset({"multi_choice", "open_labels"})
OPEN: Final = frozenset({"open_labels"})
CHOSEN: Final = frozenset({"single_choice", "multi_choice"})

_LABELS: Final = pl.col("labels")


def rules(facts: Facts) -> list[Rule]:
    """Rules over the findings of a row."""
    return [*_names(facts), *_asked(facts), *_options(facts), *_labels(facts), *_open(facts), *_scored(facts)]


def _names(facts: Facts) -> Iterator[Rule]:
    known, unseen = list(facts.vocabulary.names), facts.findings("finding", "device", visible=False)
    for column in NAMED:
        types = CHOSEN if column == "options" else None
        unknown = pl.col(column).list.eval(~pl.element().is_in(known)).list.any()
        yield Rule(
            "not_canonical", column, unknown, "a name that the vocabulary does not have", facts.label_tasks, types
        )
        never = any_of(column, unseen, facts.vocabulary)
        yield Rule("never_asked", column, never, "a finding that no radiograph can show", facts.label_tasks, types)


def _asked(facts: Facts) -> list[Rule]:
    asked, binary = pl.col("asked_finding"), frozenset({"disease_binary"})
    never = [*facts.findings("finding", "device", visible=False), *facts.findings("normal")]
    return [
        Rule("missing", "asked_finding", asked.is_null(), "a question about no finding", binary),
        Rule(
            "not_asked_for",
            "asked_finding",
            asked.is_not_null(),
            "this task asks about no single finding",
            facts.label_tasks - binary,
        ),
        Rule(
            "not_canonical",
            "asked_finding",
            ~asked.is_in(list(facts.vocabulary.names)),
            "a name that the vocabulary does not have",
        ),
        Rule("never_asked", "asked_finding", asked.is_in(never), "a finding that is never asked about"),
    ]


def _options(facts: Facts) -> Iterator[Rule]:
    words = facts.vocabulary
    devices, diseases = facts.findings("device"), facts.findings("finding", "normal")
    related = any_related("options", words)
    yield Rule("related", "options", related, "two options are related", facts.label_tasks, CHOSEN)
    for column, types in (("options", CHOSEN), ("scored_labels", OPEN), ("ignored_labels", OPEN)):
        mixed = any_of(column, devices, words) & any_of(column, diseases, words)
        yield Rule("device_beside_disease", column, mixed, "a device stands beside a disease", facts.label_tasks, types)
    normal = any_of("options", [NO_FINDING], words)
    yield Rule(
        "no_finding_in_multi",
        "options",
        normal,
        "No Finding is no option of a multiple choice",
        facts.label_tasks,
        MULTI,
    )


def _labels(facts: Facts) -> list[Rule]:
    alone = any_of("labels", [NO_FINDING], facts.vocabulary) & (_LABELS.list.len() > 1)
    stray = _LABELS.list.set_difference("options").list.len() > 0
    one, joined = pl.col("task") == "disease_binary", _LABELS.list.join(", ")
    named = (
        pl.when(one & (pl.col("answer") == "No")).then(pl.lit("")).when(one).then("asked_finding").otherwise("answer")
    )
    return [
        Rule("missing", "labels", _LABELS.is_null(), "the row does not name what is present", facts.label_tasks),
        Rule("repeated", "labels", _LABELS.list.n_unique() != _LABELS.list.len(), "a finding stands twice"),
        Rule("label_not_option", "labels", stray, "a label is no option", facts.label_tasks, CHOSEN),
        Rule("answer_not_labels", "answer", joined != pl.col("answer"), "the answer is not the labels, joined",
             answer_types=LISTED),
        Rule("labels_not_answer", "labels", joined != named, "the labels are not what the answer says",
             facts.label_tasks, frozenset({"binary", "single_choice"})),
        Rule("no_finding_not_alone", "labels", alone, "No Finding stands beside another label"),
    ]  # fmt: skip


def _open(facts: Facts) -> Iterator[Rule]:
    yield Rule(
        "no_label", "labels", _LABELS.list.len() == 0, "an open question without an answer", facts.label_tasks, OPEN
    )
    for column in ("scored_labels", "ignored_labels"):
        there = pl.col(column).is_not_null()
        yield Rule("missing", column, ~there, "an open row says what is scored and what is not", answer_types=OPEN)
        yield Rule(
            "not_asked_for", column, there & ~pl.col("answer_type").is_in(sorted(OPEN)), "only open rows have it"
        )
        repeated = pl.col(column).list.n_unique() != pl.col(column).list.len()
        yield Rule("repeated", column, repeated, "a finding stands twice")


def _scored(facts: Facts) -> list[Rule]:
    meet = pl.col("scored_labels").list.set_intersection("ignored_labels").list.len() > 0
    unscored = _LABELS.list.set_difference("scored_labels").list.len() > 0
    related = any_related("labels", facts.vocabulary, other="scored_labels")
    return [
        Rule("scored_and_ignored", "scored_labels", meet, "a name is scored and ignored", answer_types=OPEN),
        Rule("label_not_scored", "labels", unscored, "a label is not scored", answer_types=OPEN),
        Rule("related", "scored_labels", related, "a scored absence is related to a label", facts.label_tasks, OPEN),
    ]
