"""Who is whose patient over the builds of a mix, and in which split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxdata.build.builds import Build
from cxdata.mix.matches import Roots, build_patients, go_betweens
from cxdata.mix.patients import Resolved, Role, resolve
from cxdata.model.errors import CxdataError
from cxdata.sources.base import Source


def resolved_patients(found: Sequence[Build], sources: Mapping[str, Source], external: Sequence[str]) -> Resolved:
    """Every patient of the builds with one split; all of those of an external source are test.

    Raises CxdataError for a build that is not finished or whose source is not known.
    """
    slugs = {_slug(build): build for build in found}
    roots: Roots = {slug: tuple(build.roots().values()) for slug, build in slugs.items()}
    unknown = sorted(set(slugs) - set(sources))
    if unknown:
        raise CxdataError(
            f"no source is called {', '.join(unknown)}", where=str(slugs[unknown[0]].home),
            mend="name its folder with --include-path",
        )  # fmt: skip
    present = [build_patients(build.home, sources[slug], roots) for slug, build in slugs.items()]
    roles: dict[str, Role] = dict.fromkeys(external, "external")
    return resolve([*present, *go_betweens(sources, present, roots)], roles)


def _slug(build: Build) -> str:
    record = build.record()
    if record is None or not (build.home / "patients.parquet").is_file():
        raise CxdataError(
            "the build is not finished", where=str(build.home), mend="run its `cxdata build` again: it goes on"
        )
    return str(record["source"])
