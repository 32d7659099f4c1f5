"""Who is whose: patient keys of several sources that name one person, and where nobody can tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import polars as pl

from cxdata.mix.components import components
from cxdata.model.links import Link

NO_LIST: Final = "only a list that matches their ids could tell, and none was found"
PAIR: Final = {"derived": pl.String(), "person": pl.String()}


class KnownLink(NamedTuple):
    """A link of a manifest and, where a list matches the ids, that list: `own`, `other` (native); None: not found."""

    link: Link
    pairs: pl.DataFrame | None = None


class Speaker(NamedTuple):
    """A source that says whose patients it has: its slug, namespace, distinct patient keys and links."""

    source: str
    namespace: str
    keys: pl.Series
    links: tuple[KnownLink, ...]


class Unknown(NamedTuple):
    """Two sources that may share patients, and why nobody can tell.

    `partial`: lists tell of all but some patients (`Resolved.unmatched`).
    """

    source: str
    other: str
    why: str
    partial: bool = False


class Bridge(NamedTuple):
    """Two namespaces whose patients are the same people: pairs of keys, and the keys that no list names.

    `derived` is the namespace whose ids do not stand for a person; `pairs` has `derived` and `person`. `why` is empty
    where every key has its counterpart, or is known to have none. `is_told`: the ids are the same, or a list is there.
    """

    derived: str
    person: str
    pairs: pl.DataFrame
    unmatched: pl.Series
    why: str
    is_told: bool


def persons(speakers: Sequence[Speaker], bridges: Iterable[Bridge]) -> pl.DataFrame:
    """`patient_key`, `person` of every key: the first key of its component; keys that stand for a person come first.

    The name does not change when a build is added whose keys stand for pictures.
    """
    keys = pl.concat([speaker.keys.rename("key") for speaker in speakers]).unique()
    pairs = pl.concat([pl.DataFrame(schema=PAIR), *(bridge.pairs for bridge in bridges)]).unique()
    derived = pairs.select(key=pl.col("derived").unique()).with_columns(late=pl.lit(True))
    nodes = pl.concat([keys, pairs["derived"], pairs["person"]]).unique().to_frame("key")
    order = nodes.join(derived, on="key", how="left").sort("late", "key", nulls_last=False)["key"]
    found = components(order, pairs).select(patient_key="node", person="name")
    return (
        keys.to_frame("patient_key").join(found, on="patient_key", how="left")
        .with_columns(pl.col("person").fill_null(pl.col("patient_key"))).sort("patient_key")
    )  # fmt: skip


def bridges(speakers: Sequence[Speaker]) -> list[Bridge]:
    """The links of all speakers by pair of namespaces; two manifests that speak of one pair are heard together."""
    said: dict[tuple[str, str], list[tuple[Speaker, KnownLink]]] = defaultdict(list)
    for speaker in speakers:
        for known in speaker.links:
            if known.link.namespace is not None:
                said[_ends(speaker, known.link)].append((speaker, known))
    keys = _keys_by_namespace(speakers)
    return [_bridge(derived, person, links, keys) for (derived, person), links in sorted(said.items())]


def unknown_pairs(speakers: Sequence[Speaker], bridges: Sequence[Bridge]) -> list[Unknown]:
    """Pairs of sources that a chain of links joins, but none in which each is certain; by name."""
    places = {speaker.source: speaker.namespace for speaker in speakers if speaker.keys.len()}
    all_links, told, certain = (
        _reach(part) for part in (bridges, [b for b in bridges if b.is_told], [b for b in bridges if not b.why])
    )

    def joined(one: str, other: str, reach: Mapping[str, str]) -> bool:
        return reach.get(places[one], places[one]) == reach.get(places[other], places[other])

    return [
        Unknown(one, other, _why(places[one], places[other], bridges), joined(one, other, told))
        for one, other in combinations(sorted(places), 2)
        if joined(one, other, all_links) and not joined(one, other, certain)
    ]


def _ends(speaker: Speaker, link: Link) -> tuple[str, str]:
    other = link.namespace or speaker.namespace
    return (speaker.namespace, other) if link.person == "other" else (other, speaker.namespace)


def _keys_by_namespace(speakers: Sequence[Speaker]) -> dict[str, pl.Series]:
    """Every key that a source has, or that it says to be another's, by namespace: these must find their counterpart."""
    found: dict[str, list[pl.Series]] = defaultdict(list)
    for speaker in speakers:
        found[speaker.namespace].append(speaker.keys.rename("key"))
        for known in speaker.links:
            if known.link.ids == "same ids":
                pairs = _oriented(speaker, known)
                side = "person" if known.link.person == "other" else "derived"
                found[known.link.namespace or ""].append(pairs[side].rename("key"))
    return {namespace: pl.concat(keys).unique() for namespace, keys in found.items()}


