"""Who is whose patient over the builds of a folder, and in which split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cxdata.build.builds import Build
from cxdata.mix.matches import Roots, build_patients, go_betweens
from cxdata.mix.patients import BuildPatients, Resolved, Role, resolve
from cxdata.model.errors import CxdataError, UsageError
from cxdata.sources.base import Source


def resolved_patients(found: Sequence[Build], sources: Mapping[str, Source], external: Sequence[str]) -> Resolved:
    """Every patient of the builds with one split; all of those of an external source are test.

    Raises CxdataError for a build that is not finished or whose source is not known.
    """
    present, roots = patients_of(found, sources)
    roles: dict[str, Role] = dict.fromkeys(external, "external")
    return resolve([*present, *go_betweens(sources, present, roots)], roles)


def patients_of(found: Sequence[Build], sources: Mapping[str, Source]) -> tuple[list[BuildPatients], Roots]:
    """What each build knows of its patients, a source once, and where each source was read from.

    Raises CxdataError for a build that is not finished, UsageError for one whose source is not known.
    """
    slugs = {record_of(build)["source"]: build for build in found}
    roots: Roots = {slug: tuple(build.roots().values()) for slug, build in slugs.items()}
    return [build_patients(build.home, _source(slug, sources), roots) for slug, build in slugs.items()], roots


def record_of(build: Build) -> dict[str, Any]:
    """The build.json of a build. Raises CxdataError when the build is not finished."""
    record = build.record()
    if record is None or not (build.home / "patients.parquet").is_file():
        raise CxdataError(
            "the build is not finished", where=str(build.home), mend="run the same `cxdata build` again: it goes on"
        )
    return record


def _source(slug: str, sources: Mapping[str, Source]) -> Source:
    if slug not in sources:
        raise UsageError(
            f"no source is called {slug!r}", where=slug, mend="name the folder that holds it with --include-path"
        )
    return sources[slug]
