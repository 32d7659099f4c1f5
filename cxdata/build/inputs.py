"""The files a build reads: found, missing or not asked for, and the sha256 that the build is keyed by."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from cxdata.build.ledger import Hashes
from cxdata.model.errors import CxdataError, ProblemsError, UsageError, Where
from cxdata.model.hashing import digest, file_sha256
from cxdata.model.manifest import FileSpec, Manifest
from cxdata.sources.roots import Found, find_file


class NotAsked(NamedTuple):
    """A task that is left out, and the file that it lacks."""

    task: str
    file: str


class Inputs(NamedTuple):
    """Logical name to path (None: not there), the tasks that can be asked, and those that cannot."""

    files: dict[str, Path | None]
    tasks: tuple[str, ...]
    not_asked: tuple[NotAsked, ...]


def wanted(manifest: Manifest, options: Mapping[str, str]) -> list[FileSpec]:
    """The files that these options can use."""
    return [spec for spec in manifest.files if all(options[key] == value for key, value in spec.when.items())]


def resolve(
    manifest: Manifest, found: Found, options: Mapping[str, str], asked: tuple[str, ...] | None, *, partial: bool
) -> Inputs:
    """Find every file of the manifest, and settle which tasks can be asked.

    Raises ProblemsError for each required file that is missing, and for each file of a task that is missing unless
    `partial`, or unless the layout never has it; UsageError for a task that the source does not feed.
    """
    tasks = _asked(manifest, asked)
    specs = [spec for spec in wanted(manifest, options) if spec.role == "data" and spec.kind != "pictures"]
    files = {spec.name: find_file(spec, found.roots.get(spec.part)) for spec in specs}
    missing = [spec for spec in specs if files[spec.name] is None]
    lacks = next((layout.lacks for layout in manifest.layouts if layout.name == found.layout), ())
    problems: list[CxdataError] = [_required(manifest, spec, found) for spec in missing if spec.need == "required"]
    without = [(spec, task) for spec in missing for task in spec.tasks if task in tasks]
    if not partial:
        blocking = {spec.name: spec for spec, _ in without if spec.name not in lacks}
        problems += [_for_tasks(manifest, spec, tasks, found) for spec in blocking.values()]
    if problems:
        raise ProblemsError(problems)
    not_asked = tuple(NotAsked(task, spec.name) for spec, task in without)
    left = tuple(task for task in tasks if task not in {entry.task for entry in not_asked})
    if not left:
        raise CxdataError("no task is left to ask", where=manifest.slug, mend="get the missing files: cxdata doctor")
    return Inputs(files, left, not_asked)


def input_digests(inputs: Inputs, manifest: Manifest, hashes: Hashes) -> dict[str, tuple[int, str]]:
    """Size in bytes and sha256 of each input that is there, by logical name; a folder of texts is one input."""
    found = {name: path for name, path in inputs.files.items() if path is not None}
    return {name: _digest(path, manifest.file(name), hashes) for name, path in found.items()}


def _asked(manifest: Manifest, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    if asked is None:
        return manifest.tasks
    for task in asked:
        if task not in manifest.tasks:
            raise UsageError(
                f"{manifest.slug} does not feed the task {task!r}", mend=f"its tasks: {', '.join(manifest.tasks)}"
            )
    return tuple(task for task in manifest.tasks if task in asked)


def _required(manifest: Manifest, spec: FileSpec, found: Found) -> CxdataError:
    return CxdataError(
        f"{manifest.slug}: the required file {spec.name} is missing ({spec.why})",
        where=_looked_in(manifest, spec, found), mend=f"get it: {spec.get}",
    )  # fmt: skip


def _for_tasks(manifest: Manifest, spec: FileSpec, tasks: tuple[str, ...], found: Found) -> CxdataError:
    rest = ",".join(task for task in tasks if task not in spec.tasks)
    ways = [f"get it: {spec.get}"]
    ways += [f"or do without it: --tasks {rest}", "or leave these tasks out: --partial"] if rest else []
    ways += [f"or use another table: --option {manifest.slug}.{key}={choice}"
             for key, value in spec.when.items() for choice in manifest.options[key].choices if choice != value]  # fmt: skip
    lost = ", ".join(task for task in spec.tasks if task in tasks)
    return CxdataError(
        f"{manifest.slug}: the file {spec.name} is missing, which {lost} need", where=_looked_in(manifest, spec, found),
        mend="\n".join(ways),
    )  # fmt: skip


def _looked_in(manifest: Manifest, spec: FileSpec, found: Found) -> Where:
    root = found.roots.get(spec.part)
    place = (
        f"no folder of part {spec.part!r} ({manifest.parts[spec.part].title}) was found" if root is None else str(root)
    )
    return Where(manifest.slug, place)


def _digest(path: Path, spec: FileSpec, hashes: Hashes) -> tuple[int, str]:
    if path.is_file():
        return path.stat().st_size, hashes.sha256(path, f"input:{spec.name}:{path.name}")
    members = list(_members(path))
    signature = digest([(name, stat.st_size, stat.st_mtime_ns) for name, _, stat in members])
    size = sum(stat.st_size for _, _, stat in members)
    return size, hashes.remembered(
        f"input:{spec.name}", signature, lambda: digest([(name, file_sha256(file)) for name, file, _ in members])
    )


def _members(folder: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    for file in sorted(folder.rglob("*.txt")):
        yield file.relative_to(folder).as_posix(), file, file.stat()
