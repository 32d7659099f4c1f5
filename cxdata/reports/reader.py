"""The reader of negation and uncertainty: which findings a sentence speaks of, and whether it says that they are there.

A finding is named by its own words or by a place and what it is said to be ("the heart is moderately enlarged"). What a
sentence does not speak of is not in the result, nor is what it only asks about, requests, or tells as history. Rules
and reasons: `docs/reader.md`; words: `lexicon.yaml`, `negation.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.vocabulary import Vocabulary, vocabulary
from cxdata.reports.clauses import clauses
from cxdata.reports.lexicon import Lexicon, lexicon
from cxdata.reports.phrases import Hit
from cxdata.reports.scope import ABSENT, CUES, PRESENT, UNCERTAIN, UNSAID, Cue, Mention, settle
from cxdata.reports.spotting import spotted
from cxdata.reports.words import Words, words

VERSION: Final = 3
"""Goes up whenever the same sentence may be read otherwise."""

_RANK: Final = {PRESENT: 0, UNCERTAIN: 1, ABSENT: 2}
_SCHEMA: Final = {"sentence": pl.String, "finding": pl.String, "state": pl.String, "start": pl.Int32, "end": pl.Int32,
                  "cue": pl.String, "part": pl.Boolean}  # fmt: skip
_CLEAR: Final = frozenset({"Lung Opacity", "Consolidation", "Infiltration"})


class Reading(NamedTuple):
    """One finding in one sentence.

    `state` is present, absent or uncertain; `start` and `end` are characters of the sentence that name the finding;
    `cue` are the words that decided, empty for a plain statement. `part`: only a side, place or kind is denied ("no
    left effusion"), which says nothing of the rest.
    """

    finding: str
    state: str
    start: int
    end: int
    cue: str
    part: bool = False


def read_sentence(sentence: str, vocabulary: Vocabulary | None = None) -> tuple[Reading, ...]:
    """The findings that a sentence speaks of, each once, in the order of their words.

    Named several times, a finding is present if it is so once, else uncertain if it is so once.
    """
    return _read(sentence, lexicon(vocabulary), normal_names(vocabulary))


def read_sentences(sentences: pl.DataFrame | pl.Series, vocabulary: Vocabulary | None = None) -> pl.DataFrame:
    """The readings of many sentences, each unlike sentence read once; a frame has them in the column `sentence`.

    Columns: sentence, finding, state, start, end (Int32, characters), cue, part; by sentence, then by place. Sentences
    that speak of no finding have no row, nor have nulls.
    """
    column = sentences["sentence"] if isinstance(sentences, pl.DataFrame) else sentences
    known, normal = lexicon(vocabulary), normal_names(vocabulary)
    told = column.drop_nulls().unique().sort().to_list()
    rows = [(text, *reading) for text in told for reading in _read(text, known, normal)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def normal_names(known: Vocabulary | None = None) -> frozenset[str]:
    """The findings of kind normal."""
    return frozenset(finding.name for finding in (known or vocabulary()).findings if finding.kind == "normal")


def named(sentence: str, known: Lexicon) -> list[list[Mention]]:
    """What each clause of a sentence names, before any cue is weighed: `stated` is what its own words say."""
    told = words(sentence)
    hits = known.phrases.find(told.forms)
    parts = ((start, end, _within(hits, start, end)) for start, end in clauses(told.forms, hits))
    return [spotted(own, told.forms, known, start, end) for start, end, own in parts]


def strongest(mentions: Iterable[Mention], excepted: bool, normal: frozenset[str]) -> list[Mention]:
    """One mention a finding: present before uncertain before absent.

    What is said of the whole ("the lungs are clear") is taken back by an exception, and No Finding by any finding.
    """
    found: dict[str, Mention] = {}
    for mention in mentions:
        if mention.state == UNSAID or (excepted and _is_general(mention, normal)):
            continue
        before = found.get(mention.finding)
        if before is None or _RANK[mention.state] < _RANK[before.state]:
            found[mention.finding] = mention
    if any(mention.state != ABSENT and name not in normal for name, mention in found.items()):
        found = {name: mention for name, mention in found.items() if name not in normal}
    return sorted(found.values(), key=lambda mention: (mention.start, mention.end, mention.finding))


def has_exception(forms: Sequence[str], hits: Sequence[Hit]) -> bool:
    """Whether something is excepted from what the sentence says: "except for", "otherwise"."""
    return "otherwise" in forms or any("exception" in hit.means.roles for hit in hits)


def _read(sentence: str, known: Lexicon, normal: frozenset[str]) -> tuple[Reading, ...]:
    told = words(sentence)
    hits = known.phrases.find(told.forms)
    if not any(hit.means.findings or hit.means.places for hit in hits):
        return ()
    mentions = [mention for clause in clauses(told.forms, hits) for mention in _judged(clause, told, hits, known)]
    if not mentions:
        return ()
    left = strongest(mentions, has_exception(told.forms, hits), normal)
    return tuple(_reading(mention, sentence, told) for mention in left)


def _judged(clause: tuple[int, int], told: Words, hits: Sequence[Hit], known: Lexicon) -> list[Mention]:
    start, end = clause
    own = _within(hits, start, end)
    mentions = spotted(own, told.forms, known, start, end)
    if mentions:
        cues = [Cue(hit.start, hit.end, hit.means.roles) for hit in own if not CUES.isdisjoint(hit.means.roles)]
        settle(mentions, cues, told.forms, end)
    return mentions


def _within(hits: Sequence[Hit], start: int, end: int) -> list[Hit]:
    return [hit for hit in hits if start <= hit.start < end]


def _is_general(mention: Mention, normal: frozenset[str]) -> bool:
    """What is said of the whole: "the lungs are clear", "no acute process"."""
    return mention.finding in normal or (mention.stated == ABSENT and mention.finding in _CLEAR)


def _reading(mention: Mention, sentence: str, told: Words) -> Reading:
    start, end = told.starts[mention.start], told.ends[mention.end - 1]
    cue = "" if mention.cue is None else sentence[told.starts[mention.cue[0]] : told.ends[mention.cue[1] - 1]]
    return Reading(mention.finding, mention.state, start, end, cue, mention.part)
