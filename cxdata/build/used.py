"""How rows of a build use findings: as right or wrong, and in what state each is in the row's study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.model.manifest import Manifest
from cxdata.model.policies import READ, UNREAD
from cxdata.model.read_states import with_reader
from cxdata.model.states import Effective, effective, stated_wide
from cxdata.model.vocabulary import vocabulary

KINDS: Final = {
    Effective.ABSENT: "stated absent",
    Effective.IMPLIED_ABSENT_PARENT: "implied by an absent parent",
    Effective.IMPLIED_ABSENT_NO_FINDING: "implied by No Finding",
    Effective.NOT_MENTIONED: "not mentioned",
    Effective.UNCERTAIN: "uncertain",
    Effective.IMPLIED_UNCERTAIN: "implied uncertain",
    Effective.CONFLICT: "in conflict",
    Effective.OUTSIDE: "not looked for",
}
BESIDE: Final = "No Finding beside a finding"
PRESENT: Final = "present, or not read"  # as a negative, never in a sound build
UNKNOWN: Final = "unknown: facets/ is gone, or the source is not known here"
FACETS: Final = ("findings", "readings", "label_space")
STUDY: Final = "study_id"


def used(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row a finding that a row of samples uses: `finding`, and `is_right`, whether it belongs to the answer.

    Of a question about one finding that is the finding, by Yes or No; else the labels are right, the other options or
    scored labels wrong. Rows in which no label was read (`label_policy` is `none`) use none. `study_id` is added.
    """
    read = rows.filter(pl.col("label_policy") != UNREAD).with_columns(study_id=study_of())
    is_asked, said = pl.col("asked_finding").is_not_null(), pl.col("answer")
    labels, asked = pl.col("labels").fill_null([]), pl.concat_list("asked_finding")
    wrong = pl.coalesce("options", "scored_labels").list.set_difference(labels)
    right = pl.when(is_asked & (said == "Yes")).then(asked).when(~is_asked).then(labels)
    wrong = pl.when(is_asked & (said == "No")).then(asked).when(~is_asked).then(wrong)
    sides = [
        read.with_columns(finding=side, is_right=pl.lit(is_right)) for side, is_right in ((right, True), (wrong, False))
    ]
    return pl.concat(sides).explode("finding", empty_as_null=False, keep_nulls=False)


def kind_of(state: pl.Expr) -> pl.Expr:
    """What a negative rests on, in words, from the code of the finding's effective state; see `states_of`.

    No Finding is wrong whatever its state where a finding is there.
    """
    words = {int(code): word for code, word in KINDS.items()}
    kind = state.replace_strict(words, default=PRESENT, return_dtype=pl.String).fill_null(PRESENT)
    return pl.when(pl.col("finding").is_in(normal())).then(pl.lit(BESIDE)).otherwise(kind)


class Stated(NamedTuple):
    """What a build's annotators stated, as wide as the findings they looked for; see `states.stated_wide`."""

    frame: pl.LazyFrame
    space: list[str]


def stated_of(build: Build, manifest: Manifest, study_keys: pl.Series | None = None) -> Stated | None:
    """What is stated of each study, or of these; None where the facets are gone or hold no labels."""
    files = {name: build.home / f"facets/{name}.parquet" for name in FACETS}
    if manifest.labels is None or not all(path.is_file() for path in files.values()):
        return None
    tables = {name: pl.scan_parquet(path, glob=False) for name, path in files.items()}
    looked_for = set(tables["label_space"].select("finding").collect()["finding"])
    if study_keys is not None:
        ids = study_keys.to_frame("study_key").select(study_id=study_of()).lazy()
        for name in ("findings", "readings"):
            tables[name] = tables[name].join(ids, on=STUDY, how="semi")
    space = [name for name in vocabulary().names if name in looked_for]
    return Stated(stated_wide(tables["findings"], tables["readings"], manifest.labels, space), space)


def states_of(build: Build, manifest: Manifest, only: Sequence[str] | None = None) -> pl.LazyFrame | None:
    """study_id, finding and the code of its effective state; None where the facets are gone or hold no labels.

    `only` names the findings wanted; the others still decide on what these amount to.
    """
    stated = stated_of(build, manifest)
    if stated is None:
        return None
    frame = _with_reports(stated, build)
    if frame is None:
        return None
    wanted = [name for name in stated.space if only is None or name in only]
    wide = effective(frame, stated.space, vocabulary()).select("study_id", *wanted)
    return wide.unpivot(index="study_id", variable_name="finding", value_name="state")


def _with_reports(stated: Stated, build: Build) -> pl.LazyFrame | None:
    """What is stated, with what was read in the reports of train where the build's policy is `read`.

    None where the readings are gone.
    """
    config = (build.record() or {}).get("config", {})
    if not isinstance(config, dict) or config.get("policy_train") != READ:
        return stated.frame
    file = build.home / f"facets/{READ}.parquet"
    if not file.is_file():
        return None
    rows = pl.scan_parquet(build.shards("samples"), glob=False).filter(pl.col("label_policy") == READ)
    train = rows.select(study_id=study_of()).unique()
    read = pl.scan_parquet(file, glob=False).join(train, on=STUDY, how="semi")
    return with_reader(stated.frame, read, stated.space, vocabulary())


def study_of() -> pl.Expr:
    """The source's own id of a row's study."""
    return pl.col("study_key").str.split_exact(":", 1).struct.field("field_1")


def normal() -> list[str]:
    """Findings that say that there is none."""
    return [finding.name for finding in vocabulary().findings if finding.kind == "normal"]
