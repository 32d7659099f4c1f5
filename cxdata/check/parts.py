"""The parts and files of one download, each with its state and where to get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.inputs import is_without_rows
from cxdata.check.counts import is_member
from cxdata.check.downloads import NOT_GZIP, OK, Look, State, is_leftover, look, look_at_picture
from cxdata.check.tree import Tree
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import hash_expr
from cxdata.model.manifest import FileSpec, Manifest, Need
from cxdata.sources.records import as_table, read_records
from cxdata.sources.roots import Found, version_of
from cxdata.sources.tables import read_table

BROKEN: Final = ("empty", "truncated", "mismatch", "leftover")
NO_ROWS: Final = "a header and no rows: a build counts it as not there"
PLAIN: Final = "not packed, whatever its name says; a build reads it all the same"
PICTURES_OPENED: Final = 2_000  # of a family; a download may hold 112,120 pictures in one folder


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
    stops: bool = False

    @property
    def fails(self) -> bool:
        """True when a build would fail or suffer.

        A required file that is not whole, a broken one of some tasks, or (`stops`) one that is there, is read, and
        cannot be.
        """
        lame = self.need == "required" or (self.need == "tasks" and self.state in BROKEN)
        return self.state != "ok" and (lame or self.stops)


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
    """Look at one file of the manifest; tables and lists are read to their end, other archives only if `whole`."""
    if path is None:
        return Checkup(spec, None, _absent(spec, root), None)
    if path.is_dir():
        return Checkup(spec, path, _state(spec, path, OK), None)
    is_table = spec.kind in ("table", "list", "json")
    if is_without_rows(spec, path) and spec.need == "optional":
        return Checkup(spec, path, _state(spec, path, Look("empty", NO_ROWS)), None)
    seen, table = look(path, whole=whole or is_table or ".csv" in path.name), None
    if is_table and (seen.state == "ok" or seen.what == NOT_GZIP):
        told = PLAIN if seen.what == NOT_GZIP else ""
        seen, table = _read(manifest, spec, path, told)
    state = _state(spec, path, seen)
    is_read = spec.role == "data" and (seen.state == "empty" or spec.kind != "pictures")
    return Checkup(spec, path, state._replace(stops=is_read and seen.state != "ok"), table)


def unopened(spec: FileSpec, tree: Tree, *, whole: bool) -> set[str]:
    """The pictures of a family that are not opened: all but `PICTURES_OPENED` of them by hash, unless `whole`."""
    members = tree.files.filter(is_member(pl.col("path"), spec))
    if whole or spec.kind != "pictures" or members.height <= PICTURES_OPENED:
        return set()
    ranked = members.sort(hash_expr(0, pl.col("path"), "doctor"), "path")
    return set(ranked["path"][PICTURES_OPENED:])


def broken_members(spec: FileSpec, tree: Tree, closed: set[str]) -> Iterator[FileState]:
    """Each member of a family that is empty, and each picture that is cut off or no picture; `closed` stay unopened."""
    members = tree.files.filter(is_member(pl.col("path"), spec))
    is_picture = spec.kind == "pictures"
    for name, size in members.iter_rows():
        path = tree.top / name
        seen = Look("empty", "no bytes") if size == 0 else OK
        if size and is_picture and name not in closed:
            seen = look_at_picture(path)
        if seen.state != "ok":
            mend = f"get it again: {spec.get}"
            yield FileState(f"{tree.top.name}/{name}", "optional", seen.state, mend, seen.what, path=path)


def leftover(path: Path, get: str) -> FileState:
    """What a broken download left behind."""
    mend = f"delete it, then get the file again: {get}"
    return FileState(path.name, "optional", "leftover", mend, "a download that broke off", path=path)


def _read(manifest: Manifest, spec: FileSpec, path: Path, told: str) -> tuple[Look, pl.DataFrame | None]:
    try:
        if spec.kind == "json":
            return Look("ok", told), as_table(read_records(manifest.slug, spec, path), spec.columns)
        return Look("ok", told), read_table(manifest.slug, spec, path)
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
