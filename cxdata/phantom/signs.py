"""Where a finding lies: side, zone and size, chosen once, so that picture and report speak of the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cxdata.phantom.choice import Choice

SIDES: Final = ("right", "left")
ZONES: Final = ("upper", "mid", "lower")
SIZES: Final = ("small", "moderate", "large")
DEVICE_KINDS: Final = ("tubes", "line", "pacemaker", "wires")

_BOTH: Final = frozenset({"Pleural Effusion", "Costophrenic Angle Blunting", "Atelectasis", "Pleural Plaque"})
_PATCHES: Final = frozenset(
    {
        "Consolidation", "Pneumonia", "Bronchopneumonia", "Infiltration", "Lung Opacity", "Ground Glass Opacity",
        "Lung Lesion", "Nodule", "Mass", "Lung Tumor", "Cavitation", "Granuloma", "Lung Cyst", "Rounded Atelectasis",
    }
)  # fmt: skip
_CHILDREN: Final = (
    "Consolidation",
    "Pneumonia",
    "Infiltration",
    "Ground Glass Opacity",
    "Lung Lesion",
    "Nodule",
    "Mass",
    "Atelectasis",
)
_UPPER: Final = frozenset({"Tuberculosis", "Bulla", "Lobar Atelectasis"})


@dataclass(frozen=True)
class Sign:
    """One finding and its place. `side` is the patient's own: right, left or both; `kind` is the sort of device."""

    finding: str
    side: str
    zone: str
    size: str
    kind: str

    @property
    def sides(self) -> tuple[str, ...]:
        """The side, or both."""
        return SIDES if self.side == "both" else (self.side,)

    @property
    def scale(self) -> int:
        """0 small, 1 moderate, 2 large."""
        return SIZES.index(self.size)


def place(findings: Iterable[str], key: str, seed: int = 0) -> dict[str, Sign]:
    """A sign for each finding, the same for every picture and sentence of one study `key`.

    Patches in the lungs keep out of each other's way as long as there is a free zone.
    """
    choice, taken = Choice(seed, key), set[tuple[str, str]]()
    signs: dict[str, Sign] = {}
    for finding in sorted(set(findings)):
        sign = _sign(finding, choice)
        if finding in _PATCHES:
            sign = _free(sign, taken)
            taken.add((sign.side, sign.zone))
        signs[finding] = sign
    if "Lung Opacity" in signs:
        signs["Lung Opacity"] = _as_its_child(signs)
    return signs


def _as_its_child(signs: Mapping[str, Sign]) -> Sign:
    """An opacity beside what it consists of lies where that lies."""
    opacity = signs["Lung Opacity"]
    child = next((signs[name] for name in _CHILDREN if name in signs), opacity)
    zone = "lower" if child.finding == "Atelectasis" else child.zone
    return replace(opacity, side=child.sides[0], zone=zone)


def _sign(finding: str, choice: Choice) -> Sign:
    sides = (*SIDES, "both") if finding in _BOTH else SIDES
    zones = ("upper",) if finding in _UPPER else ZONES
    return Sign(
        finding=finding,
        side=choice.pick(f"{finding} side", sides),
        zone=choice.pick(f"{finding} zone", zones),
        size=choice.pick(f"{finding} size", SIZES),
        kind=choice.pick(f"{finding} kind", DEVICE_KINDS),
    )


def _free(sign: Sign, taken: set[tuple[str, str]]) -> Sign:
    slots = [(side, zone) for zone in ZONES for side in SIDES]
    first = slots.index((sign.side, sign.zone))
    for side, zone in slots[first:] + slots[:first]:
        if (side, zone) not in taken:
            return replace(sign, side=side, zone=zone)
    return sign
