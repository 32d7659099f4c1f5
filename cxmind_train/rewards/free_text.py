"""Free text: finding F1 between what our reader sees in the completion and in the gold. No model's weights are needed.

Rule: medicine, section 7. What is present counts; a stated absence that the completion contradicts counts twice against
it; denials earn nothing, but for a gold in which nothing is present, where one is enough. Length over one and a half
times the gold's and sentences said again are paid for.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl

from cxdata.answers.blocks import parse
from cxdata.answers.names import normal_name
from cxdata.answers.open_labels import FREE_IGNORED
from cxdata.reports.reader import read_sentence
from cxdata.reports.sentences import sentences_expr
from cxmind_train.rewards.scores import Scores
from cxmind_train.rewards.settings import DEFAULT, Weights
from cxmind_train.rewards.similarity import bleu1, rouge_l

MOST_LENGTH: Final = 1.5
LONGEST: Final = 20_000  # characters read; a report has a few hundred
_TAGS: Final = ("<think>", "</think>", "<answer>", "</answer>")


class Told(NamedTuple):
    """What a text says: findings by state, and its sentences."""

    present: frozenset[str]
    absent: frozenset[str]
    uncertain: frozenset[str]
    sentences: tuple[str, ...]


class Counts(NamedTuple):
    """Findings that both call present, those of the answer (contradictions twice, free ones not), those of the gold."""

    hits: int
    said: int
    there: int

    @property
    def f1(self) -> float:
        """Of the two texts, in [0, 1]."""
        return 2 * self.hits / (self.said + self.there) if self.hits else 0.0


def score_text(completion: str, gold: str, weights: Weights = DEFAULT) -> Scores:
    """Score a completion; format is well-formed pairs, or a text without any tag. In [0, 1], gold itself earns 1."""
    said = said_text(completion)
    form = float(_is_plain(completion) or parse(completion).is_well_formed)
    answer = finding_f1(said, gold_text(gold)) * _restraint(said, gold_text(gold))
    return Scores("free_text", form, answer, None, None, weights.format * form + (1 - weights.format) * answer, 0.0)


def said_text(completion: str) -> str:
    """What a completion answers: its closing block, or all of a text without any tag."""
    return completion if _is_plain(completion) else parse(completion).final or ""


def _is_plain(completion: str) -> bool:
    return not any(tag in completion for tag in _TAGS) and bool(completion.strip())


def gold_text(gold: str) -> str:
    """The text of a gold, which may stand in an answer block."""
    return parse(gold).final or gold


def finding_f1(said: str, gold: str) -> float:
    """F1 of the findings that are present; of a text without any, `No Finding` stands in where it denies something.

    Two findings that the gold leaves uncertain may be called present for nothing. Where our reader finds
    nothing sure in the gold, ROUGE-L stands in.
    """
    counted = counts(said, gold)
    return rouge_l(_words(said), _words(gold)) if counted is None else counted.f1


def counts(said: str, gold: str) -> Counts | None:
    """What F1 is made of; None where our reader finds nothing sure in the gold."""
    truth, mine = told(gold), told(said)
    right, named = _positive(truth), _positive(mine)
    if not right:
        return None
    free = min(len((named - right) & truth.uncertain), FREE_IGNORED)
    return Counts(len(right & named), len(named) - free + len(mine.present & truth.absent), len(right))


def similarity(said: str, gold: str) -> dict[str, float]:
    """What is told beside the finding F1 and is no part of the reward: BLEU-1 and ROUGE-L of all words."""
    tokens, there = _words(gold_text(said)), _words(gold_text(gold))
    return {"bleu1": bleu1(tokens, there), "rouge_l": rouge_l(tokens, there)}


@lru_cache(maxsize=4096)
def told(text: str) -> Told:
    """What our reader sees in a text: present where one sentence says so, else uncertain, else absent."""
    found = pl.select(sentences_expr(pl.lit(text[:LONGEST]))).to_series().explode().drop_nulls()
    sentences = tuple(sentence for sentence in found if sentence)
    readings = [reading for sentence in sentences for reading in read_sentence(sentence)]
    of = {
        state: {one.finding for one in readings if one.state == state} for state in ("present", "uncertain", "absent")
    }
    present = frozenset(of["present"] - {normal_name()})
    uncertain = frozenset(of["uncertain"] - present)
    normal = of["present"] & {normal_name()}
    return Told(present, frozenset((of["absent"] | normal) - present - uncertain), uncertain, sentences)


def _positive(text: Told) -> frozenset[str]:
    """The findings present; `No Finding` for a text that denies and affirms nothing."""
    return text.present or (frozenset({normal_name()}) if text.absent and not text.uncertain else frozenset())


def _restraint(said: str, gold: str) -> float:
    """1, less for length and for repeated sentences; the gold's own repetitions are free."""
    length, usual = len(_words(said)), len(_words(gold))
    if not length or not usual:
        return 0.0
    mine = told(said).sentences
    again = max(0, _repeated(mine) - _repeated(told(gold).sentences))
    return min(1.0, MOST_LENGTH * usual / length) * (1 - again / max(len(mine), 1))


def _repeated(sentences: tuple[str, ...]) -> int:
    counts = Counter(" ".join(_words(sentence)) for sentence in sentences)
    return sum(counts.values()) - len(counts)


def _words(text: str) -> list[str]:
    return text[:LONGEST].lower().replace(".", " ").replace(",", " ").split()
