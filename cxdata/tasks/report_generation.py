"""Writing and summarising reports: findings or impression from the pictures, the impression from the findings.

The pictures may come with the indication, cleaned as `reports/indications.py` says.

A target is what is left of the section after the rules of `reports/targets.py`: nothing about priors, no notification,
no de-identification mark. Findings of fewer than three words are not asked for: they are scraps of a section. An
impression may be one word ("Cardiomegaly.").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import polars as pl

from cxdata.reports.indications import with_clean_indication
from cxdata.reports.sentences import context_expr
from cxdata.tasks.base import Asked, Funnel, Material, Task

FEWEST_WORDS: Final = {"findings": 3, "impression": 1}
"""Of a target, by the section that it is made of."""


def ask_findings(material: Material) -> Asked:
    """One row a study with a frontal picture and findings that can be told from it."""
    rows, funnel = _from_pictures(material, "findings_generation", "findings")
    return Asked(_draft(rows), funnel)


def ask_impression(material: Material) -> Asked:
    """One row a study with a frontal picture and an impression that can be told from it."""
    rows, funnel = _from_pictures(material, "impression_generation", "impression")
    return Asked(_draft(rows), funnel)


def ask_findings_for_indication(material: Material) -> Asked:
    """As `ask_findings`, with the indication as the context; a report without one gives no row."""
    return _for_indication(_from_pictures(material, "findings_generation_indication", "findings"), material)


def ask_impression_for_indication(material: Material) -> Asked:
    """As `ask_impression`, with the indication as the context; a report without one gives no row."""
    return _for_indication(_from_pictures(material, "impression_generation_indication", "impression"), material)


def ask_summary(material: Material) -> Asked:
    """One row a report with findings and impression; the findings are the context, no picture is shown."""
    name = "findings_summarization"
    reports = material.targets.lazy().filter("has_findings")
    rows, funnel = _targets(material, reports, name, "impression")
    no_pictures = pl.lit([], pl.List(pl.String)).alias("image_ids")
    told = _with_section(rows, material, "findings")
    return Asked(told.with_columns(no_pictures, context=context_expr("findings")).collect().pipe(_draft), funnel)


def _from_pictures(material: Material, name: str, section: str) -> Asked:
    rows, funnel = _targets(material, material.targets.lazy(), name, section)
    shown = rows.filter(pl.col("pictures") > 0)
    return Asked(shown, [*funnel, ("with a frontal picture", shown.height, "questions")])


def _for_indication(asked: Asked, material: Material) -> Asked:
    told = _with_section(asked.rows, material, "indication")
    rows = with_clean_indication(told, "context").drop_nulls("context").collect()
    return Asked(_draft(rows), [*asked.funnel, ("has an indication", rows.height, "questions")])


def _with_section(rows: pl.DataFrame, material: Material, section: str) -> pl.LazyFrame:
    text = material.facets["reports"].select("study_id", section)
    return rows.lazy().join(text, on="study_id", how="left", maintain_order="left")


def _targets(material: Material, reports: pl.LazyFrame, name: str, section: str) -> tuple[pl.DataFrame, Funnel]:
    target = pl.col(f"{section}_target")
    cases = material.cases.lazy().select("study_id", "image_ids", "pictures")
    told = reports.filter(f"has_{section}").join(cases, on="study_id").collect()
    fewest = FEWEST_WORDS[section]
    words = "word" if fewest == 1 else "words"
    enough = told.filter(target.str.count_matches(r"\S+") >= fewest)
    rows = enough.with_columns(
        sample_id=material.sample_id(name, pl.col("study_id")), answer=target, wording_group=pl.lit("any")
    )
    return rows, [(f"has {section}", told.height, "questions"), *_dropped(told, section),
                  (f"has a target of {fewest} {words} or more", enough.height, "questions")]  # fmt: skip


def _dropped(told: pl.DataFrame, section: str) -> Funnel:
    prefix = f"{section}_dropped_"
    rules = [column for column in told.columns if column.startswith(prefix)]
    return [
        (f"sentences left out by {column.removeprefix(prefix)}", int(told[column].sum()), "rows") for column in rules
    ]


def _draft(rows: pl.DataFrame) -> pl.DataFrame:
    wanted = ["study_id", "image_ids", "origin_file", "origin_row", "sample_id", "answer", "wording_group", "context"]
    return rows.select(column for column in wanted if column in rows.columns)


def _task(name: str, ask: Callable[[Material], Asked], level: str, *, shows: bool) -> Task:
    make = partial(
        Task, name=name, version=2, answer_type="free_text", stage="sft", level=level, reward="free_text", ask=ask,
        has_tier=False,
    )  # fmt: skip
    facets = ("studies", "images", "reports")
    return make(domain="text_generation" if shows else "language", facets=facets)


TASKS: Final = (
    _task("findings_generation", ask_findings, "generation", shows=True),
    _task("impression_generation", ask_impression, "generation", shows=True),
    _task("findings_generation_indication", ask_findings_for_indication, "generation", shows=True),
    _task("impression_generation_indication", ask_impression_for_indication, "generation", shows=True),
    _task("findings_summarization", ask_summary, "summarization", shows=False),
)
