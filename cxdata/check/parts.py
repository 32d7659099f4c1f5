"""The parts and files of one download, each with its state and where to get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import polars as pl

from cxdata.check.counts import is_member
from cxdata.check.downloads import OK, Look, State, is_leftover, look, look_at_picture
from cxdata.check.tree import Tree
from cxdata.model.errors import CxdataError
from cxdata.model.manifest import FileSpec, Manifest, Need
from cxdata.sources.roots import Found, version_of
from cxdata.sources.tables import read_table

BROKEN: Final = ("empty", "truncated", "mismatch", "leftover")


class PartState(NamedTuple):
    """A part of the download: its root (None: not found), version and home page."""

    part: str
    title: str
    root: Path | None
    version: str | None
    home: str
    size: str


class FileState(NamedTuple):
    """A file of the download. `mend` says where it is got, None when it is whole; `what` says what is wrong with it."""

    file: str
    need: Need
    state: State
    mend: str | None = None
    what: str = ""
    tasks: tuple[str, ...] = ()
    when: Mapping[str, str] = {}
    path: Path | None = None

    @property
    def fails(self) -> bool:
        """True when a build would suffer: a required file that is not whole, or a broken one of some tasks."""
        return self.state != "ok" and (self.need == "required" or (self.need == "tasks" and self.state in BROKEN))


class Checkup(NamedTuple):
    """A manifest's file: what it is, where it was found, its state and, of a table that could be read, its rows."""

    spec: FileSpec
    path: Path | None
    state: FileState
    table: pl.DataFrame | None


def part_states(manifest: Manifest, found: Found | None) -> tuple[PartState, ...]:
    """Every part of the manifest."""
    roots = found.roots if found else {}
    return tuple(
        PartState(name, part.title, roots.get(name), version_of(part, roots[name]) if name in roots else None,
                  part.home.url, part.home.size)
        for name, part in manifest.parts.items()
    )  # fmt: skip


def check_file(manifest: Manifest, spec: FileSpec, path: Path | None, root: Path | None, *, whole: bool) -> Checkup:
    """Look at one file of the manifest; tables are read to their end, other archives only if `whole`."""
    if path is None:
        return Checkup(spec, None, _absent(spec, root), None)
    if path.is_dir():
        return Checkup(spec, path, _state(spec, path, OK), None)
    seen, table = look(path, whole=whole or spec.kind == "table" or ".csv" in path.name), None
    if seen.state == "ok" and spec.kind == "table":
        seen, table = _read(manifest, spec, path)
    return Checkup(spec, path, _state(spec, path, seen), table)


def broken_members(spec: FileSpec, tree: Tree) -> Iterator[FileState]:
    """Each member of a family that is empty, and each picture that is cut off or no picture."""
    members = tree.files.filter(is_member(pl.col("path"), spec))
    for name, size in members.iter_rows():
        path = tree.top / name
        seen = Look("empty", "no bytes") if size == 0 else look_at_picture(path) if spec.kind == "pictures" else OK
        if seen.state != "ok":
            mend = f"get it again: {spec.get}"
            yield FileState(f"{tree.top.name}/{name}", "optional", seen.state, mend, seen.what, path=path)


def leftover(path: Path, get: str) -> FileState:
    """What a broken download left behind."""
    mend = f"delete it, then get the file again: {get}"
    return FileState(path.name, "optional", "leftover", mend, "a download that broke off", path=path)


def _read(manifest: Manifest, spec: FileSpec, path: Path) -> tuple[Look, pl.DataFrame | None]:
    try:
        return OK, read_table(manifest.slug, spec, path)
    except CxdataError as error:
        return Look("mismatch", error.what), None


def _state(spec: FileSpec, path: Path, seen: Look) -> FileState:
    mend = None if seen.state == "ok" else f"get it again: {spec.get}"
    return FileState(spec.name, spec.need, seen.state, mend, seen.what, spec.tasks, spec.when, path)


def _absent(spec: FileSpec, root: Path | None) -> FileState:
    remains = _leftover_of(spec, root)
    if remains is None:
        return FileState(spec.name, spec.need, "missing", f"get it: {spec.get}", "", spec.tasks, spec.when)
    what = f"only {remains.name} is there: the download broke off"
    mend = f"delete {remains.name}, then get it again: {spec.get}"
    return FileState(spec.name, spec.need, "leftover", mend, what, spec.tasks, spec.when, remains)


def _leftover_of(spec: FileSpec, root: Path | None) -> Path | None:
    if root is None:
        return None
    names = [PurePosixPath(path).name for path in spec.paths if path != "."]
    remains = (child for child in root.iterdir() if is_leftover(child.name))
    return next((child for child in sorted(remains) if child.name.startswith(tuple(names))), None)
