"""Signs inside the lungs: patches, plates, round lesions, haze and patterns. Each adds a shadow and notes its box."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final

from cxdata.phantom.film import Mask, Point, join, smooth, within, without
from cxdata.phantom.scene import Scene
from cxdata.phantom.signs import Sign

Mark = Callable[[Scene, Sign, float], None]


def _blob(scene: Scene, sign: Sign, centre: Point, radius_mm: float, soft_mm: float) -> Mask:
    """An uneven patch."""
    x, y = centre
    spread = [scene.choice.span(f"{sign.finding} {sign.side} {i}", 0.68, 1.3) * radius_mm for i in range(9)]
    outline = [(x + r * math.cos(i * math.tau / 9), y + r * math.sin(i * math.tau / 9)) for i, r in enumerate(spread)]
    return scene.film.area(smooth(outline, closed=True), soft_mm)


def _patch(
    scene: Scene, sign: Sign, strength: float, radius: float, soft: float, amount: float, air: bool = False
) -> None:
    for side in sign.sides:
        centre = scene.zones[side, sign.zone]
        mask = _blob(scene, sign, centre, radius + 5 * sign.scale, soft)
        if air:
            x, y = centre
            tubes = [
                [(x - 26, y - 20), (x - 4, y - 2), (x + 16, y + 6)],
                [(x - 4, y - 2), (x + 4, y + 20)],
                [(x - 14, y - 11), (x - 12, y + 12)],
            ]
            mask = without(mask, scene.film.strokes(tubes, 4.5, 0.8), 0.6)
        scene.draw(sign.finding, mask, amount * strength, scene.lungs[side])


def _round(scene: Scene, sign: Sign, strength: float, radius: float, amount: float, many: int = 1) -> None:
    x, y = scene.zones[sign.side, sign.zone]
    for i in range(many):
        dx, dy = (scene.choice.span(f"{sign.finding} {axis} {i}", -16, 16) * (1 if i == 0 else 1.8) for axis in "xy")
        mask = scene.film.spot((x + dx, y + dy), radius * (1 + 0.22 * sign.scale), soft_mm=0.9)
        scene.draw(sign.finding, mask, amount * strength, scene.both_lungs)


def _plate(scene: Scene, sign: Sign, strength: float) -> None:
    for side in sign.sides:
        x, y = scene.zones[side, "lower"]
        s = -1 if side == "right" else 1
        lines = [
            [(x - 30, y + s * 5 + 8), (x + 30, y - s * 5 + 8)],
            [(x - 20, y + s * 3 + 20), (x + 24, y - s * 6 + 19)],
        ]
        scene.draw(
            sign.finding, scene.film.strokes(lines[: 1 + (sign.scale > 0)], 5.5, 1.0), 88 * strength, scene.lungs[side]
        )


def _edema(scene: Scene, sign: Sign, strength: float) -> None:
    lungs = scene.both_lungs
    scene.shade(scene.trunk, 20 * strength)
    scene.shade(lungs, (28 + 9 * sign.scale) * strength)
    wings = [scene.zones[side, "mid"] for side in ("right", "left")]
    inward = 0.62 if not scene.lateral else 1.0
    haze = join(*(scene.film.spot((x * inward, y), 46, 58, 16) for x, y in wings))
    scene.draw(sign.finding, haze, (34 + 8 * sign.scale) * strength, lungs)
    scene.shade(within(_kerley(scene), lungs), 34 * strength)


def _kerley(scene: Scene) -> Mask:
    lines = []
    for side, s in (("right", -1), ("left", 1)):
        x, y = scene.zones[side, "lower"]
        edge = x + s * 34 if not scene.lateral else x + 22
        lines += [[(edge, y - 26 + 8 * i), (edge - s * 18, y - 24 + 8 * i)] for i in range(7)]
    return scene.film.strokes(lines, 1.6, 0.5)


def _net(scene: Scene, sign: Sign, strength: float, amount: float = 40) -> None:
    """A net of short lines in the lower zones."""
    for side in ("right", "left"):
        x, y = scene.zones[side, "lower"]
        spots = [
            (scene.choice.span(f"net {side} x{i}", -42, 42), scene.choice.span(f"net {side} y{i}", -46, 40))
            for i in range(44)
        ]
        lines = [[(x + a - 6, y + b - 5), (x + a + 2, y + b + 1), (x + a + 6, y + b + 7)] for a, b in spots]
        lines += [[(x + a + 6, y + b - 6), (x + a - 5, y + b + 6)] for a, b in spots]
        scene.draw(sign.finding, scene.film.strokes(lines, 2.0, 0.5), amount * strength, scene.lungs[side])


def _dotted(
    scene: Scene, sign: Sign, strength: float, many: int = 150, radius: float = 1.9, amount: float = 60
) -> None:
    """Countless fine dots, or many larger ones, on both sides."""
    for side in ("right", "left"):
        x, y = scene.zones[side, "mid"]
        spots = [
            (x + scene.choice.span(f"dot {side} x{i}", -58, 58), y + scene.choice.span(f"dot {side} y{i}", -92, 88))
            for i in range(many)
        ]
        scene.draw(sign.finding, scene.film.dots(spots, radius, 0.5), amount * strength, scene.lungs[side])


def _cavity(scene: Scene, sign: Sign, strength: float, radius: float = 17, wall_mm: float = 6) -> None:
    centre = scene.zones[sign.side, sign.zone]
    inside = scene.film.spot(centre, radius - 1)
    scene.shade(within(inside, scene.both_lungs), -26 * strength)
    ring = join(
        scene.film.ring(centre, radius, wall_mm),
        scene.film.spot(centre, radius, soft_mm=1).point([v // 40 for v in range(256)]),
    )
    scene.draw(sign.finding, ring, 84 * strength, scene.both_lungs)


def _bulla(scene: Scene, sign: Sign, strength: float) -> None:
    centre = scene.zones[sign.side, sign.zone]
    radius = 30.0 + 4 * sign.scale
    scene.shade(within(scene.film.spot(centre, radius, soft_mm=1.5), scene.both_lungs), -34 * strength)
    scene.draw(sign.finding, scene.film.ring(centre, radius, 2.5), 60 * strength, scene.both_lungs)


def _tuberculosis(scene: Scene, sign: Sign, strength: float) -> None:
    _patch(scene, sign, strength, 24, 5, 46)
    _cavity(scene, sign, strength, 12, 5)
    x, y = scene.zones[sign.side, "upper"]
    spots = [
        (x + scene.choice.span(f"tb x{i}", -34, 34), y + scene.choice.span(f"tb y{i}", -20, 60)) for i in range(16)
    ]
    scene.shade(within(scene.film.dots(spots, 3, 0.8), scene.both_lungs), 48 * strength)


def _covid(scene: Scene, sign: Sign, strength: float) -> None:
    """Haze in the outer and lower parts of both lungs."""
    for side, s in (("right", -1), ("left", 1)):
        for zone in ("mid", "lower"):
            x, y = scene.zones[side, zone]
            mask = _blob(scene, sign, (x + s * 22, y + 6), 30, 8)
            scene.draw(sign.finding, mask, 48 * strength, scene.lungs[side])


def _tramlines(scene: Scene, sign: Sign, strength: float) -> None:
    x, y = scene.zones[sign.side, "lower"]
    lines = [[(x - 22 + d, y - 30 + 9 * i), (x + 14 + d, y + 8 + 9 * i)] for i in range(4) for d in (0, 6)]
    rings = join(*(scene.film.ring((x - 20 + 14 * i, y + 4 - 8 * (i % 2)), 6, 2) for i in range(4)))
    scene.draw(sign.finding, join(scene.film.strokes(lines, 2.0, 0.5), rings), 58 * strength, scene.both_lungs)


def _cuffs(scene: Scene, sign: Sign, strength: float) -> None:
    for side in ("right", "left"):
        x, y = scene.zones[side, "mid"]
        rings = join(*(scene.film.ring((x * 0.55 + 10 * i, y - 12 + 13 * i), 6.5, 3) for i in range(3)))
        scene.draw(sign.finding, rings, 64 * strength, scene.both_lungs)


def _lobe(scene: Scene, sign: Sign, strength: float) -> None:
    """A collapsed upper lobe: a dense wedge from the hilum to the apex."""
    (x, y), (mx, my) = scene.zones[sign.side, "upper"], scene.zones[sign.side, "mid"]
    wedge = [(mx * 0.4, my - 12), (x * 1.5, y + 4), (x * 1.2, y - 70), (x * 0.2, y - 74)]
    scene.draw(sign.finding, scene.film.area(wedge, 1.5), 84 * strength, scene.lungs[sign.side])


def _congestion(scene: Scene, sign: Sign, strength: float) -> None:
    """Wide vessels that run up."""
    for side, s in (("right", -1), ("left", 1)):
        x, y = scene.zones[side, "mid"]
        root = (x * 0.42, y - 8)
        lines = [
            smooth([root, (root[0] + s * dx * 0.6, y - 36), (root[0] + s * dx, y - dy)])
            for dx, dy in ((8, 92), (26, 84), (42, 60), (50, 26))
        ]
        lines += [smooth([root, (root[0] + s * 30, y + 22), (root[0] + s * 46, y + 40)])]
        scene.draw(sign.finding, scene.film.strokes(lines, 6.0, 1.4), 46 * strength, scene.lungs[side])


def _specks(scene: Scene, sign: Sign, strength: float) -> None:
    x, y = scene.zones[sign.side, sign.zone]
    spots = [
        (x + scene.choice.span(f"speck x{i}", -14, 14), y + scene.choice.span(f"speck y{i}", -12, 12)) for i in range(7)
    ]
    scene.draw(sign.finding, scene.film.dots(spots, 2.6, 0.4), 150 * strength, scene.both_lungs)


LUNG_MARKS: Final[dict[str, Mark]] = {
    "Edema": _edema,
    "Heart Failure": _edema,
    "Consolidation": partial(_patch, radius=30, soft=2.5, amount=98, air=True),
    "Pneumonia": partial(_patch, radius=29, soft=8, amount=72),
    "Bronchopneumonia": partial(_patch, radius=22, soft=6, amount=66),
    "Infiltration": partial(_patch, radius=26, soft=9, amount=58),
    "Lung Opacity": partial(_patch, radius=34, soft=11, amount=58),
    "Ground Glass Opacity": partial(_patch, radius=38, soft=6, amount=36),
    "COVID-19": _covid,
    "Atelectasis": _plate,
    "Linear Atelectasis": _plate,
    "Lobar Atelectasis": _lobe,
    "Rounded Atelectasis": partial(_round, radius=20, amount=80),
    "Lung Lesion": partial(_round, radius=15, amount=92),
    "Nodule": partial(_round, radius=9, amount=96, many=2),
    "Mass": partial(_round, radius=25, amount=92),
    "Lung Tumor": partial(_round, radius=23, amount=90),
    "Granuloma": partial(_round, radius=5, amount=170),
    "Calcification": _specks,
    "Lung Cyst": partial(_cavity, radius=20, wall_mm=3),
    "Cavitation": _cavity,
    "Bulla": _bulla,
    "Tuberculosis": _tuberculosis,
    "Interstitial Opacity": _net,
    "Interstitial Lung Disease": partial(_net, amount=52),
    "Fibrosis": partial(_net, amount=58),
    "Miliary Opacities": _dotted,
    "Diffuse Nodules": partial(_dotted, many=34, radius=4.6, amount=84),
    "Bronchiectasis": _tramlines,
    "Bronchial Wall Thickening": _cuffs,
    "Pulmonary Vascular Congestion": _congestion,
}
LATERAL_LUNG_MARKS: Final = frozenset(LUNG_MARKS) - {
    "Lobar Atelectasis",
    "Pulmonary Vascular Congestion",
    "Bronchial Wall Thickening",
    "COVID-19",
}
