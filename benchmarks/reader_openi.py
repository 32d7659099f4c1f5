"""Agreement of a reader with OpenI's manual index terms: per finding, over all reports that were indexed.

A finding counts as read where any sentence of findings or impression states it present, and as tagged where a term does
(`sources/openi/mesh.yaml`), each with what it is a kind of. What either side leaves open is counted apart, as it is
neither. The terms list positives only, and `normal` is a verdict on the whole report, so No Finding is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import polars as pl

from cxdata.model.vocabulary import vocabulary
from cxdata.reports.sentences import sentences_expr
from cxdata.sources.openi import nlm
from cxdata.sources.openi.mesh import findings_of, gives_reading
from cxdata.sources.openi.reader import MESSAGES

LEAST = 10  # tagged reports that a finding needs to have a line of its own


class Agreement(NamedTuple):
    """Reports by finding: both, only read, only tagged, read but left open by a term, tagged but read as doubtful."""

    both: Counter[str]
    only_read: Counter[str]
    only_tagged: Counter[str]
    open_tag: Counter[str]
    open_read: Counter[str]
    disputed: list[tuple[str, str, str]]


def agreement(real: Path, read: Callable[[str], dict[str, str]]) -> Agreement:
    """Count over the real reports below `real`; `disputed` holds finding, side and study of each disagreement."""
    collected = nlm.collection(real / "openi" / "NLMCXR_reports.tgz", MESSAGES)
    reports, terms = collected[0].used, collected[1]
    tagged, indexed = _tags(terms)
    said = _said(reports, read)
    found = Agreement(*(Counter[str]() for _ in range(5)), [])
    for study in sorted(indexed & {*reports["study_id"]}):
        _count(found, study, tagged.get(study, {}), said.get(study, {}))
    return found


def table(found: Agreement) -> str:
    """The counts as Markdown, with precision and recall, findings that are tagged seldom left out."""
    head = "| finding | tagged | both | only read | only tagged | term open | read open | precision | recall |"
    lines = [head, "|---|" + "---:|" * 8]
    names = [name for name in vocabulary().names if _tagged(found, name) >= LEAST and name != "No Finding"]
    lines += [_line(name, *(counts[name] for counts in found[:5])) for name in names]
    total = (sum(counts[name] for name in names) for counts in found[:5])
    return "\n".join([*lines, _line("all of these", *total)])


def _tagged(found: Agreement, name: str) -> int:
    return found.both[name] + found.only_tagged[name] + found.open_read[name]


def _line(name: str, both: int, read: int, tagged: int, open_tag: int, open_read: int) -> str:
    rates = f"{both / max(both + read, 1):.3f} | {both / max(both + tagged, 1):.3f}"
    return f"| {name} | {both + tagged + open_read} | {both} | {read} | {tagged} | {open_tag} | {open_read} | {rates} |"


def _tags(terms: pl.DataFrame) -> tuple[dict[str, dict[str, str]], set[str]]:
    tagged: dict[str, dict[str, str]] = {}
    indexed = set()
    for study, term in terms.select("study_id", "term").iter_rows():
        indexed |= {study} if gives_reading(term) else set()
        _add(tagged.setdefault(study, {}), findings_of(term).items())
    return tagged, indexed


def _said(reports: pl.DataFrame, read: Callable[[str], dict[str, str]]) -> dict[str, dict[str, str]]:
    parts = [reports.select("study_id", sentence=sentences_expr(section)) for section in ("findings", "impression")]
    told = pl.concat(parts).explode("sentence").drop_nulls()
    states = {sentence: read(sentence) for sentence in told["sentence"].unique().to_list()}
    said: dict[str, dict[str, str]] = {}
    for study, sentence in told.iter_rows():
        _add(said.setdefault(study, {}), states[sentence].items())
    return said


def _add(found: dict[str, str], states: Iterable[tuple[str, str]]) -> None:
    """Add present and uncertain findings, with what they are kinds of; present before uncertain."""
    for finding, state in states:
        for name in (finding, *vocabulary().ancestors(finding)) if state != "absent" else ():
            if found.get(name) != "present":
                found[name] = state


def _count(found: Agreement, study: str, tagged: dict[str, str], said: dict[str, str]) -> None:
    for name in {*tagged, *said}:
        pair = (tagged.get(name), said.get(name))
        if pair == ("present", "present"):
            found.both[name] += 1
        elif pair == ("present", None):
            found.only_tagged[name] += 1
            found.disputed.append((name, "tagged", study))
        elif pair == (None, "present"):
            found.only_read[name] += 1
            found.disputed.append((name, "read", study))
        elif pair == ("uncertain", "present"):
            found.open_tag[name] += 1
        elif pair == ("present", "uncertain"):
            found.open_read[name] += 1
