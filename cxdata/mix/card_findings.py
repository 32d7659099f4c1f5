"""The parts of a card that speak of findings: counts, negatives, label error, what is left out, definitions."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.mix.facts import Facts
from cxdata.mix.label_error import LABEL_ERROR, ORIGIN, READ_FROM_REPORTS
from cxdata.mix.markdown import folded, table
from cxdata.model.facets import SPLITS
from cxdata.model.vocabulary import Finding, vocabulary

MOST_SPELLINGS: Final = 12  # of one source, in the definition of a finding
_NONE: Final = "No row of this mix reads labels."


def findings(facts: Facts) -> list[str]:
    """How often each finding belongs to an answer, and how often it is wrong; in all its states, folded."""
    if facts.findings.is_empty():
        return [_NONE]
    sides = [
        _sum((pl.col("split") == split) & (pl.col("is_right") == right)) for split in SPLITS for right in (True, False)
    ]
    short = facts.findings.group_by("finding").agg(sides).sort(_place())
    head = ["finding", *(f"{split} {side}" for split in SPLITS for side in ("right", "wrong"))]
    by = ["finding", "is_right", "state", "split", "reference"]
    whole = facts.findings.group_by(by).agg(pl.col("n").sum()).sort(_place(), *by[1:], nulls_last=True)
    rows = [
        (name, "right" if right else "wrong", state, split, tier or "–", n)
        for name, right, state, split, tier, n in whole.iter_rows()
    ]
    states = ["finding", "as", "state in the study", "split", "tier", "uses"]
    return [
        "Each question once. Right: the finding belongs to the answer (Yes, the key, a label); wrong: it is denied,",
        "another option, or a scored label that is no answer.", "", *table(head, short.iter_rows()),
        *folded("By state, split and tier of the label", table(states, rows)),
    ]  # fmt: skip


def negatives(facts: Facts) -> list[str]:
    """What the wrong findings rest on."""
    wrong = facts.findings.filter(~pl.col("is_right"))
    if wrong.is_empty():
        return ["There is no negative."]
    sides = [_sum(pl.col("split") == split) for split in SPLITS]
    short = wrong.group_by("state").agg(sides).sort("state")
    by_task = wrong.group_by("task", "state").agg(pl.col("n").sum()).sort("task", "state")
    return [
        "What is related to a finding that is present, uncertain or in conflict is blocked and never a negative.", "",
        *table(["kind of negative", *SPLITS], short.iter_rows()),
        *folded("By task", table(["task", "kind of negative", "uses"], by_task.iter_rows())),
    ]  # fmt: skip


def label_error(facts: Facts) -> list[str]:
    """How far labels that were read from reports are off, for the findings that the mix asks."""
    read = facts.findings.filter(pl.col("reference").is_in(READ_FROM_REPORTS))
    asked = [name for name in LABEL_ERROR if name in set(read["finding"])]
    if not asked:
        return ["No label of this mix that was read from reports has a measured error."]
    rows = [(name, *LABEL_ERROR[name]) for name in asked]
    others = read["finding"].n_unique() - len(asked)
    return [
        f"Share of pictures that show the finding, by what a label read from the report says ({ORIGIN}).",
        f"Of {others} further findings of this mix no such figure is at hand.", "",
        *table(["finding", "present", "uncertain", "not mentioned", "absent"], rows),
    ]  # fmt: skip


def left_out(facts: Facts) -> list[str]:
    """The findings that were looked for and that train does not use, each with the reason."""
    train = set(facts.findings.filter(pl.col("split") == "train")["finding"])
    asked = {name: (yes, no) for name, yes, no in
             facts.asked.group_by("finding").agg(pl.col("yes", "no").sum()).iter_rows()}  # fmt: skip
    rows = [
        (finding.name, _why_not(finding, *asked.get(finding.name, (0, 0))))
        for finding in vocabulary().findings if finding.name in facts.looked_for - train
    ]  # fmt: skip
    if not rows:
        return ["Every finding that a source looked for is used in train."]
    return ["Looked for by a source, and in no row of train that reads labels:", "", *table(["finding", "why"], rows)]


def definitions(facts: Facts) -> list[str]:
    """What each finding of the mix is, and what the sources call it; folded."""
    used = set(facts.findings["finding"])
    natives = facts.spelled.group_by("finding", "source", maintain_order=True).agg("native")
    spelled: dict[str, list[str]] = {}
    for name, source, words in natives.iter_rows():
        spelled.setdefault(name, []).append(f"{source}: {_some(words)}")
    rows = [
        (one.name, one.phrase, *(text or "–" for text in (
            ", ".join(one.parents), "; ".join(one.synonyms), ". ".join(spelled.get(one.name, [])),
        )))
        for one in vocabulary().findings if one.name in used
    ]  # fmt: skip
    head = ["finding", "asked for as", "is a", "other spellings", "in the sources' tables"]
    return folded(f"The {len(rows)} findings of this mix", table(head, rows))


def _why_not(finding: Finding, yes: int, no: int) -> str:
    if finding.visible == "no":
        return "a radiograph does not show it: never asked"
    if finding.paediatric:
        return "labelled in children alone"
    if yes + no:
        return f"too few rows of one answer are left: train of the builds has {yes:,} Yes and {no:,} No"
    return "no question about it in the builds: never both stated and set against another"


def _some(words: list[str]) -> str:
    rest = len(words) - MOST_SPELLINGS
    return ", ".join(words[:MOST_SPELLINGS]) + (f" and {rest:,} more" if rest > 0 else "")


def _sum(where: pl.Expr) -> pl.Expr:
    return pl.col("n").filter(where).sum().alias(str(where))


def _place() -> pl.Expr:
    names = vocabulary().names
    return pl.col("finding").replace_strict(names, range(len(names)), default=len(names), return_dtype=pl.Int32)
