"""What the doctor has to say beside its tables, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cxdata.check.checksums import Checked
from cxdata.check.survey import Survey, lacking
from cxdata.images.probe import how_to_unpack
from cxdata.model.manifest import Manifest
from cxdata.sources.roots import OTHER_LAYOUT, Found

NAMED: Final = 20  # broken members, leftovers and mismatches that are told by name; the rest is a number


def notes(manifest: Manifest, found: Found, seen: Survey, sums: Sequence[Checked]) -> Iterator[str]:
    """Layout, parents, how much was looked at, index pages, and what the checksums say."""
    if found.layout == OTHER_LAYOUT:
        yield "the folders make none of the known layouts; they are read all the same"
    yield from (f"this layout never has {name}" for name in lacking(manifest, found))
    yield from (f"it stands on {parent}, which a build needs too" for parent in manifest.requires)
    yield from _archives(seen, found)
    yield from _extents(seen)
    if seen.index_pages:
        yield f"{seen.index_pages:,} index.html, left by wget in the folders looked at: harmless"
    if any(stray.state != "leftover" for stray in seen.strays):
        yield "broken pictures and reports do not stop a build: it puts each aside with a code"
    if len(seen.strays) > NAMED:
        yield f"{len(seen.strays):,} broken or left-over files in the folders looked at; the first {NAMED} are named"
    yield from (line for checked in sums for line in _sums(checked))


def _archives(seen: Survey, found: Found) -> Iterator[str]:
    """How to unpack pictures, where the family that is there is one of archives."""
    for spec, path, *_ in seen.checkups:
        if spec.kind == "pictures" and path is not None and path.is_file():
            root = found.roots[spec.part]
            command = how_to_unpack(path.relative_to(root).as_posix())
            yield f"the pictures lie in archives; to use them by path, unpack each in {root}, as in: {command}"


def _extents(seen: Survey) -> Iterator[str]:
    for tree in seen.trees.values():
        extent = "all of it" if tree.is_whole else "chosen by hash; --checksums all looks at every file"
        yield f"{tree.top}: {tree.folders:,} folders with {tree.files.height:,} files looked at ({extent})"
    if seen.unopened:
        yield f"{seen.unopened:,} pictures were counted and not opened; --checksums all opens every one"


def _sums(checked: Checked) -> Iterator[str]:
    if not checked.listed:
        yield f"{checked.file}: names none of the files that are read, as after unpacking: nothing was compared"
        return
    good = checked.looked_at - len(checked.mismatched) - len(checked.missing)
    listed = f"{checked.listed:,} listed"
    yield f"{checked.file}: {good:,} of {checked.looked_at:,} files compared are as published; {listed}"
    for verb, names in (("differ", checked.mismatched), ("listed and not there", checked.missing)):
        if names:
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            yield f"{checked.file}: {verb}, {len(names):,}: {', '.join(names[:NAMED])}{more}"
