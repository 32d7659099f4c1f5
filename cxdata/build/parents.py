"""The sources that a source stands on: where they lie, which of their files are read, and what their readers give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from cxdata.build.inputs import Inputs, input_digests, resolve
from cxdata.build.keys import facets_key
from cxdata.build.ledger import Hashes
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import digest
from cxdata.sources.base import ReadContext, Run, Source
from cxdata.sources.roots import Found, locate

Facets = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Parent:
    """A source that another stands on, where it was found, the facets that are read of it and the files for them."""

    source: Source
    found: Found
    facets: tuple[str, ...]
    inputs: Inputs

    @property
    def roots(self) -> dict[str, Path]:
        """Its roots by `root_id` as the other source's pictures have it: `mimic.jpg`."""
        return {f"{self.source.slug}.{part}": root for part, root in self.found.roots.items()}

    def digests(self, hashes: Hashes) -> dict[str, tuple[int, str]]:
        """Size and sha256 of each file that is read of it, by logical name."""
        return input_digests(self.inputs, self.source.manifest, hashes)

    def key(self, hashes: Hashes) -> str:
        """What its facets depend on, as a hash."""
        options = self.source.manifest.settings({})
        read = facets_key(self.source, self.digests(hashes), options, self.found.roots)
        return digest([read.of, self.facets])


class ParentFacets(Mapping[str, Facets]):
    """The facets of each parent by slug, read when they are first asked for; root ids as in `Parent.roots`."""

    def __init__(self, find: Callable[[], Iterable[Parent]], run: Run) -> None:
        self._find, self._run = find, run
        self._read: dict[str, Facets] = {}

    @cached_property
    def _parents(self) -> dict[str, Parent]:
        return {parent.source.slug: parent for parent in self._find()}

    def __getitem__(self, slug: str) -> Facets:
        if slug not in self._read:
            self._read[slug] = _facets(self._parents[slug], self._run)
        return self._read[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parents)

    def __len__(self) -> int:
        return len(self._parents)


def own_and_parents(found: Found, parents: Iterable[Parent]) -> dict[str, Path]:
    """All roots of a source by root id, its own and its parents'."""
    return {**found.roots, **{root_id: root for parent in parents for root_id, root in parent.roots.items()}}


def parents_of(
    source: Source, known: Mapping[str, Source], places: Callable[[Source], Iterable[Path]], *, partial: bool = False
) -> tuple[Parent, ...]:
    """The parents that the manifest requires, each located in its places; `known` holds the sources by slug.

    With `partial`, one that is not there is left out where the manifest says what is done `without_parents`.
    Raises CxdataError where nothing of one is found, ProblemsError where it lacks a file that its reader needs.
    """
    spared = partial and bool(source.manifest.without_parents)
    found = (_parent(source, known[slug], places, spared=spared) for slug in source.manifest.requires)
    return tuple(parent for parent in found if parent is not None)


def _parent(
    source: Source, parent: Source, places: Callable[[Source], Iterable[Path]], *, spared: bool
) -> Parent | None:
    looked_in = list(places(parent))
    found = locate(parent.manifest, looked_in)
    if found is None and spared:
        return None
    if found is None:
        partial = "\nor read it alone: --partial" if source.manifest.without_parents else ""
        homes = "\n".join(f"get it: {part.home.url} ({part.title})" for part in parent.manifest.parts.values())
        raise CxdataError(
            f"{source.slug} stands on {parent.slug}, of which nothing was found",
            where=", ".join(str(place.absolute()) for place in looked_in),
            mend=f"{homes}\nthen name both folders: cxdata build --source {source.slug} --root {source.slug}=DIR"
            f" --root {parent.slug}=DIR{partial}",
        )  # fmt: skip
    facets = source.manifest.parent_facets
    return Parent(parent, found, facets, _inputs(parent, found, facets))


def _inputs(parent: Source, found: Found, facets: tuple[str, ...]) -> Inputs:
    """The files that the facets asked for come from; files of tasks alone are left out where they are not there."""
    manifest = parent.manifest
    inputs = resolve(manifest, found, manifest.settings({}), None, partial=True)
    wanted = {spec.name for spec in manifest.files if spec.need == "required" or not {*facets}.isdisjoint(spec.facets)}
    return inputs._replace(files={name: path if name in wanted else None for name, path in inputs.files.items()})


def _facets(parent: Parent, run: Run) -> Facets:
    read = parent.source.reader.read(_context(parent, run)).facets
    given = {name: read[name] for name in parent.facets if name in read}
    if "images" in given:
        images = given["images"]
        given["images"] = images.with_columns(
            pl.concat_str(pl.lit(f"{parent.source.slug}."), "root_id").alias("root_id")
        )
    return given


def _context(parent: Parent, run: Run) -> ReadContext:
    manifest = parent.source.manifest
    return ReadContext(manifest, parent.inputs.files, parent.found.roots, manifest.settings({}), run)
