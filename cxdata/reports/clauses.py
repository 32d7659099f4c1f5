"""Where one statement of a sentence ends and the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cxdata.reports.lexicon import ATTRIBUTE, FINDING, PLACE
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
_BEGINS: Final = frozenset({"there", "it", "this", "these", "no", "without"})
_SEEN: Final = frozenset({
    "seen", "identified", "visualized", "demonstrated", "detected", "appreciated", "present", "evident", "found",
    "noted", "observed", "apparent", "visible", "excluded", "suspected", "possible",
})  # fmt: skip
_STAYS: Final = frozenset(
    {"consistent", "compatible", "associated", "keeping", "correlate", "correlation", "concordant"}
)
_LINKS: Final = frozenset({",", "and"})


def clauses(forms: Sequence[str], hits: Sequence[Hit]) -> list[tuple[int, int]]:
    """The clauses as first word and the word after the last, in order; together they are the sentence."""
    within = {place for hit in hits for place in range(hit.start + 1, hit.end)}
    starts = [0]
    for place, word in enumerate(forms):
        if place <= starts[-1] or place in within:
            continue
        if (word in _LINKS and forms[place - 1] not in _LINKS and _breaks(forms, hits, starts[-1], place)) or (
            word == "with" and forms[place - 1] not in _STAYS and not _is_hit(hits, place)
        ):
            starts.append(place)
    ends = {hit.start for hit in hits for role, _ in hit.means if role in ("ends", "exception")}
    ends -= {place for place in ends if forms[place] == ":" and forms[place + 1 : place + 2] == ["none"]}
    begins = sorted({*starts, *ends})
    return list(zip(begins, [*begins[1:], len(forms)], strict=True))


def _is_hit(hits: Sequence[Hit], place: int) -> bool:
    return any(hit.start == place and hit.end > place + 1 for hit in hits)


def _breaks(forms: Sequence[str], hits: Sequence[Hit], start: int, place: int) -> bool:
    """Whether the comma or `and` at `place` parts two statements."""
    first = place + 2 if forms[place + 1 : place + 2] == ["and"] else place + 1
    if first >= len(forms) or forms[first] in ("or", "nor", "but"):
        return False
    if forms[first] in _BEGINS:
        return True
    stop = next((at for at in range(first, len(forms)) if forms[at] in (",", "and", ";", ".", ":")), len(forms))
    rest, left = forms[first:stop], forms[start:place]
    if not _is_whole(left, hits, start, place):
        return False
    if forms[first] in _AFFIRMS:
        if forms[first] in ("right", "left", "large", "normal") and _goes_on(forms, first):
            return False
        return any(role in (FINDING, PLACE) for hit in hits if first <= hit.start < stop for role, _ in hit.means)
    if first == place + 2 and "," not in left and VERBS.isdisjoint(rest):
        return True  # "no effusion, and atelectasis at the base": two things in a list have no comma
    return _is_statement(rest, left, hits, first, stop)


def _is_whole(left: Sequence[str], hits: Sequence[Hit], start: int, place: int) -> bool:
    """Whether what stands before could be a statement of its own."""
    if not VERBS.isdisjoint(left) or "no" in left or "without" in left:
        return True
    return any(
        role in (FINDING, ATTRIBUTE) or role.endswith("_after")
        for hit in hits
        if start <= hit.start < place
        for role, _ in hit.means
    )


def _is_statement(rest: Sequence[str], left: Sequence[str], hits: Sequence[Hit], first: int, stop: int) -> bool:
    """Whether what follows has a verb of its own, or says what a place is."""
    verb = next((at for at, word in enumerate(rest) if word in VERBS), None)
    if verb is not None and verb > 0:
        listed = not _SEEN.isdisjoint(rest[verb:]) and VERBS.isdisjoint(left)
        return not listed
    own = [role for hit in hits if first <= hit.start < stop for role, _ in hit.means]
    return PLACE in own and ATTRIBUTE in own


def _goes_on(forms: Sequence[str], first: int) -> bool:
    """Whether the list goes on to an `or`."""
    return any(word in ("or", "nor") for word in forms[first : first + 12])
