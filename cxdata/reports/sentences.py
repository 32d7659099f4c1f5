"""Sentences of report text as polars expressions: lines joined, list numbers taken off, abbreviations kept whole."""

from __future__ import annotations

from typing import Final

import polars as pl

MARK: Final = r"\b[Xx]{3,}\b"
"""OpenI's mark of de-identification, in place of `___`: most are `XXXX`."""

_CUT: Final = "\x1e"  # where a sentence ends
_DOT: Final = "\x01"  # a full stop that ends none
_CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
_NUMBER: Final = r"\(?\d{1,2}[.)]"
_NO_ITEM: Final = "\x02"  # before a number that belongs to the word before it
_COUNTED: Final = r"(?i)\b(ribs?|levels?|types?|grades?|stages?|numbers?|segments?|series|images?|vertebra\w*) (\d)"
_ITEM: Final = rf"{_NUMBER}(?:\s+|([A-Z]))"  # `2. No` and `2.No`, not `2.5`


def unwrap_expr(column: str | pl.Expr) -> pl.Expr:
    """The text with each run of white space as one space, so that wrapped lines join; null where nothing is left."""
    text = pl.col(column) if isinstance(column, str) else column
    joined = text.str.replace_all(r"\s+", " ").str.strip_chars(" ")
    return pl.when(joined != "").then(joined)


def context_expr(column: str | pl.Expr) -> pl.Expr:
    """The unwrapped text as it is shown in a question: every mark of de-identification is `___`, OpenI's `XXXX` too."""
    return unwrap_expr(column).str.replace_all(MARK, "___")


def sentences_expr(column: str | pl.Expr) -> pl.Expr:
    """The sentences of a section, list of strings, trimmed, without list numbers and bullets; null for null.

    A sentence ends at `.`, `?` or `!` before white space, at a blank line, and at an item of a list. No end: `Dr.`,
    `vs.`, `e.g.`, a unit before a small letter, decimals, the number of a list item, `a.m.` unless a capital follows.
    """
    text = pl.col(column) if isinstance(column, str) else column
    return text.str.replace_all(_CONTROL, " ").pipe(_without_numbers).pipe(_joined).pipe(_cut).str.split(_CUT)


def _without_numbers(text: pl.Expr) -> pl.Expr:
    # in a text that begins with "1." every number at a line's start is an item, and so is one within a line after a
    # word that is not counted itself ("1. Cardiomegaly 2. No edema", but "rib 4."); elsewhere only one after a sentence
    items = text.str.replace_all(rf"(?:^|\n)[ \t\r]*{_ITEM}", _CUT + "${1}")
    items = items.str.replace_all(_COUNTED, f"${{1}} {_NO_ITEM}${{2}}")
    items = items.str.replace_all(r"([a-z)]) [2-9]\. +([A-Z][a-z])", f"${{1}}{_CUT}${{2}}")
    items = items.str.replace_all(_NO_ITEM, "", literal=True)
    listed = text.str.contains(r"^\s*\(?1[.)](?:\s|[A-Z])")
    return (
        pl.when(listed)
        .then(items)
        .otherwise(text)
        .str.replace_all(rf"([.:;?!]\s+|\n\s*\n\s*){_NUMBER}\s*([A-Z])", f"${{1}}{_CUT}${{2}}")
    )


def _joined(text: pl.Expr) -> pl.Expr:
    blank_or_bullet = r"\n[ \t\r]*\n\s*|(?:^|\n)\s*[-*\u2022]\s+"
    return text.str.replace_all(blank_or_bullet, _CUT).str.replace_all(r"\s+", " ")


def _cut(text: pl.Expr) -> pl.Expr:
    return (
        text.str.replace_all(r"\b([Dd]rs?|DRS?|Mrs?|MRS?|Ms|[Ss]t|[Vv]s|[Aa]pprox|e\.g|i\.e)\.", f"${{1}}{_DOT}")
        .str.replace_all(r"\b([ap])\. ?m\.", f"${{1}}.m{_DOT}")
        .str.replace_all(rf"\.m{_DOT} ([A-Z])", f".m.{_CUT}${{1}}")
        .str.replace_all(r"\b(cm|mm|Fr|fr)\. ([a-z])", f"${{1}}{_DOT} ${{2}}")
        .str.replace_all(r"([.?!]+[\"')\]]*) +", f"${{1}}{_CUT}")
        .str.replace_all(_DOT, ".", literal=True)
    )
