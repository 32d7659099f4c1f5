"""Pictures that are known by name alone: archives that users unpack flat, nested or into folders of their own making.

A reader gives such a picture the path `**/name`: it lies anywhere below its root. The name may hold wildcards, where
distributions spell it differently. Of several files with that name the first by depth, then by path, is taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

ANYWHERE: Final = "**/"
_WILD: Final = "*?["


def is_by_name(path: str) -> bool:
    """True for a path that says only what the file is called."""
    return path.startswith(ANYWHERE)


def found_below(root: Path | None, paths: Iterable[str]) -> dict[str, str]:
    """The paths that begin with `**/`, each with the place relative to `root` where it was found.

    What is not there, or all where there is no root, is left out. The root is walked once; a name with wildcards costs
    a look at every name. Folders that cannot be read, and hidden ones, are passed over.
    """
    wanted = {path: path.removeprefix(ANYWHERE) for path in paths if is_by_name(path)}
    if root is None or not wanted:
        return {}
    places = _places(root)
    found = {path: _place(name, places) for path, name in wanted.items()}
    return {path: place for path, place in found.items() if place is not None}


def _places(root: Path) -> dict[str, str]:
    """Each file name below the root with its first place."""
    places: dict[str, str] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        below = PurePosixPath(Path(folder).relative_to(root).as_posix())
        for name in names:
            place = str(below / name)
            places[name] = min(places.get(name, place), place, key=_order)
    return places


def _order(place: str) -> tuple[int, str]:
    return place.count("/"), place


def _place(name: str, places: Mapping[str, str]) -> str | None:
    if not any(sign in name for sign in _WILD):
        return places.get(name)
    alike = [place for other, place in places.items() if fnmatchcase(other, name)]
    return min(alike, key=_order, default=None)
