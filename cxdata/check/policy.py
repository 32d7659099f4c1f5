"""Rules about how labels were read: policy and tier, and what val and test may not hold."""

from __future__ import annotations

import polars as pl

from cxdata.check.facts import Facts
from cxdata.check.rule import Rule
from cxdata.model.policies import POLICIES, UNREAD


def rules(facts: Facts) -> list[Rule]:
    """Rules over label_policy and reference."""
    policy, held_out = pl.col("label_policy"), pl.col("split") != "train"
    unread, unread_too = policy.is_null() | (policy == UNREAD), pl.col("reference").is_null()
    known = [*POLICIES, UNREAD]
    doubts = held_out & policy.str.starts_with("u-")
    return [
        Rule("missing", "label_policy", unread, "the row does not say how its labels were read", facts.label_tasks),
        Rule("missing", "reference", unread_too, "the row does not say who stated its answer", facts.tiered_tasks),
        Rule("unknown_policy", "label_policy", ~policy.is_in(known), f"not one of: {', '.join(known)}"),
        Rule("doubt_outside_train", "label_policy", doubts, "a policy that reads doubts as answers is for train only"),
        Rule("listed_negative", "label_policy", held_out & (policy == "listed") & _denies(),
             "the source lists what is present: silence is no absence in val and test", facts.label_tasks),
    ]  # fmt: skip


def _denies() -> pl.Expr:
    """True where a finding counts as absent: a No, a distractor, a scored name that is no label (No Finding aside)."""
    denied = pl.col("scored_labels").list.set_difference("labels").list.set_difference(pl.lit(["No Finding"]))
    return (
        pl.when(pl.col("answer_type") == "binary").then(pl.col("answer") == "No")
        .when(pl.col("answer_type").is_in(["single_choice", "multi_choice"])).then(pl.lit(True))
        .otherwise(denied.list.len() > 0)
    )  # fmt: skip
