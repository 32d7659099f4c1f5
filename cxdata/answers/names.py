"""Names of findings in an open answer: the list in a block, and one name for all spellings of a finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from cxdata.answers.marks import without_true
from cxdata.answers.memory import SHORT, remember_short
from cxdata.model.vocabulary import vocabulary

_SEPARATOR: Final = re.compile(r"[,;\n]")
_NUMBERING: Final = re.compile(r"(?:\d{1,3}[.)]|[-*•])\s")
_JOINED: Final = " and "
LONGEST_NAME: Final = SHORT  # characters; what is longer is no name


class LabelSpace:
    """The labels that a row scores and ignores; gives every spelling of a finding one name.

    A row's own names come first, since native questions have lists of their own; then the vocabulary's, whose synonyms
    lead to the row's name where one of them, and only one, means the same finding.
    """

    def __init__(self, truth: Sequence[str], scored: Sequence[str], ignored: Sequence[str]) -> None:
        names = dict.fromkeys([*truth, *scored, *ignored])
        self._names = {_fold(name): name for name in names}
        meant: dict[str, list[str]] = {}
        for name in names:
            meant.setdefault(_meaning(name) or name, []).append(name)
        self._by_meaning = {meaning: found[0] for meaning, found in meant.items() if len(found) == 1}
        self.truth = frozenset(map(self.name_of, truth))
        self.scored = frozenset(map(self.name_of, scored)) | self.truth
        self.ignored = frozenset(map(self.name_of, ignored)) - self.scored

    def name_of(self, text: str) -> str:
        """The row's name of a finding, else the vocabulary's, else the text itself in small letters."""
        return self._known(text) or _fold(text)

    def read(self, block: str) -> frozenset[str]:
        """The findings that a block lists, one name each; numbering, a final stop and a ✅ are no part of a name.

        An entry with any other mark stays as it is, and so is no finding.
        """
        entries = (entry.strip() for entry in _SEPARATOR.split(block))
        return frozenset(name for entry in entries if entry for name in self._entry(entry))

    def _entry(self, entry: str) -> list[str]:
        if len(entry) > LONGEST_NAME:
            return [entry]
        text = _cleaned(entry)
        parts = text.split(_JOINED)
        if len(parts) > 1 and self._known(text) is None and all(map(self._known, parts)):
            return [self.name_of(part) for part in parts]
        return [self.name_of(text)] if text else []

    def _known(self, text: str) -> str | None:
        own = self._names.get(_fold(text))
        if own is not None:
            return own
        meaning = _meaning(text)
        return None if meaning is None else self._by_meaning.get(meaning, meaning)


@lru_cache(maxsize=4096)
def label_space(truth: tuple[str, ...], scored: tuple[str, ...] = (), ignored: tuple[str, ...] = ()) -> LabelSpace:
    """The label space of a row, made once for all completions of it."""
    return LabelSpace(truth, scored, ignored)


def split_names(block: str) -> tuple[str, ...]:
    """The entries of a gold list, as they are written."""
    return tuple(bare for entry in _SEPARATOR.split(block) if (bare := _bare(without_true(entry) or entry)))


@lru_cache(maxsize=1)
def normal_name() -> str:
    """The vocabulary's name for a picture without pathology."""
    return next(finding.name for finding in vocabulary().findings if finding.kind == "normal")


@remember_short
def _cleaned(entry: str) -> str:
    text = without_true(entry)
    return entry if text is None else _bare(text)


@remember_short
def _meaning(text: str) -> str | None:
    return vocabulary().canonical(text)


def _bare(text: str) -> str:
    text = text.strip()
    numbered = _NUMBERING.match(text)
    return (text[numbered.end() :] if numbered else text).strip().rstrip(".:").rstrip()


@remember_short
def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
