"""A collection against what was built of it: official counts, what a build read, and the first step that differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from cxdata.build.builds import Build
from cxdata.model.errors import UsageError
from cxdata.sources.base import Source

STEPS: Final = {"patients": "patients", "studies": "studies", "pictures": "images", "reports with sections": "reports"}
"""The steps of a build's funnel that official counts stand beside, each with its unit."""
NO_SOURCE: Final = "cxdata has no such source yet"
NOT_BUILT: Final = "not built"
NO_COUNT: Final = "no official count of this unit is known"


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


class Line(NamedTuple):
    """One count of one source: official, built (None: there is none), and why they differ (empty: they do not)."""

    source: str
    unit: str
    official: int | None
    built: int | None
    reason: str


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
    """Counts of every source, in the collection's order, and the totals."""
    records = {record["source"]: record for record in (build.record() for build in builds) if record}
    lines = [line for slug in wanted.sources for line in _source(slug, sources.get(slug), records.get(slug))]
    there = [slug for slug in wanted.sources if slug in records]
    got = {
        "pictures": sum(_step(records[slug], "pictures") or 0 for slug in there),
        "question-answer samples": sum(int(records[slug]["samples"]["total"]) for slug in there),
    }
    missing = len(wanted.sources) - len(there)
    reason = f"{missing} of {len(wanted.sources)} sources are not built" if missing else ""
    totals = [
        Line(wanted.title, total.what, total.value, got.get(total.what), _why(total, got, reason))
        for total in wanted.totals
    ]
    return Reconciled(wanted.title, tuple(lines), tuple(totals))


def _why(total: Total, got: Mapping[str, int], reason: str) -> str:
    if total.what not in got:
        return "builds hold none of these"
    if got[total.what] == total.value:
        return ""
    return reason or "the paper does not say which rows it chose"


def _source(slug: str, source: Source | None, record: Mapping[str, Any] | None) -> list[Line]:
    if source is None:
        return [Line(slug, "images", None, None, NO_SOURCE)]
    official = _official(source, None if record is None else str(record["source_version"]))
    if record is None:
        return [Line(slug, unit, official.get(unit), None, NOT_BUILT) for unit in STEPS.values() if unit in official]
    lines = []
    for step, unit in STEPS.items():
        built = _step(record, step)
        if built is not None or unit in official:
            lines.append(Line(slug, unit, official.get(unit), built, _reason(official.get(unit), built, record)))
    return _told_once(lines)


def _told_once(lines: list[Line]) -> list[Line]:
    """What comes after the first count that differs differs for the same reason, which is told there."""
    told, shown = False, []
    for line in lines:
        shown.append(line._replace(reason="") if told else line)
        told = told or (line.official is not None and line.reason != "")
    return shown


def _official(source: Source, version: str | None) -> dict[str, int]:
    """The largest official count of each unit that holds for the version (None: any): of all that was published."""
    found: dict[str, int] = {}
    for count in source.manifest.official_counts:
        if version is None or count.version in (None, version):
            found[count.unit] = max(count.value, found.get(count.unit, 0))
    return found


def _step(record: Mapping[str, Any], step: str) -> int | None:
    return next((int(one["count"]) for one in record["funnel"] if one["step"] == step), None)


def _reason(official: int | None, built: int | None, record: Mapping[str, Any]) -> str:
    if official is None:
        return NO_COUNT
    if built == official:
        return ""
    config = record["config"]
    narrowed = [f"--{key} {config[key]}" for key in ("split", "limit") if config.get(key)]
    if narrowed:
        return f"built with {' '.join(narrowed)}"
    rejects = ", ".join(f"{code} {n:,}" for code, n in sorted(record["rejects"].items(), key=lambda one: -one[1])[:3])
    told = f"; rejected: {rejects}" if rejects else ""
    return f"the download holds {'less' if built is None or built < official else 'more'} than was published{told}"
