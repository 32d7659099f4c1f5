"""What cues do to the findings of one clause: the scope of negation, doubt, change, history and question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

PRESENT: Final = "present"
ABSENT: Final = "absent"
UNCERTAIN: Final = "uncertain"
UNSAID: Final = "unsaid"

_AFTER: Final = {"absent_after": ABSENT, "uncertain_after": UNCERTAIN, "unsaid_after": UNSAID}
_BEFORE: Final = {"absent_before": ABSENT, "uncertain_before": UNCERTAIN, "unsaid_before": UNSAID}
CUES: Final = frozenset({*_AFTER, *_BEFORE, "unsaid_start", "resolved", "cause", "neutral"})
_RESOLVED_NEAR: Final = 8  # words between "resolved" and what it stands before
_WORDS: Final = 2  # words of a cue such as "less likely"
_NOUN: Final = 3  # words of a noun phrase before its noun: "is likely mild basal atelectasis"
_LINKS: Final = frozenset({",", "and", "or", "nor", "versus", "/", "and/or"})
_PARTS: Final = _LINKS | {"after", "following", "since", "from"}  # where a noun phrase ends
_EITHER: Final = frozenset({"or", "versus", "/", "and/or"})
_DOUBTFUL: Final = frozenset({"or", "versus"})  # "pacemaker/defibrillator" is one thing
# Words of a noun phrase that say that only one side, place or kind is denied, and such as deny a size alone.
PARTIAL: Final = frozenset({
    "right", "left", "upper", "lower", "middle", "apical", "apex", "basal", "basilar", "base", "bibasilar", "lobar",
    "lingular", "retrocardiac", "perihilar", "cavitary", "tension", "lobe", "anterior",
    "posterior", "lateral", "remainder", "remaining", "rest", "healing", "healed", "unilateral", "contralateral",
    "ipsilateral",
})  # fmt: skip
SIZED: Final = frozenset({
    "large", "larger", "sizable", "sizeable", "massive", "moderate", "substantial", "displaced", "severe",
})  # fmt: skip
_ONLY_IF: Final = frozenset({"suggest", "suggestive", "suggesting", "suspicious", "concerning", "worrisome",
                             "consistent", "compatible", "representing"})  # fmt: skip
_VERBS: Final = frozenset({
    "be", "have", "remain", "appear", "show", "demonstrate", "represent", "reflect", "may", "might", "could", "can",
    "seem", "suggest", "indicate", "representing", "reflecting", "with", "due", "persist", "contain", "blunt",
    "obscure", "project", "overlie", "end", "terminate", "lie", "course", "measure", "reveal", "without", "no",
})  # fmt: skip


@dataclass(slots=True)
class Mention:
    """A finding named from word `start` to before word `end`; `stated` is what it says where no cue changes it.

    Cues count as before or behind it by the word `at`: of "heart is not enlarged", that is "enlarged".
    """

    finding: str
    stated: str
    start: int
    end: int
    at: int
    state: str = ""
    cue: tuple[int, int] | None = None
    part: bool = False


class Cue(NamedTuple):
    """A cue from word `start` to before word `end`, and what it may do."""

    start: int
    end: int
    roles: frozenset[str]


def settle(mentions: Sequence[Mention], cues: Sequence[Cue], forms: Sequence[str], end: int) -> None:
    """Give each mention of a clause that ends before word `end` its state, cue and whether only a part is denied."""
    for mention in mentions:
        mention.state = mention.stated
    _forward(mentions, cues, forms)
    for cue in cues:
        _backward(cue, mentions, cues, forms)
    if not any("neutral" in cue.roles for cue in cues):  # "no change in the effusion or edema": both are there
        _alternatives(mentions, forms)
        _weighed(mentions, forms)
    for index, mention in enumerate(mentions):
        if mention.state == ABSENT and mention.stated == PRESENT:
            after = mentions[index + 1].start if index + 1 < len(mentions) else end
            _narrow(mention, forms, after)


def _forward(mentions: Sequence[Mention], cues: Sequence[Cue], forms: Sequence[str]) -> None:
    """Cues that stand before what they speak of."""
    scope: tuple[str, tuple[int, int]] | None = None
    waiting = list(mentions)
    for cue in [*cues, None]:
        while waiting and (cue is None or waiting[0].at < cue.start):
            _put(waiting.pop(0), scope)
        if cue is not None:
            scope = _opened(cue, scope, mentions, forms)


def _opened(
    cue: Cue, scope: tuple[str, tuple[int, int]] | None, mentions: Sequence[Mention], forms: Sequence[str]
) -> tuple[str, tuple[int, int]] | None:
    """The scope after the cue."""
    place = (cue.start, cue.end)
    if "unsaid_start" in cue.roles:
        return (UNSAID, place) if cue.start == 0 else scope
    role = next((role for role in _AFTER if role in cue.roles), None)
    if "cause" in cue.roles:
        return None if scope and scope[0] == ABSENT else scope
    if "resolved" in cue.roles:
        return (ABSENT, place) if _is_before(cue, mentions, forms) else scope
    if role is None or not _speaks_after(cue, mentions, forms):
        return scope
    # "no findings suspicious for", "to evaluate possible": what is denied or asked is not made doubtful
    if scope is not None and role == "uncertain_after" and scope[0] in (ABSENT, UNSAID):
        return scope
    if scope is not None and scope[0] == UNSAID and role == "absent_after":
        return scope
    return _AFTER[role], place


def _speaks_after(cue: Cue, mentions: Sequence[Mention], forms: Sequence[str]) -> bool:
    """False for a cue that may stand on either side and has nothing after it, or is the predicate of what is before."""
    if cue.roles.isdisjoint(_BEFORE):
        return True
    after = next((mention.at for mention in mentions if mention.at >= cue.end), None)
    if after is None:
        return False
    predicate = forms[cue.start] == "be" and any(mention.end <= cue.start for mention in mentions)
    return not predicate or (after <= cue.end + _NOUN and _LINKS.isdisjoint(forms[cue.end : after]))


def _is_before(cue: Cue, mentions: Sequence[Mention], forms: Sequence[str]) -> bool:
    """Whether "resolved" speaks of what follows it: "resolution of", "resolved pneumonia"."""
    near = any(cue.end <= mention.at <= cue.end + _RESOLVED_NEAR for mention in mentions)
    if forms[cue.end - 1] in ("of", "in"):
        return near
    return near and not any(mention.end <= cue.start for mention in mentions) and forms[cue.start] not in ("have", "be")


def _put(mention: Mention, scope: tuple[str, tuple[int, int]] | None) -> None:
    if scope is None:
        return
    # what was to be called normal is neither with a cue before it: "not clear", "possibly normal"
    mention.state = UNSAID if mention.stated == ABSENT else scope[0]
    mention.cue = scope[1]


def _backward(cue: Cue, mentions: Sequence[Mention], cues: Sequence[Cue], forms: Sequence[str]) -> None:
    """A cue that stands behind its subject: "is not seen", "cannot be excluded", "has resolved"."""
    state = _state_before(cue, mentions, forms)
    if state is None:
        return
    for mention in _subjects(cue, mentions, forms):
        if mention.state == PRESENT or (mention.state == UNCERTAIN and state == ABSENT) or state == UNSAID:
            mention.state, mention.cue = state, (cue.start, cue.end)
        elif mention.stated == ABSENT and state == UNCERTAIN:
            mention.state = UNSAID


def _state_before(cue: Cue, mentions: Sequence[Mention], forms: Sequence[str]) -> str | None:
    """What the cue makes of its subject; None where it speaks of what follows."""
    if "resolved" in cue.roles:
        after = _is_before(cue, mentions, forms) or forms[cue.end - 1] in ("of", "in")
        return None if after else ABSENT
    role = next((role for role in _BEFORE if role in cue.roles), None)
    if role is None or cue.roles.isdisjoint(_AFTER):
        return None if role is None else _BEFORE[role]
    # "possible", "unlikely": behind a finding only where the phrase ends with it
    ends = cue.end >= len(forms) or not forms[cue.end][0].isalpha()
    behind = forms[cue.start] == "be" or len(forms[cue.start : cue.end]) > _WORDS or ends
    return _BEFORE[role] if behind and not _speaks_after(cue, mentions, forms) else None


def _subjects(cue: Cue, mentions: Sequence[Mention], forms: Sequence[str]) -> list[Mention]:
    """The mention next before the cue, and those listed with it."""
    before = [mention for mention in mentions if mention.end <= cue.start]
    found = before[-1:]
    for earlier in before[-2::-1]:
        if not _listed(earlier, found[-1], forms):
            break
        found.append(earlier)
    return found


def _listed(one: Mention, other: Mention, forms: Sequence[str]) -> bool:
    """Whether two mentions stand in one list: a link between them, and no verb."""
    between = forms[one.end : other.start]
    return not _LINKS.isdisjoint(between) and _VERBS.isdisjoint(between)


def _alternatives(mentions: Sequence[Mention], forms: Sequence[str]) -> None:
    """Findings that are offered as this or that are in doubt, all of the list."""
    for index in range(len(mentions) - 1):
        one, other = mentions[index], mentions[index + 1]
        link = next((place for place in range(one.end, other.start) if forms[place] in _EITHER), None)
        if link is None or not _listed(one, other, forms) or one.finding == other.finding:
            continue
        listed = "," in forms[max(link - 2, one.end) : link]  # "this, that, or another", but "a shadow, this or that"
        earlier = _subjects(Cue(other.start, other.start, frozenset()), mentions[: index + 1], forms)
        for mention in [other, *(earlier if listed else [one])]:
            if mention.state == PRESENT and mention.stated == PRESENT:
                mention.state, mention.cue = UNCERTAIN, (link, link + 1)


def _weighed(mentions: Sequence[Mention], forms: Sequence[str]) -> None:
    """What stands next to `or` or `versus` is in doubt, whatever the other thing is: "effusion versus thickening"."""
    for mention in mentions:
        near = (mention.end, mention.start - 1)
        far = (mention.end + 1, mention.start - 2)
        place = next((at for at in near if 0 <= at < len(forms) and forms[at] in _DOUBTFUL), None)
        place = place or next((at for at in far if 0 <= at < len(forms) and forms[at] == "versus"), None)
        if place is not None and mention.state == PRESENT and mention.stated == PRESENT:
            mention.state, mention.cue = UNCERTAIN, (place, place + 1)


def _narrow(mention: Mention, forms: Sequence[str], after: int) -> None:
    """Whether only a part is denied; a denied size leaves the finding in doubt."""
    first = mention.cue[1] if mention.cue and mention.cue[1] <= mention.at else max(mention.start - 4, 0)
    start = next((place + 1 for place in range(mention.start - 1, first - 1, -1) if forms[place] in _LINKS), first)
    own = {*forms[start : mention.end]}
    if own & SIZED:
        mention.state = UNCERTAIN
    stop = next((place for place in range(mention.end, after) if forms[place] in _PARTS), after)
    behind = forms[mention.end : stop]
    acute = "acute" in own and "Fracture" in mention.finding
    mention.part = acute or not PARTIAL.isdisjoint({*own, *behind}) or not _ONLY_IF.isdisjoint(behind)
