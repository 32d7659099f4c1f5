"""A synthetic chest radiograph from labels: `paint` draws what is present, so that a small model can learn to see it.

No real picture goes in. Signs are drawn as textbooks describe them, larger and clearer than life.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from cxdata.model.errors import UsageError
from cxdata.phantom.choice import Choice
from cxdata.phantom.film import Film
from cxdata.phantom.frontal import frontal
from cxdata.phantom.habitus import habitus, reshape
from cxdata.phantom.lateral import abdomen, lateral
from cxdata.phantom.marks_lung import LATERAL_LUNG_MARKS, LUNG_MARKS, Mark
from cxdata.phantom.marks_other import LATERAL_OTHER_MARKS, OTHER_MARKS
from cxdata.phantom.marks_pleura import LATERAL_PLEURA_MARKS, PLEURA_MARKS
from cxdata.phantom.scene import Box, Scene
from cxdata.phantom.signs import Sign, place

__all__ = ["VIEWS", "Radiograph", "drawable", "paint"]

VIEWS: Final = ("PA", "AP", "LATERAL", "DECUBITUS", "ABDOMEN")
FAINT: Final = 0.4
_SIZES: Final = {
    "PA": (256, 312),
    "AP": (312, 256),
    "LATERAL": (256, 312),
    "DECUBITUS": (312, 256),
    "ABDOMEN": (256, 312),
}
_MARKS: Final[dict[str, Mark]] = {**LUNG_MARKS, **OTHER_MARKS, **PLEURA_MARKS}
_LATERAL: Final = LATERAL_LUNG_MARKS | LATERAL_OTHER_MARKS | LATERAL_PLEURA_MARKS
_OPACITIES: Final = frozenset(LUNG_MARKS) - {
    "Lung Opacity",
    "Bulla",
    "Granuloma",
    "Calcification",
    "Bronchial Wall Thickening",
}


@dataclass(frozen=True)
class Radiograph:
    """An 8-bit grey picture and the boxes (x0, y0, x1, y1 in pixels) of each finding that was drawn."""

    image: Image.Image
    boxes: dict[str, tuple[Box, ...]]


def drawable(view: str = "PA") -> frozenset[str]:
    """The findings that change the picture in that view; all others draw nothing."""
    if view == "ABDOMEN":
        return frozenset()
    return _LATERAL if view == "LATERAL" else frozenset(_MARKS)


def paint(
    findings: Collection[str],
    view: str,
    key: str,
    *,
    seed: int = 0,
    uncertain: Collection[str] = (),
    patient: str = "",
    shot: str = "",
    signs: Mapping[str, Sign] | None = None,
) -> Radiograph:
    """Draw one film.

    `findings` and `uncertain` (drawn faintly) are canonical names; `view` is one of VIEWS; `key` (the study) fixes
    where the signs lie, `patient` (default: the study) the build, `shot` the exposure and grain; `signs` say where and
    how large each finding is, instead of the key. The same arguments give the same picture. A parent such as Lung
    Opacity is not drawn beside its child. UsageError: an unknown view.
    """
    if view not in VIEWS:
        raise UsageError(f"no radiograph can be painted from view {view!r}", mend=f"one of: {', '.join(VIEWS)}")
    choice = Choice(seed, f"{patient or key} build")
    grain = Choice(seed, f"{key} {view} {shot} film")
    film = _film(view, grain)
    if view == "ABDOMEN":
        return Radiograph(_develop(abdomen(film, choice), grain, view), {})
    strength = _strengths(findings, uncertain, view)
    placed = place({*findings, *uncertain}, key, seed) if signs is None else dict(signs)
    scene = _scene(film, view, strength, choice, placed)
    picture = _develop(scene.grey, grain, view)
    if view == "DECUBITUS":
        return Radiograph(picture.transpose(Image.Transpose.ROTATE_90), _turned(scene.boxes, film.size[0]))
    return Radiograph(picture, {finding: tuple(boxes) for finding, boxes in scene.boxes.items()})


def _strengths(findings: Iterable[str], uncertain: Iterable[str], view: str) -> dict[str, float]:
    seen = {**dict.fromkeys(uncertain, FAINT), **dict.fromkeys(findings, 1.0)}
    if any(seen[child] >= seen.get("Lung Opacity", 0) for child in _OPACITIES & seen.keys()):
        seen.pop("Lung Opacity", None)
    return {finding: strength for finding, strength in seen.items() if finding in drawable(view)}


def _film(view: str, grain: Choice) -> Film:
    width, height = _SIZES["PA" if view == "DECUBITUS" else view]
    more = 4 * (grain.number("size") % 4)
    low = 10 if view == "PA" else 0
    drift = (grain.span("x", -4, 4), grain.span("y", -5, 5) + low)
    return Film(width + more, height + more, drift)


def _scene(film: Film, view: str, strength: dict[str, float], choice: Choice, signs: dict[str, Sign]) -> Scene:
    signs = {finding: sign for finding, sign in signs.items() if finding in strength}
    body = reshape(habitus("PA" if view in ("LATERAL", "DECUBITUS") else view, choice), signs, strength)
    scene = lateral(film, body, choice) if view == "LATERAL" else frontal(film, body, choice, portable=view == "AP")
    for finding in _MARKS:
        if finding in signs:
            _MARKS[finding](scene, signs[finding], strength[finding])
    return scene


def _develop(grey: Image.Image, grain: Choice, view: str) -> Image.Image:
    """Exposure, slow unevenness, grain and the side marker."""
    width, height = grey.size
    patches = Image.frombytes("L", (6, 6), grain.noise("uneven", 36)).resize(grey.size, Image.Resampling.BICUBIC)
    grey = ImageChops.add(grey, patches.point([v * 14 // 255 for v in range(256)]), 1, -7)
    size = (width * 2 // 3, height * 2 // 3)
    noise = Image.frombytes("L", size, grain.noise("grain", size[0] * size[1])).resize(
        grey.size, Image.Resampling.BILINEAR
    )
    grey = ImageChops.add(grey, noise.point([v * 22 // 255 for v in range(256)]), 1, -11)
    exposure = grain.span("exposure", 0.97, 1.03)
    grey = grey.point([min(255, round(v * exposure)) for v in range(256)])
    return grey if view == "ABDOMEN" else _marker(grey, view)


def _marker(grey: Image.Image, view: str) -> Image.Image:
    """The letter L of lead, at the patient's left."""
    x, y = (grey.width - 20, 14) if view != "LATERAL" else (12, 14)
    ImageDraw.Draw(grey).line([(x, y), (x, y + 13), (x + 8, y + 13)], fill=235, width=3)
    return grey


def _turned(boxes: dict[str, list[Box]], width: int) -> dict[str, tuple[Box, ...]]:
    return {name: tuple((y0, width - x1, y1, width - x0) for x0, y0, x1, y1 in found) for name, found in boxes.items()}
