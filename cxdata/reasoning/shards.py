"""Traces as Parquet: one part of a build written, checked, and read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.build.rejects import numbered
from cxdata.build.writer import Shard, write_parts, write_shard
from cxdata.model.facets import REJECTS
from cxdata.model.sample import to_arrow
from cxdata.reasoning.checks.checker import codes
from cxdata.reasoning.codes import CODES
from cxdata.reasoning.parts import Cases, Part, cases, told
from cxdata.reasoning.trace import FULL, SCHEMA, Refused, Step, Trace
from cxdata.reasoning.writers import Case, Writer, WriterRequest, writer_of

STAGE: Final = "reason"
TRACES: Final = "traces"
_STEP: Final = ("think", "answer", "verdict", "basis")


class Done(NamedTuple):
    """The files of a part, traces and rejects, and what was counted."""

    shards: list[Shard]
    counts: dict[str, Any]


def write_part_by_name(home: Path, part: Part, request: WriterRequest, source: str) -> Done:
    """`write_part` with a writer made here: what a worker process is given."""
    with writer_of(request, home) as writer:
        return write_part(home, part, writer, source)


def write_part(home: Path, part: Part, writer: Writer, source: str) -> Done:
    """Write the traces of one part, a file a task, and the rejects of those that came to none."""
    of, tally = told(part), _Tally()
    refused: list[Refused] = []
    shards: list[Shard] = []
    for task in part.files:
        file = f"{TRACES}/{writer.name}/{task}-{part.name}.parquet"
        rows = _rows(part, task, of, writer, tally, refused)
        first = next(rows, None)
        if first is not None:
            shards.append(write_parts(home, file, _chain(first, rows), "sample_id", _schema()))
    if refused:
        file = f"{TRACES}/{writer.name}/rejects/{part.name}.parquet"
        shards.append(write_shard(home, file, _rejects(refused, source), list(REJECTS), to_arrow(dict(REJECTS), set())))
    return Done(shards, tally.as_json())


def frame(traces: Sequence[Trace], writer: Writer) -> pl.DataFrame:
    """Traces as rows, with the columns of SCHEMA."""
    import pyarrow as pa

    offsets: list[int] = [0]
    steps: list[Step] = []
    for trace in traces:
        steps += trace.steps
        offsets.append(len(steps))
    columns = {name: [getattr(step, name) for step in steps] for name in _STEP}
    types = {"verdict": pa.bool_()}
    flat = [pa.array(columns[name], types.get(name, pa.string())) for name in _STEP]
    listed = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(flat, list(_STEP)))
    series: Any = pl.from_arrow(listed)
    told = {name: [getattr(trace, name) for trace in traces] for name in ("model", "revision", "prompt_id", "sampling")}
    made = {
        "sample_id": [trace.sample_id for trace in traces], "steps": series,
        "evidence": [list(trace.evidence) for trace in traces], "writer": [writer.name] * len(traces),
        "writer_version": [writer.version] * len(traces), **told,
    }  # fmt: skip
    return pl.DataFrame(made, schema=SCHEMA)


class _Tally:
    """What is counted while a part is written."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.traced: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.rejects: Counter[str] = Counter()

    def as_json(self) -> dict[str, dict[str, int]]:
        """All counts, each in the order of its names."""
        return {name: dict(sorted(counts.items())) for name, counts in vars(self).items()}


def _rows(
    part: Part, task: str, of: Cases, writer: Writer, tally: _Tally, refused: list[Refused]
) -> Iterator[pl.DataFrame]:
    for some in cases(part, task, of):
        good = []
        for case, found in zip(some, writer.write(some), strict=True):
            tally.samples[task] += 1
            judged = _judged(case, found)
            if isinstance(judged, Refused):
                refused.append(judged)
                tally.rejects[judged.code] += 1
            else:
                good.append(judged)
                tally.traced[task] += 1
                tally.steps.update(step.basis for step in judged.judged if step.basis)
        if good:
            yield frame(good, writer)


def _judged(case: Case, found: Trace | Refused) -> Trace | Refused:
    """What the check says: a trace with something wrong is refused for the first of it."""
    if isinstance(found, Refused):
        return found
    wrong = codes(found, case.asked, case.study)
    return Refused(found.sample_id, wrong[0]) if wrong else found


def _chain(first: pl.DataFrame, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield first
    yield from rest


def _schema() -> Any:
    return to_arrow(SCHEMA, set(SCHEMA) - set(FULL))


def _rejects(refused: Sequence[Refused], source: str) -> pl.DataFrame:
    messages = [CODES.get(one.code, "the writer gave none") for one in refused]
    made = {
        "source": [source] * len(refused), "file": [one.sample_id.split("/")[1] for one in refused],
        "key": [one.sample_id for one in refused], "stage": [STAGE] * len(refused),
        "code": [one.code for one in refused], "message": messages,
    }  # fmt: skip
    return numbered(pl.DataFrame(made, schema=REJECTS))


__all__ = ["STAGE", "TRACES", "Done", "frame", "write_part", "write_part_by_name"]
