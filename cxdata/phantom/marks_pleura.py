"""Signs along the pleura and the diaphragm, from the front and from the side."""

from __future__ import annotations

from functools import partial
from typing import Final

from cxdata.phantom.film import Mask, Point, join, smooth, within, without
from cxdata.phantom.frontal import side_sign, wall
from cxdata.phantom.marks_lung import Mark
from cxdata.phantom.scene import Scene
from cxdata.phantom.signs import Sign


def _angle(scene: Scene, side: str) -> float:
    return scene.body.angle_right if side == "right" else scene.body.angle_left


def _fluid(
    scene: Scene, sign: Sign, strength: float, heights: tuple[float, float, float] = (44, 74, 118), level: bool = False
) -> None:
    """Fluid that hides the angle and climbs along the wall (meniscus); a straight level where air lies above it."""
    height = heights[sign.scale]
    for side in sign.sides[:1] if scene.lateral else sign.sides:
        mask = scene.film.area(_pool(scene, side, height, level), 1.6)
        scene.shade(within(mask, scene.lungs[side]), 104 * strength)
        scene.note(sign.finding, within(mask, scene.trunk))


def _pool(scene: Scene, side: str, height: float, level: bool) -> list[Point]:
    if scene.lateral:
        top = 118 - height * 0.95
        surface = smooth([(130, top - 24), (112, top - 4), (84, top + 8), (58, top + 14), (34, max(top + 18, 74))])
        return [*surface, (60, 100), (100, 132), (140, 132)]
    s, w, low = side_sign(side), scene.body.half_width, _angle(scene, side)
    if level:
        return [(s * w * 1.02, low - height), (0, low - height), (0, low + 4), (s * w * 1.02, low + 4)]
    surface = smooth(
        [
            (s * w * 1.0, low - height - 16),
            (s * w * 0.88, low - height + 16),
            (s * w * 0.55, low - height * 0.42),
            (s * 14, low - height * 0.28),
        ]
    )
    return [*surface, (s * 14, low + 6), (s * w * 1.02, low + 6)]


def _air(scene: Scene, sign: Sign, strength: float) -> None:
    """Air between lung and wall: darker than lung, without vessels, bounded by a thin bright line."""
    inset = (13.0, 22.0, 36.0)[sign.scale]
    if scene.lateral:
        edge = smooth([(-96, 40), (-88, -14), (-68, -56), (-30, -94), (10, -110), (56, -104), (92, -72)])
        rim = within(scene.film.area([*edge, (130, -160), (-140, -160), (-140, 40)], 0.8), scene.lungs["right"])
        _rim(scene, sign, strength, rim, scene.film.strokes([edge], 2.2, 0.4))
        return
    for side in sign.sides:
        s, w = side_sign(side), scene.body.half_width
        edge = smooth(_edge(scene, side, inset))
        outer = [
            (s * w * 1.1, _angle(scene, side) + 10),
            (s * w * 1.1, scene.body.apex - 20),
            (s * 20, scene.body.apex - 20),
        ]
        rim = within(scene.film.area([*edge, *outer], 0.6), scene.lungs[side])
        _rim(scene, sign, strength, rim, within(scene.film.strokes([edge], 2.6, 0.4), scene.lungs[side]))


def _edge(scene: Scene, side: str, inset: float) -> list[Point]:
    s = side_sign(side)
    outline = wall(scene.body, side, inset)
    top = scene.body.apex + inset * 1.25
    return [(s * 24, top + 4), (s * 42, top), *[(x, y + inset * 0.25) for x, y in outline[5:13]]]


def _rim(scene: Scene, sign: Sign, strength: float, rim: Mask, line: Mask) -> None:
    level = 20
    darkened = scene.grey.point([min(v, level) if strength >= 1 else max(v - 20, 0) for v in range(256)])
    scene.grey.paste(darkened, (0, 0), rim)
    scene.shade(line, 120 * strength)
    scene.note(sign.finding, join(rim, line))


