"""Where a source lies on disk: part roots found by probes, the layout they make, and the files in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import NamedTuple

from cxdata.model.errors import UsageError
from cxdata.model.manifest import FileSpec, Layout, Manifest, Part
from cxdata.sources.access import entries, exists, first_line, is_file, is_folder
from cxdata.sources.listing import LOOKED_AT, MAX_SUBFOLDERS, Listing

MAX_DEPTH = 6
REACH = f"looked down to {MAX_DEPTH} levels below; folders of more than {MAX_SUBFOLDERS} folders are passed over"
OTHER_LAYOUT = "custom"


class Found(NamedTuple):
    """A source on disk: the root of each part, the layout they make (`custom`: none fits), the main part's version."""

    roots: dict[str, Path]
    layout: str
    version: str


def locate(manifest: Manifest, places: Iterable[Path], listing: Listing | None = None) -> Found | None:
    """The roots below the given places, one a part; None when no part is found. `listing` may be shared by sources.

    Raises UsageError when two folders claim to be one part, with a command to copy for each: one `--root` a part.
    """
    candidates = part_candidates(manifest, places, listing)
    for part, roots in candidates.items():
        if len(roots) > 1:
            raise _ambiguous(manifest, part, candidates)
    chosen = {part: paths[0] for part, paths in candidates.items() if paths}
    return found(manifest, chosen) if chosen else None


def found(manifest: Manifest, roots: Mapping[str, Path]) -> Found:
    """Layout and version of part roots that are already known."""
    main = next(part for part in manifest.parts if part in roots)
    layout = next((layout for layout in manifest.layouts if _fits(layout, roots)), None)
    return Found(dict(roots), layout.name if layout else OTHER_LAYOUT, version_of(manifest.parts[main], roots[main]))


def part_candidates(
    manifest: Manifest, places: Iterable[Path], listing: Listing | None = None
) -> dict[str, list[Path]]:
    """Every folder below the places that a part's probes match, by part; sorted, none inside another."""
    places, listing = list(places), listing or Listing()
    return {name: sorted(set(_candidates(part, places, listing))) for name, part in manifest.parts.items()}


def version_of(part: Part, root: Path) -> str:
    """The version that the files betray, else one that the path names, else the oldest known."""
    for version, names in part.versions.items():
        if any(matches(root, name) for name in names):
            return version
    named = [version for version in part.versions if any(version in piece for piece in root.parts)]
    return named[0] if named else list(part.versions)[-1] if part.versions else "unknown"


def nearness(one: Path, other: Path) -> int:
    """How many folders, from the top, two paths have in common."""
    pairs = list(zip(one.parts, other.parts, strict=False))
    return next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))


def fit(manifest: Manifest, part: str, root: Path, other: str, folder: Path) -> tuple[int, bool]:
    """How well the folder of another part goes with the root of a part; the higher the better.

    By nearness, and of equally near ones by the version.
    """
    same = version_of(manifest.parts[part], root) == version_of(manifest.parts[other], folder)
    return nearness(root, folder), same


def find_file(spec: FileSpec, root: Path | None) -> Path | None:
    """The first of the file's paths that exists below the part's root; None when there is none."""
    if root is None:
        return None
    for name in spec.paths:
        for path in _expand(root, name):
            if is_file(path) or (is_folder(path) and spec.holds and matches(path, spec.holds)):
                return path
    return None


def matches(root: Path, pattern: str) -> bool:
    """True when the glob matches below root; a wildcard follows a few entries only, so huge folders cost nothing."""
    return next(_expand(root, pattern), None) is not None


def _expand(root: Path, pattern: str) -> Iterator[Path]:
    paths: list[Path] = [root]
    for piece in PurePosixPath(pattern).parts:
        paths = [child for path in paths for child in _children(path, piece)]
    yield from paths


def _children(folder: Path, piece: str) -> list[Path]:
    if not any(sign in piece for sign in "*?["):
        return [folder / piece] if exists(folder / piece) else []
    named = (child for child in entries(folder) if fnmatchcase(child.name, piece))
    return sorted(islice(named, LOOKED_AT))


def _candidates(part: Part, places: Iterable[Path], listing: Listing) -> Iterator[Path]:
    queue = deque((place.absolute(), 0) for place in places)
    seen: set[Path] = set()
    while queue:
        folder, depth = queue.popleft()
        real = listing.real(folder)
        if real in seen:
            continue
        seen.add(real)
        if any(listing.matches(folder, probe) for probe in part.probes):
            if _has_headers(folder, part):
                yield folder
        elif depth < MAX_DEPTH:
            queue.extend((child, depth + 1) for child in listing.subfolders(folder))


def _has_headers(folder: Path, part: Part) -> bool:
    """False where the first line of a file says that the folder is another source's."""
    told = ((path, word) for pattern, word in part.headers.items() for path in _expand(folder, pattern))
    return all(word in first_line(path) for path, word in told if is_file(path))


def _fits(layout: Layout, roots: Mapping[str, Path]) -> bool:
    tails = ((roots[part], PurePosixPath(tail).parts) for part, tail in layout.parts.items() if part in roots)
    marks = ((roots.get(part), mark) for part, names in layout.marks.items() for mark in names)
    return all(root.parts[len(root.parts) - len(tail) :] == tail for root, tail in tails) and all(
        root is not None and matches(root, mark) for root, mark in marks
    )


def _ambiguous(manifest: Manifest, part: str, candidates: Mapping[str, Sequence[Path]]) -> UsageError:
    roots = candidates[part]
    commands = "\n".join(_command(manifest, part, root, candidates) for root in roots)
    return UsageError(
        f"{manifest.slug}: {len(roots)} folders could be its part {part!r} ({manifest.parts[part].title})",
        where=", ".join(map(str, roots)),
        mend=f"say which one, with one --root for each part:\n{commands}",
    )


def _command(manifest: Manifest, part: str, root: Path, candidates: Mapping[str, Sequence[Path]]) -> str:
    """A build from that root, with the folder of each other part that goes best with it."""
    others = {
        other: max(folders, key=lambda folder: fit(manifest, part, root, other, folder))
        for other, folders in candidates.items()
        if folders
    }
    flags = " ".join(f"--root {quote(f'{manifest.slug}={folder}')}" for folder in {**others, part: root}.values())
    return f"cxdata build --source {manifest.slug} {flags}"
