"""Rules about what a row is: its id, source, task, patient, study and split."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.check.facts import Facts
from cxdata.check.rule import Rule
from cxdata.model.facets import SPLITS

SAMPLE_ID: Final = r"^[a-z0-9]+(?:-[a-z0-9]+)*/[a-z0-9_]+/[A-Za-z0-9._:-]+$"
KEY: Final = r"^[a-z0-9-]+:\S+$"
CONSTANTS: Final = ("domain", "answer_type", "stage", "level", "reward")
BUILD_SOURCE: Final = "@build_source"
PATIENT_KNOWN: Final = "@patient_known"


def rules(facts: Facts) -> list[Rule]:
    """Rules over the ids and constants of a row."""
    return [*_ids(), *_task(facts), *_source(facts), *_patient(facts), *_split()]


def _ids() -> list[Rule]:
    prefix = pl.concat_str("source", pl.lit("/"), "task", pl.lit("/"))
    return [
        Rule("id_form", "sample_id", ~pl.col("sample_id").str.contains(SAMPLE_ID),
             "not <source>/<task>/<key> with a key of letters, digits and ._:-"),
        Rule("id_prefix", "sample_id", ~pl.col("sample_id").str.starts_with(prefix),
             "the id does not begin with the row's source and task"),
        Rule("key_form", "patient_key", ~pl.col("patient_key").str.contains(KEY), "not <namespace>:<id>"),
        Rule("key_form", "study_key", ~pl.col("study_key").str.contains(KEY), "not <namespace>:<id>"),
    ]  # fmt: skip


def _task(facts: Facts) -> list[Rule]:
    names = list(facts.tasks)
    unknown = Rule("unknown_task", "task", ~pl.col("task").is_in(names), "no task is called so")
    return [unknown, *(_constant(facts, column) for column in CONSTANTS)]


def _constant(facts: Facts, column: str) -> Rule:
    names = [name for name, task in facts.tasks.items() if column not in task.by_row]
    declared = pl.col("task").replace_strict(
        names, [getattr(facts.tasks[name], column) for name in names], default=None, return_dtype=pl.String
    )
    return Rule("task_constant", column, pl.col(column) != declared, "not what the task declares")


def _source(facts: Facts) -> list[Rule]:
    return [
        Rule("other_source", "source", pl.col("source") != pl.col(BUILD_SOURCE), "not the source of the build"),
        Rule("licence_differs", "licence", pl.col("licence") != _declared(facts, "licence", pl.String()),
             "not the licence that the manifest names"),
        Rule("restricted_differs", "restricted", pl.col("restricted") != _declared(facts, "restricted", pl.Boolean()),
             "not what the manifest says of sharing"),
    ]  # fmt: skip


def _patient(facts: Facts) -> list[Rule]:
    own, first = pl.col("patient_key"), pl.col("patient_keys").list.get(0, null_on_oob=True)
    space = pl.concat_str(_declared(facts, "patient_namespace", pl.String()), pl.lit(":"))
    repeated = pl.col("patient_keys").list.n_unique() != pl.col("patient_keys").list.len()
    return [
        Rule("namespace", "patient_key", ~own.str.starts_with(space), "not in the source's namespace of patients"),
        Rule("namespace", "study_key", ~pl.col("study_key").str.starts_with(space), "not in the source's namespace"),
        Rule("own_patient_first", "patient_keys", first.ne_missing(own), "the row's own patient does not come first"),
        Rule("repeated", "patient_keys", repeated, "a patient is named twice"),
        Rule("unknown_patient", "patient_key", ~pl.col(PATIENT_KNOWN), "patients.parquet has no such patient"),
    ]


def _split() -> list[Rule]:
    split, official = _strictness("split"), _strictness("split_official")
    return [Rule("split_too_loose", "split", split < official, "looser than the split as published")]


def _strictness(column: str) -> pl.Expr:
    return pl.col(column).replace_strict(SPLITS, range(len(SPLITS)), default=None, return_dtype=pl.Int8)


def _declared(facts: Facts, field: str, kind: pl.DataType) -> pl.Expr:
    """What the manifest of the row's source says; null where the source is not known here."""
    slugs = list(facts.sources)
    values = [getattr(facts.sources[slug], field) for slug in slugs]
    return pl.col("source").replace_strict(slugs, values, default=None, return_dtype=kind)
