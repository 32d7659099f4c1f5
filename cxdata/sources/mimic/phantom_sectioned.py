"""`mimic_cxr_sectioned.csv` as users make it: sections cut by the well-known rules, with their well-known slips.

The rules (headings of capitals at a line's start, the last of each name wins, `last_paragraph` where neither findings
nor impression is found) are those described for the public section parser; this is our own, smaller reading of them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

HEADER: Final = ("study", "impression", "findings", "last_paragraph", "comparison")
_HEADING: Final = re.compile(r"\n ([A-Z ()/,-]+):\s")
_SAME: Final = {
    "CONCLUSION": "impression", "FINDINGS AND IMPRESSION": "impression", "IMPRESSON": "impression",
    "IMPERSSION": "impression", "IMPRESSOIN": "impression", "FINDNGS": "findings", "FINDIGNS": "findings",
    "FINDINS": "findings", "COMPARISION": "comparison", "COMPARISON EXAM": "comparison",
}  # fmt: skip
_TITLE_WORDS: Final = ("PORTABLE", "PA AND LATERAL", "AP CHEST", "VIEWS OF THE CHEST")


def sections(text: str) -> dict[str, str]:
    """Section name to text, as those rules cut it."""
    heads = _headings(text)
    found: dict[str, str] = {}
    last = ("full report", text)
    for i, (_, start, title) in enumerate(heads):
        name, body = _name(title), text[start : heads[i + 1][0] if i + 1 < len(heads) else len(text)]
        last = (name, body)
        if body.strip() or name not in ("findings", "impression"):
            found[name] = body.strip()
    if not {"findings", "impression"} & found.keys():
        head, gap, tail = last[1].partition("\n \n")
        found |= {last[0]: head.strip(), "last_paragraph": tail.strip()} if gap else {}
    return found


def _headings(text: str) -> list[tuple[int, int, str]]:
    heads, at = list[tuple[int, int, str]](), 0
    while match := _HEADING.search(text, at):
        heads.append((match.start(), match.end(), match[1].strip()))
        newline = text.find("\n", match.end())
        if newline < 0:
            break
        at = newline
    return heads


def _name(title: str) -> str:
    if title in _SAME:
        return _SAME[title]
    return "findings" if any(words in title for words in _TITLE_WORDS) else title.lower()


def sectioned_csv(reports: Iterable[tuple[int, bytes]]) -> bytes:
    """The table of (study id, report) in the form of Python's csv writer, line ends CRLF."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for study_id, report in reports:
        cut = sections(report.decode("utf-8", errors="replace"))
        writer.writerow([f"s{study_id}", *(cut.get(name, "") for name in HEADER[1:])])
    return text.getvalue().encode()
