"""What a folder of builds says of its patients, and the lists that match ids of one source with those of another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cxdata.mix.identity import KnownLink
from cxdata.mix.patients import BuildPatients
from cxdata.model.errors import CxdataError, Where
from cxdata.model.links import Link, MatchList
from cxdata.sources.base import Source

Roots = Mapping[str, Sequence[Path]]
"""The folders that each source was read from, by slug."""


def build_patients(home: Path, source: Source, roots: Roots) -> BuildPatients:
    """The patients of a build with every split that is published for them, and the links of its manifest.

    Raises CxdataError when a match list is there and cannot be read.
    """
    told = pl.scan_parquet(home / "patients.parquet").select("patient_key", "split_official")
    samples = sorted((home / "samples").glob("*.parquet"))
    asked = [pl.scan_parquet(samples).select("patient_key", "split_official").unique()] if samples else []
    return with_links(source, pl.concat([told, *asked]).unique().collect(), roots)


def with_links(source: Source, patients: pl.DataFrame, roots: Roots) -> BuildPatients:
    """These patients of a source, with its manifest's rule of splits and its links."""
    manifest = source.manifest
    links = tuple(_known(source, link, roots) for link in manifest.same_patients_as)
    return BuildPatients(source.slug, manifest.patient_namespace, patients, manifest.split, links)


def go_betweens(sources: Mapping[str, Source], present: Sequence[BuildPatients], roots: Roots) -> list[BuildPatients]:
    """The other sources, without patients: by their links, too, two of those present may share a third's patients."""
    there = {build.source for build in present}
    nobody = pl.DataFrame(schema={"patient_key": pl.String, "split_official": pl.String})
    return [with_links(source, nobody, roots) for slug, source in sources.items() if slug not in there]


def _known(source: Source, link: Link, roots: Roots) -> KnownLink:
    folders = [*roots.get(source.slug, ()), *roots.get(link.source, ())]
    for each in link.lists:
        path = _find(each, source.folder, folders)
        if path is not None:
            return KnownLink(link, _pairs(source.slug, each, path))
    return KnownLink(link)


def _find(wanted: MatchList, package: Path, roots: Sequence[Path]) -> Path | None:
    places = [package] if wanted.place == "package" else roots
    return next((path for place in places for path in sorted(place.glob(wanted.path)) if path.is_file()), None)


def _pairs(slug: str, wanted: MatchList, path: Path) -> pl.DataFrame:
    """`own`, `other`: the native ids of each pair; a row in which one of them is none is left out."""
    table = _table(slug, wanted, path)
    return table.select(
        own=pl.col(wanted.own).cast(pl.String).str.extract(wanted.own_id),
        other=pl.col(wanted.other).cast(pl.String).str.extract(wanted.other_id),
    ).drop_nulls().unique()  # fmt: skip


def _table(slug: str, wanted: MatchList, path: Path) -> pl.DataFrame:
    try:
        table = _objects(path, wanted) if path.suffix == ".json" else pl.read_csv(path, infer_schema=False)
        return table.select({wanted.own, wanted.other})
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise CxdataError(
            f"the list that matches ids cannot be read ({type(error).__name__})",
            where=Where(slug, str(path)), mend=f"it must have {wanted.own} and {wanted.other}: get it again",
        ) from None  # fmt: skip


def _objects(path: Path, wanted: MatchList) -> pl.DataFrame:
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return pl.DataFrame({name: [row[name] for row in rows] for name in (wanted.own, wanted.other)})
