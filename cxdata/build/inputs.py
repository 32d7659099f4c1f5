"""The files a build reads: found, missing or not asked for, and the sha256 that the build is keyed by."""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cxdata.build.ledger import Hashes
from cxdata.model.errors import CxdataError, ProblemsError, UsageError, Where
from cxdata.model.hashing import digest, file_sha256
from cxdata.model.manifest import FileSpec, Manifest
from cxdata.sources.access import is_file, readable
from cxdata.sources.roots import Found, find_file
from cxdata.sources.tables import GZIP


class NotAsked(NamedTuple):
    """A task that is left out, and the file that it lacks."""

    task: str
    file: str


class Inputs(NamedTuple):
    """Logical name to path (None: not there), the tasks that can be asked, and those that cannot.

    `without_rows` names the optional tables that hold a header and nothing else: they count as not there.
    """

    files: dict[str, Path | None]
    tasks: tuple[str, ...]
    not_asked: tuple[NotAsked, ...]
    without_rows: tuple[str, ...] = ()


def wanted(manifest: Manifest, options: Mapping[str, str]) -> list[FileSpec]:
    """The files that these options can use."""
    return [spec for spec in manifest.files if all(options[key] == value for key, value in spec.when.items())]


def resolve(
    manifest: Manifest, found: Found, options: Mapping[str, str], asked: tuple[str, ...] | None, *, partial: bool
) -> Inputs:
    """Find every file of the manifest, and settle which tasks can be asked.

    Raises ProblemsError for each required file that is missing, each file that is empty, each table of a task that has
    no rows, and each file of a task that is missing (unless `partial`, or the layout never has it); UsageError for a
    task that the source does not feed. An optional table without rows counts as not there.
    """
    tasks = _asked(manifest, asked)
    specs = [spec for spec in wanted(manifest, options) if spec.role == "data"]
    files = {spec.name: find_file(spec, found.roots.get(spec.part)) for spec in specs}
    missing = [spec for spec in specs if files[spec.name] is None and not any(files.get(name) for name in spec.instead)]
    without = [(spec, task) for spec in missing for task in spec.tasks if task in tasks]
    problems = [_required(manifest, spec, found) for spec in missing if spec.need == "required"]
    problems += [
        _useless(manifest, spec, path, "is empty") for spec in specs if (path := files[spec.name]) and _is_empty(path)
    ]
    bare = [spec for spec in specs if is_without_rows(spec, files[spec.name])]
    rowless = "has a header and no rows"
    problems += [_useless(manifest, spec, path, rowless) for spec in bare if (path := _needed(spec, files))]
    if not partial:
        blocking = {spec.name: spec for spec, _ in without if spec.name not in _lacks(manifest, found)}
        problems += [_for_tasks(manifest, spec, tasks, found) for spec in blocking.values()]
    if problems:
        raise ProblemsError(problems)
    not_asked = tuple(NotAsked(task, spec.name) for spec, task in without)
    spare = [spec.name for spec in bare if spec.need == "optional"]
    return Inputs({**files, **dict.fromkeys(spare)}, _left(manifest, tasks, not_asked), not_asked, tuple(spare))


def input_digests(inputs: Inputs, manifest: Manifest, hashes: Hashes) -> dict[str, tuple[int, str]]:
    """Size in bytes and sha256 of each input that is there, by logical name; a folder of texts is one input.

    Pictures are no input of tables. Raises CxdataError for a file that cannot be read.
    """
    found = [(manifest.file(name), path) for name, path in inputs.files.items() if path is not None]
    digests = {}
    for spec, path in found:
        if spec.kind != "pictures":
            with readable(manifest.slug, path):
                digests[spec.name] = _digest(path, spec, hashes)
    return digests


def is_without_rows(spec: FileSpec, path: Path | None) -> bool:
    """True for a table that holds its whole header and nothing else; what is damaged is the reader's to name."""
    if path is None or spec.kind != "table" or not is_file(path):
        return False
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(GZIP)) == GZIP
        with gzip.open(path) if packed else path.open("rb") as stream:
            header = stream.readline().decode("utf-8", "replace").lstrip("\ufeff")
            named = {spec.own_name(name.strip()) for name in next(csv.reader([header]), [])}
            return named >= set(spec.columns) and not any(line.strip() for line in stream)
    except (OSError, EOFError, zlib.error):
        return False


