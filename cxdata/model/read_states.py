"""The policy `read`: what the reader of reports finds, beside what the annotators of the manifest stated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cxdata.model.states import Effective
from cxdata.model.vocabulary import Vocabulary

VERSION: Final = 1
_CODES: Final = {"present": Effective.PRESENT, "absent": Effective.ABSENT, "uncertain": Effective.UNCERTAIN}
_READ: Final = "read:"
_REPORT: Final = "_read"


def with_reader(stated: pl.LazyFrame, read: pl.LazyFrame, space: Sequence[str], vocabulary: Vocabulary) -> pl.LazyFrame:
    """The frame of `states.stated_wide` with the reader's states taken in.

    `read` has study_id, finding and state (null: the report contradicts itself). Per study and finding of `space`:

    - The reader is silent, or says the same: as stated.
    - Not mentioned, and the reader finds it denied or in doubt: absent, uncertain.
    - Anything else is a disagreement: CONFLICT, which is never asked. That holds for what the reader finds present and
      the annotator did not mention: one of the two has misread.
    - What no annotator looked for stays OUTSIDE. A kind of a finding that `space` lacks speaks for the nearest finding
      above it that `space` holds ("nodule" for Lung Lesion), where it is present or in doubt.

    Studies with a reading get `+reader` as annotator and R4 as reference where theirs was better.
    """
    wide = _wide(_lifted(read, space, vocabulary), space)
    told = pl.col(_REPORT).is_not_null()
    tier = pl.when(told).then(pl.max_horizontal("reference", pl.lit("R4"))).otherwise("reference")
    return (
        stated.join(wide, on="study_id", how="left", maintain_order="left")
        .with_columns(
            *(_taken_in(name) for name in space),
            annotator=pl.when(told).then(pl.col("annotator") + "+reader").otherwise("annotator"),
            reference=tier,
        )
        .drop(_REPORT, *(_READ + name for name in space))
    )


def _taken_in(name: str) -> pl.Expr:
    stated, read = pl.col(name), pl.col(_READ + name)
    silent = stated == int(Effective.NOT_MENTIONED)
    kept = read.is_null() | (read == stated) | (stated == int(Effective.OUTSIDE))
    told = silent & read.is_in([int(Effective.ABSENT), int(Effective.UNCERTAIN)])
    conflict = pl.lit(int(Effective.CONFLICT), pl.Int8)
    return pl.when(kept).then(stated).when(told).then(read).otherwise(conflict).alias(name)


def _lifted(read: pl.LazyFrame, space: Sequence[str], vocabulary: Vocabulary) -> pl.LazyFrame:
    """The readings of findings of `space`, and those of kinds that it lacks, by the nearest finding that it holds."""
    pairs = [(name, near) for name in vocabulary.names for near in _nearest(name, space, vocabulary)]
    table = pl.LazyFrame(pairs, schema={"finding": pl.String, "near": pl.String}, orient="row")
    own = pl.col("finding") == pl.col("near")
    joined = read.join(table, on="finding").filter(own | (pl.col("state") != "absent") | pl.col("state").is_null())
    codes = pl.col("state").replace_strict(
        list(_CODES), [int(code) for code in _CODES.values()], default=int(Effective.CONFLICT), return_dtype=pl.Int8
    )
    return joined.select("study_id", finding="near", code=codes)


def _nearest(name: str, space: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    if name in space:
        return [name]
    above = [other for other in vocabulary.ancestors(name) if other in space]
    return sorted(other for other in above if not any(other in vocabulary.ancestors(lower) for lower in above))


def _wide(codes: pl.LazyFrame, space: Sequence[str]) -> pl.LazyFrame:
    """One row a study: the one code of each finding, present before uncertain, CONFLICT where present meets absent."""
    of = {name: pl.col("code").filter(pl.col("finding") == name) for name in space}
    return codes.group_by("study_id").agg(
        *(_one(code).alias(_READ + name) for name, code in of.items()), pl.len().alias(_REPORT)
    )


def _one(code: pl.Expr) -> pl.Expr:
    has = {state: (code == int(state)).any() for state in _CODES.values()}
    broken = (code == int(Effective.CONFLICT)).any() | (has[Effective.PRESENT] & has[Effective.ABSENT])
    return (
        pl.when(broken).then(pl.lit(int(Effective.CONFLICT), pl.Int8))
        .when(has[Effective.PRESENT]).then(pl.lit(int(Effective.PRESENT), pl.Int8))
        .when(has[Effective.UNCERTAIN]).then(pl.lit(int(Effective.UNCERTAIN), pl.Int8))
        .when(has[Effective.ABSENT]).then(pl.lit(int(Effective.ABSENT), pl.Int8))
    )  # fmt: skip
