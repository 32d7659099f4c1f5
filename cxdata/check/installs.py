"""Every download of a source below some folders; two versions side by side are two, where a build wants one named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cxdata.model.manifest import Manifest
from cxdata.sources.listing import Listing
from cxdata.sources.roots import Found, found, part_candidates

Roots = Mapping[str, Path]
"""The root of each part of one download, in the manifest's order of the parts."""


def installs(manifest: Manifest, places: Iterable[Path], listing: Listing | None = None) -> list[Found]:
    """The downloads, each with one root a part; every candidate stands in at least one. `listing` may be shared.

    All that lies below one folder is one download, as long as no part is there twice. Where one is, what lies below
    each of the folders in it is told apart, and a download that lacks parts takes those of the only other one that has
    none of its own parts; of several, of the only one of the same version.
    """
    candidates = part_candidates(manifest, places, listing)
    roots = [(part, root) for part, folders in candidates.items() for root in folders]
    return [found(manifest, download) for download in _downloads(manifest, roots, 0)]


def _downloads(manifest: Manifest, roots: Sequence[tuple[str, Path]], depth: int) -> list[Roots]:
    """The downloads that the roots make, all of which have `depth` folders in common."""
    if len({part for part, _ in roots}) == len(roots):
        return [_ordered(manifest, dict(roots))] if roots else []
    below: dict[tuple[str, ...], list[tuple[str, Path]]] = defaultdict(list)
    for part, root in roots:
        below[root.parts[depth : depth + 1]].append((part, root))
    apart = [_downloads(manifest, folder, depth + 1) for folder in below.values()]
    joined = [_joined(manifest, own, group, apart) for group in apart for own in group]
    whole = [one for one in joined if not any(one.items() < other.items() for other in joined)]
    return [one for i, one in enumerate(whole) if one not in whole[:i]]


def _joined(manifest: Manifest, own: Roots, group: Sequence[Roots], apart: Sequence[Sequence[Roots]]) -> Roots:
    """A download, with the parts that it lacks from the one download of the other folders that can lend them."""
    others = [other for folder in apart if folder is not group for other in folder if own.keys().isdisjoint(other)]
    version = found(manifest, own).version
    same = [other for other in others if found(manifest, other).version == version]
    lenders = others if len(others) == 1 else same
    return _ordered(manifest, {**own, **lenders[0]}) if len(lenders) == 1 else own


def _ordered(manifest: Manifest, roots: Roots) -> Roots:
    return {part: roots[part] for part in manifest.parts if part in roots}
