"""The build of a patient in millimetres, and the findings that change the build rather than add a shadow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.signs import Sign


@dataclass(frozen=True)
class Habitus:
    """Lengths in mm; `heart` relative to a cardiothoracic ratio of about .45; `lung_dark` in grey levels."""

    half_width: float
    apex: float
    angle_right: float
    angle_left: float
    dome: float
    lift_right: float
    lift_left: float
    heart: float
    heart_height: float
    mediastinum: float
    knob: float
    shift: float
    spine_bend: float
    lung_dark: float
    mirrored: bool
    breast: bool


def habitus(view: str, choice: Choice) -> Habitus:
    """A healthy build. On AP films (patients in bed) the heart is wider and the lungs are shorter than on PA films."""
    portable = view == "AP"
    base = 92.0 if portable else 104.0
    return Habitus(
        half_width=choice.span("width", 132, 142),
        apex=choice.span("apex", -136, -126) + (12 if portable else 0),
        angle_right=base + choice.span("angle", -5, 5),
        angle_left=base + choice.span("angle left", 2, 9),
        dome=choice.span("dome", 38, 46),
        lift_right=0.0,
        lift_left=0.0,
        heart=choice.span("heart", 0.94, 1.04) * (1.13 if portable else 1.0),
        heart_height=1.0,
        mediastinum=choice.span("mediastinum", 21, 24) * (1.1 if portable else 1.0),
        knob=choice.span("knob", 13, 16),
        shift=0.0,
        spine_bend=choice.span("bend", -3, 3),
        lung_dark=0.0,
        mirrored=False,
        breast=choice.chance("breast", 0.5),
    )


def _large_heart(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(body, heart=body.heart + (0.42 + 0.07 * sign.scale) * strength, heart_height=1 + 0.1 * strength)


def _water_bottle(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(body, heart=body.heart + 0.6 * strength, heart_height=1 + 0.3 * strength)


def _wide_mediastinum(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(body, mediastinum=body.mediastinum + (24 + 5 * sign.scale) * strength)


def _big_lungs(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(
        body, angle_right=body.angle_right + 24 * strength, angle_left=body.angle_left + 24 * strength,
        dome=body.dome - 30 * strength, heart=body.heart - 0.14 * strength, lung_dark=body.lung_dark + 20 * strength,
    )  # fmt: skip


def _small_lungs(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(
        body, angle_right=body.angle_right - 34 * strength, angle_left=body.angle_left - 34 * strength,
        dome=body.dome + 8 * strength, lung_dark=body.lung_dark - 8 * strength,
    )  # fmt: skip


def _high_dome(body: Habitus, sign: Sign, strength: float) -> Habitus:
    lift = (34 + 8 * sign.scale) * strength
    return replace(body, lift_right=lift) if sign.side == "right" else replace(body, lift_left=lift + 12)


def _bent_spine(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(body, spine_bend=(26 + 7 * sign.scale) * strength * (1 if sign.side == "left" else -1))


def _big_knob(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(body, knob=body.knob + (9 + 3 * sign.scale) * strength)


def _shifted(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(body, shift=28 * strength * (1 if sign.side == "left" else -1))


def _mirrored(body: Habitus, sign: Sign, strength: float) -> Habitus:
    return replace(body, mirrored=strength >= 1)


RESHAPES: Final[dict[str, Callable[[Habitus, Sign, float], Habitus]]] = {
    "Cardiomegaly": _large_heart,
    "Heart Failure": _large_heart,
    "Pericardial Effusion": _water_bottle,
    "Enlarged Cardiomediastinum": _wide_mediastinum,
    "Emphysema": _big_lungs,
    "Hyperinflation": _big_lungs,
    "COPD": _big_lungs,
    "Low Lung Volumes": _small_lungs,
    "Elevated Hemidiaphragm": _high_dome,
    "Scoliosis": _bent_spine,
    "Aortic Enlargement": _big_knob,
    "Mediastinal Shift": _shifted,
    "Dextrocardia": _mirrored,
}


def reshape(body: Habitus, signs: Mapping[str, Sign], strength: Mapping[str, float]) -> Habitus:
    """The build with every finding that changes it; `strength` is 1 for what is present and less for what is faint."""
    for finding, change in RESHAPES.items():
        if finding in signs:
            body = change(body, signs[finding], strength[finding])
    return body