def _thickened(scene: Scene, sign: Sign, strength: float) -> None:
    """A band along the inner wall."""
    if scene.lateral:
        band = scene.film.strokes([smooth([(122, 70), (122, 5), (112, -55), (84, -100)])], 11, 1.2)
        scene.draw(sign.finding, band, 84 * strength, scene.lungs["right"])
        return
    for side in sign.sides:
        line = wall(scene.body, side, 5.0, top=14)[3:13]
        scene.draw(sign.finding, scene.film.strokes([line], 15 + 2 * sign.scale, 1.2), 92 * strength, scene.lungs[side])


def _plaques(scene: Scene, sign: Sign, strength: float) -> None:
    for side in sign.sides:
        places = wall(scene.body, side, 9.0, top=60)[5:13:2]
        lines = [[(x - 5, y - 7), (x + 2, y), (x - 3, y + 9)] for x, y in places]
        scene.draw(sign.finding, scene.film.strokes(lines, 6, 0.7), 110 * strength, scene.lungs[side])


def _free_air(scene: Scene, sign: Sign, strength: float) -> None:
    """A dark crescent under the right dome (under the front of the dome on a lateral film)."""
    if scene.lateral:
        under = smooth([(-82, 84), (-40, 70), (10, 76)])
    else:
        body, w = scene.body, scene.body.half_width
        dome = body.angle_right - body.dome - body.lift_right
        under = smooth([(-w * 0.84, dome + 25), (-w * 0.58, dome + 11), (-w * 0.32, dome + 18)])
    mask = without(scene.film.strokes([under], 13, 1.2), scene.both_lungs)
    scene.draw(sign.finding, mask, -104 * strength)


def _hydropneumothorax(scene: Scene, sign: Sign, strength: float) -> None:
    _air(scene, Sign(sign.finding, sign.side, sign.zone, "large", sign.kind), strength)
    _fluid(scene, sign, strength, level=True)


def _streaks(scene: Scene, sign: Sign, strength: float) -> None:
    """Air in the soft tissues of the flank and neck."""
    s, w = side_sign(sign.side), scene.body.half_width
    lines = []
    for i in range(12):
        x, y = s * (w + 9 + 3 * (i % 3)), scene.body.apex + 40 + 13 * i
        lines.append([(x - s * 4, y - 6), (x + s * 3, y + 2), (x - s * 2, y + 10)])
    neck = [
        [(s * (60 + 9 * i), scene.body.apex - 8 - 4 * (i % 3)), (s * (76 + 9 * i), scene.body.apex - 14)]
        for i in range(5)
    ]
    scene.draw(sign.finding, scene.film.strokes([*lines, *neck], 4, 0.7), -84 * strength, scene.trunk)


def _mediastinal_air(scene: Scene, sign: Sign, strength: float) -> None:
    """Dark lines along both borders of the mediastinum and up the neck."""
    m, x, top = scene.body.mediastinum, scene.body.shift, scene.body.apex
    lines = [
        smooth([(side * m * 0.8, top - 50), (x + side * (m - 3), top + 40), (x + side * (m + 2), top + 150)])
        for side in (-1, 1)
    ]
    scene.draw(sign.finding, scene.film.strokes(lines, 4, 0.6), -95 * strength)
    scene.shade(
        scene.film.strokes([[(px + (3 if px > x else -3), py) for px, py in line] for line in lines], 1.6, 0.4),
        60 * strength,
    )


PLEURA_MARKS: Final[dict[str, Mark]] = {
    "Pleural Effusion": _fluid,
    "Costophrenic Angle Blunting": partial(_fluid, heights=(20, 22, 24)),
    "Hydropneumothorax": _hydropneumothorax,
    "Pneumothorax": _air,
    "Pleural Other": _thickened,
    "Pleural Thickening": _thickened,
    "Pleural Plaque": _plaques,
    "Pneumoperitoneum": _free_air,
    "Subcutaneous Emphysema": _streaks,
    "Pneumomediastinum": _mediastinal_air,
}
LATERAL_PLEURA_MARKS: Final = frozenset(
    {
        "Pleural Effusion",
        "Costophrenic Angle Blunting",
        "Pneumothorax",
        "Pleural Other",
        "Pleural Thickening",
        "Pneumoperitoneum",
    }
)
