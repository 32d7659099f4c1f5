"""Which of these? One key and one distractor at least, three to seven options, no two related.

No Finding is no option.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.hashing import pick_expr
from cxdata.model.policies import Use
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.choices import fill, lettered, pick, ranked
from cxdata.tasks.judged import FACETS, USE, askable, has_use

NAME: Final = "disease_multi_choice"
FEWEST: Final = 3
MOST: Final = 7


def ask(material: Material) -> Asked:
    """One row a study with a key, a distractor and a third option; the number of options wanted is 4 to 7, by hash."""
    findings = askable(material, "finding")
    if not findings:
        return Asked(pl.DataFrame(), [("no finding may be an option", 0, "questions")])
    slots = [f"option{i}" for i in range(MOST)]
    keyed = _keyed(material, findings)
    frame = ranked(
        keyed, findings, material.seed, lambda f: has_use(f, Use.KEY | Use.WRONG), lambda f: has_use(f, Use.SECOND)
    )
    among = {slots[0]: lambda f: has_use(f, Use.KEY), slots[1]: lambda f: has_use(f, Use.WRONG)}
    frame = fill(frame, findings, material.vocabulary, slots[:FEWEST], among)
    for i, slot in enumerate(slots[FEWEST:], FEWEST):
        frame = pick(frame, findings, material.vocabulary, slot)
        frame = frame.with_columns(pl.when(pl.col("wanted") > i).then(pl.col(slot)).alias(slot))
    enough = frame.collect()
    asked = lettered(enough.lazy(), slots, findings, material.seed, lambda slot: _is_key(slot, findings))
    rows = asked.select(
        "study_id", "sample_id", "options", "answer_letter", "labels", "answer", wording_group=pl.lit("any")
    )
    keys = int(keyed.select(pl.len()).collect().item())
    funnel = [("has a finding that can be a key", keys, "questions"),
              ("has a distractor and a third option", enough.height, "questions")]  # fmt: skip
    return Asked(rows.collect(), funnel)


def _keyed(material: Material, findings: list[str]) -> pl.LazyFrame:
    sample_id = material.sample_id(NAME, pl.col("study_id"))
    flags = [pl.col(USE + finding) for finding in findings]
    frame = material.judged.lazy().filter(pl.any_horizontal(has_use(finding, Use.KEY) for finding in findings))
    frame = frame.select("study_id", *flags, sample_id=sample_id)
    return frame.with_columns(
        wanted=pick_expr(material.seed, pl.col("sample_id"), "number of options", MOST - FEWEST) + FEWEST + 1
    )


def _is_key(slot: str, findings: list[str]) -> pl.Expr:
    keys = [(pl.col(slot) == i) & has_use(finding, Use.KEY) for i, finding in enumerate(findings)]
    return pl.any_horizontal(keys).fill_null(False)


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="visual_understanding", answer_type="multi_choice", stage="closed", level="multi",
        reward="closed", facets=FACETS, ask=ask, reads_labels=True,
    ),
)  # fmt: skip
