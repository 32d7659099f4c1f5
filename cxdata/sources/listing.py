"""What folders hold, each looked into once, however many sources and parts are sought in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

MAX_SUBFOLDERS: Final = 200  # a folder of more is patients or studies, not part of the way to a root
LOOKED_AT: Final = 4  # entries of a folder that a pattern with a wildcard follows
_WILD: Final = "*?["


class Folder(NamedTuple):
    """The names in a folder, sorted and as a set, and those of them that are folders."""

    names: tuple[str, ...]
    known: frozenset[str]
    folders: tuple[str, ...]


_NOTHING: Final = Folder((), frozenset(), ())


class Listing:
    """Folders as they were when they were first asked about; one that cannot be read holds nothing."""

    def __init__(self) -> None:
        self._folders: dict[Path, Folder] = {}
        self._real: dict[Path, Path] = {}

    def folder(self, path: Path) -> Folder:
        """What the folder holds; nothing where it is none, or may not be looked into."""
        if path not in self._folders:
            self._folders[path] = _looked_into(path)
        return self._folders[path]

    def subfolders(self, path: Path) -> list[Path]:
        """The folders in it that may lead to a root, sorted; none where there are too many, and no hidden one."""
        names = [name for name in self.folder(path).folders if not name.startswith(".")]
        return [path / name for name in names] if len(names) <= MAX_SUBFOLDERS else []

    def real(self, path: Path) -> Path:
        """The path without links."""
        if path not in self._real:
            self._real[path] = path.resolve()
        return self._real[path]

    def matches(self, root: Path, pattern: str) -> bool:
        """True when the glob matches below root; a wildcard follows a few entries only, so huge folders cost little."""
        return next(self._expand(root, PurePosixPath(pattern).parts), None) is not None

    def _expand(self, folder: Path, pieces: tuple[str, ...]) -> Iterator[Path]:
        if not pieces:
            yield folder
            return
        for child in self._children(folder, pieces[0]):
            yield from self._expand(child, pieces[1:])

    def _children(self, folder: Path, piece: str) -> list[Path]:
        held = self.folder(folder)
        if not any(sign in piece for sign in _WILD):
            return [folder / piece] if piece in held.known else []
        named = (name for name in held.names if fnmatchcase(name, piece))
        return [folder / name for name in islice(named, LOOKED_AT)]


def _looked_into(path: Path) -> Folder:
    try:
        with os.scandir(path) as entries:
            told = sorted((entry.name, _is_folder(entry)) for entry in entries)
    except OSError:
        return _NOTHING
    names = tuple(name for name, _ in told)
    return Folder(names, frozenset(names), tuple(name for name, is_folder in told if is_folder))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
