"""What the doctor has to say beside its tables, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from cxdata.check.checksums import Checked
from cxdata.check.counts import Tally, differs
from cxdata.check.survey import Survey, lacking
from cxdata.images.named import ANYWHERE, Places
from cxdata.images.probe import how_to_unpack
from cxdata.model.manifest import FileSpec, Manifest
from cxdata.sources.roots import OTHER_LAYOUT, Found

NAMED: Final = 20  # broken members, leftovers and mismatches that are told by name; the rest is a number

STRAYS: Final = (
    "a broken picture does not stop a build: samples go on showing it, and its status in images/ says what it is; "
    "nor does a broken report among unpacked ones, which is left out with a code; a broken archive or table does"
)


def notes(manifest: Manifest, found: Found, seen: Survey, sums: Sequence[Checked]) -> Iterator[str]:
    """Layout, parents, pictures that are nowhere, counts that differ, how much was looked at, what the sums say."""
    if found.layout == OTHER_LAYOUT:
        yield "the folders make none of the known layouts; they are read all the same"
    yield from (f"this layout never has {name}" for name in lacking(manifest, found))
    yield from (f"it stands on {parent}, which a build needs too" for parent in manifest.requires)
    yield from _archives(seen, found)
    yield from _extents(seen)
    if seen.index_pages:
        yield f"{seen.index_pages:,} index.html, left by wget in the folders looked at: harmless"
    if any(stray.state != "leftover" for stray in seen.strays):
        yield STRAYS
    yield from _without_pictures(seen, found)
    yield from _counts(seen.counts)
    if len(seen.strays) > NAMED:
        yield f"{len(seen.strays):,} broken or left-over files in the folders looked at; the first {NAMED} are named"
    yield from (line for checked in sums for line in _sums(checked))


def _without_pictures(seen: Survey, found: Found) -> Iterator[str]:
    """Said where a source has pictures and none of the ways they may lie was found."""
    families = [checkup for checkup in seen.checkups if checkup.spec.kind == "pictures"]
    places = Places(found.roots)
    if families and not any(family.path or _lies_about(family.spec, places) for family in families):
        get = " or ".join(dict.fromkeys(family.spec.get for family in families))
        yield f"a build of pictures will find none: samples stay, and what they show is not there; get them: {get}"


def _lies_about(spec: FileSpec, places: Places) -> bool:
    """True for a family that is sought by name, where a file so called lies in another place than the usual ones."""
    name = ANYWHERE + PurePosixPath(spec.holds or "*").name
    return spec.anywhere and bool(places.found(spec.part, [name]))


def _counts(counts: Sequence[Tally]) -> Iterator[str]:
    told = [f"{tally.what} {tally.found:,} of {tally.official:,}" for tally in counts if differs(tally)]
    if told:
        yield f"other counts than the official ones, as of a part of the download: {'; '.join(told)}"


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
