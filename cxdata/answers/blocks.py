"""A parser of interleaved `<think>…</think><answer>…</answer>` text that takes one pass, whatever the text.

A pattern over the whole text, as the reference uses, takes exponential time on a text that was cut off: six times more
for two more pairs. Here every tag is looked at once.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

_TAG: Final = re.compile(r"<(/?)(think|answer)>")
# One whole pair that holds no `<`; tried from where the last one ended, and never taken back.
_PAIR: Final = re.compile(r"\s*+<think>([^<]*+)</think>\s*+<answer>([^<]*+)</answer>\s*+")


class Fault(StrEnum):
    """What is wrong with the form of a text."""

    LOOSE_TEXT = "loose_text"  # words outside of blocks
    NESTED = "nested"  # a block opened inside a block
    UNCLOSED = "unclosed"  # a block opened and never closed: the text was cut off
    STRAY_CLOSE = "stray_close"  # a block closed that was not open
    NO_THINK = "no_think"  # an answer without a think right before it
    NO_ANSWER = "no_answer"  # a think without an answer right after it
    EMPTY = "empty"  # a block that holds nothing
    NO_PAIR = "no_pair"  # no answer at all


class Pair(NamedTuple):
    """A think and its answer, stripped; `think` is None where an answer stands alone."""

    think: str | None
    answer: str


class Parsed(NamedTuple):
    """The pairs of a text in order, what is wrong with its form, and whether it ends with a closed answer.

    `is_closed` is false where a think or an answer begins after the last whole answer: that text has not concluded.
    """

    pairs: tuple[Pair, ...]
    faults: frozenset[Fault]
    is_closed: bool

    @property
    def is_well_formed(self) -> bool:
        """Whether the text is pairs and nothing else."""
        return not self.faults

    @property
    def final(self) -> str | None:
        """The answer of the last block; None where there is none or more had begun after it."""
        return self.pairs[-1].answer if self.pairs and self.is_closed else None


def parse(text: str) -> Parsed:
    """Read a text into pairs. Tags are exact: lower case, no space inside; space around and between blocks is free."""
    if pairs := _plain_pairs(text):
        return Parsed(pairs, frozenset(), True)
    reader = _Reader()
    at = 0
    for tag in _TAG.finditer(text):
        reader.read(text[at : tag.start()])
        reader.close(tag[2]) if tag[1] else reader.open(tag[2])
        at = tag.end()
    reader.read(text[at:])
    return reader.parsed()


def _plain_pairs(text: str) -> tuple[Pair, ...]:
    """The pairs of a text that is well formed and plain, as most are; empty for any other."""
    pairs = []
    at = 0
    while found := _PAIR.match(text, at):
        think, answer = found[1].strip(), found[2].strip()
        if not think or not answer:
            return ()
        pairs.append(Pair(think, answer))
        at = found.end()
    return tuple(pairs) if at == len(text) else ()


class _Reader:
    """Where the pass stands: which block is open, what it holds, and the think that waits for its answer."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.faults: set[Fault] = set()
        self.inside: str | None = None
        self.held = ""
        self.think: str | None = None
        self.is_closed = False

    def read(self, words: str) -> None:
        if self.inside:
            self.held = words
        elif words.strip():
            self.faults.add(Fault.LOOSE_TEXT)

    def open(self, kind: str) -> None:
        """A block within a block begins anew: what the outer one held is dropped."""
        if self.inside:
            self.faults.add(Fault.NESTED)
        if kind == "think" and self.think is not None:
            self.faults.add(Fault.NO_ANSWER)
        self.inside, self.held, self.is_closed = kind, "", False

    def close(self, kind: str) -> None:
        if self.inside != kind:
            self.faults.add(Fault.STRAY_CLOSE)
            return
        held, self.inside = self.held.strip(), None
        if not held:
            self.faults.add(Fault.EMPTY)
        if kind == "think":
            self.think = held
            return
        if self.think is None:
            self.faults.add(Fault.NO_THINK)
        self.pairs.append(Pair(self.think, held))
        self.think, self.is_closed = None, True

    def parsed(self) -> Parsed:
        if self.inside:
            self.faults.add(Fault.UNCLOSED)
        if self.think is not None:
            self.faults.add(Fault.NO_ANSWER)
        if not self.pairs:
            self.faults.add(Fault.NO_PAIR)
        return Parsed(tuple(self.pairs), frozenset(self.faults), self.is_closed)
