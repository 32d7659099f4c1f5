"""Choices of the phantoms: stable by hash, and cheap enough for a hundred of them in one picture.

`cxdata.model.hashing` hashes columns; one call for one value costs 0.2 ms there, and a picture makes a hundred. So the
same text, `seed \\x1f key \\x1f purpose`, goes through blake2b here. Nothing but phantoms may depend on these numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Choice:
    """Every choice that belongs to one key (a patient, a study, a picture) under one seed."""

    seed: int
    key: str

    def number(self, purpose: str) -> int:
        """An unsigned 64-bit integer."""
        return int.from_bytes(hashlib.blake2b(self._text(purpose), digest_size=8).digest(), "big")

    def pick(self, purpose: str, items: Sequence[Item]) -> Item:
        """One of the items, each as likely as any other."""
        return items[self.number(purpose) % len(items)]

    def unit(self, purpose: str) -> float:
        """A number in [0, 1)."""
        return (self.number(purpose) >> 11) / 2**53

    def chance(self, purpose: str, probability: float) -> bool:
        """True in that share of the cases."""
        return self.unit(purpose) < probability

    def span(self, purpose: str, low: float, high: float) -> float:
        """A number from low to high."""
        return low + (high - low) * self.unit(purpose)

    def noise(self, purpose: str, size: int) -> bytes:
        """That many bytes without any pattern."""
        return hashlib.shake_128(self._text(purpose)).digest(size)

    def _text(self, purpose: str) -> bytes:
        return f"{self.seed}\x1f{self.key}\x1f{purpose}".encode()
