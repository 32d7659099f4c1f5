"""`reason` from end to end: traces of each build of a folder, part by part, each done once for what it depends on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cxdata.build.builds import Build, builds
from cxdata.build.folder import STATE, BuildFolder
from cxdata.build.keys import Key
from cxdata.build.ledger import Hashes, Ledger, Unit
from cxdata.build.pool import Pool
from cxdata.build.progress import Progress
from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.hashing import digest
from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.checks import checker
from cxdata.reasoning.parts import Part, facets_of, parts
from cxdata.reasoning.shards import TRACES, Done, write_part, write_part_by_name
from cxdata.reasoning.trace import SCHEMA, SILENT
from cxdata.reasoning.traces import TRACES_JSON, samples_digest
from cxdata.reasoning.writers import Writer, WriterRequest, refuse_unless_allowed, writer_of
from cxdata.reports import reader, targets
from cxdata.sources.base import Source

MODEL_STATE: Final = f"{STATE}/model"


@dataclass(frozen=True)
class ReasonRequest:
    """What to write traces for: a build or a folder of builds, by which writer."""

    folder: Path
    writer: WriterRequest
    workers: int
    progress: Callable[[str], AbstractContextManager[Progress]]
    sources: Mapping[str, Source] = field(default_factory=dict)


def reason(request: ReasonRequest) -> list[dict[str, Any]]:
    """Write traces; one entry a build, the content of its traces.json with `shards_written` and `shards_reused`.

    Raises CxdataError for a build that is not finished and where no trace came out, RefusedError for a folder in use,
    and what the writer raises before it begins.
    """
    found = builds(request.folder)
    request = _with_manifests(request, found)
    refuse_unless_allowed(request.writer)
    told = [_of_build(build, request) for build in found]
    if not any(sum(one["with_trace"].values()) for one in told):
        codes = Counter[str]()
        for one in told:
            codes.update(one["rejects"])
        raise CxdataError(
            f"no trace came out: {dict(codes.most_common()) or 'no sample asks for one'}", where=str(request.folder),
            mend="build a source with labels and reports or boxes, and tasks like disease_single_choice",
        )  # fmt: skip
    return told


def _of_build(build: Build, request: ReasonRequest) -> dict[str, Any]:
    record = build.record()
    if record is None:
        raise CxdataError("the build is not finished", where=str(build.home), mend="run the same `cxdata build` again")
    folder = BuildFolder(build.home)
    with (
        folder.held(),
        request.progress(str(record["source"])) as shown,
        writer_of(request.writer, build.home / MODEL_STATE, shown.note) as writer,
    ):
        return _Reasoning(build, record, folder, writer, request, shown).run()


def _with_manifests(request: ReasonRequest, found: Sequence[Build]) -> ReasonRequest:
    """With the manifests of the builds' sources, whose terms bind a model. Raises UsageError for an unknown source."""
    if request.writer.name != "model":
        return request
    manifests = {}
    for build in found:
        slug = str((build.record() or {}).get("source", build.home.name))
        if slug not in request.sources:
            what = f"no source is called {slug!r}: nobody knows its terms"
            raise UsageError(what, where=str(build.home), mend="--include-path DIR, the folder where it is described")
        manifests[slug] = request.sources[slug].manifest
    return replace(request, writer=request.writer._replace(manifests=tuple(manifests.values())))


