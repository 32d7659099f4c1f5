"""What is there? All findings that are stated present, out of the source's label space; devices are judged apart.

`scored_labels` are those present, and those that the policy lets be denied; `ignored_labels` are the rest of the label
space: uncertain, in conflict, not mentioned, or related to one that is present. No Finding stands alone; where labels
claim it beside a pathology it is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from cxdata.model.policies import Use
from cxdata.model.states import Effective
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.judged import FACETS, askable, has_use, state_is

NAME: Final = "disease_open"


def ask(material: Material) -> Asked:
    """One row a study with a finding that can be named, or with No Finding."""
    findings, normal = askable(material, "finding"), askable(material, "normal")
    space = [*normal, *findings]
    frame = material.judged.lazy().with_columns(
        _listed(findings, _is_key, "keys"), _listed(normal, _is_normal, "normal")
    )
    frame = frame.with_columns(labels=pl.when(pl.col("keys").list.len() > 0).then("keys").otherwise("normal"))
    named = frame.filter(pl.col("labels").list.len() > 0).with_columns(
        scored_labels=pl.concat_list("labels", _list(findings, _is_denied), _list(normal, _is_abnormal)),
    )
    named = named.with_columns(ignored_labels=pl.lit(space).list.set_difference("scored_labels").list.sort())
    rows = named.select(
        "study_id", "image_ids", "label_policy", "reference", "origin_file", "origin_row", "labels", "ignored_labels",
        scored_labels=pl.col("scored_labels").list.sort(),
        sample_id=material.sample_id(NAME, pl.col("study_id")),
        answer=pl.col("labels").list.join(", "),
        wording_group=pl.lit("any"), notes_no_finding=pl.lit(bool(normal)),
    ).collect()  # fmt: skip
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


def _list(findings: list[str], is_in: Callable[[str], pl.Expr]) -> pl.Expr:
    if not findings:
        return pl.lit([], pl.List(pl.String))
    return pl.concat_list([pl.when(is_in(f)).then(pl.lit(f)) for f in findings]).list.drop_nulls()


def _listed(findings: list[str], is_in: Callable[[str], pl.Expr], name: str) -> pl.Expr:
    return _list(findings, is_in).alias(name)


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="visual_understanding", answer_type="open_labels", stage="open", level="open",
        reward="open_labels", facets=FACETS, ask=ask, reads_labels=True,
    ),
)  # fmt: skip
