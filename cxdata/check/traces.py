"""`validate` of traces: written for these samples, whole, and each saying what its label and its study say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.build.builds import Build
from cxdata.build.folder import BuildFolder
from cxdata.build.ledger import Hashes, Ledger
from cxdata.build.writer import Shard
from cxdata.check.identity import SAMPLE_ID
from cxdata.check.places import group_starts, place
from cxdata.check.problems import Problem, of_file
from cxdata.check.structure import check_schema, check_shard
from cxdata.model.errors import CxdataError
from cxdata.model.sample import to_arrow
from cxdata.reasoning.checks.checker import codes
from cxdata.reasoning.codes import CODES
from cxdata.reasoning.parts import Cases, Part, cases, facets_of, parts, told
from cxdata.reasoning.trace import FULL, SCHEMA, trace_of
from cxdata.reasoning.traces import FOLDER, TRACES_JSON, traces_of, writers_of
from cxdata.reasoning.writers import Case

STALE: Final = "they were written for other samples: run `cxdata reason` again"
NO_SAMPLE: Final = "no_sample"
ROWS_AT_A_TIME: Final = 16_384


class TraceCheck:
    """The traces of one build, of every writer; `notes` tells what could not be looked at."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self.notes: list[str] = []

    def problems(self) -> Iterator[Problem]:
        """Every problem."""
        writers = writers_of(self.build)
        known = self._parts() if writers else []
        of = {part.name: told(part) for part in known}
        for writer in writers:
            yield from self._of_writer(writer, known, of)

    def _parts(self) -> list[Part]:
        folder, record = BuildFolder(self.build.home), self.build.record() or {}
        hashes = Hashes(folder)
        try:
            tables = facets_of(self.build.home, Ledger(folder, hashes), hashes)
        except CxdataError:
            self.notes.append(f"{self.build.home.name}: facets/ is gone, so traces were not compared with reports")
            return []
        seed = int((record.get("config") or {}).get("seed", 0))
        return parts(self.build, {name: path for name, (path, _) in tables.items()}, seed)

    def _of_writer(self, writer: str, known: list[Part], of: dict[str, Cases]) -> Iterator[Problem]:
        label = self.build.label(f"{FOLDER}/{writer}/{TRACES_JSON}")
        traces = traces_of(self.build, writer)
        if traces is None:
            yield of_file(label, "traces_json", "it is not there or cannot be read: run `cxdata reason` to go on")
            return
        shards = [Shard(one["file"], one["rows"], one["size_bytes"], one["sha256"]) for one in traces.record["shards"]]
        broken = [problem for shard in shards for problem in check_shard(self.build, shard)]
        yield from broken
        yield from self._strays(writer, {shard.file for shard in shards})
        if not traces.is_current:
            yield of_file(label, "traces_stale", STALE)
        elif not broken:
            for part in known:
                for task in part.files:
                    file = f"{FOLDER}/{writer}/{task}-{part.name}.parquet"
                    if (self.build.home / file).is_file():
                        yield from self._of_file(file, part, task, of[part.name])

    def _strays(self, writer: str, named: set[str]) -> Iterator[Problem]:
        for path in sorted((self.build.home / FOLDER / writer).rglob("*.parquet")):
            file = path.relative_to(self.build.home).as_posix()
            if file not in named:
                yield of_file(self.build.label(file), "stray", f"{TRACES_JSON} does not name this file")

    def _of_file(self, file: str, part: Part, task: str, of: Cases) -> Iterator[Problem]:
        path = self.build.home / file
        found = list(check_schema(self.build.label(file), to_arrow(SCHEMA, set(SCHEMA) - set(FULL)), _schema(path)))
        if found:
            yield from found
            return
        asked = {case.asked.sample_id: case for some in cases(part, task, of) for case in some}
        starts, row = group_starts(path), 0
        for some in pl.scan_parquet(path, glob=False).collect().iter_slices(ROWS_AT_A_TIME):
            for one in some.iter_rows(named=True):
                name = one["sample_id"]
                is_named = pl.Series([name]).str.contains(SAMPLE_ID).item() if name not in asked else True
                for code, message in _wrong(one, asked.get(name)):
                    where = (self.build.label(file), *place(starts, row))
                    yield Problem(*where, "steps", code, message, name if is_named else None)
                row += 1


def _wrong(row: dict[str, object], case: Case | None) -> list[tuple[str, str]]:
    if case is None:
        return [(NO_SAMPLE, "there is no such sample")]
    return [(code, CODES[code]) for code in codes(trace_of(row), case.asked, case.study)]


def _schema(path: Path) -> object:
    import pyarrow.parquet as pq

    return pq.read_schema(path)
