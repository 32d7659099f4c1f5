"""A look at one download: every file of the manifest, the folders of pictures and reports, counts and leftovers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from cxdata.check.counts import Tally, count_members, count_rows
from cxdata.check.downloads import SUSPECT, is_index_page, is_leftover
from cxdata.check.parts import Checkup, FileState, broken_members, check_file, leftover, unopened
from cxdata.check.tree import Tree, walk
from cxdata.model.manifest import Count, FileSpec, Manifest
from cxdata.sources.roots import Found, find_file


class Survey(NamedTuple):
    """All that was looked at.

    The manifest's files, trees by folder, counts, broken members and leftovers, how many index pages, and how many
    pictures were left unopened.
    """

    checkups: list[Checkup]
    trees: dict[Path, Tree]
    counts: list[Tally]
    strays: list[FileState]
    index_pages: int
    unopened: int


def survey(manifest: Manifest, found: Found | None, *, whole: bool) -> Survey:
    """Look at one download; `whole` reads every folder and every archive to its end."""
    roots = found.roots if found else {}
    lacks = lacking(manifest, found)
    checkups: list[Checkup] = []
    trees: dict[Path, Tree] = {}
    counts: dict[str, int | None] = {}
    for spec in (spec for spec in manifest.files if spec.name not in lacks):
        checkup = _check(manifest, spec, roots.get(spec.part), trees, whole=whole)
        counts.update(_counts(manifest, checkup, trees))
        # A table has been counted by now, and at full size two of them would fill memory.
        checkups.append(checkup._replace(table=None))
    checkups = [checkup for checkup in checkups if not _is_spare(checkup, checkups)]
    families = [
        _Family(one.spec, trees[one.path], unopened(one.spec, trees[one.path], whole=whole))
        for one in checkups
        if one.path is not None and one.path in trees
    ]
    strays, pages = _strays(manifest, roots, checkups, families)
    closed = sum(len(family.closed) for family in families)
    return Survey(checkups, trees, _tallies(manifest, found, counts), strays, pages, closed)


class _Family(NamedTuple):
    spec: FileSpec
    tree: Tree
    closed: set[str]


def lacking(manifest: Manifest, found: Found | None) -> tuple[str, ...]:
    """The files that the layout never has."""
    return next((layout.lacks for layout in manifest.layouts if found and layout.name == found.layout), ())


def _is_spare(checkup: Checkup, checkups: Iterable[Checkup]) -> bool:
    """True for what is not there and not missed.

    Pictures that lie in another of the ways they may lie; a file beside one that does in its place.
    """
    if checkup.path is not None:
        return False
    if any(other.path is not None and other.spec.name in checkup.spec.instead for other in checkups):
        return True
    if checkup.spec.kind != "pictures":
        return False
    others = (other for other in checkups if other.spec.kind == "pictures" and other.spec.part == checkup.spec.part)
    return any(other.path is not None for other in others)


def _check(manifest: Manifest, spec: FileSpec, root: Path | None, trees: dict[Path, Tree], *, whole: bool) -> Checkup:
    path = find_file(spec, root)
    if path is not None and path.is_dir() and path not in trees:
        trees[path] = walk(path, whole=whole)
    return check_file(manifest, spec, path, root, whole=whole)


def _counts(manifest: Manifest, checkup: Checkup, trees: Mapping[Path, Tree]) -> dict[str, int | None]:
    asked = [count for count in manifest.official_counts if count.file == checkup.spec.name]
    return {count.what: _count(count, checkup, trees) for count in asked}


def _count(count: Count, checkup: Checkup, trees: Mapping[Path, Tree]) -> int | None:
    if checkup.path is None or checkup.state.state != "ok":
        return None
    if count.tally == "members":
        return count_members(checkup.path, checkup.spec, trees.get(checkup.path))
    return None if checkup.table is None else count_rows(count, checkup.table)


def _tallies(manifest: Manifest, found: Found | None, counts: Mapping[str, int | None]) -> list[Tally]:
    version = found.version if found else None
    published = [count for count in manifest.official_counts if count.version in (None, version)]
    return [Tally(count.what, count.unit, count.value, counts.get(count.what)) for count in published]


def _strays(
    manifest: Manifest, roots: Mapping[str, Path], checkups: Iterable[Checkup], families: Iterable[_Family]
) -> tuple[list[FileState], int]:
    broken = [state for family in families for state in broken_members(*family)]
    suspects = _suspects(roots.values(), {family.tree.top: family.tree for family in families}.values())
    homes = {root: manifest.parts[part].home.url for part, root in roots.items()}
    left = [leftover(path, _home(homes, path)) for path in suspects if is_leftover(path.name)]
    told = {checkup.state.path for checkup in checkups}
    pages = sum(is_index_page(path.name) for path in suspects)
    return [state for state in (*broken, *left) if state.path not in told], pages


def _suspects(roots: Iterable[Path], trees: Iterable[Tree]) -> list[Path]:
    paths = {Path(entry.path) for root in roots for entry in os.scandir(root) if entry.is_file()}
    # One expression finds the few names that matter among hundreds of thousands.
    is_suspect = pl.col("path").str.contains(SUSPECT)
    paths |= {tree.top / name for tree in trees for name in tree.files.filter(is_suspect)["path"]}
    return sorted(paths)


def _home(homes: Mapping[Path, str], path: Path) -> str:
    return next(url for root, url in homes.items() if path.is_relative_to(root))
