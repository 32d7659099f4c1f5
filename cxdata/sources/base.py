"""What a source is: a manifest, a reader, a phantom. Nothing outside a source's folder knows its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl

from cxdata.model.manifest import Layout, Manifest


class InputCount(NamedTuple):
    """What became of the rows of an input, called as in `ReadContext.display`; used + rejected = read, each counted."""

    file: str
    rows_read: int
    rows_used: int
    rows_rejected: int
    cells_nulled: int = 0


@dataclass(frozen=True)
class Reading:
    """What a reader returns.

    Facet tables, rejected rows (columns of `REJECTS`), counts of each input, funnel steps (step, count, unit).
    """

    facets: Mapping[str, pl.DataFrame]
    rejects: pl.DataFrame
    counts: Sequence[InputCount]
    funnel: Sequence[tuple[str, int, str]] = ()


Run = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterable[Any]]


@dataclass(frozen=True)
class ReadContext:
    """What a reader is given.

    `files` maps the manifest's logical names to what was found (None: not there, and not asked for); `roots` maps parts
    to folders; `run` calls a picklable function on each tuple of arguments, in worker processes where that pays, and
    yields the results in order; `parents` holds, by slug, the facets `parent_facets` of the sources that the manifest
    requires, read when they are first asked for.
    """

    manifest: Manifest
    files: Mapping[str, Path | None]
    roots: Mapping[str, Path]
    options: Mapping[str, str]
    run: Run
    parents: Mapping[str, Mapping[str, pl.DataFrame]] = field(default_factory=dict)

    def display(self, name: str) -> str:
        """What an input is called in build.json: its file name, or the logical name of a folder of texts."""
        return file_name(self.files, name)


def file_name(files: Mapping[str, Path | None], name: str) -> str:
    """What an input is called where people read it: its file name, or the logical name of a folder of texts."""
    path = files[name]
    return name if path is None or path.is_dir() else path.name


@dataclass(frozen=True)
class PhantomSpec:
    """What a phantom is asked for: `out` stands for the user's data folder; the parts of the layout lie below it.

    `parents` holds, by slug, the facets `parent_facets` of the phantoms of the sources that the manifest requires, of
    the same patients and seed, as their readers give them.
    """

    out: Path
    layout: Layout
    patients: int
    seed: int
    parents: Mapping[str, Mapping[str, pl.DataFrame]] = field(default_factory=dict)


class Reader(Protocol):
    """The module `reader.py` of a source."""

    VERSION: int

    def read(self, context: ReadContext) -> Reading:
        """Turn the files into facet tables. Raises CxdataError that names file, column and mend."""
        ...


class Phantom(Protocol):
    """The module `phantom.py` of a source."""

    def write(self, spec: PhantomSpec) -> None:
        """Write a synthetic copy in the layout asked for; the same spec gives the same bytes."""
        ...


@dataclass(frozen=True)
class Source:
    """One source: its manifest and, imported when first asked for, its reader and phantom."""

    manifest: Manifest
    folder: Path
    load: Callable[[str], Any]

    @property
    def slug(self) -> str:
        """The slug of the manifest."""
        return self.manifest.slug

    @property
    def reader(self) -> Reader:
        """The source's reader."""
        reader: Reader = self.load("reader")
        return reader

    @property
    def phantom(self) -> Phantom:
        """The source's phantom."""
        phantom: Phantom = self.load("phantom")
        return phantom
