"""`lexicon.yaml` and `negation.yaml`, loaded, with the names and synonyms of a vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import Vocabulary, vocabulary
from cxdata.model.yaml_text import parsed
from cxdata.reports.phrases import PhraseTable
from cxdata.reports.words import form, words

FINDING: Final = "finding"
NOTHING: Final = "nothing"
PLACE: Final = "place"
ATTRIBUTE: Final = "attribute"
STATES: Final = {"+": "present", "-": "absent", "~": "uncertain"}


class Refined(NamedTuple):
    """A finding that words of its noun phrase make another one, or none (`becomes` null)."""

    before: frozenset[str]
    after: frozenset[str]
    anywhere: frozenset[str]
    needs: frozenset[str]
    becomes: str | None


class Lexicon(NamedTuple):
    """What the reader knows: phrases, refinements by finding, and what places and attributes state together.

    `statements` maps (place, attribute) to pairs of finding and state.
    """

    phrases: PhraseTable
    refined: dict[str, tuple[Refined, ...]]
    statements: dict[tuple[str, str], tuple[tuple[str, str], ...]]


@cache
def lexicon(known: Vocabulary | None = None) -> Lexicon:
    """The lexicon for a vocabulary, the package's own by default; findings that it lacks are not read.

    Raises CxdataError for a finding of `lexicon.yaml` that the package's own vocabulary does not have.
    """
    told, own = known or vocabulary(), vocabulary()
    raw, cues = _yaml("lexicon.yaml"), _yaml("negation.yaml")
    named = {*raw["findings"], *(row["finding"] for row in raw["refined"])}
    if strange := sorted(named - {*own.names}):
        raise CxdataError(f"unknown findings: {', '.join(strange)}", where="lexicon.yaml", mend="use canonical names")
    phrases = [*_cues(cues), *_places(raw), *_findings(raw, told)]
    return Lexicon(PhraseTable(phrases), _refined(raw, told), _statements(raw, told))


def _yaml(name: str) -> dict[str, Any]:
    table: dict[str, Any] = parsed(files("cxdata.reports").joinpath(name).read_text("utf-8"))
    return table


def _cues(raw: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for role, phrases in raw.items():
        if role != "version":
            yield from ((phrase, role, phrase) for phrase in phrases)


def _places(raw: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield from ((phrase, NOTHING, "") for phrase in raw["nothing"])
    for role, table in ((PLACE, raw["anatomy"]), (ATTRIBUTE, raw["attributes"])):
        for name, phrases in table.items():
            yield from ((phrase, role, name) for phrase in phrases)


def _findings(raw: dict[str, Any], told: Vocabulary) -> Iterator[tuple[str, str, str]]:
    unspoken = {text.casefold() for text in raw["unspoken"]}
    for finding in told.findings:
        for spelling in (finding.name, *finding.synonyms):
            if spelling.casefold() not in unspoken:
                yield " ".join(words(spelling.replace("/", " ")).forms), FINDING, finding.name
        yield from ((phrase, FINDING, finding.name) for phrase in raw["findings"].get(finding.name, ()))


def _refined(raw: dict[str, Any], told: Vocabulary) -> dict[str, tuple[Refined, ...]]:
    table: dict[str, tuple[Refined, ...]] = {}
    for row in raw["refined"]:
        sets = [frozenset(form(word) for word in row.get(key, ())) for key in ("before", "after", "anywhere", "needs")]
        becomes = row["becomes"] if row["becomes"] in told.names else None
        table[row["finding"]] = (*table.get(row["finding"], ()), Refined(sets[0], sets[1], sets[2], sets[3], becomes))
    return table


def _statements(raw: dict[str, Any], told: Vocabulary) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    return {
        (place, attribute): tuple((text[1:], STATES[text[0]]) for text in stated if text[1:] in told.names)
        for place, row in raw["statements"].items()
        for attribute, stated in row.items()
    }
