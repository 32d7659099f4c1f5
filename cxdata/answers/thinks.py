"""The words of a think that carry meaning, and what makes a think worth nothing.

Words that any template holds ("is seen at", "considered") are removed; what remains is findings, signs, sites, sides,
sizes and denials, each in one form. So a text gains nothing from sounding like the gold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import yaml

from cxdata.answers.marks import count_marks
from cxdata.model.errors import CxdataError
from cxdata.model.sample import LETTERS
from cxdata.model.vocabulary import vocabulary
from cxdata.model.yaml_text import parsed

Kind = Literal["finding", "sign", "normality", "site", "side", "size", "denial"]

MOST_WORDS: Final = 80
NEAR_EQUAL: Final = 0.9
TELLING: Final = frozenset({"finding", "sign", "normality", "size"})
DENYING: Final = frozenset({"denial", "normality"})
_FILE: Final = Path(__file__).with_name("content_words.yaml")
_WORD: Final = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_ALONE: Final = re.compile(rf"(?<!\w)[{LETTERS}](?!\w)")
_OPTION: Final = re.compile(
    rf"(?<!\w)(?-i:[{LETTERS}])[)）]|\b(?:option|answer|answer is|choice|letter) (?-i:[{LETTERS}])\b", re.IGNORECASE
)


class ContentWord(NamedTuple):
    """A word in its one form, and what it speaks of."""

    form: str
    kind: Kind


class _Lexicon(NamedTuple):
    words: dict[str, ContentWord]
    stems: tuple[tuple[str, ContentWord], ...]


class Content(NamedTuple):
    """What a think speaks of: its content words in order, each in one form, and the kinds of them."""

    forms: tuple[str, ...]
    kinds: frozenset[Kind]


@lru_cache(maxsize=4096)
def content(text: str) -> Content:
    """The words of a think that carry meaning."""
    words = [word for word in map(_content, _WORD.findall(text.lower())) if word is not None]
    return Content(tuple(word.form for word in words), frozenset(word.kind for word in words))


def has_sign(text: str) -> bool:
    """Whether a think speaks of a finding, a sign or a size; a silent or label-only step names a place at most."""
    return bool(TELLING & content(text).kinds)


def denies(text: str) -> bool:
    """Whether a think denies something, or calls it normal."""
    return bool(DENYING & content(text).kinds)


def is_foul(think: str) -> bool:
    """Whether a think is empty, over 80 words, or holds a mark or an option's letter. Rule: medicine, section 7."""
    return not think.strip() or len(think.split()) > MOST_WORDS or count_marks(think) > 0 or _names_option(think)


def has_near_equals(thinks: Sequence[str]) -> bool:
    """Whether two thinks say nearly the same: nine tenths of their content words are shared (Dice coefficient)."""
    sets = [frozenset(content(think).forms) for think in thinks]
    return any(are_near_equal(a, b) for i, a in enumerate(sets) for b in sets[:i])


def are_near_equal(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether two sets of content words share nine tenths (Dice coefficient); two empty ones do not."""
    return 2 * len(a & b) >= NEAR_EQUAL * (len(a) + len(b)) > 0


def _names_option(think: str) -> bool:
    """A capital that stands alone is found first: most thinks hold none, and the full pattern is slow."""
    return _ALONE.search(think) is not None and _OPTION.search(think) is not None


@lru_cache(maxsize=1 << 16)
def _content(word: str) -> ContentWord | None:
    if word[0].isdigit():
        return ContentWord(word, "size")
    known = _lexicon()
    if word in known.words:
        return known.words[word]
    return next((meant for stem, meant in known.stems if word.startswith(stem)), None)


@cache
def _lexicon() -> _Lexicon:
    """The file's words, longest stem first, then the vocabulary's own. Raises CxdataError that names the file."""
    try:
        table: Any = parsed(_FILE.read_text(encoding="utf-8"))
        entries = [(str(w), kind) for kind, words in table["words"].items() for w in words.split()]
        ends, template = table["endings"].split(), set(table["template"].split())
    except (yaml.YAMLError, KeyError, AttributeError) as error:
        raise CxdataError(f"content words cannot be read: {error}", where=str(_FILE), mend="mend the file") from None
    words: dict[str, ContentWord] = {}
    stems: dict[str, ContentWord] = {}
    for entry, kind in entries:
        forms = entry.replace("*", "").split("=")
        for form in forms:
            (stems if "*" in entry else words).setdefault(form, ContentWord(forms[0], kind))
    _add_vocabulary(words, stems, ends, template)
    return _Lexicon(words, tuple(sorted(stems.items(), key=lambda item: -len(item[0]))))


def _add_vocabulary(
    words: dict[str, ContentWord], stems: dict[str, ContentWord], ends: list[str], template: set[str]
) -> None:
    """Words of names and synonyms that the file does not hold, singular and plural alike."""
    for finding in vocabulary().findings:
        for word in _WORD.findall(" ".join((finding.name, *finding.synonyms)).lower()):
            known = word in words or word in template or any(word.startswith(stem) for stem in stems)
            if known or word[0].isdigit() or len(word) < 2:
                continue
            for end in ("", *ends):
                words.setdefault(word + end, ContentWord(word, "finding"))
