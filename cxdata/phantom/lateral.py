"""The chest from the side, facing the image's left, and the belly of a film that is no chest film."""

from __future__ import annotations

from PIL import Image

from cxdata.phantom.choice import Choice
from cxdata.phantom.film import Film, Point, join, smooth, within, without
from cxdata.phantom.frontal import TRUNK
from cxdata.phantom.habitus import Habitus, habitus
from cxdata.phantom.scene import Scene

_FRONT = [(-30, -250), (-34, -176), (-66, -128), (-104, -92), (-124, -30), (-126, 50), (-130, 130), (-138, 260)]
_BACK = [(146, 260), (134, 150), (142, 60), (148, -20), (136, -90), (96, -140), (66, -176), (62, -250)]
_FRONT_WALL = [(6, -132), (-40, -112), (-82, -66), (-101, -10), (-104, 40), (-94, 78)]
_BACK_WALL = [(100, 126), (118, 70), (126, 5), (118, -55), (88, -104), (46, -134)]
_SPINE = [(50, -190), (74, -120), (98, -60), (108, 0), (104, 60), (92, 120), (84, 190), (84, 250)]


def lateral(film: Film, body: Habitus, choice: Choice) -> Scene:
    """A lateral film: clear space behind the breast bone, heart in front, spine behind, deep posterior angles."""
    drop = (body.angle_right - 104) * 0.6
    trunk = film.area([*smooth(_FRONT), *smooth(_BACK)], 2.5)
    heart = film.area(_heart(body), 3.0)
    dome = smooth(
        [(-94, 78 + drop * 0.5), (-58, 56 + drop), (0, 60 + drop), (52, 84 + drop), (88, 118 + drop * 0.5), (100, 126)]
    )
    lungs = film.area([*smooth(_FRONT_WALL), *dome, *smooth(_BACK_WALL)], 2.0)
    widened = film.area(smooth([(-62, -92), (-20, -112), (24, -96), (18, -24), (-52, -18)], closed=True), 7)
    clear = without(lungs, heart, 0.72)
    scene = Scene(
        film=film,
        body=body,
        choice=choice,
        grey=Image.new("L", film.size),
        trunk=trunk,
        lungs={"right": clear, "left": clear},
        heart=heart,
        mediastinum=widened,
        zones=_zones(),
        lateral=True,
    )
    scene.shade(trunk, TRUNK + 14)
    scene.shade(clear, -(88 + body.lung_dark))
    scene.shade(heart, 16)
    scene.shade(within(widened, lungs), max(body.mediastinum - 25, 0) * 2.4)
    _bones(scene)
    _hilum_and_airway(scene)
    scene.shade(without(film.spot((-10, 92), 24, 10, 3), lungs), -36)
    return scene


def _heart(body: Habitus) -> list[Point]:
    k = (body.heart - 1) * 0.75 + 1
    return smooth(
        [
            (-72, 84),
            (-96, 46),
            (-78, 4),
            (-40, -16),
            (8 * k, -2),
            (40 * k * k, 36),
            (44 * k * k, 70),
            (10, 84),
            (-40, 92),
        ],
        closed=True,
    )


def _zones() -> dict[tuple[str, str], Point]:
    zones: dict[tuple[str, str], Point] = {}
    for side, x in (("right", 0.0), ("left", 12.0)):
        zones |= {(side, "upper"): (14 + x, -86), (side, "mid"): (56 + x, -20), (side, "lower"): (62 + x, 58)}
    return zones


def _bones(scene: Scene) -> None:
    film = scene.film
    column = smooth(_SPINE)
    scene.shade(film.strokes([column], 36, 2.0), 24)
    discs = [[(x - 19, y - 3), (x + 19, y + 3)] for x, y in column[3::2]]
    scene.shade(film.strokes(discs, 4.0, 0.8), -26)
    scene.shade(film.strokes([smooth([(x + 27, y) for x, y in _SPINE])], 10, 2.0), 22)
    scene.shade(film.strokes([smooth([(-92, -108), (-112, -50), (-122, 22)])], 9, 1.0), 40)
    ribs = [smooth([(112, y - 40), (40, y - 4), (-30, y + 34), (-98, y + 52)]) for y in range(-96, 60, 23)]
    twins = [[(x - 4, y + 8) for x, y in line] for line in ribs]
    edges = without(film.strokes([*ribs, *twins], 6.5), film.strokes([*ribs, *twins], 3.0, 0.5), 0.7)
    scene.shade(within(edges, scene.trunk), 11)
    blades = [smooth([(118, -140), (98, -80), (112, -10)]), smooth([(98, -146), (80, -90), (90, -28)])]
    scene.shade(film.strokes(blades, 5, 1.0), 14)
    arm = film.area(smooth([(-170, -260), (-128, -170), (-66, -112), (-16, -132), (-10, -260)]), 4)
    scene.shade(arm, 46)


def _hilum_and_airway(scene: Scene) -> None:
    film, choice = scene.film, scene.choice
    arch = smooth([(-26, -24), (-20, -64), (18, -84), (52, -62), (70, 0), (74, 60)])
    scene.shade(film.strokes([arch], 22, 3.0), 14)
    scene.shade(film.spot((16, -22), 17, 22, 5), 34)
    lines = []
    for i, (dx, dy) in enumerate(((-46, -46), (-14, -68), (34, -40), (46, 4), (40, 48), (2, 60), (-44, 34))):
        bend = choice.span(f"lateral {i}", -8, 8)
        lines.append(smooth([(16, -22), (16 + dx * 0.5 + bend, -22 + dy * 0.5), (16 + dx, -22 + dy + bend)]))
    scene.shade(within(film.strokes(lines, 3.5, 1.4), scene.both_lungs), 26)
    scene.shade(film.strokes([[(14, -250), (12, -150), (20, -48)]], 14, 1.6), -40)


def abdomen(film: Film, choice: Choice) -> Image.Image:
    """A belly: flanks, spine, pelvis and gas; no lungs."""
    trunk = film.area(
        smooth([(158, -260), (160, -80), (152, 40), (170, 120), (168, 260)])
        + smooth([(-168, 260), (-170, 120), (-152, 40), (-160, -80), (-158, -260)]),
        3,
    )
    scene = Scene(
        film, habitus("AP", choice), choice, Image.new("L", film.size), trunk, {}, trunk, trunk, {}, lateral=False
    )
    scene.shade(trunk, 120)
    scene.shade(film.strokes([[(0, -260), (0, 110)]], 38, 2), 40)
    scene.shade(film.strokes([[(-17, y), (17, y)] for y in range(-240, 100, 30)], 4, 0.8), -26)
    wings = join(*(film.spot((s * 78, 120), 62, 50, 3) for s in (-1, 1)), film.area([(-26, 96), (26, 96), (0, 165)], 3))
    scene.shade(wings, 40)
    gas = [(choice.span(f"gas x {i}", -110, 110), choice.span(f"gas y {i}", -110, 70)) for i in range(11)]
    scene.shade(join(*(film.spot(spot, choice.span(f"gas r {i}", 10, 22), 12, 4) for i, spot in enumerate(gas))), -52)
    ribs = [smooth([(s * 20, y), (s * 90, y + 10), (s * 146, y + 50)]) for s in (-1, 1) for y in (-190, -160, -130)]
    scene.shade(film.strokes(ribs, 8, 1), 20)
    return scene.grey
