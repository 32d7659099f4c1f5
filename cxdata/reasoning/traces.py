"""Traces as they lie beside the samples, and whether they were written for these samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

from cxdata.build.builds import Build, read_json
from cxdata.model.hashing import digest

FOLDER: Final = "traces"
TRACES_JSON: Final = "traces.json"


class Traces(NamedTuple):
    """The traces of one build by one writer: what traces.json holds, and the files that it names."""

    writer: str
    record: dict[str, Any]
    files: list[Path]
    is_current: bool


def samples_digest(record: dict[str, Any]) -> str:
    """sha256 of the names and hashes of the samples' files, out of build.json."""
    named = sorted(
        (shard["file"], shard["sha256"]) for shard in record["shards"] if shard["file"].startswith("samples/")
    )
    return digest([list(pair) for pair in named])


def traces_of(build: Build, writer: str) -> Traces | None:
    """The traces of a writer, finished ones; None where there are none.

    They are current where they were written for the samples that are there.
    """
    place = build.home / FOLDER / writer
    record, of_build = read_json(place / TRACES_JSON), build.record()
    if not isinstance(record, dict) or not isinstance(record.get("shards"), list):
        return None
    files = [build.home / shard["file"] for shard in record["shards"] if "/rejects/" not in shard["file"]]
    is_current = of_build is not None and record.get("samples_digest") == samples_digest(of_build)
    return Traces(writer, record, files, is_current)


def writers_of(build: Build) -> list[str]:
    """The writers that left traces in a build, finished or not."""
    place = build.home / FOLDER
    return sorted(path.name for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