def _asked(manifest: Manifest, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    if asked is None:
        return manifest.tasks
    for task in asked:
        if task not in manifest.tasks:
            raise UsageError(
                f"{manifest.slug} does not feed the task {task!r}", mend=f"its tasks: {', '.join(manifest.tasks)}"
            )
    return tuple(task for task in manifest.tasks if task in asked)


def _left(manifest: Manifest, tasks: tuple[str, ...], not_asked: tuple[NotAsked, ...]) -> tuple[str, ...]:
    left = tuple(task for task in tasks if task not in {entry.task for entry in not_asked})
    if not left:
        files = ", ".join(dict.fromkeys(entry.file for entry in not_asked))
        raise CxdataError(
            f"no task is left to ask without {files}", where=manifest.slug, mend="get what is missing: cxdata doctor"
        )
    return left


def _lacks(manifest: Manifest, found: Found) -> tuple[str, ...]:
    return next((layout.lacks for layout in manifest.layouts if layout.name == found.layout), ())


def _required(manifest: Manifest, spec: FileSpec, found: Found) -> CxdataError:
    return CxdataError(
        f"{manifest.slug}: the required file {spec.name} is missing ({spec.why})",
        where=_looked_in(manifest, spec, found), mend=f"get it: {spec.get}",
    )  # fmt: skip


def _useless(manifest: Manifest, spec: FileSpec, path: Path, why: str) -> CxdataError:
    spare = "" if spec.need == "required" else f"; or do without it: rm {path}"
    return CxdataError(
        f"{manifest.slug}: {path.name} {why}", where=Where(manifest.slug, str(path)),
        mend=f"get it again: {spec.get}{spare}",
    )  # fmt: skip


def _needed(spec: FileSpec, files: Mapping[str, Path | None]) -> Path | None:
    return None if spec.need == "optional" else files[spec.name]


def _for_tasks(manifest: Manifest, spec: FileSpec, tasks: tuple[str, ...], found: Found) -> CxdataError:
    lost = ", ".join(task for task in spec.tasks if task in tasks)
    return CxdataError(
        f"{manifest.slug}: the file {spec.name} is missing, which {lost} need", where=_looked_in(manifest, spec, found),
        mend="\n".join(_ways(manifest, spec, tasks)),
    )  # fmt: skip


def _ways(manifest: Manifest, spec: FileSpec, tasks: tuple[str, ...]) -> Iterator[str]:
    yield f"get it: {spec.get}"
    if rest := ",".join(task for task in tasks if task not in spec.tasks):
        yield f"or do without it: --tasks {rest}"
        yield "or leave these tasks out: --partial"
    for key, value in spec.when.items():
        for choice in manifest.options[key].choices:
            if choice != value:
                yield f"or use another table: --option {manifest.slug}.{key}={choice}"


def _looked_in(manifest: Manifest, spec: FileSpec, found: Found) -> Where:
    root = found.roots.get(spec.part)
    title = manifest.parts[spec.part].title
    return Where(manifest.slug, str(root) if root else f"no folder of part {spec.part!r} ({title}) was found")


def _is_empty(path: Path) -> bool:
    return is_file(path) and path.stat().st_size == 0


def _digest(path: Path, spec: FileSpec, hashes: Hashes) -> tuple[int, str]:
    """Remembered by place, size and time of change: another download of the same size is another file."""
    name, place = f"input:{spec.name}", str(path.resolve())
    if not path.is_dir():
        stat = path.stat()
        return stat.st_size, hashes.remembered(name, [place, stat.st_size, stat.st_mtime_ns], lambda: file_sha256(path))
    members = list(_members(path, spec.holds))
    signature = [place, digest([member[:1] + member[2:] for member in members])]
    return sum(member.size_bytes for member in members), hashes.remembered(
        name, signature, lambda: digest([(member.name, _member_sha256(member.path)) for member in members])
    )


class _Member(NamedTuple):
    name: str
    path: Path
    size_bytes: int
    mtime_ns: int


def _members(folder: Path, holds: str | None) -> Iterator[_Member]:
    """The texts of a folder, sorted by folder and name; none lies deeper than `holds` says, nor is looked for there."""
    pattern = PurePosixPath(holds or "*.txt")
    depth = len(pattern.parts) - 1
    for place, folders, names in os.walk(folder):
        below = PurePosixPath(place).relative_to(folder)
        folders[:] = sorted(folders) if len(below.parts) < depth else []
        for name in sorted(name for name in names if name.endswith(pattern.suffix)):
            path = Path(place, name)
            stat = path.stat() if path.exists() else path.lstat()
            yield _Member((below / name).as_posix(), path, stat.st_size, stat.st_mtime_ns)


def _member_sha256(path: Path) -> str:
    """The hash of one text; one that cannot be read has none, and is the reader's to reject."""
    try:
        return file_sha256(path)
    except OSError:
        return "unreadable"
