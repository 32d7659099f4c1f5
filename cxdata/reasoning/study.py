"""What a study tells of its findings: the sentences of its report, read, boxes on its pictures, and stated places.

Sentences that need an earlier picture, a history or another examination are read too, since they may contradict a
label, but none of them is evidence (`reports.targets.told_sentences`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.evidence.features import Features, features
from cxdata.reports.reader import read_sentences
from cxdata.reports.targets import told_sentences

_LOOSE: Final = {
    "Lung Opacity": frozenset({"Consolidation", "Pneumonia", "Bronchopneumonia", "Infiltration"}),
    "Enlarged Cardiomediastinum": frozenset[str](),
    "Hilar Enlargement": frozenset[str](),
}
"""Headings whose absence denies no more than these of their kinds."""


class Said(NamedTuple):
    """One finding in one sentence: its state and, where it is there, what is said of it."""

    finding: str
    state: str
    features: Features


class Box(NamedTuple):
    """A box of a finding on one picture, as shares of the picture's width and height."""

    image_id: str
    finding: str
    x0: float
    y0: float
    x1: float
    y1: float


class Sentence(NamedTuple):
    """A sentence that may be evidence, and what it says."""

    text: str
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Study:
    """A study: what may be evidence in the report's order, all that is said, its own text, its boxes.

    `places` are where the source states that findings lie, apart from its report.
    """

    sentences: tuple[Sentence, ...] = ()
    others: tuple[Said, ...] = ()
    text: str = ""
    boxes: tuple[Box, ...] = ()
    places: Mapping[str, Features] = field(default_factory=dict)

    @cached_property
    def reported(self) -> dict[str, frozenset[str]]:
        """The findings that any sentence speaks of, evidence or not, each with the states in which it stands."""
        found: dict[str, set[str]] = {}
        for one in (*(one for sentence in self.sentences for one in sentence.said), *self.others):
            found.setdefault(one.finding, set()).add(one.state)
        return {finding: frozenset(states) for finding, states in found.items()}

    def states(self, findings: Iterable[str]) -> frozenset[str]:
        """The states in which any of the findings stands in the report."""
        return frozenset().union(*(self.reported.get(finding, ()) for finding in findings))

    def telling(self, findings: Iterable[str], state: str) -> tuple[tuple[str, Said], ...]:
        """Sentences that may be evidence of a state of any of the findings, in order, each with what it says."""
        told = [one for finding in findings for one in self._telling.get((finding, state), ())]
        return tuple((text, one) for _, text, one in (told if len(told) < 2 else sorted(told)))

    @cached_property
    def _telling(self) -> dict[tuple[str, str], list[tuple[int, str, Said]]]:
        found: dict[tuple[str, str], list[tuple[int, str, Said]]] = {}
        for place, sentence in enumerate(self.sentences):
            for one in sentence.said:
                found.setdefault((one.finding, one.state), []).append((place, sentence.text, one))
        return found


NOTHING = Study()


@cache
def kinds(finding: str) -> tuple[str, ...]:
    """A finding and all that is a kind of it: where a kind is there, so is the finding."""
    return (finding, *sorted(vocabulary().descendants(finding)))


@cache
def denied_with(finding: str) -> tuple[str, ...]:
    """A finding and those whose absence denies it as well: what it is a kind of, where that is no loose heading.

    "No fracture" denies a rib fracture. "No opacity", "clear lungs" and "no focal airspace disease" deny airspace
    disease alone, no nodule, no edema and no collapse; a normal mediastinum says nothing of the heart's size.
    """
    above = vocabulary().ancestors(finding)
    loose = {wide for wide, kinds_denied in _LOOSE.items() if finding not in kinds_denied}
    return (finding, *sorted(above - loose))


@cache
def pathologies() -> frozenset[str]:
    """The findings that No Finding excludes: all that a picture can show, but for devices."""
    return frozenset(one.name for one in vocabulary().findings if one.kind == "finding" and one.visible != "no")


def studies(reports: pl.LazyFrame) -> dict[str, Study]:
    """The studies of reports (facet `reports`, the English ones) by study id, without boxes: see `boxes_of`."""
    english = reports.filter(pl.col("language") == "en")
    told = told_sentences(english).collect()
    read = _read(told)
    texts = dict(english.select("study_id", text=_text()).collect().iter_rows())
    rows = told.select("study_id", "sentence", "kept").iter_rows()
    return {
        study_id: _study(((sentence, kept) for _, sentence, kept in some), read, texts[study_id])
        for study_id, some in groupby(rows, key=itemgetter(0))
    }


