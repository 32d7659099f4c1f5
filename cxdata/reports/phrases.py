"""Phrases of several words looked up in a sentence in one pass: a tree of words, longest match first.

Look-up takes time linear in the sentence, however many phrases there are. Keyword search by characters (Aho-Corasick)
knows no word forms and no words between; regular expressions of this many alternatives are slower by far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

from cxdata.reports.words import form

ANY: Final = "~"  # in a phrase: up to three of these words
_FILLS: Final = frozenset({
    "interval", "significant", "significantly", "appreciable", "appreciably", "relevant", "substantial", "major",
    "substantially", "obvious", "marked", "markedly", "further", "important", "detectable", "discernible", "other",
    "noticeable", "noticeably", "measurable", "great", "greatly", "definite", "definitely", "clear", "real", "much",
    "dramatic", "dramatically", "gross", "overall", "radiographic", "visible", "large", "considerable", "meaningful",
    "material", "apparent", "short", "term", "yet", "fully", "completely", "entirely", "acute", "clearly",
})  # fmt: skip
_ANY_MAX: Final = 3
_END: Final = ""
# Words that may stand between those of a phrase and change nothing: "cannot be entirely excluded".
_BETWEEN: Final = frozenset({
    "also", "clinically", "completely", "confidently", "currently", "definitively", "entirely", "fully", "reliably",
    "readily", "totally", "certainly", "absolutely", "simply", "radiographically", "separately", "specifically", "yet",
})  # fmt: skip
_Tree = dict[str, Any]


class Meaning(NamedTuple):
    """What a phrase stands for: findings, places and attributes by name, and its roles, those of cues among them."""

    findings: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()

    def also(self, role: str, name: str) -> Meaning:
        """The same, and what `name` means in this role."""
        names = {"finding": "findings", "place": "places", "attribute": "attributes"}.get(role)
        more = {names: tuple(dict.fromkeys((*getattr(self, names), name)))} if names else {}
        return self._replace(roles=self.roles | {role}, **more)


class Hit(NamedTuple):
    """A phrase in a sentence: its first word, the word after its last, and what it stands for."""

    start: int
    end: int
    means: Meaning


class PhraseTable:
    """Phrases and what they mean: pairs of a role and a name. A phrase may mean several things."""

    def __init__(self, phrases: Iterable[tuple[str, str, str]]) -> None:
        """`phrases` are (phrase, role, name); see the head of `lexicon.yaml` for how a phrase is written."""
        self._tree: Final[_Tree] = {}
        for phrase, role, name in phrases:
            for written in _written_out(phrase):
                self._add(written, role, name)

    def find(self, forms: Sequence[str]) -> list[Hit]:
        """The phrases in the words, from left to right, none over another."""
        hits, at, tree = [], 0, self._tree
        while at < len(forms):
            node = tree.get(forms[at])
            found = _longest(node, forms, at + 1) if node is not None else None
            if found is None:
                at += 1
            else:
                hits.append(Hit(at, *found))
                at = found[0]
        return hits

    def _add(self, written: Sequence[str], role: str, name: str) -> None:
        node = self._tree
        for word in written:
            node = node.setdefault(word, {})
        node[_END] = node.get(_END, Meaning()).also(role, name)


def _written_out(phrase: str) -> Iterator[tuple[str, ...]]:
    """Every way to read a phrase with alternatives and words that may be missing; never without any word."""
    slots = []
    for slot in phrase.split():
        missing = slot[0] == "(" and slot[-1] == ")" and len(slot) > 2
        given = [form(word) for word in (slot[1:-1] if missing else slot).split("|")]
        slots.append([*given, ""] if missing else given)
    for chosen in product(*slots):
        if written := tuple(word for word in chosen if word):
            yield written


def _longest(node: _Tree, forms: Sequence[str], at: int) -> tuple[int, Meaning] | None:
    """Where the longest phrase that goes on here ends, and its meaning."""
    best = (at, node[_END]) if _END in node else None
    if at >= len(forms):
        return best
    word = forms[at]
    ways = [(node[word], at + 1)] if word in node else []
    if word in _BETWEEN:
        ways.append((node, at + 1))
    if ANY in node:
        ways += [(node[ANY], at + skipped) for skipped in range(_ANY_MAX + 1) if _plain(forms, at, skipped)]
    for further, place in ways:
        found = _longest(further, forms, place)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    return best


def _plain(forms: Sequence[str], at: int, count: int) -> bool:
    return at + count <= len(forms) and _FILLS.issuperset(forms[at : at + count])
