"""What a sentence says of the course of a finding since the last picture: improving, stable or worsening.

A change counts only where its words are tied to the finding: in its clause, before it within its noun phrase, or as its
predicate. A label that was other the last time is no change (pairs of effusion, present both times, are not "stable").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import starmap
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.yaml_text import parsed
from cxdata.reports.clauses import clauses
from cxdata.reports.comparisons import is_with_another, may_be_technique, with_a_film
from cxdata.reports.lexicon import lexicon
from cxdata.reports.phrases import Hit, PhraseTable
from cxdata.reports.readings import SECTIONS, Run, chunks
from cxdata.reports.scope import ABSENT, PRESENT, Cue, Mention, settle
from cxdata.reports.sentences import sentences_expr
from cxdata.reports.spotting import VERBS, spotted
from cxdata.reports.words import Words, words

VERSION: Final = 1
"""Goes up whenever the same sentence may tell another change."""

CHANGING: Final = ("Consolidation", "Edema", "Pleural Effusion", "Pneumonia", "Pneumothorax")
"""The findings whose course is read: those of MS-CXR-T (Bannur et al. 2023), the test set of this task."""

_HINT: Final = (
    r"(?i)chang|stable|similar|same|creas|prov|wors|better|less|resol|clear|dimin|reduc|small|larg|great|progress|new|"
    r"develop|appear"
)  # every phrase of change holds one of these; other sentences are not taken apart
_COLUMNS: Final = {"sentence": pl.String, "finding": pl.String, "change": pl.String}
_BEFORE_WORDS: Final = 7  # of a noun phrase between the words of change and the finding
_AFTER_WORDS: Final = 8  # between the finding and what is said of it: "of the right base"
_DOUBT: Final = frozenset({"possibly", "probably", "perhaps", "likely", "may", "might", "could", "questionable", "if"})
_SIDES: Final = frozenset({"left", "right"})
_LINKS: Final = frozenset({"and", "or", ","})
_READS: Final = frozenset({
    "consistent", "compatible", "suggestive", "suggesting", "representing", "reflecting", "concerning", "suspicious",
    "most", "due", "related", "secondary", "from", "with", "of", "in",
})  # fmt: skip
"""Words behind which a thing is no more of a list: what it is taken for, where it lies."""
_MORE: Final = frozenset({"larger", "greater", "smaller", "worse", "better", "less"})
_SIDE_WORDS: Final = 4  # "worse on the right", "larger than the left"


STABLE: Final = "stable"


class Change(NamedTuple):
    """One finding's course; `start` and `end` are characters of the sentence, of the words that tell it."""

    finding: str
    change: str
    start: int
    end: int


def read_changes(sentence: str) -> tuple[Change, ...]:
    """The changes that a sentence tells, one a finding; none of a finding with two that differ, or that is in doubt.

    None of a sentence that compares with a scan, or with a film that is not the last.
    """
    if is_with_another(sentence):
        return ()
    told = words(sentence)
    hits, known = lexicon().phrases.find(told.forms), lexicon()
    found: dict[str, Change | None] = {}
    for start, end in clauses(told.forms, hits):
        own = [hit for hit in hits if start <= hit.start < end]
        mentions = spotted(own, told.forms, known, start, end)
        for finding, hit in _tied(mentions, own, told, start, end):
            change = Change(finding, hit.means.findings[0], told.starts[hit.start], told.ends[hit.end - 1])
            before = found.get(finding, change)
            found[finding] = before if before is not None and before.change == change.change else None
    if _leaves_open(told, hits, found.values()):
        return ()
    kept = [change for change in found.values() if change is not None]
    return tuple(change for change in kept if change.change == STABLE or not may_be_technique(sentence))


def _tied(mentions: Sequence[Mention], hits: Sequence[Hit], told: Words, start: int, end: int) -> list[tuple[str, Hit]]:
    """Pairs of finding and words of change in one clause; a finding in doubt, or denied and not resolved, has none."""
    forms = told.forms
    cues = [Cue(hit.start, hit.end, hit.means.roles) for hit in hits]
    settle(mentions, cues, forms, end)
    moves = _moves(forms, start, end)
    meant = [hit for hit in moves if not _compares_sides(hit, forms)]
    sure = [hit for hit in meant if _DOUBT.isdisjoint(forms[max(hit.start - 2, 0) : hit.end])]
    tied = [(mention, hit) for hit in sure for mention in _subjects(hit, moves, mentions, forms)]
    return [
        (mention.finding, hit) for mention, hit in tied if mention.finding in CHANGING and _has_course(mention, hit)
    ]


def _compares_sides(hit: Hit, forms: Sequence[str]) -> bool:
    """Whether one side is set beside the other, not now beside then: "right larger than left", "worse on the left"."""
    behind = forms[hit.end : hit.end + _SIDE_WORDS]
    return forms[hit.end - 1] in _MORE and behind[:1] in (["than"], ["on"], ["at"]) and not _SIDES.isdisjoint(behind)


def _has_course(mention: Mention, hit: Hit) -> bool:
    """Whether the finding is there, or was and is gone by these very words."""
    if mention.state == PRESENT:
        return True
    gone = mention.cue is not None and mention.cue[0] < hit.end and hit.start < mention.cue[1]
    return mention.state == ABSENT and gone and hit.means.findings == ("improving",)


