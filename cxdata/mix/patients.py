"""One split for every person, over all builds of a folder: the strictest that any source gives, and the reason.

A source publishes splits, or its manifest has them cut by hash, or it publishes no val: then a share of its train
persons becomes val, by a hash of the person, so that all sources of a person agree. All persons of an external test
source are test.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import polars as pl
from polars.dataframe.group_by import GroupBy

from cxdata.mix.identity import KnownLink, Speaker, Unknown, bridges, persons, unknown_pairs
from cxdata.model.errors import CxdataError
from cxdata.model.facets import SPLITS
from cxdata.model.hashing import unit_expr
from cxdata.model.manifest import SplitRule
from cxdata.model.patients import split_by_hash, split_of, split_rank

Role = Literal["train", "external"]
Matrix = dict[str, dict[str, int]]
"""How many persons, by source and source."""
VAL_SHARE: Final = 0.05
"""Share of train persons that become val where a source publishes no val."""
TRAIN, VAL, TEST = range(len(SPLITS))


class BuildPatients(NamedTuple):
    """What a build knows of its patients.

    `patients` holds `patient_key` and `split_official` (null: none is published); a patient that stands in several
    official splits has a row for each. `split` is the manifest's rule where none is published. A source without
    patients of its own here may still tell by its links who is whose.
    """

    source: str
    namespace: str
    patients: pl.DataFrame
    split: SplitRule
    links: tuple[KnownLink, ...] = ()


class Resolved(NamedTuple):
    """Every patient of every build with one split.

    `patients`: patient_key, person (a patient key that stands for all keys of that person), split, split_reason,
    sources (list of slugs); in the order of the keys; split is null where no source gives one. `unknown`: pairs of
    sources that may share patients, where no match list tells all. `unmatched`: patient_key, namespace (in whose
    lists the patient is not). `official`: persons that two sources publish in different splits; a source
    beside itself: that it publishes in several.
    """

    patients: pl.DataFrame
    unknown: tuple[Unknown, ...]
    unmatched: pl.DataFrame
    official: Matrix


def resolve(
    builds: Sequence[BuildPatients], roles: Mapping[str, Role] | None = None, val_share: float = VAL_SHARE
) -> Resolved:
    """Give every patient one split. Raises CxdataError when manifests disagree about a namespace."""
    _check_namespaces(builds)
    speakers = [Speaker(b.source, b.namespace, b.patients["patient_key"].unique(), b.links) for b in builds]
    joined = bridges(speakers)
    who = persons(speakers, joined)
    rows = _rows(builds, who)
    external = [source for source, role in (roles or {}).items() if role == "external"]
    decided = _decided(rows, _without_val(builds, rows), external, val_share)
    sources = _having(rows, "patient_key").agg(pl.col("source").alias("sources"))
    patients = who.join(decided, on="person", how="left").join(sources, on="patient_key", how="left")
    partly = [bridge for bridge in joined if bridge.why and bridge.is_told]
    unmatched = [pl.DataFrame({"patient_key": b.unmatched, "namespace": b.person}, _UNMATCHED) for b in partly]
    published = rows.select("person", "source", split=split_of(pl.col("rank")))
    return Resolved(
        patients.select("patient_key", "person", "split", "split_reason", "sources").sort("patient_key"),
        tuple(unknown_pairs(speakers, joined)), pl.concat([pl.DataFrame(schema=_UNMATCHED), *unmatched]),
        overlap(published, [b.source for b in builds if b.patients.height]),
    )  # fmt: skip


def overlap(rows: pl.DataFrame, sources: Collection[str]) -> Matrix:
    """Persons in different splits of two sources, for every pair; of a source beside itself: in several of its own.

    `rows` holds `person`, `source` and `split`; a null split counts for nothing.
    """
    stands = rows.drop_nulls("split").select("person", "source", "split").unique()
    torn = stands.filter(pl.col("split").n_unique().over("person") > 1)
    pairs = torn.join(torn, on="person").filter(pl.col("split") != pl.col("split_right"))
    counts = pairs.group_by("source", "source_right").agg(pl.col("person").n_unique()).rows()
    found = {(one, other): n for one, other, n in counts}
    ordered = sorted(sources)
    return {one: {other: found.get((one, other), 0) for other in ordered} for one in ordered}


_UNMATCHED: Final = {"patient_key": pl.String(), "namespace": pl.String()}


def _check_namespaces(builds: Sequence[BuildPatients]) -> None:
    known = {build.source: build.namespace for build in builds}
    for build in builds:
        for link in (known_link.link for known_link in build.links):
            said = link.namespace or build.namespace
            if known.get(link.source, said) != said:
                raise CxdataError(
                    f"{build.source} says that patients of {link.source} are named in {said!r}, which names them in"
                    f" {known[link.source]!r}",
                    where=f"same_patients_as of {build.source}", mend="mend the manifest that is wrong",
                )  # fmt: skip


def _rows(builds: Sequence[BuildPatients], who: pl.DataFrame) -> pl.DataFrame:
    """One row a source, patient and published split: patient_key, source, rank, person, val_share, test_share."""
    columns = [pl.col(name).cast(pl.String) for name in ("patient_key", "split_official")]
    frames = [
        build.patients.select(columns).unique().select(
            "patient_key", source=pl.lit(build.source), rank=split_rank("split_official"),
            val_share=pl.lit(build.split.val_share), test_share=pl.lit(build.split.test_share),
        ) for build in builds
    ]  # fmt: skip
    return pl.concat(frames).join(who, on="patient_key", how="left")


def _without_val(builds: Sequence[BuildPatients], rows: pl.DataFrame) -> list[str]:
    """The sources that publish a train and no val, and have none otherwise: by hash, or by another source."""
    ranks = rows.select("source", "rank", strictest=pl.col("rank").max().over("person"))
    publishing = set(ranks.filter(pl.col("rank") == TRAIN)["source"].unique())
    having = set(ranks.filter(pl.col("strictest") == VAL)["source"].unique())
    return sorted(b.source for b in builds if b.source in publishing - having and not b.split.val_share)


def _decided(rows: pl.DataFrame, without_val: list[str], external: list[str], val_share: float) -> pl.DataFrame:
    """person, split, split_reason."""
    by_shares = split_by_hash(pl.col("person"), pl.col("val_share"), pl.col("test_share")).alias("split")
    stands = rows.with_columns(by_shares).with_columns(
        official=pl.col("rank").max().over("person"), hashed=split_rank("split")
    )
    by_person = stands.group_by("person").agg(
        pl.col("official").first(), pl.col("hashed").max(), unlike=(pl.col("rank") != pl.col("official")).any()
    )
    named = {
        "says": stands.filter(pl.col("rank") == pl.col("official")),
        "external": stands.filter(pl.col("source").is_in(external)),
        "without": stands.filter(pl.col("source").is_in(without_val)),
    }
    for name, among in named.items():
        slugs = _having(among, "person").agg(pl.col("source").str.join(", ").alias(name))
        by_person = by_person.join(slugs, on="person", how="left")
    return by_person.select("person", *_rule(val_share))


def _rule(val_share: float) -> list[pl.Expr]:
    """Split and reason: external test source, then official or hash of the person, then val where none is published."""
    base = pl.coalesce("official", "hashed")
    is_external = pl.col("external").is_not_null()
    becomes_val = (
        (base == TRAIN) & pl.col("without").is_not_null() & (unit_expr(0, pl.col("person"), "val") < val_share)
    )
    rank = pl.when(is_external).then(pl.lit(TEST, pl.Int8)).when(becomes_val).then(pl.lit(VAL, pl.Int8)).otherwise(base)
    reason = (
        pl.when(is_external).then(pl.format("external test source: {}", "external"))
        .when(becomes_val).then(pl.format("hash of the person: {} publishes no val", "without"))
        .when(base.is_null()).then(pl.lit("no source gives a split"))
        .when(pl.col("official").is_null()).then(pl.lit("hash of the person: no split is published"))
        .when("unlike").then(pl.format("strictest official split: {}", "says"))
        .otherwise(pl.format("official split: {}", "says"))
    )  # fmt: skip
    return [split_of(rank).alias("split"), reason.alias("split_reason")]


def _having(rows: pl.DataFrame, key: str) -> GroupBy:
    """The rows grouped by the key, each source once, in the order of the slugs."""
    return rows.select(key, "source").unique().sort("source").group_by(key)
