"""Neutral text: what a report says of the chest, without what would tell whose report it is but for the chest.

Where a text is set beside a picture and the question is whether they belong together, words on the view, the technique,
the age or the sex would answer it. Sentences with such words are left out whole; those with a comparison, a history or
a de-identification mark are left out of the clean targets already (`targets.py`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.reports.sentences import sentences_expr

VERSION: Final = 1
"""Goes up whenever the same targets may give another text."""

VIEW: Final = (
    r"(?i)\b(?:frontal|portable|bedside|upright|supine|erect|semi-?erect|decubitus|lordotic|posteroanterior|"
    r"anteroposterior|ap|pa|views?|projections?|films?|radiographs?|x-?rays?|roentgenograms?)\b"
    r"|\b(?:on|in|from) (?:the )?laterals?(?:[.,;)]|$| (?:image|exam|study))|\boblique (?:image|position)"
)
TECHNIQUE: Final = (
    r"(?i)\b(?:techni\w+|expos(?:ure|ed)|(?:over|under)-?exposed|(?:over|under|well|adequately)?[- ]?penetrat\w+|"
    r"rotat\w+|motion|positioning|inspirat\w+|expirat\w+|collimat\w+|artifact\w*|shield\w*|digital\w*|"
    r"(?:study|exam|examination|evaluation|assessment|image) (?:is |was )?(?:\w+ )?limited|"
    r"limit(?:ed|ing) (?:\w+ ){0,2}(?:study|exam|examination|evaluation|assessment|sensitivity|by|due|because|for)|"
    r"limits (?:the|of (?:the|this)) (?:\w+ )?(?:study|exam|examination|evaluation|assessment|sensitivity)|"
    r"limits (?:evaluation|assessment)|(?:chin|arms?|jewel\w+) (?:\w+ )?(?:project|overl|obscur)\w*)\b"
)
PERSON: Final = (
    r"(?i)\b(?:(?:for|of|with|at|stated|patient'?s?) ages?|aged|years?[- ]old|months?[- ]old|elderly|young|adults?|"
    r"child(?:ren|hood)?|infan\w+|p(?:a)?ediatric|newborn|neonat\w+|m[ae]n|wom[ae]n|males?|females?|boys?|girls?|"
    r"gentlem[ae]n|lad(?:y|ies)|he|she|his|hers?|him|breasts?|mastectom\w+|mammar\w+|gyn(?:a)?ecomastia|nipples?|"
    r"gravid\w*|pregnan\w+|prostat\w+)\b"
)
MARK: Final = r"(?i)_{2,}|\bx{3,}\b"
TARGETS: Final = ("findings_target", "impression_target")
_PARTS: Final = ("neutral findings", "neutral impression")
_TELLTALE: Final = (VIEW, TECHNIQUE, PERSON, MARK)


def with_neutral_text(reports: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The reports with the sentences of their targets that tell nothing but what the chest shows, as the column `name`.

    Those of the findings come first; the impression is left out where they hold it word for word. Null where none is
    left. The order of the rows changes. In: the columns of `targets.with_targets`.
    """
    marked = pl.any_horizontal(_is_telling(pl.col(target)).fill_null(False) for target in TARGETS)
    # most texts hold no such word: only the others are taken apart, which costs many times as much
    plain = reports.filter(~marked).with_columns(_joined(*map(pl.col, TARGETS)).alias(name))
    kept = (sentences_expr(target).list.eval(_kept()).list.join(" ") for target in TARGETS)
    cut = reports.filter(marked).with_columns(text.alias(part) for text, part in zip(kept, _PARTS, strict=True))
    return pl.concat([plain, cut.with_columns(_joined(*map(pl.col, _PARTS)).alias(name)).drop(_PARTS)])


def _is_telling(text: pl.Expr) -> pl.Expr:
    return pl.any_horizontal(text.str.contains(pattern) for pattern in _TELLTALE)


def _kept() -> pl.Expr:
    sentence = pl.element().str.strip_chars(" ")
    return sentence.filter(~_is_telling(sentence) & (sentence != ""))


def _joined(findings: pl.Expr, impression: pl.Expr) -> pl.Expr:
    repeated = findings.str.contains(impression, literal=True).fill_null(False)
    rest = pl.when(~repeated & (impression != "")).then(impression)
    text = pl.concat_str(pl.when(findings != "").then(findings), rest, separator=" ", ignore_nulls=True)
    return pl.when(text != "").then(text)


def same_text_expr(text: str | pl.Expr) -> pl.Expr:
    """What two texts share that say the same in the same words: case, punctuation and spaces apart."""
    column = pl.col(text) if isinstance(text, str) else text
    return column.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars(" ")
