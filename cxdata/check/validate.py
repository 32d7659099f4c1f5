"""`validate`: every problem of a build, in its files, its rows and between them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from cxdata.build.builds import Build, builds
from cxdata.build.folder import BUILD_JSON
from cxdata.build.talk import unreadable_pictures
from cxdata.build.unreadable import UNREADABLE, with_unreadable_picture
from cxdata.check import across, decode
from cxdata.check.across import Across, Hit
from cxdata.check.facts import Facts
from cxdata.check.identity import SAMPLE_ID
from cxdata.check.meaning import Around, prepared, sample_rules
from cxdata.check.places import group_starts, place
from cxdata.check.problems import Problem, in_order, of_file
from cxdata.check.rule import Rule, broken
from cxdata.check.shown import known_pictures
from cxdata.check.structure import check_files, check_table, named_shards
from cxdata.check.tables import PATIENTS_FILE, table_of, table_rules
from cxdata.check.traces import TraceCheck
from cxdata.check.verdict import Verdict
from cxdata.model.sample import polars_schema

NOT_STORED: Final = ("bytes", "missing", "the build stores pictures, and this one is ok and not stored")


def validate(folder: Path, facts: Facts, *, deep: bool = False) -> Verdict:
    """Check the builds of a folder; `deep` decodes every picture. Raises UsageError when there is no build."""
    verdicts = [_Checker(build, facts, deep).run() for build in builds(folder)]
    problems = [problem for verdict in verdicts for problem in verdict.problems]
    notes = tuple(note for verdict in verdicts for note in verdict.notes)
    return Verdict(sum(verdict.rows for verdict in verdicts), in_order(problems), notes)


class _Checker:
    """One build, checked table by table, a shard at a time."""

    def __init__(self, build: Build, facts: Facts, deep: bool) -> None:
        self.build = build
        self.facts = facts
        self.deep = deep
        self.record = build.record()
        self.shards = named_shards(self.record)
        self.rules = rule_table(facts)
        self.problems: list[Problem] = []
        self.unreadable: int | None = None
        self.has_damage = False
        self.traces = TraceCheck(build)

    def run(self) -> Verdict:
        self.problems += check_files(self.build, self.shards)
        readable = {table: self._readable(table) for table in ("samples", "images", "rejects", "patients")}
        for file in readable["patients"]:
            self._check(file, "patients", _read(self.build.home / file))
        pictures = [self._check_pictures(file) for file in readable["images"]]
        self._check_rejects(readable["rejects"])
        self._check_samples(readable["samples"], self._around(pictures, readable["patients"]))
        self._check_readability(readable["samples"], readable["images"])
        if not self.problems:  # traces are judged by samples that are as they should be
            self.problems += self.traces.problems()
        return self._verdict()

    def _verdict(self) -> Verdict:
        if not self.rows and not self.problems:
            self.problems.append(of_file(self.build.label(BUILD_JSON), "no_rows", "the build has no samples"))
        return Verdict(self.rows, self.problems, tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if self.unreadable:
            yield f"{self.build.home.name}: {unreadable_pictures(self.unreadable, self.rows)}"
        yield from self.traces.notes

    def _readable(self, table: str) -> list[str]:
        """The table's files that can be read; problems of the others are noted."""
        good = []
        for file, rows in self._files(table):
            found = list(check_table(self.build, file, rows))
            self.problems += found
            if not any(problem.code == "unreadable" for problem in found):
                good.append(file)
        return good

    def _files(self, table: str) -> list[tuple[str, int | None]]:
        if self.shards is not None:
            named = [
                (s.file, s.rows)
                for s in self.shards
                if table_of(s.file) == table and (self.build.home / s.file).is_file()
            ]
            return [*named]
        if table == "patients":
            return [(PATIENTS_FILE, None)] if (self.build.home / PATIENTS_FILE).is_file() else []
        return [(path.relative_to(self.build.home).as_posix(), None) for path in self.build.shards(table)]

    def _around(self, pictures: list[pl.DataFrame], patients: list[str]) -> Around:
        keys = [_read(self.build.home / file, ["patient_key"]) for file in patients]
        known = [frame["patient_key"] for frame in keys if frame.schema == {"patient_key": pl.String}]
        whole = [frame for frame in pictures if frame.width]
        seen = known_pictures(pl.concat(whole)) if whole else None
        return Around((self.record or {}).get("source"), seen, pl.concat(known) if known else None)

    def _check_pictures(self, file: str) -> pl.DataFrame:
        """Check a shard of pictures; returns what rules over samples need of it; no column where it lacks one."""
        try:
            return self._pictures(file)
        except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
            self.has_damage = True
            what = f"a part of the file cannot be read ({type(error).__name__})"
            self.problems.append(of_file(self.build.label(file), "unreadable", what))
            return pl.DataFrame()

    def _pictures(self, file: str) -> pl.DataFrame:
        path = self.build.home / file
        frame = _without_content(path)
        self._check(file, "images", frame)
        if ((self.record or {}).get("config") or {}).get("images") == "embed":
            self._note(file, ((row, *NOT_STORED) for row in not_stored(frame)))
        if self.deep and set(decode.COLUMNS) <= set(frame.columns):
            found = decode.decoded(path, self.build.roots(), os.cpu_count() or 1)
            self._note(
                file, ((row, decode.COLUMN.get(code, "path"), code, decode.MESSAGES[code]) for row, code in found)
            )
        needed = ["image_id", "view", "patient_key", "study_key"]
        return frame.select(needed) if all(frame.schema.get(name) == pl.String for name in needed) else pl.DataFrame()

    def _check_rejects(self, files: list[str]) -> None:
        tally: Counter[str] = Counter()
        for file in files:
            frame = _read(self.build.home / file)
            self._check(file, "rejects", frame)
            tally.update(frame["code"].drop_nulls().to_list() if "code" in frame.columns else [])
        if self.record is not None:
            self._note_miscounts(across.miscounted("rejects", self.record.get("rejects") or {}, tally))

    def _check_samples(self, files: list[str], around: Around) -> None:
        together = Across()
        for file in files:
            frame = _read(self.build.home / file)
            self._check(file, "samples", prepared(frame, self.facts, around))
            together.add(prepared_columns(frame))
        self.rows = together.rows
        self._note_hits(files, together.repeats(), across.REPEATED)
        self._note_hits(files, together.torn_sets(), across.TORN)
        self._note_torn(files, together.torn_patients())
        if self.record is not None:
            self._note_miscounts(together.miscounts(self.record.get("samples") or {}))

    def _check_readability(self, samples: list[str], images: list[str]) -> None:
        """Count the samples that show a picture which cannot be read; where a column is not as it should be, none."""
        shown, seen = ([self.build.home / file for file in files] for files in (samples, images))
        if not self.has_damage and all(map(_says_pictures, shown)) and all(map(_says_status, seen)):
            self.unreadable = with_unreadable_picture(shown, seen)
            said = ((self.record or {}).get("samples") or {}).get(UNREADABLE)
            if said is not None and said != self.unreadable:
                self._note_miscounts(iter([(f"samples.{UNREADABLE}", said, self.unreadable)]))

    def _note_hits(self, files: list[str], hits: list[Hit], what: tuple[str, str, str]) -> None:
        for shard in sorted({hit.shard for hit in hits}):
            self._note(files[shard], ((hit.row, *what) for hit in hits if hit.shard == shard))

    def _note_torn(self, files: list[str], torn: pl.DataFrame) -> None:
        for file in files if torn.height else []:
            frame = prepared_columns(_read(self.build.home / file))
            if {"patient_key", "split"} <= set(frame.columns):
                self._note(file, ((row, *across.LOOSE) for row in across.looser_rows(frame, torn)))

    def _note_miscounts(self, found: Iterator[tuple[str, Any, int]]) -> None:
        label = self.build.label(BUILD_JSON)
        self.problems += [of_file(label, "count", f"says {said}, there are {n}", name) for name, said, n in found]

    def _check(self, file: str, table: str, frame: pl.DataFrame) -> None:
        found = broken(frame, self.rules[table])
        self._note(file, ((row, rule.column, rule.code, rule.message) for rule, rows in found for row in rows))

    def _note(self, file: str, found: Iterable[tuple[int, str, str, str]]) -> None:
        """Turn row indices of a file into problems with a row group, a row in it, and the sample's id."""
        rows = list(found)
        if not rows:
            return
        starts, ids = group_starts(self.build.home / file), self._ids(file)
        for row, column, code, message in rows:
            where = (self.build.label(file), *place(starts, row))
            self.problems.append(Problem(*where, column, code, message, ids[row] if ids is not None else None))

    def _ids(self, file: str) -> pl.Series | None:
        path = self.build.home / file
        if not file.startswith("samples/") or pl.read_parquet_schema(path).get("sample_id") != pl.String:
            return None
        good = pl.col("sample_id").str.contains(SAMPLE_ID)
        return _read(path, ["sample_id"]).select(pl.when(good).then("sample_id")).to_series()


