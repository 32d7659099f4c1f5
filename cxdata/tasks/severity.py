"""How plain a finding is by the words of its report: "tiny" and "subtle" make it hard to see, "large" makes it easy.

Read from the clauses that name the finding, a finding below it in the vocabulary, or a synonym, and that deny nothing:
in "small effusion; the heart is severely enlarged" the effusion is small, and "no large effusion" tells of none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from cxdata.model.vocabulary import Vocabulary

SEVERITY_OF: Final = "severity:"
FAINT: Final = (
    "tiny", "trace", "subtle", "minimal", "minimally", "small", "slight", "slightly", "faint", "faintly", "mild",
    "mildly", "early",
)  # fmt: skip
PLAIN: Final = ("large", "massive", "severe", "severely", "marked", "markedly", "extensive", "gross", "complete")
_DENIED: Final = r"(?i)\b(?:no|not|without|negative|absent|absence|rather than|free of)\b"


def severities(reports: pl.LazyFrame, findings: Sequence[str], vocabulary: Vocabulary) -> pl.DataFrame:
    """One row a report that has such words: study_id and `severity:F` for each finding F.

    1 faint, 0 plain, .5 both; null where the report says neither of the finding.
    """
    words = "|".join((*FAINT, *PLAIN))
    told = pl.concat_str("findings", "impression", separator=". ", ignore_nulls=True)
    clauses = reports.select(
        "study_id", clause=told.str.extract_all(rf"(?i)[^.;!?]*\b(?:{words})\b[^.;!?]*")
    ).explode("clause").filter(~pl.col("clause").str.contains(_DENIED))  # fmt: skip
    faint, plain = (pl.col("clause").str.contains(rf"(?i)\b(?:{'|'.join(side)})\b") for side in (FAINT, PLAIN))
    sides = faint.cast(pl.UInt8) + plain.cast(pl.UInt8) * 2
    # reports say the same in the same words: each clause is looked through once, however many say it
    unlike = clauses.select("clause").unique().with_columns(sides=sides)
    named = unlike.with_columns(_said(name, vocabulary) for name in findings)
    met = named.filter(pl.any_horizontal(pl.col(name) > 0 for name in findings))
    return clauses.join(met, on="clause").group_by("study_id").agg(_severity(name) for name in findings).collect()


def _said(name: str, vocabulary: Vocabulary) -> pl.Expr:
    """Of a clause that names the finding its sides, as bits; else 0."""
    return pl.when(_names(name, vocabulary)).then(pl.col("sides")).otherwise(pl.lit(0, pl.UInt8)).alias(name)


def _names(name: str, vocabulary: Vocabulary) -> pl.Expr:
    every = [name, *sorted(vocabulary.descendants(name))]
    spellings = {text.lower() for each in every for text in (each, *vocabulary.finding(each).synonyms)}
    words = (r"\s+".join(re.escape(word) for word in text.split()) for text in sorted(spellings))
    return pl.col("clause").str.contains(rf"(?i)\b(?:{'|'.join(words)})(?:s|es)?\b")


def _severity(name: str) -> pl.Expr:
    by_sides = {1: 1.0, 2: 0.0, 3: 0.5}
    hard = pl.col(name).bitwise_or().replace_strict(by_sides, default=None, return_dtype=pl.Float64)
    return hard.alias(SEVERITY_OF + name)
