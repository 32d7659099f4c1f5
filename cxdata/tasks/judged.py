"""Labelled studies with a frontal picture: the effective state of each finding and what the policy lets it be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from cxdata.model.errors import CxdataError
from cxdata.model.policies import READ, Use, uses
from cxdata.model.read_states import with_reader
from cxdata.model.states import Effective, effective, stated_wide

if TYPE_CHECKING:
    from cxdata.tasks.base import Material

USE: Final = "use:"
STATE: Final = "state:"
_OF_STUDY: Final = (
    "study_id", "patient_id", "split", "split_official", "population", "view"
)  # fmt: skip
FACETS: Final = ("studies", "images", "readings", "findings", "label_space")
"""The facets that a task on labels needs."""


def judged(material: Material) -> pl.DataFrame:
    """One row a study: some columns of `cases`, annotator, reference, origin, label_policy, `state:F` and `use:F`.

    `state:F` is an `Effective` code and `use:F` are `Use` flags, for each finding F of the label space.
    """
    space = label_space(material)
    shown = material.cases.lazy().filter(pl.col("pictures") > 0)
    frame = _effective(material, space).join(shown.select(_OF_STUDY), on="study_id")
    policy = pl.when(pl.col("split") == "train").then(pl.lit(material.policy_train))
    frame = frame.with_columns(label_policy=policy.otherwise(pl.lit(material.policy_eval))).collect().lazy()
    train = _uses(frame.filter(pl.col("split") == "train"), material, space, train=True)
    held_out = _uses(frame.filter(pl.col("split") != "train"), material, space, train=False)
    return pl.concat([train, held_out]).sort("study_id").collect()


def label_space(material: Material) -> list[str]:
    """The findings that some annotator of the source looked for, in the order of the vocabulary."""
    looked_for = set(material.facets["label_space"].select("finding").unique().collect()["finding"])
    unknown = sorted(looked_for - set(material.vocabulary.names))
    if unknown:
        raise CxdataError(f"the vocabulary has no finding {', '.join(unknown)}", where=material.card.slug)
    return [name for name in material.vocabulary.names if name in looked_for]


def askable(material: Material, kind: str) -> list[str]:
    """The findings of a kind in the label space that a picture can show."""
    findings = [material.vocabulary.finding(name) for name in label_space(material)]
    return [finding.name for finding in findings if finding.kind == kind and finding.visible != "no"]


def has_use(finding: str, use: Use) -> pl.Expr:
    """True where the finding may serve as any of the uses."""
    return (pl.col(USE + finding) & int(use)) != 0


def state_is(finding: str, *states: Effective) -> pl.Expr:
    """True where the finding's effective state is one of these."""
    return pl.col(STATE + finding).is_in([int(state) for state in states])


def state_funnel(material: Material) -> list[tuple[str, int, str]]:
    """How many (study, finding) pairs stand in each effective state, and how often a rule took one away."""
    space = label_space(material)
    frame = material.judged
    steps = [("labelled studies with a frontal picture", frame.height, "studies")]
    for state in Effective:
        count = frame.select(pl.sum_horizontal(state_is(finding, state).sum() for finding in space)).item()
        steps.append((f"state {state.name.lower()}", int(count), "rows"))
    blocked = frame.select(pl.sum_horizontal(pl.col(f"blocked:{finding}").sum() for finding in space)).item()
    dropped = frame["no_finding_dropped"].sum()
    return [
        *steps,
        ("blocked by a related finding", int(blocked), "rows"),
        ("No Finding beside a pathology: dropped", int(dropped), "rows"),
    ]


def _effective(material: Material, space: list[str]) -> pl.LazyFrame:
    if material.labels is None:
        raise CxdataError("the manifest declares no labels", where=material.card.slug)
    stated = stated_wide(material.facets["findings"], material.facets["readings"], material.labels, space)
    if material.policy_train == READ:
        stated = with_reader(stated, _read_in_train(material), space, material.vocabulary)
    return effective(stated, space, material.vocabulary)


def _read_in_train(material: Material) -> pl.LazyFrame:
    """What the reader of reports states of the studies in train."""
    if READ not in material.facets:
        raise CxdataError("the reports were not read, which label policy read needs", where=material.card.slug)
    train = material.cases.lazy().filter(pl.col("split") == "train").select("study_id")
    return material.facets[READ].join(train, on="study_id", how="semi")


def _uses(frame: pl.LazyFrame, material: Material, space: list[str], *, train: bool) -> pl.LazyFrame:
    assert material.labels is not None  # noqa: S101  checked in _effective
    policy = material.policy_train if train else material.policy_eval
    closed = frozenset(material.labels.closed_world)
    flags = uses(frame, space, material.vocabulary, policy, train=train, closed_world=closed).select("study_id", *space)
    named = flags.rename({finding: USE + finding for finding in space})
    return frame.rename({finding: STATE + finding for finding in space}).join(named, on="study_id")