class _Reasoning:
    """The traces of one build by one writer."""

    def __init__(
        self, build: Build, record: dict[str, Any], folder: BuildFolder, writer: Writer, request: ReasonRequest,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.build, self.record, self.folder, self.writer = build, record, folder, writer
        self.request, self.progress = request, progress
        self.hashes = Hashes(folder)
        self.ledger = Ledger(folder, self.hashes)
        self.source = str(record["source"])
        self.home = build.home
        self.place = f"{TRACES}/{writer.name}"

    def run(self) -> dict[str, Any]:
        """Write what is not there, then traces.json."""
        tables = facets_of(self.home, self.ledger, self.hashes)
        seed = int((self.record.get("config") or {}).get("seed", 0))
        wanted = parts(self.build, {name: path for name, (path, _) in tables.items()}, seed)
        self.progress.expect(len(wanted))
        keys = {part.name: self._key(part, {name: sha for name, (_, sha) in tables.items()}) for part in wanted}
        done = {part.name: self.ledger.finished(self._unit(part), keys[part.name]) for part in wanted}
        for name, unit in done.items():
            if unit is not None:
                self.progress.done(f"{self.place}-{name}", "reused")
        todo = [part for part in wanted if done[part.name] is None]
        for part, (shards, counts) in zip(todo, self._written(todo), strict=True):
            unit = Unit(self._unit(part), keys[part.name], tuple(shards), counts)
            self.ledger.record(unit)
            done[part.name] = unit
            self.progress.done(self._unit(part), f"{sum(counts['traced'].values()):,} traces")
        content = self._content([unit for unit in done.values() if unit is not None])
        self._remove_strays({shard["file"] for shard in content["shards"]})
        self.hashes.save()
        self.folder.write_json(f"{self.place}/{TRACES_JSON}", content)
        written = sum(len(unit.shards) for part in todo if (unit := done[part.name]) is not None)
        return {**content, "shards_written": written, "shards_reused": len(content["shards"]) - written}

    def _written(self, todo: list[Part]) -> Iterator[Done]:
        if todo:
            (self.home / self.place / TRACES_JSON).unlink(missing_ok=True)
        if not self.writer.is_local:
            return (write_part(self.home, part, self.writer, self.source) for part in todo)
        items = [(self.home, part, self.request.writer, self.source) for part in todo]
        return Pool(self.request.workers).run(write_part_by_name, items)

    def _unit(self, part: Part) -> str:
        return f"{self.place}-{part.name}"

    def _key(self, part: Part, tables: dict[str, str]) -> Key:
        """What a part depends on: samples, tables, the writer, and the code that reads and judges."""
        shas = {shard["file"]: shard["sha256"] for shard in self.record["shards"]}
        return Key({
            **{f"samples {task}": shas[f"samples/{path.name}"] for task, path in part.files.items()},
            **{f"facet {name}": sha for name, sha in tables.items()}, "seed": str(part.seed),
            "pictures": digest([shas.get(f"images/{path.name}") for path in part.pictures]),
            "writer": self.writer.name, **self.writer.depends_on(),
            "reader of negation": str(reader.VERSION), "target version": str(targets.VERSION),
            "checker version": str(checker.VERSION), "columns": digest([(k, str(v)) for k, v in SCHEMA.items()]),
            "vocabulary": digest([one.model_dump(mode="json") for one in vocabulary().findings]),
        })  # fmt: skip

    def _content(self, units: list[Unit]) -> dict[str, Any]:
        """The content of traces.json."""
        counts = {
            name: _summed(unit.counts[name] for unit in units) for name in ("samples", "traced", "steps", "rejects")
        }
        steps = sum(counts["steps"].values())
        silent = sum(counts["steps"].get(basis, 0) for basis in SILENT)
        samples = sum(counts["samples"].values())
        return {
            "source": self.source, "writer": self.writer.name, "writer_version": self.writer.version,
            **({"made_by": made} if (made := self.writer.record()) else {}),
            "samples_digest": samples_digest(self.record),
            "samples": counts["samples"], "with_trace": counts["traced"],
            "share_with_trace": round(sum(counts["traced"].values()) / samples, 4) if samples else 0.0,
            "steps": counts["steps"],
            "silent_share": round(silent / steps, 4) if steps else 0.0,
            "rejects": counts["rejects"],
            "shards": [shard._asdict() for shard in sorted(shard for unit in units for shard in unit.shards)],
        }  # fmt: skip

    def _remove_strays(self, named: set[str]) -> None:
        place = self.home / self.place
        for path in sorted(place.rglob("*")) if place.is_dir() else ():
            if path.is_file() and path.name != TRACES_JSON and path.relative_to(self.home).as_posix() not in named:
                path.unlink()


def _summed(counts: Iterator[dict[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))
