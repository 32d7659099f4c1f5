"""The sections of a report's text, word for word, with their places.

Rules (facts about the texts: the MIMIC-CXR sheet, section 5; nothing here is bound to one source):

* Titles (`FINAL REPORT`, `FINAL ADDENDUM`) and rules of underscores are cut first; preliminary reads are dropped and an
  addendum is kept apart (`blocks.py`). A text that is nothing but an addendum or a preliminary read has no report.
* A heading stands at the start of a line: a known name before a colon in any case, typos included; unknown capitals
  before a colon after a blank line; a view title (`CHEST 2 VIEWS:`, `PORTABLE AP CHEST`), whose text is findings.
  `FINDINGS:` and `IMPRESSION:` in capitals also count in the middle of a line, after the end of a sentence.
* Every occurrence of a section counts. Indication joins what stands under indication and history headings.
* A view title before a FINDINGS heading tells the technique; elsewhere its text is findings. Inside an impression that
  has only begun, a title is part of the impression (`IMPRESSION:` followed by `AP chest compared to ___:`).
* `FINDINGS AND IMPRESSION` is an impression, as it says itself, and as the MIMIC-CXR labels take it.
* `unheaded_text_is_findings`: where no FINDINGS heading or view title stands, the text that follows the first paragraph
  of the last heading before the impression (or before the end), or the text without any heading, less a leading
  paragraph of nothing but a view title, is findings. Such text (`AP chest compared to ___:` and paragraphs, the common
  form of portables) describes what is seen, so it is never the *summary* of something; the MIT-LCP parser's
  `last_paragraph` is a fall-back for labels, which says nothing about its being an impression.
* A field that holds nothing but unfilled template names (`<Clinical Indication>`) is empty.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Final, NamedTuple

from cxdata.reports.blocks import SPECIAL, Mark, split_blocks
from cxdata.reports.headers import HeadingTables, heading_tables, is_view_title

VERSION: Final = 1
"""Goes up whenever the same text may give other sections."""

Conclusion = tuple[int, int] | str | None
"""Known by hand of one report: offsets of its conclusion ((0, 0): there is none), or the heading it stands under."""

# possessive runs: a line is walked once; a time (9:14) does not end a name
_HEADING: Final = re.compile(
    r"\n[ \t\xa0*]*+(?:"
    r"((?:RESIDENT )?WET READ|PRELIMINARY REPORT)[ \t]*+(?=[:#_\n]|VERSION|BY|\Z)"
    r"|([A-Za-z][^\n:]{1,69}+(?:(?<=\d):(?=\d\d)[^\n:]{2,40}+)?+):"
    r"|([A-Z][A-Z0-9 \t,./&'()_#:*-]{2,69}+)(?=\n|\Z)"
    r"|(_{30,}+)[ \t]*+(?=\n|\Z))"
)
_AFTER_SENTENCE: Final = re.compile(r"(?:[.:;?!)_>][ \t]+|\S[ \t]{2,})\Z")
_PARAGRAPH: Final = re.compile(r"\n[ \t\xa0]*\n")
_TEMPLATE: Final = re.compile(r"(?:<[A-Za-z][^<>\n]*>[\s,.;/]*)+")
_WORD: Final = re.compile(r"[A-Za-z]{3}")
_FRONT: Final = frozenset({"indication", "history", "comparison", "technique", "examination", "other"})
_BEFORE_NARRATIVE: Final = _FRONT | {"unheaded", "title"}
_NARRATIVE: Final = frozenset({"findings", "impression", "title"})
_DOUBTFUL: Final = frozenset({"title", "title_mixed", "other", "findings_low", "impression_low"})

Span = tuple[int, int]
Pieces = dict[str, list[Span]]


class Report(NamedTuple):
    """One report's sections. Offsets count characters of `normalise(text)`: first start to last end of a section.

    `code` is None when findings or impression were found; otherwise why not: `report_empty`, `report_no_text` (known by
    hand), `report_preliminary_only`, `report_addendum_only`, `report_without_sections` (text, but neither section).
    """

    indication: str | None = None
    comparison: str | None = None
    findings: str | None = None
    impression: str | None = None
    findings_start: int | None = None
    findings_end: int | None = None
    impression_start: int | None = None
    impression_end: int | None = None
    code: str | None = None
    addendum: str | None = None


def normalise(text: str) -> str:
    """The text with LF line ends and without a byte order mark: what a section's offsets count in."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removeprefix("\ufeff")


