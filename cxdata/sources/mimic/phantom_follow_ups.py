"""Follow-ups of patients of train: a finding goes on, in picture and report; some tell what must not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from cxdata.phantom.cohort import FOURTEEN, meet
from cxdata.phantom.courses import ALONG, NOUNS, Course, resized
from cxdata.phantom.signs import Sign

TRAPS: Final = ("other view", "label veto", "older film")
"""Why a change that is told must not count: the last film had another view, its labels deny the finding, the words
compare with a film before it."""

# of each finding in turn, a third of each change, so that a task that balances them has all
_TURNS: Final = (("larger", "new"), ("same",), ("smaller", "gone"), ("gone", "smaller"), ("same",), ("new", "larger"))
_TRAP_EVERY: Final = 5
_SELDOM: Final = 9  # rank of a course whose turn it is not


class FollowUp(NamedTuple):
    """What the next study of a patient shows, the course that its report tells, and one of TRAPS, or nothing."""

    states: dict[str, str]
    course: Course
    trap: str = ""


class Dealer:
    """Deals courses in turn, so that each finding has some that grow, shrink and stay."""

    def __init__(self) -> None:
        self._dealt, self._number = Counter[str](), 0

    def deal(self, states: Mapping[str, str], signs: Mapping[str, Sign]) -> FollowUp | None:
        """The study that follows one of these states and signs; None where no course has its turn."""
        trap = TRAPS[self._number // _TRAP_EVERY % len(TRAPS)] if self._number % _TRAP_EVERY == _TRAP_EVERY - 1 else ""
        options = [course for course in _courses(states, signs) if _may(course, trap)]
        ranked = sorted(options, key=lambda course: (self._rank(course), self._dealt[course.finding], course))
        if not ranked or (not trap and self._rank(ranked[0]) == _SELDOM):
            return None
        self._number += 1
        course = ranked[0]
        if not trap:
            self._dealt[course.finding] += 1
        after = _states(states, course)
        if trap == "label veto":
            course = course._replace(told="smaller")
        return FollowUp(after, course._replace(older=trap == "older film"), trap)

    def _rank(self, course: Course) -> int:
        turn = _TURNS[self._dealt[course.finding] % len(_TURNS)]
        return turn.index(course.told) if course.told in turn else _SELDOM


def _courses(states: Mapping[str, str], signs: Mapping[str, Sign]) -> list[Course]:
    there = [name for name in NOUNS if states.get(name) == "present"]
    sized = [Course(name, told) for name in there for told in ALONG if resized(signs[name], told)]
    new = [Course(name, "new") for name in NOUNS if states.get(name) == "absent"]
    return [*sized, *(Course(name, "gone") for name in there), *new]


def _may(course: Course, trap: str) -> bool:
    if trap == "label veto":
        return course.told == "new"
    return trap != "older film" or course.told in ALONG


def _states(states: Mapping[str, str], course: Course) -> dict[str, str]:
    """The states of the follow-up: without the slips of the study before; no absence of a finding's relatives."""
    change = {"new": {course.finding: "present"}, "gone": {course.finding: "absent"}}.get(course.told, {})
    after = {**states, **change}
    said = [finding for finding, state in after.items() if state != "absent" and finding != "No Finding"]
    denied = [
        finding for finding, state in after.items() if state == "absent" and not any(meet(finding, s) for s in said)
    ]
    normal = ["No Finding"] if "No Finding" in after and set(said) <= {"Support Devices"} else []
    return {finding: after[finding] for finding in FOURTEEN if finding in {*said, *denied, *normal}}
