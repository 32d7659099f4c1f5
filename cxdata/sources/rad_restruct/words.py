"""Questions and answers in their own words, in reading order.

The questions are filled in by a machine: terms of MeSH stand with the noun first ("hypertension, pulmonary") and
articles do not fit ("an density"). Both are mended. What was asked and answered before, on the way down to a question,
stands before it: "What is the degree?" means nothing without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

READ: Final = {
    "hyperostosis, diffuse idiopathic skeletal": "diffuse idiopathic skeletal hyperostosis",
    "pulmonary disease, chronic obstructive": "chronic obstructive pulmonary disease",
    "lung diseases, interstitial": "interstitial lung disease",
    "bone diseases, metabolic": "metabolic bone disease",
    "hypertension, pulmonary": "pulmonary hypertension",
    "lung, hyperlucent": "hyperlucent lung",
    "fractures, bone": "bone fracture",
    "aorta, thoracic": "thoracic aorta",
    "trachea, carina": "carina",
    "bone and bones": "bones",
    "blister": "bulla",
}
"""Terms of MeSH as they are read; an emphysematous bulla is a Blister there."""

_TERMS: Final = re.compile("|".join(re.escape(term) for term in READ))
_ARTICLE: Final = re.compile(r"\b(?:a|an) (?=([a-z]))")
_MANY: Final = r"(?:markings|cysts|dislocations|expansile bone lesions)\b"
_ARE: Final = re.compile(rf"^Is there (?:an? )?(?={_MANY})")
_OTHERS: Final = re.compile(rf"^Is there another (?:case of )?(?={_MANY})")

Step = tuple[str, Sequence[str]]
"""A question and its answers."""


@cache
def told(text: str) -> str:
    """A question or an answer, mended, as one line."""
    text = _TERMS.sub(lambda term: READ[term[0]], " ".join(text.split()))
    text = _OTHERS.sub("Are there other ", _ARE.sub("Are there ", text))
    return _ARTICLE.sub(lambda article: "an " if article[1] in "aeiou" else "a ", text)


def answered(answers: Iterable[str]) -> str:
    """Several answers as one."""
    return ", ".join(told(answer) for answer in answers)


def asked(question: str, history: Iterable[Step]) -> str:
    """The question after those that led to it, each with its answer: `Are there any signs in the lung? Yes. …`."""
    before = [f"{told(earlier)} {_sentence(answered(answers))}" for earlier, answers in history]
    return " ".join([*before, told(question)])


def _sentence(answer: str) -> str:
    return f"{answer[:1].upper()}{answer[1:]}."
