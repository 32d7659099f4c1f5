"""A build from end to end: inputs settled before anything is written, then each unit, then build.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxdata.build.config import BuildConfig, PicturesConfig
from cxdata.build.folder import BUILD_JSON, CROISSANT, README, STATE, BuildFolder
from cxdata.build.inputs import resolve
from cxdata.build.ledger import Unit
from cxdata.build.parents import Parent, own_and_parents
from cxdata.build.pool import Pool
from cxdata.build.progress import Progress
from cxdata.build.report import Parts, card, croissant, report
from cxdata.build.units import SAMPLES, Units
from cxdata.model.errors import CxdataError, RefusedError, UsageError
from cxdata.model.policies import READ, policies_of
from cxdata.sources.base import Source
from cxdata.sources.roots import Found


@dataclass(frozen=True)
class Request:
    """What to build: the source where it was found, the config, and `home`, the folder OUT/<slug>.

    `parents` are the sources that its manifest requires, see `parents_of`.
    """

    source: Source
    found: Found
    config: BuildConfig
    home: Path
    images: PicturesConfig
    workers: int
    partial: bool
    progress: Progress
    parents: tuple[Parent, ...] = ()


def build(request: Request) -> dict[str, Any]:
    """Build one source; returns build.json's content with `shards_written` and `shards_reused`.

    build.json is taken away before the first shard changes and comes back when all is done: a folder that has one is
    whole. Raises CxdataError for input that cannot be used and when nothing came out, RefusedError for a folder that
    holds something else or lies inside the download.
    """
    manifest, options = request.source.manifest, request.config.options
    _refuse_inside(request)
    _refuse_policy(request)
    inputs = resolve(manifest, request.found, options, request.config.tasks, partial=request.partial)
    folder = BuildFolder(request.home)
    with folder.opened(request.config):
        units = Units(
            request.source, request.found, request.config, inputs, options, request.images, folder,
            Pool(request.workers), request.progress, request.parents,
        )  # fmt: skip
        folder.write_json(f"{STATE}/roots.json", {name: str(root.absolute()) for name, root in units.roots.items()})
        return _finish(units, _all_units(units))


def _refuse_policy(request: Request) -> None:
    """A policy that cannot hold is told before a folder is made."""
    manifest = request.source.manifest
    train, _ = policies_of(manifest.labels, request.config.label_policy)
    if train == READ and ("reports" not in manifest.facets or manifest.labels is None):
        raise UsageError(
            f"label policy read: {manifest.slug} has no reports to read beside its labels",
            mend="use the source's own policy (no --label-policy), or strict",
        )


def _refuse_inside(request: Request) -> None:
    """A download is only ever read: nothing is written below a root, whatever links lead there."""
    home = request.home.resolve()
    for root in own_and_parents(request.found, request.parents).values():
        if home.is_relative_to(root.resolve()):
            raise RefusedError(
                f"{request.source.slug}: the output would lie inside the download, which is never written to",
                where=str(home), mend=f"choose an --out that is not below {root.absolute()}",
            )  # fmt: skip


def _all_units(units: Units) -> Parts:
    units.progress.expect(3 + len(units.inputs.tasks))  # the reader, patients and what is left out, and the tasks
    reader = units.reader
    tasks = units.tasks(units.inputs.tasks)
    samples = [shard for unit in tasks.values() for shard in unit.shards]
    if not samples:
        raise _nothing_came_out(units, tasks)
    return Parts(reader, tasks, units.pictures(samples), units.patients(), units.left_out())


def _finish(units: Units, parts: Parts) -> dict[str, Any]:
    units.hashes.save_used()
    folder, content = units.folder, report(units, parts)
    named = {shard["file"] for shard in content["shards"]}
    strays = folder.remove_strays(named)
    if strays:
        noun = "file" if len(strays) == 1 else "files"
        units.progress.note(f"removed {len(strays)} {noun} that this build does not name")
    folder.write_text(README, card(units.source.manifest, content))
    folder.write_json(CROISSANT, croissant(units.source.manifest, content))
    folder.write_json(BUILD_JSON, content)
    written = len(units.written & named)
    return {**content, "shards_written": written, "shards_reused": len(named) - written}


def _nothing_came_out(units: Units, tasks: dict[str, Unit]) -> CxdataError:
    units.hashes.save_used()
    steps = [
        f"{name}: {step} {count:,} {unit}"
        for name, done in tasks.items()
        for step, count, unit in done.counts["funnel"]
    ]
    rejects = units.reader.counts["rejects"]
    steps += [f"rejected by the reader: {code} {n:,}" for code, n in rejects.items()]
    return CxdataError(
        f"{units.source.slug}: no question came out", where=str(units.folder.home.absolute() / SAMPLES),
        mend="\n".join(["ask for more (--split, --limit, --tasks), or look where they were lost:", *steps]),
    )  # fmt: skip
