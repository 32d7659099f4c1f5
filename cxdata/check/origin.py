"""Back to the input: the file that a row came from, and its raw cells or the raw sections of its report."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.model.errors import CxdataError
from cxdata.model.hashing import file_sha256
from cxdata.model.manifest import FileSpec, Manifest
from cxdata.reports.sections import normalise
from cxdata.sources.records import read_records
from cxdata.sources.roots import find_file

MEMBER: Final = "::"
SECTIONS: Final = ("findings", "impression")
GONE: Final = "the file was not found where the build read it: name its folder in one of the usual ways"


class Input(NamedTuple):
    """An input on disk; `member` is a name inside an archive."""

    spec: FileSpec
    path: Path
    member: str | None


def find_input(manifest: Manifest, roots: Mapping[str, Path], origin_file: str) -> Input | None:
    """The file that `origin_file` of a row names (`table.csv.gz`, `archive.zip::member`, `folder/text.txt`)."""
    name, _, member = origin_file.partition(MEMBER)
    for spec in manifest.files:
        path = find_file(spec, roots.get(spec.part)) if spec.kind in ("table", "texts", "json") else None
        if path is not None and path.is_file() and path.name == name:
            return Input(spec, path, member or None)
        if path is not None and path.is_dir() and (path / origin_file).is_file():
            return Input(spec, path / origin_file, None)
    return None


def origin(
    manifest: Manifest | None, roots: Mapping[str, Path], row: Mapping[str, Any], report: Mapping[str, Any] | None,
    inputs: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """File, row and raw cells of a sample; for a report the offsets and the raw text of its sections.

    `report` is the study's row of the `reports` facet, `inputs` the sha256 of each input by name as the build read it.
    `same_bytes` says whether the file is still that one; None where it was not hashed as a file. `note` says why
    something is not there.
    """
    told: dict[str, Any] = {"file": row["origin_file"], "row": row["origin_row"], "cells": None}
    found = find_input(manifest, roots, row["origin_file"]) if manifest else None
    if manifest is None or found is None:
        return {**told, "note": GONE}
    known = inputs.get(found.path.name)
    told |= {"path": str(found.path), "same_bytes": None if known is None else file_sha256(found.path) == known}
    if row["origin_row"] is not None:
        return told | _cells(manifest, found, row["origin_row"])
    return told | _sections(found, report)


def _cells(manifest: Manifest, found: Input, number: int) -> dict[str, Any]:
    path = found.path
    if found.spec.kind == "json":
        return _record(manifest, found, number)
    try:
        rows = pl.read_csv(path, infer_schema=False, skip_rows_after_header=number - 1, n_rows=1)
    except (pl.exceptions.PolarsError, OSError) as error:
        return {"note": f"the table can no longer be read ({type(error).__name__})"}
    return {"cells": rows.row(0, named=True)} if rows.height else {"note": "the table no longer has that row"}


def _record(manifest: Manifest, found: Input, number: int) -> dict[str, Any]:
    try:
        records = read_records(manifest.slug, found.spec, found.path)
    except CxdataError:
        return {"note": "the file can no longer be read as JSON"}
    return {"cells": records[number - 1]} if number <= len(records) else {"note": "the file no longer has that record"}


def _sections(found: Input, report: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        text = _text(found)
    except (OSError, EOFError, KeyError, UnicodeDecodeError, zipfile.BadZipFile, tarfile.TarError) as error:
        return {"note": f"the text can no longer be read ({type(error).__name__})"}
    if report is None:
        return {"cells": {"text": text}, "note": "facets/ is gone: the whole text instead of its sections"}
    places = {name: [report[f"{name}_start"], report[f"{name}_end"]] for name in SECTIONS}
    there = {name: place for name, place in places.items() if None not in place}
    return {"offsets": there, "cells": {name: text[start:end] for name, (start, end) in there.items()}}


def _text(found: Input) -> str:
    """The text that offsets count in."""
    if found.member is None:
        return normalise(found.path.read_bytes().decode("utf-8"))
    return normalise(_member(found.path, found.member).decode("utf-8"))


def _member(path: Path, name: str) -> bytes:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    with tarfile.open(path) as tar:
        stream = tar.extractfile(name)
        return stream.read() if stream is not None else b""
