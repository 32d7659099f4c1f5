"""One source, stage by stage: what was published, what its build holds, and why the two differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import polars as pl
import pyarrow.parquet as pq

from cxdata.build.builds import Build
from cxdata.check.globs import glob_regex
from cxdata.model.manifest import Count, Manifest
from cxdata.reasoning.codes import CHECKED
from cxdata.reasoning.traces import Traces, traces_of, writers_of

STEPS: Final = {
    "patients": "patients", "studies": "studies", "pictures": "images", "reports with sections": "reports",
    "boxes": "boxes", "entities": "entities",
}  # fmt: skip
"""The steps of a build's funnel that official counts stand beside, each with its unit."""
READ, USED, ASKED = "questions read", "questions used", "questions asked"
HELD: Final = "questions of its own"  # the funnel's name for those that are used
ASKING: Final = ("visual_question_answering", "difference_vqa")
NO_SOURCE: Final = "cxdata has no such source yet"
NOT_BUILT: Final = "not built"
NO_STEP: Final = "no stage of this source's builds"
NO_COUNT: Final = "no official count of this unit is known"
STALE: Final = "written for other samples: run `cxdata reason` again"
FACET_OF: Final = {
    "patients": "images", "studies": "studies", "images": "images", "reports": "reports", "boxes": "regions",
    "entities": "statements", "questions": "questions",
}  # fmt: skip
"""The facet whose files hold what a unit counts."""
UNFINISHED: Final = "not finished: run `cxdata reason` to go on"


class Line(NamedTuple):
    """One stage of one source: official, built (None: there is none), and why they differ (empty: they do not)."""

    source: str
    step: str
    unit: str
    official: int | None
    built: int | None
    reason: str


class Record(NamedTuple):
    """A build and what its build.json says."""

    build: Build
    content: Mapping[str, Any]

    def step(self, name: str) -> int | None:
        """The count of a step of the funnel; None where the build has no such step."""
        return next((int(one["count"]) for one in self.content["funnel"] if one["step"] == name), None)

    def rejected(self, files: re.Pattern[str]) -> dict[str, int]:
        """What the reader rejected of these files: codes, the commonest first."""
        shards = self.build.shards("rejects")
        if not shards:
            return {}
        rows = pl.scan_parquet(shards, glob=False).filter(stage="reader").group_by("file", "code").len().collect()
        of = rows.filter(pl.col("file").map_elements(lambda one: bool(files.search(one)), return_dtype=pl.Boolean))
        totals = of.group_by("code").agg(pl.col("len").sum()).sort("len", "code", descending=[True, False])
        return dict(totals.iter_rows())


def stages(slug: str, manifest: Manifest | None, record: Record | None) -> list[Line]:
    """Every stage of a source, the questions that it brings and the traces that were written among them."""
    if manifest is None:
        return [Line(slug, "pictures", "images", None, None, NO_SOURCE)]
    official = published(manifest, None if record is None else str(record.content["source_version"]))
    steps = {**STEPS, READ: "questions"}
    if record is None:
        told = [(step, unit) for step, unit in steps.items() if unit in official]
        return [Line(slug, step, unit, official[unit].value, None, NOT_BUILT) for step, unit in told]
    lines = []
    for step, unit in steps.items():
        built = questions_read(manifest, record) if step == READ else record.step(step)
        if built is not None or unit in official:
            whole = official.get(unit)
            value = None if whole is None else whole.value
            why = _reason(whole, built, record, files_of(manifest, FACET_OF[unit]))
            lines.append(Line(slug, step, unit, value, built, why))
    return [*_told_once(lines), *_questions(manifest, record), *_traces(slug, record.build)]


class Published(NamedTuple):
    """What was published of a unit; `pieces` names those that it is the sum of (none: a count of the whole)."""

    value: int
    pieces: tuple[str, ...]


def published(manifest: Manifest, version: str | None) -> dict[str, Published]:
    """What was published of each unit, in the version (None: the first): the largest count, or the sum of the pieces.

    A count of rows with some value (`where`) is a count of the whole only where the manifest calls it a piece.
    """
    version = version or manifest.versions[0].version
    valid = [one for one in manifest.official_counts if one.version in (None, version)]
    return {unit: found for unit in dict.fromkeys(one.unit for one in valid) if (found := _whole(valid, unit))}


