"""The words of a sentence as the reader compares them: small letters, no hyphens, no plural endings."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"vs\.|(?:r/o|s/p|h/o|w/o|c/w)(?![a-z])|[a-z]+\d{0,2}(?:'[a-z]+)?|\d+(?:\.\d+)?|[,;:()?/]|\.(?=\s|$)|_{2,}"
)
_SAME: Final = {
    **dict.fromkeys(("is", "are", "was", "were", "been", "being", "be"), "be"),
    **dict.fromkeys(("has", "have", "had"), "have"),
    **dict.fromkeys(("isn't", "aren't", "wasn't", "weren't", "doesn't", "don't", "didn't", "hasn't", "haven't"), "not"),
    "can't": "cannot", "couldn't": "cannot", "w/o": "without", "vs": "versus", "vs.": "versus",
    "pneumothoraces": "pneumothorax", "pneumothoraxes": "pneumothorax", "hydropneumothoraces": "hydropneumothorax",
    "atelectases": "atelectasis", "metastases": "metastasis", "diagnoses": "diagnosis", "prostheses": "prosthesis",
    "bullae": "bulla", "granulomata": "granuloma", "hilus": "hilum", "vertebrae": "vertebra", "apices": "apex",
    "sulci": "sulcus", "bases": "base",
    "oedema": "edema", "visualised": "visualized", "tumour": "tumor", "favoured": "favored", "dilation": "dilatation",
    "this": "this", "does": "does", "always": "always", "us": "us", "hemithoraces": "hemithorax", "disk": "disc",
}  # fmt: skip
_REMEMBERED_MAX: Final = 50_000
_known: dict[str, str] = {}


class Words(NamedTuple):
    """The words of a sentence, in order, and the characters that each takes; marks that part clauses are words too."""

    forms: list[str]
    starts: list[int]
    ends: list[int]


def words(sentence: str) -> Words:
    """The words of a sentence; hyphens, quotation marks and other signs are left out."""
    forms, starts, ends, known = list[str](), list[int](), list[int](), _known
    for found in _TOKEN.finditer(sentence.lower()):
        word = found[0]
        forms.append(known.get(word) or form(word))
        starts.append(found.start())
        ends.append(found.end())
    return Words(forms, starts, ends)


def form(word: str) -> str:
    """A word without its plural ending; forms of `be` and `have` are one."""
    known = _known.get(word)
    if known is None:
        known = _SAME.get(word) or _singular(word)
        if len(_known) < _REMEMBERED_MAX:
            _known[word] = known
    return known


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("xes", "sses", "ches", "shes")) else word[:-1]
