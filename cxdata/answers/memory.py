"""Remember what was read from short texts: the same few answers stand in most completions."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

SHORT: Final = 200  # characters; memory stays within ENTRIES times this, whatever a model writes
ENTRIES: Final = 1 << 14
T = TypeVar("T")


def remember_short(read: Callable[[str], T]) -> Callable[[str], T]:
    """A pure function of one text that keeps its results for texts of 200 characters at most."""
    kept = lru_cache(maxsize=ENTRIES)(read)

    @wraps(read)
    def look_up(text: str) -> T:
        return kept(text) if len(text) <= SHORT else read(text)

    return look_up