def boxes_of(regions: pl.DataFrame) -> dict[str, tuple[Box, ...]]:
    """The boxes of findings by image id: facet `regions`, with `width` and `height` of the picture where it has none.

    A box in a picture of unknown size lies nowhere that could be told, and is left out.
    """
    wide, high = pl.coalesce("frame_width", "width"), pl.coalesce("frame_height", "height")
    named = pl.col("kind").is_in(["abnormality", "device"]) & pl.col("finding").is_not_null()
    rows = regions.filter(named, wide > 0, high > 0).select(
        "image_id", "finding", pl.col("x0") / wide, pl.col("y0") / high, pl.col("x1") / wide, pl.col("y1") / high
    )
    found: dict[str, list[Box]] = {}
    for row in rows.sort("image_id", "finding", "x0", "y0").iter_rows():
        found.setdefault(row[0], []).append(Box(*row))
    return {image: tuple(boxes) for image, boxes in found.items()}


def places_of(locations: pl.DataFrame) -> dict[str, dict[str, Features]]:
    """Side and sites of findings by study id: facet `locations`, of sentences that speak of one finding alone.

    One side goes with the sites of its sentence; a site goes with both sides only where one location says so. Where the
    sentences of a finding name several sides, it lies on both, and no site is told.
    """
    told = locations.filter(pl.col("finding").is_not_null(), ~pl.col("shared"))
    told = told.filter(pl.col("side").is_not_null() | pl.col("site").is_not_null())
    rows = told.select("study_id", "finding", "sentence", "side", "site").unique()
    found: dict[str, dict[str, Features]] = {}
    keys = itemgetter(0, 1)
    for (study_id, finding), some in groupby(rows.sort(rows.columns, nulls_last=True).iter_rows(), key=keys):
        sentences = [_lying([row[3:] for row in one]) for _, one in groupby(some, key=itemgetter(2))]
        found.setdefault(study_id, {})[finding] = joined(sentences)
    return found


def joined(told: Sequence[Features]) -> Features:
    """What several sentences say: the fullest; sides that differ are both, and then a site or size is left out."""
    sides = {one.side for one in told} - {None}
    return max(told, key=lambda one: one.weight) if len(sides) < 2 else Features("both", many=True)


def _lying(said: Sequence[tuple[str | None, str | None]]) -> Features:
    sides = {side for side, _ in said if side is not None}
    if len(sides) > 1:
        return Features("both", many=True)
    side = next(iter(sides), None)
    return Features(side, tuple(dict.fromkeys(
        site for own, site in said if site is not None and (side != "both" or own == "both")
    )), many=side == "both")  # fmt: skip


def _text() -> pl.Expr:
    return pl.concat_str(pl.col("findings").fill_null(""), pl.col("impression").fill_null(""), separator="\n")


def _study(rows: Iterable[tuple[str, str | None]], read: Mapping[str, tuple[Said, ...]], text: str) -> Study:
    sentences: dict[str, Sentence] = {}
    others: list[Said] = []
    for sentence, kept in rows:
        if kept is None:
            others += read.get(sentence, ())
        elif kept in read:
            sentences.setdefault(kept, Sentence(kept, read[kept]))
    return Study(tuple(sentences.values()), tuple(others), text)


def _read(told: pl.DataFrame) -> dict[str, tuple[Said, ...]]:
    """What each text says; a text that speaks of no finding is not in it."""
    texts = pl.concat([told["kept"].drop_nulls(), told.filter(pl.col("kept").is_null())["sentence"]]).unique()
    readings = read_sentences(texts)
    found: dict[str, list[tuple[str, str, int, int]]] = {}
    for row in readings.filter(~_is_part()).select("sentence", "finding", "state", "start", "end").iter_rows():
        found.setdefault(row[0], []).append(row[1:])
    return {sentence: _said(sentence, spans) for sentence, spans in found.items()}


def _is_part() -> pl.Expr:
    """That a side or a kind is denied ("no left effusion") says nothing of the rest."""
    return pl.col("part") & (pl.col("state") == "absent")


def _said(sentence: str, spans: Sequence[tuple[str, str, int, int]]) -> tuple[Said, ...]:
    places = sorted({(start, end) for _, _, start, end in spans})
    said = []
    for finding, state, start, end in spans:
        others = [one for one in places if one[1] <= start or one[0] >= end]
        told = features(sentence, start, end, others) if state == "present" else Features()
        said.append(Said(finding, state, told))
    return tuple(said)
