"""The options of a question, as they stand in its prompt: `A) Edema`, a line each."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cxdata.model.sample import LETTERS

_LINE: Final = re.compile(rf"^([{LETTERS}])\) (.+)$", re.MULTILINE)


class Options(NamedTuple):
    """Options in order, and the characters of the prompt in which they stand."""

    names: tuple[str, ...]
    start: int
    end: int

    def letter_of(self, name: str) -> str | None:
        """The letter before an option; None where it is no option."""
        return LETTERS[self.names.index(name)] if name in self.names else None


def options_of(problem: str) -> Options | None:
    """The options of a prompt; None where there are none, or their letters do not run from A on."""
    lines = list(_LINE.finditer(problem))
    letters = "".join(line[1] for line in lines)
    if len(lines) < 2 or not LETTERS.startswith(letters):
        return None
    return Options(tuple(line[2].strip() for line in lines), lines[0].start(), lines[-1].end())


def rotated(problem: str, letters: str, by: int) -> tuple[str, str]:
    """The prompt with its options moved `by` places, and the letters that are right then (`B`, or `A, C`).

    A prompt without options stays as it is.
    """
    found = options_of(problem)
    if found is None or not by % len(found.names):
        return problem, letters
    n = len(found.names)
    moved = [found.names[(place - by) % n] for place in range(n)]
    lines = "\n".join(f"{LETTERS[place]}) {name}" for place, name in enumerate(moved))
    right = sorted(LETTERS[(LETTERS.index(letter) + by) % n] for letter in letters.split(", "))
    return problem[: found.start] + lines + problem[found.end :], ", ".join(right)
