"""NLM's own distribution: every XML file becomes rows of reports, terms and pictures, or a reject, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.sources.access import is_file
from cxdata.sources.openi.members import Member, members
from cxdata.sources.openi.sections import TEXTS, told, without_text
from cxdata.sources.openi.xml_report import XmlReport, parse
from cxdata.sources.reading import Rows

ASIDE: Final = {"key": pl.String(), "code": pl.String(), "message": pl.String()}
PLACES: Final = ("findings_start", "findings_end", "impression_start", "impression_end")
_TEXT: Final = dict.fromkeys(("indication", "comparison", "findings", "impression"), pl.String())
_ORIGIN: Final = {"study_id": pl.String(), "origin_file": pl.String(), "origin_row": pl.Int64()}
REPORTS: Final = {**_ORIGIN, **_TEXT, **dict.fromkeys(PLACES, pl.Int32()), "strange": pl.Int32()}
TERMS: Final = {**_ORIGIN, "term": pl.String()}
PICTURES: Final = {**_ORIGIN, "stem": pl.String(), "nth": pl.Int64()}


class Collection(NamedTuple):
    """Reports with their rejects, terms (study_id, term, origin) and pictures (study_id, stem, nth, origin)."""

    reports: Rows
    terms: pl.DataFrame
    pictures: pl.DataFrame


def collection(path: Path, messages: dict[str, str]) -> Collection:
    """Every report below `path`, an archive or a folder; `messages` says what each reject code means."""
    rejected: list[tuple[str, str]] = []
    good = list(_sorted(members(path), rejected))
    prefix = f"{path.name}::" if is_file(path) else ""
    reports = _frame(REPORTS, (_report(prefix, *each) for each in good))
    raw = reports.select(pl.col(TEXTS).str.strip_chars().replace("", None))
    cleaned = reports.with_columns(map(told, _TEXT))
    kept = cleaned.filter(~without_text())
    silent = [(name, "report_without_text") for name in cleaned.filter(without_text())["origin_file"]]
    aside = [(key.removeprefix(prefix), code, messages[code]) for key, code in [*rejected, *silent]]
    nulled = raw.count().sum_horizontal().item() - cleaned.select(TEXTS).count().sum_horizontal().item()
    rows = Rows(kept, _frame(ASIDE, aside), int(nulled) + int(reports["strange"].sum()))
    terms = _frame(TERMS, (row for each in good for row in _terms(prefix, *each)))
    pictures = _frame(PICTURES, (row for each in good for row in _pictures(prefix, *each)))
    of_kept = kept.select("study_id")
    return Collection(
        rows, terms.join(of_kept, on="study_id", how="semi"), pictures.join(of_kept, on="study_id", how="semi")
    )


def _sorted(found: Iterable[Member], rejected: list[tuple[str, str]]) -> Iterator[tuple[Member, XmlReport]]:
    """The files that can be read, each report once; the others go to `rejected`, as name and code."""
    seen: set[str] = set()
    for member in found:
        outcome = parse(member.number, member.data) if member.number else "unknown_name"
        if not isinstance(outcome, str) and member.number in seen:
            outcome = "duplicate_report"
        if isinstance(outcome, str):
            rejected.append((member.name, outcome))
        else:
            seen.add(member.number or "")
            yield member, outcome


def _origin(prefix: str, member: Member) -> tuple[str, str, None]:
    return f"CXR{member.number}", prefix + member.name, None


def _report(prefix: str, member: Member, report: XmlReport) -> tuple[Any, ...]:
    texts = (report.sections[name] for name in _TEXT)
    places = (place for name in ("findings", "impression") for place in report.places[name])
    return (*_origin(prefix, member), *texts, *places, report.strange)


def _terms(prefix: str, member: Member, report: XmlReport) -> Iterator[tuple[Any, ...]]:
    return ((*_origin(prefix, member), term) for term in report.terms)


def _pictures(prefix: str, member: Member, report: XmlReport) -> Iterator[tuple[Any, ...]]:
    return ((*_origin(prefix, member), stem, nth) for nth, stem in enumerate(report.images))


def _frame(schema: dict[str, Any], rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")