def section(text: str, conclusion: Conclusion = None) -> Report:
    """Sections of one report, by the rules of this module; never raises.

    Section text is a slice of `normalise(text)`, stripped at its ends; several occurrences are joined by a blank line.
    `conclusion` overrides the impression of a report known by hand; where it does not fit the text it is ignored.
    """
    if conclusion == (0, 0):
        return Report(code="report_no_text")
    padded = "\n" + normalise(text)  # so that a heading on the very first line has a line end before it
    marks = _marks(padded, heading_tables(conclusion if isinstance(conclusion, str) else None))
    special = [mark[0] for mark in marks if mark[0] in SPECIAL]
    if special and (len(special) > 1 or marks[0][0] != "final"):
        return _from_blocks(padded, marks, conclusion)
    return _report(padded, _pieces(padded, _stretches(marks, len(padded)), conclusion))


def _marks(padded: str, tables: HeadingTables) -> list[Mark]:
    """Headings, titles and rules, in order."""
    before_colon, whole_line = tables
    marks: list[Mark] = []
    for match in _HEADING.finditer(padded):
        kind = match.lastindex
        if kind == 2:
            group = before_colon[match[2]]
        elif kind == 3:
            group = whole_line[match[3]]
        else:
            group = "rule" if kind == 4 else "preliminary"
        if group is not None:
            marks.append((group, match.start(), match.end()))
    return _with_inline(padded, marks)


def _with_inline(padded: str, marks: list[Mark]) -> list[Mark]:
    """The marks and those FINDINGS: and IMPRESSION: that stand in the middle of a line, after a sentence's end."""
    for name in ("IMPRESSION:", "FINDINGS:"):
        at = padded.find(name)
        while at >= 0:
            end = at + len(name)
            if _AFTER_SENTENCE.search(padded[max(at - 12, 0) : at]) and all(mark[2] != end for mark in marks):
                marks = sorted([*marks, (name[:-1].lower(), at, end)], key=lambda mark: mark[1])
            at = padded.find(name, end)
    return marks


def _stretches(marks: list[Mark], length: int) -> list[Mark]:
    """Group, start and end of the text before, between and after marks; nothing before a FINAL REPORT title."""
    if not marks:
        return [("unheaded", 0, length)]
    starts = [*(mark[1] for mark in marks[1:]), length]
    stretches = [(mark[0], mark[2], end) for mark, end in zip(marks, starts, strict=True)]
    if marks[0][0] == "final":
        return [("unheaded", *stretches[0][1:]), *stretches[1:]]
    return [("unheaded", 0, marks[0][1]), *stretches]


def _from_blocks(padded: str, marks: list[Mark], conclusion: Conclusion) -> Report:
    """The report of a file that also holds preliminary text, addenda or rules."""
    blocks = split_blocks(padded, marks)
    if blocks.chosen == "preliminary":
        return Report(code="report_preliminary_only")
    if blocks.chosen == "addendum":
        # an addendum that holds its own findings or impression is a whole report under another title
        report = _report(padded, _pieces(padded, blocks.stretches, conclusion, unheaded=False))
        return Report(code="report_addendum_only") if report.code else report
    addendum = "\n\n".join(body for start, end in blocks.addenda if (body := padded[start:end].strip()))
    return _report(padded, _pieces(padded, blocks.stretches, conclusion))._replace(addendum=addendum or None)


def _pieces(padded: str, stretches: list[Mark], conclusion: Conclusion, unheaded: bool = True) -> Pieces:
    """Places of each group's non-empty text, findings settled by the rules on titles and on text without heading."""
    stretches = _merged(padded, stretches)
    pieces: Pieces = {}
    for group, start, end in stretches:
        span = _stripped(padded, start, end)
        if span:
            pieces.setdefault(group, []).append(span)
    if "title" in pieces:
        _settle_titles(padded, pieces)
    if unheaded and "findings" not in pieces and not isinstance(conclusion, str):
        _settle_unheaded(padded, pieces, stretches)
    return _with_conclusion(padded, pieces, conclusion) if conclusion else pieces


def _merged(padded: str, stretches: list[Mark]) -> list[Mark]:
    """The stretches, those that a doubtful heading opened joined to the section in which that heading is mere text."""
    if _DOUBTFUL.isdisjoint([stretch[0] for stretch in stretches]):
        return stretches
    merged: list[Mark] = []
    for group, start, end in stretches:
        if merged and group in _DOUBTFUL and _is_text(padded, group, *merged[-1]):
            merged[-1] = (*merged[-1][:2], end)
        else:
            merged.append((group.removesuffix("_mixed").removesuffix("_low"), start, end))
    return merged


