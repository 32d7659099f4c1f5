"""The chest from the front, PA or AP, with no finding but those of the build. Air is dark, bone is bright.

Proportions after any textbook of chest radiography: the heart's width is about .45 of the chest's on a PA film and a
little more on an AP film, the right dome stands higher than the left, the shoulder blades are turned out of the lungs
on a PA film and lie over them on an AP film.
"""

from __future__ import annotations

import math

from PIL import Image

from cxdata.phantom.choice import Choice
from cxdata.phantom.film import Film, Point, join, smooth, within, without
from cxdata.phantom.habitus import Habitus
from cxdata.phantom.scene import Scene

TRUNK, LUNG, HEART, SPINE = 132, 92, 34, 20


def frontal(film: Film, body: Habitus, choice: Choice, portable: bool) -> Scene:
    """A frontal film with lungs, heart, bones and vessels."""
    trunk = film.area(_trunk(body), 2.5)
    heart, middle = film.area(_heart(body), 1.8), film.area(_mediastinum(body), 2.2)
    middle = join(middle, film.spot((body.mediastinum + body.shift + 2, body.apex + 72), body.knob, soft_mm=1.5))
    lungs = {side: without(film.area(_lung(body, side), 1.2), join(heart, middle), 0.9) for side in ("right", "left")}
    scene = Scene(
        film, body, choice, Image.new("L", film.size), trunk, lungs, heart, middle, _zones(body), lateral=False
    )
    scene.shade(trunk, TRUNK)
    scene.shade(scene.both_lungs, -(LUNG + body.lung_dark))
    scene.shade(join(heart, middle), HEART)
    _vessels(scene)
    _spine_and_airway(scene)
    _bones(scene, portable)
    _belly(scene)
    return scene


def wall_at(body: Habitus, y: float) -> float:
    """Half the inner width of the chest at a height, mm."""
    down = min(max((y - body.apex) / (body.angle_right - body.apex), 0.0), 1.0)
    return body.half_width * math.pow(1 - math.pow(1 - down, 2.3), 0.46)


def side_sign(side: str) -> int:
    """-1 for the patient's right, which is the image's left."""
    return -1 if side == "right" else 1


def wall(body: Habitus, side: str, inset: float = 0.0, top: float = 0.0, bottom: float | None = None) -> list[Point]:
    """The inner chest wall from the apex down to the costophrenic angle, `inset` mm towards the middle."""
    end = (body.angle_right if side == "right" else body.angle_left) if bottom is None else bottom
    heights = [body.apex + top + (end - body.apex - top) * (i / 14) ** 1.5 for i in range(15)]
    return [(side_sign(side) * max(wall_at(body, y) - inset, 30.0), y + inset * 0.6) for y in heights]


def _lung(body: Habitus, side: str) -> list[Point]:
    s = side_sign(side)
    angle = body.angle_right if side == "right" else body.angle_left
    lift = body.lift_right if side == "right" else body.lift_left
    dome, w = angle - body.dome - lift, body.half_width
    base = smooth(
        [(s * w, angle), (s * w * 0.86, dome + 15), (s * w * 0.58, dome), (s * w * 0.3, dome + 9), (s * 12, dome + 26)]
    )
    return [*wall(body, side, 0.0), *base, (s * 10, body.apex + 30), (s * 24, body.apex + 5)]


def _heart(body: Habitus) -> list[Point]:
    k, up, y = body.heart, body.heart_height, body.angle_left - 62
    flip = -1 if body.mirrored else 1
    outline = [
        (-10, -62),
        (-32 * k, -32),
        (-39 * k, 6),
        (-28 * k, 42),
        (24, 56),
        (66 * k, 50),
        (85 * k, 26),
        (78 * k, -6),
        (56 * k, -36),
        (30, -64),
    ]
    return smooth([(flip * x + body.shift, y + dy * up) for x, dy in outline], closed=True)


def _mediastinum(body: Habitus) -> list[Point]:
    m, x, top, low = body.mediastinum, body.shift, body.apex, body.angle_left - 52
    right = [
        (-m * 0.9, top - 90),
        (x * 0.5 - m * 0.9, top),
        (x - m, top + 50),
        (x - m - 2, top + 95),
        (x - m * 0.7, low),
    ]
    left = [
        (x + m * 0.7, low),
        (x + m + 5, top + 105),
        (x + m + 2, top + 55),
        (x * 0.5 + m * 0.9, top),
        (m * 0.9, top - 90),
    ]
    return [*smooth(right), *smooth(left)]


def _trunk(body: Habitus) -> list[Point]:
    w, top = body.half_width, body.apex
    half = [
        (54, top - 120),
        (58, top - 48),
        (100, top - 30),
        (156, top - 8),
        (196, top + 34),
        (214, top + 110),
        (196, top + 118),
        (w + 30, top + 92),
        (w + 30, top + 200),
        (w + 34, 260),
    ]
    side = smooth(half)
    return [*side, *[(-x, y) for x, y in reversed(side)]]


def _zones(body: Habitus) -> dict[tuple[str, str], Point]:
    height = body.angle_right - body.dome - body.apex
    zones = {}
    outward = {("right", "upper"): 0.48, ("right", "mid"): 0.54, ("right", "lower"): 0.56,
               ("left", "upper"): 0.48, ("left", "mid"): 0.62, ("left", "lower"): 0.73}  # fmt: skip
    for (side, zone), out in outward.items():
        down = {"upper": 0.3, "mid": 0.58, "lower": 0.86}[zone]
        zones[side, zone] = (side_sign(side) * body.half_width * out, body.apex + height * down)
    return zones


