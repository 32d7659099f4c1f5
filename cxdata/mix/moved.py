"""Rows of train that came to stand in val or test: held to what the policy of val and test would have let them be.

A build reads labels by the policy of the split that it knows. A source that a mix takes for test, and a patient whose
strictest split is another source's, bring rows that train's policy made, with negatives that nobody stated. Questions
that rest on one are left out; an open question keeps its answer, and such a finding is no more scored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.build.used import STUDY, normal, stated_of, used
from cxdata.mix.lookup import looked_up
from cxdata.mix.pool import FILE, PLACE, keep
from cxdata.model.policies import Use, uses
from cxdata.model.states import effective
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.base import Source

CODE: Final = "for_train_only"
DROPS: Final = {CODE: "in val or test it would rest on a finding that nobody stated"}
UNPROVED: Final = "unproved"
READ: Final = (
    "study_key", "asked_finding", "options", "labels", "scored_labels", "answer", "answer_type", "label_policy",
    "split",
)  # fmt: skip
_SCHEMA: Final = {FILE: pl.UInt32(), PLACE: pl.UInt32(), UNPROVED: pl.List(pl.String()), "is_open": pl.Boolean()}


class Held(NamedTuple):
    """The rows that may stay, and `file`, `place`, `unproved`: what an open row must not be scored by."""

    rows: pl.DataFrame
    unproved: pl.DataFrame


def held(
    rows: pl.DataFrame, files: Sequence[Path], found: Sequence[Build], sources: Mapping[str, Source],
    dropped: Counter[str],
) -> Held:  # fmt: skip
    """Hold the rows of val and test to the policy of val and test of their build; `rows` has file, place and split."""
    elsewhere = rows.filter(pl.col("split").cast(pl.String) != "train")
    parts = [pl.DataFrame(schema=_SCHEMA)]
    for build in found:
        numbers = [number for number, path in enumerate(files) if path.parent.parent == build.home]
        shown = elsewhere.filter(pl.col(FILE).is_in(numbers))
        if shown.height:
            told = looked_up(shown, files, READ).filter(pl.col("split") == "train")
            parts.append(_unproved(told, build, sources))
    all_of_them = pl.concat(parts)
    lost = all_of_them.filter(~pl.col("is_open")).select(FILE, PLACE, _code=pl.lit(CODE))
    codes = rows.select(FILE, PLACE).join(lost, on=[FILE, PLACE], how="left", maintain_order="left")["_code"]
    kept = keep(rows.with_columns(codes), pl.col("_code"), dropped).drop("_code")
    return Held(kept, all_of_them.filter("is_open").drop("is_open"))


def without_unproved(rows: pl.DataFrame, unproved: pl.DataFrame) -> pl.DataFrame:
    """Open rows with `scored_labels`, and `ignored_labels` where it is there, as val and test may have them."""
    told = rows.join(unproved, on=[FILE, PLACE], how="left", maintain_order="left")
    names = pl.col(UNPROVED).fill_null([])
    columns = [pl.col("scored_labels").list.set_difference(names)]
    if "ignored_labels" in rows.columns:
        more = pl.concat_list(pl.col("ignored_labels").fill_null([]), names)
        columns.append(pl.when(pl.col(UNPROVED).is_not_null()).then(more).otherwise("ignored_labels"))
    return told.with_columns(columns).drop(UNPROVED)


def _unproved(rows: pl.DataFrame, build: Build, sources: Mapping[str, Source]) -> pl.DataFrame:
    """file, place, `unproved` and `is_open` of the rows that use a finding as the policy of val and test would not."""
    each = used(rows.lazy())
    asked = pl.col("asked_finding").is_not_null()
    need = (
        pl.when(asked & pl.col("is_right")).then(int(Use.YES)).when(asked).then(int(Use.NO))
        .when("is_right").then(int(Use.KEY)).otherwise(int(Use.WRONG)).cast(pl.UInt8)
    )  # fmt: skip
    beside = pl.col("finding").is_in(normal()) & ~pl.col("is_right")
    told = each.join(_allowed(rows, build, sources), on=[STUDY, "finding"], how="left")
    unfit = told.filter(((pl.col("use").fill_null(0) & need) == 0) & ~beside)
    is_open = (pl.col("answer_type") == "open_labels").all() & ~pl.col("is_right").any()
    rows_of = unfit.group_by(FILE, PLACE).agg(pl.col("finding").unique().sort().alias(UNPROVED), is_open=is_open)
    return rows_of.select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items()).collect()


def _allowed(rows: pl.DataFrame, build: Build, sources: Mapping[str, Source]) -> pl.LazyFrame:
    """study_id, finding and `use`, its flags in val and test; no row where the facets are gone."""
    record = build.record() or {}
    source = sources.get(str(record.get("source")))
    stated = stated_of(build, source.manifest, rows["study_key"].unique()) if source else None
    if source is None or stated is None or source.manifest.labels is None:
        return pl.LazyFrame(schema={STUDY: pl.String, "finding": pl.String, "use": pl.UInt8})
    policy = str(record.get("config", {}).get("policy_eval", source.manifest.labels.policy_eval))
    frame = effective(stated.frame, stated.space, vocabulary())
    closed = frozenset(source.manifest.labels.closed_world)
    flags = uses(frame, stated.space, vocabulary(), policy, train=False, closed_world=closed)
    return flags.select(STUDY, *stated.space).unpivot(index=STUDY, variable_name="finding", value_name="use")
