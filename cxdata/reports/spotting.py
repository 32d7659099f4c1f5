"""Which findings a clause names, by their own words or by a place and what it is said to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cxdata.reports.lexicon import Lexicon, Refined
from cxdata.reports.phrases import Hit
from cxdata.reports.scope import PARTIAL, PRESENT, Mention

VERBS: Final = frozenset({
    "be", "have", "remain", "appear", "show", "demonstrate", "may", "might", "could", "can", "seem", "persist",
    "continue", "become", "look",
})  # fmt: skip
_STOPS: Final = frozenset({",", ";", ":", "(", ")", "."})
_LINKS: Final = frozenset({",", "and", "or", "/"})
_BEFORE: Final = 4  # words of a noun phrase before its noun
_AFTER: Final = 7
_GAP: Final = 5  # words between an attribute and the place that it stands before
_FAR: Final = 6  # words between a place and an attribute without a verb


def spotted(hits: Sequence[Hit], forms: Sequence[str], lexicon: Lexicon, start: int, end: int) -> list[Mention]:
    """The mentions in the words from `start` to before `end`, in order; `hits` are those of these words."""
    named = [mention for hit in hits if hit.means.findings for mention in _named(hit, forms, lexicon, start, end)]
    said = list(_said(hits, forms, lexicon)) if any(hit.means.places for hit in hits) else []
    if not said:
        return named
    return sorted((*named, *said), key=lambda mention: (mention.at, mention.end))


def _named(hit: Hit, forms: Sequence[str], lexicon: Lexicon, start: int, end: int) -> Iterator[Mention]:
    for name in hit.means.findings:
        if finding := _refined(name, hit, forms, lexicon, start, end):
            yield Mention(finding, PRESENT, hit.start, hit.end, hit.start)


def _refined(name: str, hit: Hit, forms: Sequence[str], lexicon: Lexicon, start: int, end: int) -> str | None:
    rules = lexicon.refined.get(name)
    if rules is None:
        return name
    before = _phrase(reversed(forms[max(start, hit.start - _BEFORE) : hit.start]))
    after = _phrase(forms[hit.end : min(end, hit.end + _AFTER)])
    for rule in rules:
        if _holds(rule, before, after, forms[start:end]):
            return rule.becomes
    return name


def _phrase(forms: Sequence[str] | Iterator[str]) -> set[str]:
    """The words up to a comma or a link."""
    found = set()
    for word in forms:
        if word in _STOPS or word in ("and", "or", "with"):
            break
        found.add(word)
    return found


def _holds(rule: Refined, before: set[str], after: set[str], clause: Sequence[str]) -> bool:
    if rule.needs:
        return rule.needs.isdisjoint(clause)
    near = not rule.before.isdisjoint(before) or not rule.after.isdisjoint(after)
    return near or not rule.anywhere.isdisjoint(clause)


def _said(hits: Sequence[Hit], forms: Sequence[str], lexicon: Lexicon) -> Iterator[Mention]:
    """What places are said to be; an attribute without a place of its own speaks of the last ones."""
    attributes = [hit for hit in hits if hit.means.attributes]
    places = [hit for hit in hits if hit.means.places]
    taken, last = 0, list[Hit]()
    for index, attribute in enumerate(attributes):
        left = [place for place in places if taken <= place.start and place.end <= attribute.start]
        right = _right(index, attributes, places, forms)
        verb, link = _stands_after(attribute, forms)
        subjects = left if left and (verb or not right) else right or (last if verb or link else [])
        if not subjects or (subjects is left and not _in_reach(left, attribute, forms)):
            continue
        if subjects is not right:
            taken = max(attribute.end, *(place.end for place in subjects))
        last = subjects
        yield from _stated(subjects, attribute, forms, lexicon)


def _right(index: int, attributes: Sequence[Hit], places: Sequence[Hit], forms: Sequence[str]) -> list[Hit]:
    """The places that an attribute stands before, alone or in a row: "moderately enlarged and tortuous aorta"."""
    attribute = attributes[index]
    if index + 1 == len(attributes):
        return _following(attribute, places, forms, len(forms))
    after = attributes[index + 1]
    between = forms[attribute.end : after.start]
    if all(word in ("and", ",") or word.endswith("ly") for word in between):
        return _right(index + 1, attributes, places, forms)
    return _following(attribute, places, forms, after.start)


def _following(attribute: Hit, places: Sequence[Hit], forms: Sequence[str], limit: int) -> list[Hit]:
    """The places that the attribute stands before: "normal heart size and mediastinal contours"."""
    found: list[Hit] = []
    at = attribute.end
    for place in (each for each in places if each.start >= attribute.end):
        between = forms[at : place.start]
        if (
            place.start > limit
            or len(between) > _GAP
            or not _STOPS.isdisjoint(set(between) - ({","} if found else set()))
        ):
            break
        if not found and ((between[:1] != ["of"] and "and" in between) or not _may_part(between)):
            break
        if found and (not VERBS.isdisjoint(between) or _LINKS.isdisjoint(between)):
            break
        found.append(place)
        at = place.end
    return found


def _may_part(between: Sequence[str]) -> bool:
    """Whether an attribute may stand so far from its place: no verb, but for "is seen in"."""
    if VERBS.isdisjoint(between):
        return True
    return between[0] == "be" and not _IN.isdisjoint(between[1:])


_IN: Final = frozenset({"in", "of", "along", "involving", "throughout"})


def _stands_after(attribute: Hit, forms: Sequence[str]) -> tuple[bool, bool]:
    """Whether a verb, or a link, stands before the attribute, adverbs and the like apart."""
    at = attribute.start - 1
    while at >= 0 and (forms[at].endswith("ly") or forms[at] in _ADVERBS):
        at -= 1
    return at >= 0 and forms[at] in VERBS, at >= 0 and forms[at] in ("and", "or", ",", "/")


_ADVERBS: Final = frozenset({
    "not", "at", "the", "in", "also", "again", "somewhat", "still", "both", "more", "very", "otherwise", "within",
    "now", "to", "top", "overall", "quite", "well", "near", "slight", "too", "rather",
})  # fmt: skip


def _in_reach(places: Sequence[Hit], attribute: Hit, forms: Sequence[str]) -> bool:
    between = forms[places[-1].end : attribute.start]
    return len(between) <= _FAR or not VERBS.isdisjoint(between)


def _stated(subjects: Sequence[Hit], attribute: Hit, forms: Sequence[str], lexicon: Lexicon) -> Iterator[Mention]:
    for place in subjects:
        start, end = min(place.start, attribute.start), max(place.end, attribute.end)
        for name in place.means.places:
            for kind in attribute.means.attributes:
                for finding, state in lexicon.statements.get((name, kind), ()):
                    part = not PARTIAL.isdisjoint(forms[max(0, place.start - 2) : place.end])
                    yield Mention(finding, state, start, end, attribute.start, part=state != PRESENT and part)
