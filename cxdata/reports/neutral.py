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
_TELLTALE: Final = (VIEW, TECHNIQUE, PERSON, MARK)


def neutral_text_expr(*targets: str) -> pl.Expr:
    """The sentences of clean targets that tell nothing but what the chest shows, joined; null where none is left.

    `targets` are columns of `targets.with_targets`, in the order of their sentences; one that stands twice stays once.
    """
    sentences = pl.concat_list(sentences_expr(target).fill_null([]) for target in targets)
    kept = pl.element().str.strip_chars(" ")
    plain = ~pl.any_horizontal(kept.str.contains(pattern) for pattern in _TELLTALE)
    text = sentences.list.eval(kept.filter(plain & (kept != ""))).list.unique(maintain_order=True).list.join(" ")
    return pl.when(text != "").then(text)


def same_text_expr(text: str | pl.Expr) -> pl.Expr:
    """What two texts share that say the same in the same words: case, punctuation and spaces apart."""
    column = pl.col(text) if isinstance(text, str) else text
    return column.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars(" ")
