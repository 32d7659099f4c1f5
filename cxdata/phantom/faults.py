"""What is broken on purpose in a synthetic download, as real ones are; by name, so that tests can follow it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Fault(NamedTuple):
    """Something broken on purpose: its name, what it is, and from how many patients on it is there."""

    name: str
    what: str
    least_patients: int = 1


PICTURE_FAULTS: Final = (
    Fault("missing-image", "a picture that the tables list and that is not there"),
    Fault("truncated-image", "a picture cut in half"),
    Fault("empty-image", "a picture of zero bytes"),
    Fault("black-image", "a sound picture that is black all over"),
)
"""What may be broken of any picture. The last is broken when it is painted, the others by `damaged`."""


def damaged(fault: str, sound: bytes) -> bytes | None:
    """What lies on disk of a picture that a fault befell (None: nothing); sound for every other fault, and for none."""
    kept = {"missing-image": None, "truncated-image": sound[: len(sound) // 2], "empty-image": b""}
    return kept.get(fault, sound)
