"""Every rule over a row of samples, and the columns beside the row's own that rules look at."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from cxdata.check import columns, identity, labels, options, policy, shown, texts
from cxdata.check.facts import Facts
from cxdata.check.findings import bits
from cxdata.check.rule import Rule
from cxdata.model.sample import polars_schema


class Around(NamedTuple):
    """What a build says beside its samples; None where it says nothing.

    Its source, its pictures (of `shown.known_pictures`) and its patient keys.
    """

    source: str | None
    pictures: pl.DataFrame | None
    patients: pl.Series | None


def sample_rules(facts: Facts) -> list[Rule]:
    """The table of rules over samples."""
    by_facts = (identity, options, labels, policy, texts, shown)
    return [*columns.rules(), *(rule for module in by_facts for rule in module.rules(facts))]


def prepared(frame: pl.DataFrame, facts: Facts, around: Around) -> pl.DataFrame:
    """The frame with the `@` columns that rules look at, without columns of a wrong type: no rule can judge those."""
    schema = polars_schema()
    frame = frame.select(name for name, kind in frame.schema.items() if schema.get(name) == kind)
    known = [name for name in labels.NAMED if name in frame.columns]
    extra = [word for name in known for word in bits(name, facts.vocabulary)]
    if around.source is not None:
        extra.append(pl.lit(around.source).alias(identity.BUILD_SOURCE))
    if around.patients is not None and "patient_key" in frame.columns:
        extra.append(pl.col("patient_key").is_in(around.patients.implode()).alias(identity.PATIENT_KNOWN))
    frame = frame.with_columns(extra)
    if around.pictures is None or not {"image_ids", "patient_keys", "patient_key", "study_key"} <= set(frame.columns):
        return frame
    return shown.with_pictures(frame, around.pictures)
