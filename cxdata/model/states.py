"""Label states: from what annotators stated to what each study's findings amount to.

`stated_wide` turns the long facets into one row a study; `effective` adds what stated labels imply about each other.
Both work on whole columns: one Int8 column per finding, codes of `Effective`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

import polars as pl

from cxdata.model.errors import CxdataError
from cxdata.model.manifest import Labels
from cxdata.model.vocabulary import Vocabulary

VERSION: Final = 1
BLOCKED: Final = "blocked:"
_RANK: Final = "annotator_rank"
_ALONE: Final = "no_finding_alone"


class Effective(IntEnum):
    """What a finding amounts to in one study. The first six may be stated; the rest follows from other findings."""

    OUTSIDE = 0
    NOT_MENTIONED = 1
    PRESENT = 2
    ABSENT = 3
    UNCERTAIN = 4
    CONFLICT = 5
    IMPLIED_PRESENT = 6
    IMPLIED_UNCERTAIN = 7
    IMPLIED_ABSENT_PARENT = 8
    IMPLIED_ABSENT_NO_FINDING = 9


# The states that make a finding a pathology of the study (rule 4) and that block its relatives (rule 5).
OPEN_STATES: Final = (Effective.PRESENT, Effective.UNCERTAIN, Effective.CONFLICT)
_STATED: Final = {"present": Effective.PRESENT, "absent": Effective.ABSENT, "uncertain": Effective.UNCERTAIN}


def stated_wide(findings: pl.LazyFrame, readings: pl.LazyFrame, labels: Labels, space: Sequence[str]) -> pl.LazyFrame:
    """One row a study that an annotator has read, sorted by study_id, with a stated code per finding of `space`.

    Columns: study_id, annotator, reference, origin_file, origin_row (of the reading that came first in its file), then
    the findings as Int8: OUTSIDE, NOT_MENTIONED, PRESENT, ABSENT, UNCERTAIN or CONFLICT.

    Rows of one annotator on several images of a study are taken together; where they differ the finding is CONFLICT, as
    is a stated label whose state is null (a cell that could not be read may be anything). Stated counts even where the
    annotator's label space lacks the finding. Annotators are resolved as the manifest says:

    - first annotator: the first of `labels.annotators` with a reading of the study, alone.
    - unanimous: all that have one and looked for the finding; silence is a vote like any other, and where votes differ
      the finding is CONFLICT. `annotator` names them all, joined by `+`, and `reference` is the weakest tier.

    Raises CxdataError when a unanimous annotator states positives only: its silence weighs nothing against an absence.
    """
    ranked = _ranked_readings(readings, labels)
    if labels.resolution == "first annotator":
        first = ranked.unique(["study_id"], keep="first", maintain_order=True)
        return _with_states(first, findings, labels, space).drop(_RANK)
    if partial := [annotator.name for annotator in labels.annotators if annotator.how == "positives only"]:
        raise CxdataError(
            f"resolution 'unanimous' cannot weigh an annotator that states positives only: {', '.join(partial)}",
            mend="use 'first annotator' in the manifest, or leave the annotator out",
        )
    each = ranked.unique(["study_id", _RANK], keep="first", maintain_order=True)
    return _unanimous(_with_states(each, findings, labels, space), space)


def effective(stated: pl.LazyFrame, space: Sequence[str], vocabulary: Vocabulary) -> pl.LazyFrame:
    """The frame with effective codes in place of stated ones, `blocked:<finding>` for each, and `no_finding_dropped`.

    In: one row a study, one Int8 column per finding of `space` with a stated code; other columns are kept. `space` must
    be all that was stated: a relative outside it neither contradicts, implies nor blocks. The rules, in this order
    (CheXpert's hierarchy read both ways; closure holds in truth, not in report labels, so implied states only block):

    - A finding that is present below an absent ancestor, at any distance, is CONFLICT, and so is the ancestor.
    - A finding that is not mentioned takes what the states after that step imply: IMPLIED_PRESENT by a present
      descendant, else IMPLIED_UNCERTAIN by an uncertain one, else IMPLIED_ABSENT_PARENT by an absent ancestor. Doubt
      goes before absence, since absence can become a wrong option. What is OUTSIDE stays so.
    - No Finding present and no pathology (kind finding) present, uncertain or in conflict: a salient finding that is
      still not mentioned is IMPLIED_ABSENT_NO_FINDING. Beside such a pathology No Finding is dropped to NOT_MENTIONED,
      and `no_finding_dropped` is true. Devices are no pathology.
    - blocked: a relative (is_a either way, or overlap) is present, uncertain or in conflict. Implied states block
      nothing: what implies them does, or has no relation to the finding.

    Raises CxdataError for a finding that the vocabulary does not have.
    """
    names = [vocabulary.finding(name).name for name in space]
    return (
        stated.with_columns(_contradicted(name, names, vocabulary) for name in names)
        .with_columns(
            *(_implied(name, names, vocabulary) for name in names),
            *(_blocked(name, names, vocabulary) for name in names),
        )
        .with_columns(_no_finding_beside(names, vocabulary))
        .with_columns(_by_no_finding(names, vocabulary))
        .drop(_ALONE)
    )


def _is(name: str, *states: Effective) -> pl.Expr:
    tests = [pl.col(name) == pl.lit(int(state), pl.Int8) for state in states]
    return tests[0] if len(tests) == 1 else pl.any_horizontal(tests)


def _any(names: Iterable[str], *states: Effective) -> pl.Expr:
    tests = [_is(name, *states) for name in names]
    return pl.any_horizontal(tests) if tests else pl.lit(False)


def _code(state: Effective) -> pl.Expr:
    return pl.lit(int(state), pl.Int8)


def _contradicted(name: str, names: Sequence[str], vocabulary: Vocabulary) -> pl.Expr:
    above = [other for other in names if other in vocabulary.ancestors(name)]
    below = [other for other in names if other in vocabulary.descendants(name)]
    child = _is(name, Effective.PRESENT) & _any(above, Effective.ABSENT)
    parent = _is(name, Effective.ABSENT) & _any(below, Effective.PRESENT)
    return pl.when(child | parent).then(_code(Effective.CONFLICT)).otherwise(pl.col(name)).alias(name)


def _implied(name: str, names: Sequence[str], vocabulary: Vocabulary) -> pl.Expr:
    above = [other for other in names if other in vocabulary.ancestors(name)]
    below = [other for other in names if other in vocabulary.descendants(name)]
    return (
        pl.when(~_is(name, Effective.NOT_MENTIONED)).then(pl.col(name))
        .when(_any(below, Effective.PRESENT)).then(_code(Effective.IMPLIED_PRESENT))
        .when(_any(below, Effective.UNCERTAIN)).then(_code(Effective.IMPLIED_UNCERTAIN))
        .when(_any(above, Effective.ABSENT)).then(_code(Effective.IMPLIED_ABSENT_PARENT))
        .otherwise(pl.col(name)).alias(name)
    )  # fmt: skip


def _blocked(name: str, names: Sequence[str], vocabulary: Vocabulary) -> pl.Expr:
    related = [other for other in names if vocabulary.related(name, other)]
    return _any(related, *OPEN_STATES).alias(BLOCKED + name)


def _normal(names: Sequence[str], vocabulary: Vocabulary) -> str | None:
    return next((name for name in names if vocabulary.finding(name).kind == "normal"), None)


def _no_finding_beside(names: Sequence[str], vocabulary: Vocabulary) -> list[pl.Expr]:
    """Whether No Finding stands beside a pathology, and whether it stands alone."""
    normal = _normal(names, vocabulary)
    stated = pl.lit(False) if normal is None else _is(normal, Effective.PRESENT)
    pathology = _any((name for name in names if vocabulary.finding(name).kind == "finding"), *OPEN_STATES)
    return [(stated & pathology).alias("no_finding_dropped"), (stated & ~pathology).alias(_ALONE)]


def _by_no_finding(names: Sequence[str], vocabulary: Vocabulary) -> list[pl.Expr]:
    """The salient findings that No Finding implies absent, and No Finding itself where it is dropped."""
    implied = [
        pl.when(pl.col(_ALONE) & _is(name, Effective.NOT_MENTIONED))
        .then(_code(Effective.IMPLIED_ABSENT_NO_FINDING)).otherwise(pl.col(name)).alias(name)
        for name in names
        if vocabulary.is_salient(name)
    ]  # fmt: skip
    normal = _normal(names, vocabulary)
    if normal is None:
        return implied
    dropped = pl.when("no_finding_dropped").then(_code(Effective.NOT_MENTIONED)).otherwise(pl.col(normal))
    return [*implied, dropped.alias(normal)]


def _ranked_readings(readings: pl.LazyFrame, labels: Labels) -> pl.LazyFrame:
    """The readings of the manifest's annotators, by study, then the annotators' order, then the place in the file."""
    names = [annotator.name for annotator in labels.annotators]
    references = {annotator.name: annotator.reference for annotator in labels.annotators}
    return (
        readings.filter(pl.col("annotator").is_in(names))
        .select(
            "study_id", "annotator",
            pl.col("annotator").replace_strict(references, return_dtype=pl.String).alias("reference"),
            "origin_file", "origin_row",
            pl.col("annotator").replace_strict(names, range(len(names)), return_dtype=pl.Int8).alias(_RANK),
        )
        .sort("study_id", _RANK, "origin_file", "origin_row", nulls_last=True)
    )  # fmt: skip


def _with_states(readings: pl.LazyFrame, findings: pl.LazyFrame, labels: Labels, space: Sequence[str]) -> pl.LazyFrame:
    wide = _per_reading(findings, labels, space)
    joined = readings.join(wide, on=["study_id", _RANK], how="left", maintain_order="left")
    return joined.with_columns(_filled(name, labels) for name in space)


def _per_reading(findings: pl.LazyFrame, labels: Labels, space: Sequence[str]) -> pl.LazyFrame:
    """One row per study and annotator with a code per finding, null where nothing was stated."""
    names = [annotator.name for annotator in labels.annotators]
    code = pl.col("state").replace_strict(
        list(_STATED), [int(code) for code in _STATED.values()], default=int(Effective.CONFLICT), return_dtype=pl.Int8
    )
    stated = findings.filter(pl.col("annotator").is_in(names), pl.col("finding").is_in(list(space))).select(
        "study_id",
        pl.col("annotator").replace_strict(names, range(len(names)), return_dtype=pl.Int8).alias(_RANK),
        pl.col("finding").cast(pl.Enum(list(space))),
        code.alias("code"),
    )
    agreed = stated.group_by("study_id", _RANK, "finding").agg(_agreed(pl.col("code")).alias("code"))
    picked = (pl.when(pl.col("finding") == name).then(pl.col("code")).max().alias(name) for name in space)
    return agreed.group_by("study_id", _RANK).agg(picked)


def _agreed(code: pl.Expr) -> pl.Expr:
    """The one code of a group, null when it holds none, CONFLICT when it holds several."""
    return pl.when(code.min() == code.max()).then(code.max()).when(code.count() > 0).then(_code(Effective.CONFLICT))


def _filled(name: str, labels: Labels) -> pl.Expr:
    """Silence: not mentioned by an annotator that looked for the finding, else outside."""
    looked = [rank for rank, annotator in enumerate(labels.annotators) if name in annotator.findings]
    silence = (
        pl.when(pl.col(_RANK).is_in(looked)).then(_code(Effective.NOT_MENTIONED)).otherwise(_code(Effective.OUTSIDE))
    )
    return pl.col(name).fill_null(silence).alias(name)


def _unanimous(each: pl.LazyFrame, space: Sequence[str]) -> pl.LazyFrame:
    votes = (
        _agreed(pl.col(name).filter(pl.col(name) != int(Effective.OUTSIDE)))
        .fill_null(_code(Effective.OUTSIDE))
        .alias(name)
        for name in space
    )
    return each.group_by("study_id", maintain_order=True).agg(
        pl.col("annotator").str.join("+"),
        pl.col("reference").max(),
        pl.col("origin_file", "origin_row").first(),
        *votes,
    )