def prepared_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that rows are compared by, where they are of the right type."""
    wanted = ("sample_id", "patient_key", "set_id", "answer", *across.COUNTED.values())
    return frame.select(name for name in wanted if frame.schema.get(name) == polars_schema()[name])


def not_stored(pictures: pl.DataFrame) -> list[int]:
    """The rows of a shard of a build with stored pictures that are ok and hold no bytes."""
    if not {"status", "bytes"} <= set(pictures.columns):
        return []
    is_bare = (pl.col("status") == "ok") & pl.col("bytes").is_null()
    return pictures.select(is_bare.fill_null(False).arg_true()).to_series().to_list()


def _read(path: Path, columns: list[str] | None = None) -> pl.DataFrame:
    frame = pl.scan_parquet(path, glob=False)
    return (frame if columns is None else frame.select(columns)).collect()


def _without_content(path: Path) -> pl.DataFrame:
    """A shard of pictures, a row group at a time, with empty bytes where there are some: rules ask no more of them."""
    frame = pl.scan_parquet(path, glob=False)
    if frame.collect_schema().get("bytes") == pl.Binary:
        frame = frame.with_columns(bytes=pl.when(pl.col("bytes").is_not_null()).then(pl.lit(b"")))
    return frame.collect(engine="streaming")


def _says_pictures(path: Path) -> bool:
    return pl.read_parquet_schema(path).get("image_ids") == pl.List(pl.String)


def _says_status(path: Path) -> bool:
    schema = pl.read_parquet_schema(path)
    return schema.get("image_id") == pl.String and schema.get("status") == pl.String


def rule_table(facts: Facts) -> dict[str, list[Rule]]:
    """Every rule over rows, by table; for the docs and for the test that walks over all of them."""
    return {**table_rules(), "samples": sample_rules(facts)}
