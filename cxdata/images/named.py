"""Pictures that are known by name alone: archives that users unpack flat, nested or into folders of their own making.

A reader gives such a picture the path `**/name`: it lies anywhere below its root. The name may hold wildcards, where
distributions spell it differently, and folders, where it is not the only one of its name (`**/study1/view1.jpg`). Its
member may say `**/archive::name inside`: the archive that holds it where no file of that name lies about. Of several
files with the name, that in a place where the source's pictures usually lie is taken, then the first by depth, then by
path.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

from cxdata.model.manifest import Manifest

ANYWHERE: Final = "**/"
INSIDE: Final = "::"
"""What stands between an archive and a name inside it."""
_WILD: Final = "*?["


class Places:
    """Where files lie below the roots of a download's parts; a root is walked once, when it is first asked about.

    `usual` holds, by part, globs of the places that go before others, the first before the second.
    """

    def __init__(self, roots: Mapping[str, Path], usual: Mapping[str, Sequence[str]] | None = None) -> None:
        self._roots = roots
        self._usual = usual or {}
        self._walked: dict[tuple[str, int], dict[str, str]] = {}

    def found(self, part: str, paths: Iterable[str]) -> dict[str, str]:
        """The paths that begin with `**/`, each with the place relative to the part's root where it was found.

        What is not there, or all where there is no root, is left out. A name with wildcards costs a look at every
        name. Folders that cannot be read, and hidden ones, are passed over.
        """
        wanted = {path: path.removeprefix(ANYWHERE) for path in paths if is_by_name(path)}
        if not wanted or part not in self._roots:
            return {}
        usual = self._usual.get(part, ())
        found = {path: _place(name, self._below(part, name.count("/")), usual) for path, name in wanted.items()}
        return {path: place for path, place in found.items() if place is not None}

    def _below(self, part: str, folders: int) -> dict[str, str]:
        """Each name below the part's root, with that many folders before it, and its place."""
        if (part, folders) not in self._walked:
            self._walked[part, folders] = _walked(self._roots[part], self._usual.get(part, ()), folders)
        return self._walked[part, folders]


def places_of(manifest: Manifest, roots: Mapping[str, Path], parents: Iterable[Manifest] = ()) -> Places:
    """The places of a source's pictures: the usual ones are those that its manifest names, in its order.

    Those of the sources that it stands on lie in parts called `slug.part`.
    """
    usual: dict[str, list[str]] = {}
    for one in (manifest, *parents):
        prefix = "" if one is manifest else f"{one.slug}."
        for spec in one.files:
            if spec.kind == "pictures":
                globs = (str(PurePosixPath(path, spec.holds or "")) for path in spec.paths)
                usual.setdefault(f"{prefix}{spec.part}", []).extend(globs)
    return Places(roots, usual)


def is_by_name(path: str) -> bool:
    """True for a path that says only what the file is called."""
    return path.startswith(ANYWHERE)


def _walked(root: Path, usual: Sequence[str], folders_before: int) -> dict[str, str]:
    """Each file name below the root, with that many folders before it, and the place that goes first."""
    places: dict[str, str] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        pieces = Path(folder).relative_to(root).parts
        if len(pieces) < folders_before:
            continue
        prefix = "".join(f"{piece}/" for piece in pieces)
        tail = "".join(f"{piece}/" for piece in pieces[len(pieces) - folders_before :])
        for file in names:
            name, place = tail + file, prefix + file
            places[name] = _first((places[name], place), usual) if name in places else place
    return places


def _place(name: str, places: Mapping[str, str], usual: Sequence[str]) -> str | None:
    if not any(sign in name for sign in _WILD):
        return places.get(name)
    alike = [place for other, place in places.items() if fnmatchcase(other, name)]
    return _first(alike, usual) if alike else None


def _first(places: Iterable[str], usual: Sequence[str]) -> str:
    return min(places, key=lambda place: (_rank(place, usual), place.count("/"), place))


def _rank(place: str, usual: Sequence[str]) -> int:
    """The number of the first glob that the place fits, piece by piece; past the last where it fits none."""
    pieces = place.split("/")
    globs = (glob.split("/") for glob in usual)
    fits = (len(glob) == len(pieces) and all(map(fnmatchcase, pieces, glob)) for glob in globs)
    return next((i for i, is_fit in enumerate(fits) if is_fit), len(usual))
