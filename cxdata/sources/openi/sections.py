"""What a report's sections tell: OpenI's own sections word for word, and nothing where only marks stand."""

from __future__ import annotations

from typing import Final

import polars as pl

SECTIONS: Final = ("indication", "comparison", "findings", "impression")
TEXTS: Final = ("indication", "findings", "impression")
_MARKS: Final = r"\b[Xx]{3,}\b"
_GLUE: Final = r"(?i)\b(?:and|or|with|at|in|of|the|for)\b"
_GARBAGE: Final = ("please",)  # the whole FINDINGS of report 3558


def told(column: str) -> pl.Expr:
    """The section, trimmed; null where it holds no word but marks of de-identification, or is known for garbage.

    The comparison is left as it is: that there was one, of a date now lost, is what it says.
    """
    text = pl.col(column).str.strip_chars()
    if column not in TEXTS:
        return pl.when(text != "").then(text).alias(column)
    words = text.str.replace_all(_MARKS, " ").str.replace_all(_GLUE, " ").str.replace_all(r"[^A-Za-z]+", " ")
    words = words.str.strip_chars().str.to_lowercase()
    return pl.when((words.str.len_chars() >= 2) & ~words.is_in(_GARBAGE)).then(text).alias(column)


def without_text() -> pl.Expr:
    """True for a report of which neither findings nor an impression is left."""
    return pl.col("findings").is_null() & pl.col("impression").is_null()
