"""The indication as a question may show it: one line, without de-identification marks and without saying things twice.

* MIMIC's indications part the history from what is asked by `//`, often with the same words on both sides: one side is
  left out where the other holds it.
* A mark (`___`, `XXXX`) stands for an age, a name, a date or a place. What only counts or places it goes with it
  ("___-year-old woman" is "Woman", "surgery on ___" is "surgery"); a clause that still holds one is left out.
* Names of unfilled templates (`<Reason For Exam>`) are left out, and what says no more than "Woman.".
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.reports.sentences import unwrap_expr

_MARK: Final = r"(?:_{2,}|\b[Xx]{3,}\b)"
_AGE: Final = rf"(?i){_MARK}[- ]*(?:(?:year|yr|month|week|day|y|mo)s?[- ./]*(?:old|o)?\b\.?)[- ,]*"
_WITH: Final = r"(,| with\b| w/| s/p\b| c/o\b| p/w\b| who\b| here\b)"
_WHEN: Final = "on|in|since|from|at|by|until|till|dated|as of|around|per|after|before|last|this|past"
# One after the other: an age, a sex, "with … and …", what places a mark in time or space, a person of a title.
_REPLACED: Final = (
    (_AGE, ""),
    (rf"^(?:{_MARK} ?|(?:yo|y/o) )?[Ff]{_WITH}", "Woman${1}"), (rf"^(?:{_MARK} ?|(?:yo|y/o) )?[Mm]{_WITH}", "Man${1}"),
    (rf"{_MARK} ?F\b", "woman"), (rf"{_MARK} ?M\b", "man"),
    (rf"(?i)^(?:an? )?(?:{_MARK} )?(with|who)\b", "Patient ${1}"), (r"\b(an?) (with|who)\b", "${1} patient ${2}"),
    (rf"\b(with|of|for) {_MARK},? and ", "${1} "), (rf"(?i)(?: and| or|,) {_MARK}([.,;]|$)", "${1}"),
    (rf"(?i)[ ,]*\b(?:{_WHEN}) (?:the )?(?:{_MARK}[-/ ,:]*)+", " "),
    (rf"(?i)\b(?:drs?|mrs?|ms|prof)\.? {_MARK}", ""),
)  # fmt: skip
_TEMPLATE: Final = r"<[A-Za-z][^<>]*>"
_LOST: Final = rf"(?i)\b(?:with|without|of|for|to|and|or|the|an?|has|had|no|by|is|was|like|new|left|right) ?{_MARK}"
_TRAILING: Final = r"([A-Za-z0-9)]) _{2,}([.,;)]|$)"  # a date or a name; OpenI's XXXX may be any word
_HELD: Final = rf"[^.,;]*(?:{_MARK}|\x02)[^.,;]*[.,;]?"
_HALVES: Final = ["the history", "the question"]
_NOBODY: Final = r"(?i)^(?:the )?(?:patient|pt|male|female|m[ae]n|wom[ae]n)$"
_ENDS: Final = r"^[\s,;:./()&-]+|[\s,;:./(&-]+$"
# Then: clauses that have lost a word, the end of the text, and what is left of it.
_LAST: Final = (
    (_LOST, "\x02"), (_TRAILING, "${1}${2}"), (_HELD, ""), (r"([.?!])\s*//\s*", "${1} "), (r"\s*//\s*", ". "),
    (r"\s+", " "), (r" ([.,;?])", "${1}"), (_ENDS, ""), (_NOBODY, ""),
)  # fmt: skip


def with_clean_indication(reports: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The reports with their `indication`, cleaned, as the column `name`.

    One line that begins with a capital and ends with a full stop or a question mark; null where no word of three
    letters is left.
    """
    # step by step: an expression of the whole would clean each half many times over
    parts = unwrap_expr("indication").str.replace_all(_TEMPLATE, " ").str.splitn("//", 2)
    frame = reports.with_columns(parts.struct.rename_fields(_HALVES).struct.unnest())
    for step in (*_REPLACED, *_LAST):
        frame = frame.with_columns(pl.col(half).str.strip_chars(" ").str.replace_all(*step) for half in _HALVES)
    frame = frame.with_columns(_ended(pl.col(half)).alias(half) for half in _HALVES)
    frame = frame.with_columns(_compared(pl.col(half)).alias(f"{half}, compared") for half in _HALVES)
    return frame.with_columns(_joined().alias(name)).drop(*_HALVES, *(f"{half}, compared" for half in _HALVES))


def _ended(half: pl.Expr) -> pl.Expr:
    text = pl.concat_str(half.str.slice(0, 1).str.to_uppercase(), half.str.slice(1)).str.replace(r"([^?!])$", "${1}.")
    return pl.when(half.str.contains(r"[A-Za-z]{3}")).then(text)


def _compared(half: pl.Expr) -> pl.Expr:
    return half.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars(" ")


def _joined() -> pl.Expr:
    """Both halves, or the one that holds the other."""
    first, second = (pl.col(half) for half in _HALVES)
    one, other = (pl.col(f"{half}, compared") for half in _HALVES)
    return (
        pl.when(second.is_null() | one.str.contains(other, literal=True)).then(first)
        .when(first.is_null() | other.str.contains(one, literal=True)).then(second)
        .otherwise(pl.concat_str(first, second, separator=" "))
    )  # fmt: skip
