"""Choices for one step, all made by one number: a hash of the sample and the step (`cxdata.model.hashing`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")
_ODD: Final = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: spreads tries over the whole range
_RANGE: Final = 1 << 64


class Choices:
    """Picks by the digits of a number, each pick taking its own; another `attempt` gives other picks."""

    def __init__(self, number: int, attempt: int = 0) -> None:
        self._rest = (number + attempt * _ODD) % _RANGE

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        self._rest, place = divmod(self._rest, len(items))
        return items[place]

    def order(self, items: Sequence[Item]) -> list[Item]:
        """The items in an order."""
        left, found = list(items), []
        while left:
            found.append(left.pop(self.pick(range(len(left)))))
        return found
