"""What is there? All findings that are stated present, out of the source's label space; devices are judged apart.

`scored_labels` are those present, and those that the policy lets be denied; `ignored_labels` are the rest of the label
space: uncertain, in conflict, not mentioned, or related to one that is present. No Finding stands alone; where labels
claim it beside a pathology it is ignored.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.policies import Use
from cxdata.model.states import Effective
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.judged import FACETS, askable, has_use, state_is
from cxdata.tasks.lists import with_list

NAME: Final = "disease_open"


def ask(material: Material) -> Asked:
    """One row a study with a finding that can be named, or with No Finding."""
    findings, normal = askable(material, "finding"), askable(material, "normal")
    has_key = pl.any_horizontal(False, *map(_is_key, findings))
    labels = {name: _is_key(name) for name in findings} | {name: _is_normal(name) & ~has_key for name in normal}
    named = material.judged.filter(pl.any_horizontal(False, *labels.values()))
    denied = {name: _is_denied(name) for name in findings} | {name: _is_abnormal(name) for name in normal}
    scored = {name: labels[name] | denied[name] for name in sorted(labels)}
    lists = {"labels": labels, "scored_labels": scored, "ignored_labels": {name: ~scored[name] for name in scored}}
    for column, members in lists.items():
        named = with_list(named, column, members)
    rows = named.select(
        "study_id", *lists, sample_id=material.sample_id(NAME, pl.col("study_id")),
        answer=pl.col("labels").list.join(", "),
        wording_group=pl.lit("any"), notes_no_finding=pl.lit(bool(normal)),
    )  # fmt: skip
    alone = rows.filter(pl.col("labels").list.contains("No Finding")).height
    return Asked(
        rows, [("has a finding to name", rows.height - alone, "questions"), ("No Finding alone", alone, "questions")]
    )


def _is_key(finding: str) -> pl.Expr:
    return has_use(finding, Use.KEY)


def _is_normal(finding: str) -> pl.Expr:
    return state_is(finding, Effective.PRESENT)


def _is_abnormal(finding: str) -> pl.Expr:
    # Labels that claim No Finding beside a pathology contradict themselves: neither is scored against the other.
    return ~_is_normal(finding) & ~pl.col("no_finding_dropped")


def _is_denied(finding: str) -> pl.Expr:
    unmentioned = state_is(finding, Effective.NOT_MENTIONED) & ~has_use(finding, Use.NO)
    return has_use(finding, Use.NO | Use.WRONG) & ~unmentioned


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="visual_understanding", answer_type="open_labels", stage="open", level="open",
        reward="open_labels", facets=FACETS, ask=ask, reads_labels=True,
    ),
)  # fmt: skip