def _vessels(scene: Scene) -> None:
    body, film, choice = scene.body, scene.film, scene.choice
    hilum_y = body.apex + 112
    for side in ("right", "left"):
        s, x, y = side_sign(side), 30.0 + body.mediastinum * 0.3, hilum_y - (0 if side == "right" else 8)
        root = (s * x + body.shift, y)
        trunk_lines, twigs = [], []
        for i, angle in enumerate((-1.35, -0.8, -0.3, 0.25, 0.75, 1.2)):
            reach, bend = choice.span(f"vessel {side} {i}", 42, 62), choice.span(f"bend {side} {i}", -9, 9)
            dx, dy = reach * (1 - abs(angle) * 0.32), reach * angle
            middle = (root[0] + s * dx * 0.5, root[1] + dy * 0.5 + bend)
            end = (root[0] + s * dx, root[1] + dy)
            trunk_lines.append([root, middle])
            twigs += [[middle, end], [middle, (end[0] + s * 7, end[1] + bend * 1.6)]]
        scene.shade(within(film.strokes(trunk_lines, 5.5, 1.6), scene.lungs[side]), 38)
        scene.shade(within(film.strokes(twigs, 2.8, 1.4), scene.lungs[side]), 26)
        scene.shade(within(film.spot(root, 13, 23, 5), scene.lungs[side]), 44)


def _spine_and_airway(scene: Scene) -> None:
    film, body = scene.film, scene.body
    bend = body.spine_bend
    heights = [(-1 + i / 8) * 240 if i < 8 else (i / 8 - 1) * 240 for i in range(17)]
    column = [(bend * (1 - ((y - 10) / 190) ** 2), y) for y in heights]
    scene.shade(film.strokes([smooth(column)], 30, 2.0), SPINE)
    discs = [
        [(bend * (1 - ((y - 10) / 190) ** 2) - 12, y), (bend * (1 - ((y - 10) / 190) ** 2) + 12, y)]
        for y in range(-200, 220, 21)
    ]
    scene.shade(film.strokes(discs, 3.5, 1.0), -16)
    x, carina = body.shift, body.apex + 88
    tubes = film.strokes([[(x * 0.3, body.apex - 100), (x * 0.8, body.apex + 20), (x, carina)]], 14, 1.6)
    bronchi = film.strokes([[(x, carina - 4), (x - 26, carina + 22)], [(x, carina - 4), (x + 32, carina + 24)]], 9, 1.8)
    scene.shade(join(tubes, bronchi), -36)


def rib(body: Habitus, side: str, i: int) -> list[Point]:
    """The middle line of the back part of rib i (0 is the first), from the spine to the wall."""
    s, y = side_sign(side), body.apex + 4 + 22.5 * i
    w = wall_at(body, y + 24) + 2
    return smooth([(s * 15, y + 2), (s * w * 0.45, y - 6), (s * w * 0.78, y + 5), (s * w, y + 26)])


def _bones(scene: Scene, portable: bool) -> None:
    film, body = scene.film, scene.body
    back, front, ends = [], [], []
    for side in ("right", "left"):
        s = side_sign(side)
        for i in range(10):
            back.append(rib(body, side, i))
            y = body.apex + 4 + 22.5 * i
            w = wall_at(body, y + 24) + 2
            if i < 7:
                front.append(
                    smooth([(s * w, y + 26), (s * w * 0.9, y + 50), (s * w * 0.62, y + 68), (s * (34 + 5 * i), y + 76)])
                )
        ends.append(
            smooth(
                [(s * 13, body.apex + 30), (s * 52, body.apex + 20), (s * 96, body.apex + 4), (s * 150, body.apex - 8)]
            )
        )
    # one mask for all: a bone is a bright rim around a paler core, a level of 255 is worth 40 grey levels
    groups = [
        (front, 9.5, 84),
        (front, 5.0, 46),
        (back, 8.5, 172),
        (back, 4.2, 96),
        (ends, 10.5, 255),
        (ends, 5.5, 150),
    ]
    scene.shade(film.bars(groups), 40)
    pulled = 0 if portable else 44
    for s in (-1, 1):
        blade = [
            (148 + pulled * 0.3, 8),
            (116 + pulled, 30),
            (92 + pulled, 88),
            (104 + pulled, 142),
            (142 + pulled * 0.5, 60),
        ]
        shape = film.area([(s * x, body.apex + y) for x, y in blade], 1.4)
        scene.shade(within(join(shape, film.spot((s * 168, body.apex + 12), 24, soft_mm=1.6)), scene.trunk), 24)


def _belly(scene: Scene) -> None:
    film, body = scene.film, scene.body
    s = -1 if body.mirrored else 1
    scene.shade(within(film.spot((-s * 75, body.angle_right + 40), 80, 62, 12), scene.trunk), 16)
    bubble = film.spot((s * 66, body.angle_left - body.dome - body.lift_left + 27), 27, 12, 3)
    scene.shade(without(bubble, scene.both_lungs), -48)
    if body.breast:
        for side in ("right", "left"):
            soft = film.spot((side_sign(side) * body.half_width * 0.66, body.angle_right - 34), 56, 48, 9)
            scene.shade(soft, 13)
