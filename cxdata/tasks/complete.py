"""From draft rows to samples: what every row says of its study, its source and its task.

A draft has study_id, image_ids, sample_id, answer, origin_file, origin_row and wording_group, and those of
asked_finding, context, options, answer_letter, labels, scored_labels, ignored_labels, boxes, set_id, label_policy,
reference, difficulty, difficulty_rule, notes_no_finding and `told` (the words that fill its wording) that its task
has. One without image_ids shows the pictures of its study's case. Where the task reads labels, the draft does without
label_policy, reference and the origin: those of the study's labels (`judged.py`) stand for them.

A draft that is completed also has `case`, the place of its study in `material.cases` (see `placed`).

`study_id` is the study that the row belongs to, and its split; `other_patient_ids` (native ids) are the patients of
further pictures or texts, all of the same split. A draft that brings `question` and `wording_id` keeps its own words,
and what it brings of answer_type, stage, level, reward, split_official and split_reason goes before what its task and
study say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cxdata.model.policies import UNREAD
from cxdata.model.sample import polars_schema
from cxdata.tasks.base import Material, Task
from cxdata.tasks.wordings import SEEN, of_children, worded, wordings

CASE: Final = "case"
_OF_STUDY: Final = ("image_ids", "split", "split_official", "split_reason", "population")
_OF_LABELS: Final = ("label_policy", "reference", "origin_file", "origin_row")


def complete(drafts: pl.DataFrame, task: Task, material: Material) -> pl.DataFrame:
    """The samples of the drafts, with every column of the schema, in the order of the drafts."""
    if drafts.is_empty():
        return pl.DataFrame(schema=polars_schema())
    known = material.labelled_identities if task.reads_labels else material.identities
    of_study = known[drafts[CASE]]
    brought = set(drafts.columns) & set(of_study.columns)
    wide = pl.concat([drafts.drop(CASE), of_study.drop(brought)], how="horizontal")
    rows = _worded(wide.lazy(), task, material)
    keys = [_patient_keys(material, drafts.columns), _evidence(task, material)]
    return _conform(rows.with_columns(*keys, *_constants(task, material, drafts.columns))).collect()


def placed(drafts: pl.DataFrame, material: Material) -> pl.DataFrame:
    """The drafts with `case`, without those of studies that may not be asked about."""
    cases = material.cases.lazy().select("study_id").with_row_index(CASE)
    return drafts.lazy().join(cases, on="study_id", maintain_order="left").collect()


def identities(material: Material) -> pl.DataFrame:
    """What a row says of its study: one row for each of `material.cases`, in their order.

    Columns: image_ids, split, split_official, split_reason, population, patient_key, study_key, report (the key of the
    study, where it has one).
    """
    namespace = pl.lit(f"{material.card.namespace}:")
    study = pl.concat_str(namespace, "study_id")
    told = pl.col("study_id").is_in(material.told.implode()) if "reports" in material.facets else pl.lit(False)
    return material.cases.select(
        *_OF_STUDY,
        patient_key=pl.concat_str(namespace, "patient_id"),
        study_key=study,
        report=pl.when(told).then(study),
    )


def labelled_identities(material: Material) -> pl.DataFrame:
    """The same with label_policy, reference, origin_file and origin_row of the study's labels."""
    labels = material.judged.lazy().select("study_id", *_OF_LABELS)
    of_labels = material.cases.lazy().select("study_id").join(labels, on="study_id", how="left", maintain_order="left")
    return material.identities.hstack(of_labels.drop("study_id").collect())


def _worded(drafts: pl.LazyFrame, task: Task, material: Material) -> pl.LazyFrame:
    columns = drafts.collect_schema().names()
    if "question" in columns:
        return drafts
    manner = material.labels.asked_as if material.labels and task.reads_labels else SEEN
    one_form = wordings(task.name, manner=manner).wordings[0].two is None
    pictures = pl.lit(1) if one_form else pl.col("image_ids").list.len()
    asked = worded(
        drafts, task.name, material.seed, pictures=pictures, manner=manner,
        group=pl.col("wording_group") if manner == SEEN else pl.lit(manner),
        finding=pl.col("asked_finding") if "asked_finding" in columns else None,
        note=pl.col("notes_no_finding") if "notes_no_finding" in columns else None, vocabulary=material.vocabulary,
        phrase=pl.col("told") if "told" in columns else None,
    )  # fmt: skip
    return of_children(asked, material.seed) if material.card.population == "paediatric" else asked


def _patient_keys(material: Material, columns: Sequence[str]) -> pl.Expr:
    own = pl.concat_list("patient_key").alias("patient_keys")
    if "other_patient_ids" not in columns:
        return own
    namespace = pl.lit(f"{material.card.namespace}:")
    others = pl.col("other_patient_ids").list.eval(pl.concat_str(namespace, pl.element()))
    return pl.concat_list(own, others).list.unique(maintain_order=True).alias("patient_keys")


def _evidence(task: Task, material: Material) -> pl.Expr:
    if not task.reads_labels or "reports" not in material.facets:
        return pl.lit(None, pl.List(pl.String)).alias("evidence_ids")
    return pl.when(pl.col("report").is_not_null()).then(pl.concat_list("report")).alias("evidence_ids")


def _constants(task: Task, material: Material, brought: Sequence[str]) -> list[pl.Expr]:
    card = material.card
    values = {
        "source": card.slug, "source_version": card.version, "task": task.name, "domain": task.domain,
        "language": card.language, "answer_type": task.answer_type, "stage": task.stage, "level": task.level,
        "reward": task.reward, "licence": card.licence, "restricted": card.restricted,
        "reader_version": card.reader_version, "task_version": task.version,
    }  # fmt: skip
    if not task.reads_labels:
        values["label_policy"] = UNREAD
    return [pl.lit(value).alias(name) for name, value in values.items() if name not in brought]


def _conform(rows: pl.LazyFrame) -> pl.LazyFrame:
    present = set(rows.collect_schema().names())
    return rows.select(
        pl.col(name).cast(kind) if name in present else pl.lit(None, kind).alias(name)
        for name, kind in polars_schema().items()
    )
