"""Where one statement of a sentence ends and the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cxdata.reports.phrases import Hit
from cxdata.reports.spotting import VERBS

# A new statement of a list that was not denied: "no pneumothorax, small effusion".
_AFFIRMS: Final = frozenset({
    "a", "an", "another", "small", "mild", "mildly", "moderate", "moderately", "minimal", "minimally", "tiny", "trace",
    "stable", "unchanged", "persistent", "persisting", "increased", "increasing", "decreased", "decreasing", "improved",
    "improving", "worsening", "worsened", "slight", "slightly", "new", "bibasilar", "bilateral", "biapical", "old",
    "chronic", "severe", "severely", "large", "stably", "residual", "unchanging", "low", "healed", "healing", "patchy",
    "calcified", "tortuous", "enlarged", "right", "left", "subtle", "streaky", "linear", "hazy", "resolving", "dense",
    "increasingly", "known", "progressive", "extensive", "prominent", "again", "possible", "probable", "status",
    "degenerative", "post", "postoperative", "postsurgical", "normal", "clear", "underlying", "associated", "adjacent",
})  # fmt: skip
_SIDES: Final = frozenset({"right", "left", "large", "normal"})
_BEGINS: Final = frozenset({"there", "it", "this", "these", "no", "without"})
_SEEN: Final = frozenset({
    "seen", "identified", "visualized", "demonstrated", "detected", "appreciated", "present", "evident", "found",
    "noted", "observed", "apparent", "visible", "excluded", "suspected", "possible",
})  # fmt: skip
_STAYS: Final = frozenset(
    {"consistent", "compatible", "associated", "keeping", "correlate", "correlation", "concordant"}
)
_LINKS: Final = frozenset({",", "and"})
_CUTS: Final = frozenset({",", "and", "with"})
_SCOPES: Final = frozenset({"absent_after", "uncertain_after", "unsaid_after", "unsaid_start"})
_ENDS: Final = frozenset({"ends", "exception"})


def clauses(forms: Sequence[str], hits: Sequence[Hit]) -> list[tuple[int, int]]:
    """The clauses as first word and the word after the last, in order; together they are the sentence."""
    starts = [0]
    for place in [place for place, word in enumerate(forms) if word in _CUTS]:
        if place <= starts[-1] or any(hit.start <= place < hit.end for hit in hits if hit.end > hit.start + 1):
            continue
        if _opens(forms, hits, starts[-1], place):
            starts.append(place)
    ends = {hit.start for hit in hits if not _ENDS.isdisjoint(hit.means.roles)}
    ends -= {hit.end for hit in hits if hit.means.places and forms[hit.end : hit.end + 1] == [":"]}  # "Lungs: clear."
    begins = sorted({*starts, *ends})
    return list(zip(begins, [*begins[1:], len(forms)], strict=True))


def _opens(forms: Sequence[str], hits: Sequence[Hit], start: int, place: int) -> bool:
    """Whether the link or `with` at `place` opens a new clause."""
    if forms[place] == "with":
        return forms[place - 1] not in _STAYS
    return forms[place - 1] not in _LINKS and _breaks(forms, hits, start, place)


def _breaks(forms: Sequence[str], hits: Sequence[Hit], start: int, place: int) -> bool:
    """Whether the comma or `and` at `place` parts two statements."""
    first = place + 2 if forms[place + 1 : place + 2] == ["and"] else place + 1
    if first >= len(forms) or forms[first] in ("or", "nor", "but"):
        return False
    if any(hit.start == start and hit.end == place and _opens_scope(hit) for hit in hits):
        return False  # "in the appropriate clinical setting, …"
    if forms[first] in _BEGINS or (hits[0].start == 0 and "exception" in hits[0].means.roles and forms[place] == ","):
        return True  # "Apart from a granuloma, …"
    stop = next((at for at in range(first, len(forms)) if forms[at] in (",", "and", ";", ".", ":")), len(forms))
    rest, left = forms[first:stop], forms[start:place]
    if not _is_whole(left, hits, start, place) or "differential" in left or _are_adjectives(left, hits, place, first):
        return False
    if forms[first] in _AFFIRMS and not (forms[first] in _SIDES and (forms[place] == "and" or _goes_on(forms, first))):
        return any(hit.means.findings or hit.means.places for hit in hits if first <= hit.start < stop)
    if first == place + 2 and "," not in left and VERBS.isdisjoint(rest):
        return True  # "no effusion, and atelectasis at the base": two things in a list have no comma
    return _is_statement(rest, left, hits, first, stop)


def _is_whole(left: Sequence[str], hits: Sequence[Hit], start: int, place: int) -> bool:
    """Whether what stands before could be a statement of its own."""
    if not VERBS.isdisjoint(left) or "no" in left or "without" in left:
        return True
    return any(
        hit.means.findings or hit.means.attributes or _opens_scope(hit) for hit in hits if start <= hit.start < place
    )


def _opens_scope(hit: Hit) -> bool:
    return not _SCOPES.isdisjoint(hit.means.roles)


def _is_statement(rest: Sequence[str], left: Sequence[str], hits: Sequence[Hit], first: int, stop: int) -> bool:
    """Whether what follows has a verb of its own, or says what a place is."""
    verb = next((at for at, word in enumerate(rest) if word in VERBS), None)
    if verb is not None and verb > 0:
        if not VERBS.isdisjoint(left):
            return True
        if "no" in left or "without" in left:
            return _SEEN.isdisjoint(rest[verb:])
        # without a verb of its own, what stands before shares this one, but for another subject: "the", a place
        return rest[0] == "the" or any(hit.start == first and hit.means.places for hit in hits)
    own = [hit.means for hit in hits if first <= hit.start < stop]
    return any(means.places for means in own) and any(means.attributes for means in own)


def _are_adjectives(left: Sequence[str], hits: Sequence[Hit], place: int, first: int) -> bool:
    """Whether the link stands between two attributes of one noun: "enlarged and tortuous aorta"."""
    if not VERBS.isdisjoint(left):
        return False
    return any(hit.end == place and hit.means.attributes for hit in hits) and any(
        hit.start == first and hit.means.attributes for hit in hits
    )


def _goes_on(forms: Sequence[str], first: int) -> bool:
    """Whether the list goes on to an `or`."""
    return any(word in ("or", "nor", "/") for word in forms[first : first + 12])
