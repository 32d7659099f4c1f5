"""A collection against what was built of it: official counts, what builds hold, and the first step that differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from cxdata.build.builds import Build
from cxdata.check.stages import Line, Record, rows_of, stages
from cxdata.model.errors import UsageError
from cxdata.reasoning.traces import traces_of, writers_of
from cxdata.sources.base import Source

PICTURES, SAMPLES, TRACES = "pictures", "question-answer samples", "interleaved traces"
UNKNOWN_ROWS = "the paper does not say which rows it chose"
NO_TRACES = "no build holds any that fit its samples: cxdata reason DIR writes them"


class Total(BaseModel):
    """What the collection's paper counts over all sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    value: int


class Collection(BaseModel):
    """A named set of sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    paper: str
    totals: tuple[Total, ...]
    sources: tuple[str, ...]


class Reconciled(NamedTuple):
    """Every line, and for each total of the paper what the builds together hold."""

    title: str
    lines: tuple[Line, ...]
    totals: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        """What `reconcile --json` prints."""
        lines = [line._asdict() for line in self.lines]
        return {"collection": self.title, "lines": lines, "totals": [line._asdict() for line in self.totals]}


def collection(content: Mapping[str, Any], name: str) -> Collection:
    """A collection as it is written in a file. Raises UsageError when it is no collection."""
    try:
        return Collection.model_validate(content)
    except ValidationError:
        raise UsageError(f"{name} is no collection of sources", mend="name one: cx-set") from None


def reconcile(wanted: Collection, sources: Mapping[str, Source], builds: Sequence[Build]) -> Reconciled:
    """The stages of every source, in the collection's order, and the totals."""
    told = [Record(build, content) for build in builds if (content := build.record())]
    records = {str(record.content["source"]): record for record in told}
    manifests = {slug: source.manifest for slug, source in sources.items()}
    lines = [line for slug in wanted.sources for line in stages(slug, manifests.get(slug), records.get(slug))]
    there = {slug: records[slug] for slug in wanted.sources if slug in records}
    shown = [slug for slug in there if slug not in manifests or not there.keys() & set(manifests[slug].requires)]
    return Reconciled(wanted.title, tuple(lines), tuple(_totals(wanted, there, shown)))


def _totals(wanted: Collection, there: Mapping[str, Record], shown: Sequence[str]) -> list[Line]:
    """The paper's totals; pictures are those of the sources in `shown`: others show pictures of one that is built."""
    written = _by_writer(there.values())
    got = {
        PICTURES: sum(there[slug].step("pictures") or 0 for slug in shown),
        SAMPLES: sum(int(record.content["samples"]["total"]) for record in there.values()),
        TRACES: sum(written.values()),
    }
    missing = len(wanted.sources) - len(there)
    because = f"{missing} of {len(wanted.sources)} sources are not built" if missing else UNKNOWN_ROWS
    lines = []
    for total in wanted.totals:
        told = [because] if got[total.what] != total.value else []
        if total.what == TRACES:
            told += [f"{n:,} by {writer}" for writer, n in written.items()] or [NO_TRACES]
        lines.append(Line(wanted.title, total.what, total.what, total.value, got[total.what], "; ".join(told)))
    return lines


def _by_writer(there: Iterable[Record]) -> dict[str, int]:
    """How many traces each writer left that fit the samples beside them."""
    counts: dict[str, int] = {}
    for record in there:
        for writer in writers_of(record.build):
            found = traces_of(record.build, writer)
            if found is not None and found.is_current:
                counts[writer] = counts.get(writer, 0) + rows_of(found)
    return counts
