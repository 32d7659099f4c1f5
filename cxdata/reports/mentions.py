"""Whether a text speaks of a finding at all, affirmed or denied: by name, synonym, or words of `mentions.yaml`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl

from cxdata.model.vocabulary import Vocabulary
from cxdata.model.yaml_text import parsed

VERSION: Final = 1
"""Goes up whenever the same text may speak of other findings."""


def speaks_of_expr(text: str | pl.Expr, finding: str, vocabulary: Vocabulary) -> pl.Expr:
    """True where the text names the finding, one of its kinds (a vertebral fracture is a fracture), or their synonyms.

    Null for null. Raises CxdataError for a finding that the vocabulary does not have.
    """
    column = pl.col(text) if isinstance(text, str) else text
    return column.str.contains(mention_pattern(finding, vocabulary))


def mention_pattern(finding: str, vocabulary: Vocabulary) -> str:
    """The regular expression of `speaks_of_expr`."""
    kinds = [vocabulary.finding(name) for name in (finding, *sorted(vocabulary.descendants(finding)))]
    spellings = {spelling.casefold() for kind in kinds for spelling in (kind.name, *kind.synonyms)}
    names = "|".join(re.escape(spelling) for spelling in sorted(spellings, key=lambda name: (-len(name), name)))
    cues = [_cues()[kind.name] for kind in kinds if kind.name in _cues()]
    return rf"(?i)\b(?:{names})(?:e?s)?\b" + "".join(f"|{cue}" for cue in cues)


@cache
def _cues() -> dict[str, str]:
    table: dict[str, str] = parsed(files("cxdata.reports").joinpath("mentions.yaml").read_text("utf-8"))
    return table
