"""From draft rows to samples: what every row says of its study, its source and its task.

A draft has study_id, image_ids, sample_id, answer, origin_file, origin_row and wording_group, and those of
asked_finding, context, options, answer_letter, labels, scored_labels, ignored_labels, boxes, set_id, label_policy,
reference, difficulty, difficulty_rule and notes_no_finding that its task has.

`study_id` is the study that the row belongs to, and its split; `other_patient_ids` (native ids) are the patients of
further pictures or texts, all of the same split. A draft that brings `question` and `wording_id` keeps its own words,
and what it brings of answer_type, stage, level, reward, split_official and split_reason goes before what its task and
study say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cxdata.model.sample import polars_schema
from cxdata.tasks.base import Material, Task
from cxdata.tasks.wordings import worded, wordings

_FROM_CASES: Final = ("study_id", "patient_id", "split", "split_official", "split_reason", "population")


def complete(drafts: pl.DataFrame, task: Task, material: Material) -> pl.DataFrame:
    """The samples of the drafts, with every column of the schema, sorted by sample_id."""
    if drafts.is_empty():
        return pl.DataFrame(schema=polars_schema())
    brought = set(drafts.columns) - {"study_id"}
    cases = material.cases.lazy().select(name for name in _FROM_CASES if name not in brought)
    rows = _worded(drafts.lazy(), task, material).join(cases, on="study_id")
    rows = rows.with_columns(_keys(material, rows.collect_schema().names()))
    rows = rows.with_columns(_evidence(task, material), *_constants(task, material, drafts.columns))
    return _conform(rows).sort("sample_id").collect()


def _worded(drafts: pl.LazyFrame, task: Task, material: Material) -> pl.LazyFrame:
    columns = drafts.collect_schema().names()
    if "question" in columns:
        return drafts
    one_form = wordings(task.name).wordings[0].two is None
    pictures = pl.lit(1) if one_form else pl.col("image_ids").list.len()
    return worded(
        drafts, task.name, material.seed, group=pl.col("wording_group"), pictures=pictures,
        finding=pl.col("asked_finding") if "asked_finding" in columns else None,
        note=pl.col("notes_no_finding") if "notes_no_finding" in columns else None, vocabulary=material.vocabulary,
    )  # fmt: skip


def _keys(material: Material, columns: Sequence[str]) -> list[pl.Expr]:
    namespace = pl.lit(f"{material.card.namespace}:")
    patient = pl.concat_str(namespace, "patient_id")
    study = pl.concat_str(namespace, "study_id")
    patients = pl.concat_list(patient)
    if "other_patient_ids" in columns:
        others = pl.col("other_patient_ids").list.eval(pl.concat_str(namespace, pl.element()))
        patients = pl.concat_list(patient, others).list.unique(maintain_order=True)
    return [patient.alias("patient_key"), patients.alias("patient_keys"), study.alias("study_key")]


def _evidence(task: Task, material: Material) -> pl.Expr:
    if not task.reads_labels or "reports" not in material.facets:
        return pl.lit(None, pl.List(pl.String)).alias("evidence_ids")
    key = pl.concat_list("study_key")
    return pl.when(pl.col("study_id").is_in(material.told.implode())).then(key).alias("evidence_ids")


def _constants(task: Task, material: Material, brought: Sequence[str]) -> list[pl.Expr]:
    card = material.card
    values = {
        "source": card.slug, "source_version": card.version, "task": task.name, "domain": task.domain,
        "language": card.language, "answer_type": task.answer_type, "stage": task.stage, "level": task.level,
        "reward": task.reward, "licence": card.licence, "restricted": card.restricted,
        "reader_version": card.reader_version, "task_version": task.version,
    }  # fmt: skip
    return [pl.lit(value).alias(name) for name, value in values.items() if name not in brought]


def _conform(rows: pl.LazyFrame) -> pl.LazyFrame:
    present = set(rows.collect_schema().names())
    return rows.select(
        pl.col(name).cast(kind) if name in present else pl.lit(None, kind).alias(name)
        for name, kind in polars_schema().items()
    )