def _subjects(hit: Hit, moves: Sequence[Hit], mentions: Sequence[Mention], forms: Sequence[str]) -> list[Mention]:
    """The mentions that the words of change speak of, those listed with it too."""
    after = next((mention for mention in mentions if mention.at >= hit.end), None)
    before = [mention for mention in mentions if mention.end <= hit.start]
    leads = "before" in hit.means.roles or not before  # "there is unchanged edema"
    if leads and after is not None and _is_noun_phrase(forms[hit.end : after.start]):
        return _listed_on(after, moves, [mention for mention in mentions if mention.at > after.at], forms)
    if "after" not in hit.means.roles or not before or _parted(before[-1], hit, moves):
        return []
    return _listed_on(before[-1], moves, before[-2::-1], forms)


def _is_noun_phrase(between: Sequence[str]) -> bool:
    return len(between) <= _BEFORE_WORDS and VERBS.isdisjoint(between) and _LINKS.isdisjoint(between)


def _parted(mention: Mention, hit: Hit, moves: Sequence[Hit]) -> bool:
    """Whether the words are far, or others of change stand between."""
    far = hit.start - mention.end > _AFTER_WORDS
    return far or any(mention.end <= other.start < hit.start for other in moves)


def _listed_on(first: Mention, moves: Sequence[Hit], others: Sequence[Mention], forms: Sequence[str]) -> list[Mention]:
    """The mention and those linked to it one after the other, with no verb and no words of change between."""
    found = [first]
    for other in others:
        one, two = sorted((found[-1], other), key=lambda mention: mention.at)
        between = forms[one.end : two.start]
        moved = any(one.end <= move.start < two.start for move in moves)
        if _LINKS.isdisjoint(between) or not (VERBS | _READS).isdisjoint(between) or moved:
            break
        found.append(other)
    return found


def _leaves_open(told: Words, hits: Sequence[Hit], found: Iterable[Change | None]) -> bool:
    """Whether another change is told and not said of what: of the other side, or since another film."""
    kinds = {change.change for change in found if change is not None}
    forms = told.forms
    if (
        len(kinds) == 1
        and {*forms} >= _SIDES
        and {hit.means.findings[0] for hit in _moves(forms, 0, len(forms))} > kinds
    ):
        return True  # "stable on the left and improved on the right"
    for start, end in clauses(forms, hits):
        named = any(hit.means.findings or hit.means.places for hit in hits if start <= hit.start < end)
        moved = {hit.means.findings[0] for hit in _moves(forms, start, end)}
        if not named and moved and (moved - kinds or not _SIDES.isdisjoint(forms[start:end])):
            return True
    return False


def _moves(forms: Sequence[str], start: int, end: int) -> list[Hit]:
    """The words of change between two words, without those that are denied: "has not increased" says neither."""
    found = [hit._replace(start=hit.start + start, end=hit.end + start) for hit in _phrases().find(forms[start:end])]
    return [hit for hit in found if hit.means.findings == (STABLE,) or not _is_denied(hit, forms)]


def _is_denied(hit: Hit, forms: Sequence[str]) -> bool:
    near = forms[max(hit.start - 2, 0) : hit.end]
    return any(word in ("not", "never") or word.endswith("n't") for word in near)


@cache
def _phrases() -> PhraseTable:
    """Phrases of change; the role of each is where it stands, its finding the change."""
    raw = parsed(files("cxdata.reports").joinpath("changes.yaml").read_text("utf-8"))
    return PhraseTable(
        item
        for change in ("improving", "stable", "worsening")
        for side in ("before", "after")
        for phrase in raw[change][side]
        for item in ((phrase, "finding", change), (phrase, side, change))
    )


def reported_changes(reports: pl.LazyFrame, run: Run = starmap) -> pl.DataFrame:
    """One row a study and finding whose English report tells a change: study_id, finding, change, origin; sorted.

    `run` calls a function on tuples of arguments (`Pool.run`). A report that tells two different changes of a finding,
    or one of another side, tells none; nor does one that compares with no radiograph (`comparisons.py`).
    """
    english = reports.filter(pl.col("language") == "en", with_a_film(pl.col("comparison")))
    told = [english.select("study_id", sentence=sentences_expr(section)) for section in SECTIONS]
    sentences = pl.concat(told).explode("sentence").filter(pl.col("sentence").str.contains(_HINT)).unique().collect()
    unlike = sentences["sentence"].unique().sort()
    tables = [pl.DataFrame(rows, schema=_COLUMNS, orient="row") for rows in run(_read, chunks(unlike))]
    changes = pl.concat([pl.DataFrame(schema=_COLUMNS), *tables])
    agreed = sentences.join(changes, on="sentence").group_by("study_id", "finding").agg(
        pl.col("change").first(), kinds=pl.col("change").n_unique()
    )  # fmt: skip
    origin = reports.select("study_id", "origin_file", "origin_row").collect()
    found = agreed.filter(pl.col("kinds") == 1).drop("kinds").join(origin, on="study_id", how="left")
    return found.sort("study_id", "finding")


def _read(sentences: list[str]) -> list[tuple[str, str, str]]:
    """In a worker: sentence, finding and change."""
    return [(text, change.finding, change.change) for text in sentences for change in read_changes(text)]
