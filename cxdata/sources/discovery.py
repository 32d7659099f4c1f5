"""Finding sources: the folders beside this file, and any folder named with `--include-path`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from cxdata.model.errors import UsageError
from cxdata.model.manifest import load_manifest
from cxdata.sources.base import Source

MANIFEST = "manifest.yaml"


def sources(include: Iterable[Path] = ()) -> dict[str, Source]:
    """Every source by slug, in the order of the slugs; one found through `include` comes before the package's own."""
    found = {source.slug: source for source in map(_inside, _folders(Path(__file__).parent))}
    for place in include:
        found.update({source.slug: source for source in map(_outside, _folders(place))})
    return dict(sorted(found.items()))


def source(slug: str, include: Iterable[Path] = ()) -> Source:
    """One source. Raises UsageError that names the known ones."""
    known = sources(include)
    if slug not in known:
        raise UsageError(f"no source is called {slug!r}", mend=f"one of: {', '.join(known)}  (cxdata sources)")
    return known[slug]


def _folders(place: Path) -> list[Path]:
    if not place.is_dir():
        raise UsageError(
            "--include-path is no folder", where=str(place), mend="name the folder that holds source folders"
        )
    if (place / MANIFEST).is_file():
        return [place]
    return sorted(folder for folder in place.iterdir() if (folder / MANIFEST).is_file())


def _inside(folder: Path) -> Source:
    package = f"cxdata.sources.{folder.name}"
    return Source(load_manifest(folder / MANIFEST), folder, partial(_import_inside, package))


def _import_inside(package: str, module: str) -> Any:
    return importlib.import_module(f"{package}.{module}")


def _outside(folder: Path) -> Source:
    load: Callable[[str], Any] = partial(_import_outside, folder.resolve())
    return Source(load_manifest(folder / MANIFEST), folder, load)


def _import_outside(folder: Path, module: str) -> Any:
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    return importlib.import_module(f"{folder.name}.{module}")
