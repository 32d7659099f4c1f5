"""Is a finding there? Yes where it is stated present, No where the policy lets it be denied; options in hash order."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.policies import Use
from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.choices import yes_or_no
from cxdata.tasks.judged import FACETS, askable, has_use, state_funnel
from cxdata.tasks.wordings import asked_group

NAME: Final = "disease_binary"


def ask(material: Material) -> Asked:
    """One row a study and finding that can be affirmed or denied.

    No Finding is not asked about: it is never stated absent.
    """
    findings = [*askable(material, "finding"), *askable(material, "device")]
    if not findings:
        return Asked(pl.DataFrame(), [("no finding may be asked about", 0, "questions")])
    frame = material.judged.lazy()
    rows = yes_or_no(pl.concat([_asked(frame, material, finding) for finding in findings]), material.seed).collect()
    counts = rows.group_by("answer").len()
    funnel = [(f"answered {answer}", int(n), "questions") for answer, n in sorted(counts.iter_rows())]
    return Asked(rows, [*state_funnel(material), *funnel])


def _asked(frame: pl.LazyFrame, material: Material, finding: str) -> pl.LazyFrame:
    key = pl.concat_str("study_id", pl.lit(f":{material.vocabulary.slug(finding)}"))
    yes = has_use(finding, Use.YES)
    return frame.filter(has_use(finding, Use.YES | Use.NO)).select(
        "study_id", sample_id=material.sample_id(NAME, key), asked_finding=pl.lit(finding),
        answer=pl.when(yes).then(pl.lit("Yes")).otherwise(pl.lit("No")),
        labels=pl.when(yes).then(pl.lit([finding])).otherwise(pl.lit([], pl.List(pl.String))),
        wording_group=pl.lit(asked_group(material.vocabulary.finding(finding))),
    )  # fmt: skip


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="visual_understanding", answer_type="binary", stage="closed", level="binary",
        reward="closed", facets=FACETS, ask=ask, reads_labels=True,
    ),
)  # fmt: skip