def _is_text(padded: str, group: str, before: str, start: int, end: int) -> bool:
    """Whether a doubtful heading at `end` is text of the section `before`, which began at `start`."""
    if group not in ("title", "title_mixed"):  # an unknown label or a small letter within a paragraph is no heading
        return not padded[padded.rfind("\n", 0, end) + 1 : end].isspace() and bool(padded[start:end].strip())
    if group == "title_mixed" and before in _NARRATIVE:
        return True
    blank = not padded[start:end].strip()
    return (before == "impression" and blank) or (before == "findings" and not blank)


def _stripped(padded: str, start: int, end: int) -> Span | None:
    """The stretch without white space at its ends; None when nothing or only unfilled template names remain."""
    raw = padded[start:end]
    body = raw.strip()
    if not body or (body[0] == "<" and _TEMPLATE.fullmatch(body)):
        return None
    start += raw.find(body)
    return start, start + len(body)


def _settle_titles(padded: str, pieces: Pieces) -> None:
    findings = pieces.get("findings", [])
    first = findings[0][0] if findings else 0
    told = [span for span in pieces.pop("title") if span[0] > first and _WORD.search(padded, *span)]
    if told:
        pieces["findings"] = sorted(findings + told)


def _settle_unheaded(padded: str, pieces: Pieces, stretches: list[Mark]) -> None:
    """The rule `unheaded_text_is_findings`: moves text without a heading into findings."""
    before = list(takewhile(lambda stretch: stretch[0] in _BEFORE_NARRATIVE, stretches))
    group, start, end = before[-1] if before else ("title", 0, 0)
    span = _stripped(padded, start, end)
    if span is None or group == "title":
        return
    if group != "unheaded":
        gap = _PARAGRAPH.search(padded, *span)
        if gap is None:
            return
        head = (span[0], span[0] + len(padded[span[0] : gap.start()].rstrip()))
        pieces[group] = [head if other == span else other for other in pieces[group]]
        span = _stripped(padded, gap.end(), span[1])
    rest = _after_titles(padded, span)
    if rest:
        pieces["findings"] = [rest]


def _after_titles(padded: str, span: Span | None) -> Span | None:
    """The text after leading paragraphs of nothing but view titles; None when no word remains."""
    while span:
        gap = _PARAGRAPH.search(padded, *span)
        end = gap.start() if gap else span[1]
        if not is_view_title(padded[span[0] : end]):
            break
        span = _stripped(padded, gap.end(), span[1]) if gap else None
    return span if span and _WORD.search(padded, *span) else None


def _with_conclusion(padded: str, pieces: Pieces, conclusion: Conclusion) -> Pieces:
    """The pieces with the impression that is known by hand, which no other section keeps."""
    if isinstance(conclusion, str):
        known = pieces.get(conclusion)
    else:
        start, end = conclusion or (0, 0)
        span = _stripped(padded, start + 1, end + 1) if 0 <= start < end < len(padded) else None
        known = [span] if span else None
    if not known:
        return pieces
    others = {group: [span for span in spans if not _meets(span, known)] for group, spans in pieces.items()}
    return {group: spans for group, spans in others.items() if spans} | {"impression": known}


def _meets(span: Span, others: list[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _report(padded: str, pieces: Pieces) -> Report:
    findings, impression = pieces.get("findings"), pieces.get("impression")
    if not findings and not impression:
        code = "report_without_sections" if pieces else "report_empty"
    else:
        code = None
    told = pieces.get("indication", [])
    if "history" in pieces:
        told = sorted(told + pieces["history"])
    return Report(
        _text(padded, told),
        _text(padded, pieces.get("comparison")),
        _text(padded, findings),
        _text(padded, impression),
        *_ends(findings),
        *_ends(impression),
        code,
    )


def _text(padded: str, spans: list[Span] | None) -> str | None:
    if not spans:
        return None
    if len(spans) == 1:
        return padded[spans[0][0] : spans[0][1]]
    return "\n\n".join([padded[start:end] for start, end in spans])


def _ends(spans: list[Span] | None) -> tuple[int | None, int | None]:
    return (spans[0][0] - 1, spans[-1][1] - 1) if spans else (None, None)
