"""With what a report compares: the last radiograph, or something else that its words of change then speak of."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_SCAN: Final = r"\b(?:cta?|cat scan|mri?|pet|tomogra\w+|ultrasound|sonogra\w+|fluorosco\w+)\b"
_FILM: Final = r"radiogra|\bfilms?\b|x-?ray|\bcxr\b|\bchest\W+(?:pa|ap|portable)\b|\bpa and lat|portable"
_NOTHING: Final = r"^\W*(?:none|no\b|not? (?:prior|previous|available)|n/?a\b|not available|unavailable)"
_BACK: Final = (
    "older|oldest|earliest|first|initial|baseline|remote|outside|admission|several|multiple|many|two|three|four|"
    "serial|series of|preoperative|pre-operative"
)
_STUDIES: Final = "stud|exam|radiogra|film|image|prior|day|week|month|year"
_FURTHER: Final = (
    rf"\b(?:{_BACK})\b(?:\W+\w+){{0,3}}?\W+(?:{_STUDIES})|"
    r"\b(?:study|exam|examination|radiograph|film) before (?:last|that)\b|\bsince admission\b|\bdating (?:back )?to\b"
)
_TECHNIQUE: Final = re.compile(
    r"\b(?:position|projection|techni|rotat|inspir|differences? in\b|apparent|accentuat|exaggerat|if (?:any|at all)\b)",
    re.IGNORECASE,
)
_ANOTHER: Final = re.compile(f"{_SCAN}|{_FURTHER}", re.IGNORECASE)


def is_with_another(sentence: str) -> bool:
    """Whether a sentence names a scan, or a film that is not the last: "since admission", "over several studies"."""
    return _ANOTHER.search(sentence) is not None


def may_be_technique(sentence: str) -> bool:
    """Whether a change may be of how the film was taken: "apparent increase", "due to positioning"."""
    return _TECHNIQUE.search(sentence) is not None


def with_a_film(section: pl.Expr) -> pl.Expr:
    """False where the section of the comparison says that there is none, or names scans and no radiograph."""
    scans = section.str.contains(f"(?i){_SCAN}") & ~section.str.contains(f"(?i){_FILM}")
    return ~(section.str.contains(f"(?i){_NOTHING}") | scans).fill_null(False)
