"""Every download of a source below some folders; two versions side by side are two, where a build wants one named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cxdata.model.manifest import Manifest
from cxdata.sources.roots import Found, fit, found, nearness, part_candidates

Candidates = Mapping[str, Sequence[Path]]


def installs(manifest: Manifest, places: Iterable[Path]) -> list[Found]:
    """The downloads, each with one root a part; every candidate stands in at least one of them.

    A part goes with the nearest folder of each other part (the longest common path), of two equally near ones with that
    of the same version; never with a folder that has a nearer partner of its own.
    """
    candidates = {part: roots for part, roots in part_candidates(manifest, places).items() if roots}
    chosen = [_around(manifest, candidates, part, root) for part, roots in candidates.items() for root in roots]
    unique = {tuple(sorted(roots.items())): roots for roots in chosen}
    return [found(manifest, roots) for roots in unique.values()]


def _around(manifest: Manifest, candidates: Candidates, part: str, root: Path) -> dict[str, Path]:
    roots = {part: root}
    for other, folders in candidates.items():
        if other != part:
            partner = max(folders, key=lambda folder: fit(manifest, part, root, other, folder))
            nearest = max(nearness(partner, folder) for folder in candidates[part])
            if nearness(partner, root) == nearest:
                roots[other] = partner
    return {name: roots[name] for name in manifest.parts if name in roots}