def _whole(counts: list[Count], unit: str) -> Published | None:
    mine = [one for one in counts if one.unit == unit]
    pieces = {one.piece: one.value for one in mine if one.piece}
    whole = max((one.value for one in mine if not one.where and not one.piece), default=0)
    if sum(pieces.values()) > whole:
        return Published(sum(pieces.values()), tuple(pieces))
    return Published(whole, ()) if whole else None


def files_of(manifest: Manifest, facet: str) -> re.Pattern[str]:
    """What the files of a facet are called in build.json and in rejects."""
    specs = [spec for spec in manifest.files if facet in spec.facets]
    names = [spec.name for spec in specs] + [glob_regex(path) for spec in specs for path in spec.paths]
    return re.compile(f"(?:^|/)(?:{'|'.join(names)})$") if names else re.compile("(?!)")


def questions_read(manifest: Manifest, record: Record) -> int | None:
    """How many rows the files of native questions held; None where the source brings none."""
    if "questions" not in manifest.facets:
        return None
    files = files_of(manifest, "questions")
    return sum(one["rows_read"] or 0 for one in record.content["inputs"] if files.search(one["file"]))


def _told_once(lines: list[Line]) -> list[Line]:
    """What differs for the reason that was told before has none of its own."""
    told, shown = set[str](), []
    for line in lines:
        shown.append(line._replace(reason="") if line.reason in told else line)
        if line.official is not None and line.built is not None:
            told.add(line.reason)
    return shown


def _reason(official: Published | None, built: int | None, record: Record, files: re.Pattern[str]) -> str:
    if built is None:
        return NO_STEP
    if official is None:
        return NO_COUNT
    if built == official.value:
        return ""
    if narrowed := _narrowed(record.content):
        return narrowed
    if built > official.value:
        return f"published for {', '.join(official.pieces)} alone" if official.pieces else "more than was published"
    codes = _most(record.rejected(files))
    return f"less than was published: the download lacks it{f', or rows were rejected: {codes}' if codes else ''}"


def _narrowed(content: Mapping[str, Any]) -> str:
    config = content["config"]
    given = [f"--{key} {config[key]}" for key in ("split", "limit") if config.get(key)]
    return f"built with {' '.join(given)}" if given else ""


def _most(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {n:,}" for code, n in sorted(codes.items(), key=lambda one: -one[1])[:3])


def _questions(manifest: Manifest, record: Record) -> Iterator[Line]:
    """Native questions that the reader kept and that tasks asked, with what took the others away."""
    used = record.step(HELD)
    if used is None:
        return
    codes = _most(record.rejected(files_of(manifest, "questions")))
    yield Line(manifest.slug, USED, "questions", None, used, f"rejected: {codes}" if codes else "")
    asked = sum(record.content["samples"]["by_task"].get(task, 0) for task in ASKING)
    yield Line(manifest.slug, ASKED, "questions", None, asked, _lost(manifest, record.content))


def _lost(manifest: Manifest, content: Mapping[str, Any]) -> str:
    """At which steps of the tasks questions were lost, and how many."""
    told = []
    for task in ASKING:
        steps = [one for one in content["funnel"] if one["step"].startswith(f"{task}: ")]
        for before, after in pairwise(steps):
            if after["count"] < before["count"]:
                step = after["step"].removeprefix(f"{task}: ")
                told.append(f"not {step}: {before['count'] - after['count']:,}")
    if without := [task for task in ASKING if task in manifest.tasks and task not in content["samples"]["by_task"]]:
        told.append(f"built without {', '.join(without)}")
    return "; ".join(told)


def _traces(slug: str, build: Build) -> Iterator[Line]:
    for writer in writers_of(build):
        found = traces_of(build, writer)
        told = UNFINISHED if found is None else _checked(found) if found.is_current else STALE
        yield Line(slug, f"traces by {writer}", "traces", None, None if found is None else rows_of(found), told)


def rows_of(traces: Traces) -> int:
    """How many traces lie in the files, counted there."""
    return sum(pq.read_metadata(path).num_rows for path in traces.files if path.is_file())


def _checked(traces: Traces) -> str:
    """How many samples have a trace, which share of the written ones passed the checker, and why others have none."""
    record = traces.record
    asked, kept = sum(record["samples"].values()), sum(record["with_trace"].values())
    failed = sum(n for code, n in record["rejects"].items() if code in CHECKED)
    share = f"{100 * kept / (kept + failed):.1f} % of {kept + failed:,} written passed the checker" if kept else "none"
    without = _most(record["rejects"])
    return f"of {asked:,} samples; {share}{f'; without: {without}' if without else ''}"