def _bridge(
    derived: str, person: str, links: Sequence[tuple[Speaker, KnownLink]], keys: Mapping[str, pl.Series]
) -> Bridge:
    pairs = pl.concat([pl.DataFrame(schema=PAIR), *(_oriented(*each) for each in links)]).unique()
    here = keys.get(derived, pl.Series("key", [], pl.String))
    certain = any(known.link.ids == "same ids" for _, known in links)
    left = here.head(0) if certain else here.filter(~here.is_in(pairs["derived"].implode()))
    listed = any(known.pairs is not None for _, known in links)
    why = "" if certain or (listed and not left.len()) else _doubt(links, left.len(), here.len(), listed=listed)
    return Bridge(derived, person, pairs, left, why, certain or listed)


def _doubt(links: Sequence[tuple[Speaker, KnownLink]], left: int, everyone: int, *, listed: bool) -> str:
    speaker, known = links[0]
    who = f"{speaker.source} and {known.link.source}"
    return f"{who}: {left:,} of {everyone:,} ids stand in no match list" if listed else f"{who}: {NO_LIST}"


def _oriented(speaker: Speaker, known: KnownLink) -> pl.DataFrame:
    """The pairs of keys that a link gives, as `derived` and `person`."""
    link = known.link
    if link.ids == "same ids":
        native = speaker.keys.to_frame("key").with_columns(own=pl.col("key").str.strip_prefix(f"{speaker.namespace}:"))
        ids = native.select("own", other=pl.col("own").str.extract(link.own_id))
    else:
        ids = known.pairs if known.pairs is not None else pl.DataFrame(schema={"own": pl.String, "other": pl.String})
    keys = ids.drop_nulls().select(
        own=pl.concat_str(pl.lit(f"{speaker.namespace}:"), "own"),
        other=pl.concat_str(pl.lit(f"{link.namespace}:"), "other"),
    )
    return keys.select(derived="own", person="other") if link.person == "other" else keys.select(
        derived="other", person="own"
    )  # fmt: skip


def _reach(bridges: Sequence[Bridge]) -> dict[str, str]:
    """The name of the component of each namespace, over these bridges."""
    ends = pl.DataFrame([(b.derived, b.person) for b in bridges], schema=["a", "b"], orient="row").cast(pl.String)
    nodes = pl.concat([ends["a"], ends["b"].rename("a")]).unique().sort()
    return dict(components(nodes, ends).iter_rows()) if bridges else {}


def _why(one: str, other: str, bridges: Sequence[Bridge]) -> str:
    """The doubts on the shortest chain of bridges between two namespaces."""
    paths: list[tuple[str, tuple[Bridge, ...]]] = [(one, ())]
    seen = {one}
    for place, path in paths:
        if place == other:
            return "; ".join(bridge.why for bridge in path if bridge.why)
        for bridge in bridges:
            ends = {bridge.derived, bridge.person}
            if place in ends and (further := ends - seen):
                seen |= further
                paths += [(end, (*path, bridge)) for end in sorted(further)]
    return ""
