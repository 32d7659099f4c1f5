"""Signs of heart, mediastinum and bones, and devices: tubes, lines, pacemakers, wires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from cxdata.phantom.film import Mask, Point, join, smooth, within
from cxdata.phantom.frontal import rib, side_sign
from cxdata.phantom.marks_lung import Mark
from cxdata.phantom.scene import Scene
from cxdata.phantom.signs import Sign

Shape = Callable[[Scene, Sign], Mask]


def _heart_box(scene: Scene, sign: Sign, strength: float) -> None:
    scene.note(sign.finding, within(scene.heart, scene.trunk))


def _mediastinum_box(scene: Scene, sign: Sign, strength: float) -> None:
    m, top = scene.body.mediastinum + 4, scene.body.apex
    box = [(-m, top), (m, top), (m, top + 120), (-m, top + 120)]
    scene.note(sign.finding, scene.mediastinum if scene.lateral else within(scene.mediastinum, scene.film.area(box)))


def _lungs_box(scene: Scene, sign: Sign, strength: float) -> None:
    for side in ("right",) if scene.lateral else ("right", "left"):
        scene.note(sign.finding, scene.lungs[side])


def _tube(scene: Scene, sign: Sign) -> Mask:
    """A tube down the airway, its tip above the carina."""
    if scene.lateral:
        return scene.film.strokes([[(14, -230), (13, -150), (17, -76)]], 4, 0.4)
    x, top = scene.body.shift, scene.body.apex
    return scene.film.strokes([[(x - 2, top - 90), (x - 1, top), (x, top + 56)]], 4.2, 0.4)


def _enteric(scene: Scene, sign: Sign) -> Mask:
    """A tube down the gullet into the stomach."""
    if scene.lateral:
        return scene.film.strokes(
            [smooth([(30, -230), (32, -140), (46, -40), (34, 60), (0, 96), (-20, 100)])], 3.0, 0.4
        )
    top, low = scene.body.apex, scene.body.angle_left
    return scene.film.strokes(
        [smooth([(8, top - 90), (7, top + 60), (11, low - 60), (20, low - 14), (52, low + 12), (70, low + 2)])],
        3.2,
        0.4,
    )


def _line(scene: Scene, sign: Sign) -> Mask:
    """A venous line from arm or neck to where the superior vena cava meets the atrium."""
    if scene.lateral:
        return scene.film.strokes([smooth([(-44, -150), (-22, -100), (-14, -40), (-10, 6)])], 3.0, 0.4)
    s, top, m = side_sign(sign.side), scene.body.apex, scene.body.mediastinum
    start = [(s * 170, top + 6), (s * 104, top + 12), (s * 46, top + 28)]
    return scene.film.strokes([smooth([*start, (-m * 0.75 + 4, top + 66), (-m * 0.85, top + 122)])], 3.2, 0.4)


def _chest_tube(scene: Scene, sign: Sign) -> Mask:
    s, w, top = side_sign(sign.side), scene.body.half_width, scene.body.apex
    return scene.film.strokes(
        [
            smooth(
                [(s * (w + 34), top + 190), (s * (w - 6), top + 164), (s * w * 0.72, top + 96), (s * w * 0.5, top + 36)]
            )
        ],
        6,
        0.5,
    )


def _pacemaker(scene: Scene, sign: Sign) -> Mask:
    """A box below the left collar bone with two leads to the heart; from the side, the leads and the box's edge."""
    if scene.lateral:
        case = scene.film.area([(-118, -86), (-108, -90), (-96, -56), (-106, -50)], 0.8)
        return join(
            case, scene.film.strokes([smooth([(-104, -60), (-50, -82), (-10, -40), (-8, 30), (-64, 66)])], 3.0, 0.4)
        )
    top, low, flip = scene.body.apex, scene.body.angle_left, -1 if scene.body.mirrored else 1
    case = scene.film.area(
        smooth([(84, top + 26), (118, top + 24), (122, top + 52), (104, top + 62), (84, top + 54)], closed=True), 0.8
    )
    vein = [(92, top + 32), (52, top + 26), (8, top + 48), (-18, top + 90)]
    leads = [
        smooth([*vein, (-26, low - 78), (-20, low - 54)]),
        smooth([*vein, (-24, low - 66), (10, low - 34), (flip * 52, low - 28)]),
    ]
    return join(case, scene.film.strokes(leads, 3.2, 0.4))


def _wires(scene: Scene, sign: Sign) -> Mask:
    """Wire loops down the breast bone."""
    heights = [scene.body.apex + 52 + 24 * i for i in range(6)]
    if scene.lateral:
        return scene.film.strokes(
            [[(-112 - i, y - 6), (-104 - i, y), (-112 - i, y + 6)] for i, y in enumerate(range(-84, 40, 24))], 3, 0.4
        )
    loops = [smooth([(-8, y - 4), (0, y - 7), (8, y - 4), (6, y + 3), (-6, y + 3)], closed=True) for y in heights]
    return scene.film.strokes([[*loop, loop[0]] for loop in loops], 2.8, 0.4)


def _cannula(scene: Scene, sign: Sign) -> Mask:
    """A short wide tube that enters at the neck."""
    top = scene.body.apex
    if scene.lateral:
        return scene.film.strokes([smooth([(-24, -158), (4, -154), (15, -120), (17, -92)])], 8, 0.5)
    return scene.film.strokes([smooth([(-6, top - 26), (0, top - 22), (1, top + 6), (1, top + 36)])], 10, 0.6)


def _valve(scene: Scene, sign: Sign) -> Mask:
    """A bright ring over the heart."""
    if scene.lateral:
        return scene.film.ring((-26, 30), 13, 5, 0.5)
    return scene.film.ring((scene.body.shift + 18, scene.body.angle_left - 66), 14, 5, 0.5)


_KINDS: Final[dict[str, tuple[Shape, ...]]] = {
    "tubes": (_tube, _enteric),
    "line": (_line,),
    "pacemaker": (_pacemaker,),
    "wires": (_wires,),
}


def _device(scene: Scene, sign: Sign, strength: float, shapes: Sequence[Shape] = ()) -> None:
    for shape in shapes or _KINDS[sign.kind]:
        mask = shape(scene, sign)
        scene.draw(sign.finding, mask, 165 * strength, scene.trunk)


def _fracture(scene: Scene, sign: Sign, strength: float) -> None:
    """A rib that is broken at the side: a dark gap and an outer piece that has slipped down."""
    if scene.lateral:
        return
    s = side_sign(sign.side)
    for i in (4, 5, 6)[: 1 + max(sign.scale, 1)]:
        line = rib(scene.body, sign.side, i)
        cut = line[10]
        slipped = [(x + s * 1.5, y + 8) for x, y in line[10:]]
        gap = scene.film.strokes([[(cut[0], cut[1] - 5), (cut[0] + s * 2, cut[1] + 13)]], 4, 0.5)
        ends = join(scene.film.strokes([line[6:10]], 8.5, 0.6), scene.film.strokes([slipped], 8.5, 0.6))
        scene.draw(sign.finding, ends, 74 * strength, scene.trunk)
        scene.shade(gap, -70 * strength)


def _collar_bone(scene: Scene, sign: Sign, strength: float) -> None:
    s, top = side_sign(sign.side), scene.body.apex
    inner, outer = (
        [(s * 52, top + 20), (s * 78, top + 11)],
        [(s * 76, top + 24), (s * 118, top + 8), (s * 150, top - 6)],
    )
    scene.draw(sign.finding, scene.film.strokes([inner, outer], 11, 0.6), 72 * strength)
    scene.shade(scene.film.strokes([[(s * 80, top + 1), (s * 72, top + 30)]], 4, 0.5), -90 * strength)


def _bone_lesion(scene: Scene, sign: Sign, strength: float) -> None:
    x, y = rib(scene.body, sign.side, 5)[11]
    scene.draw(sign.finding, scene.film.spot((x, y), 12, 9, 1.2), 110 * strength)


def _spine_box(scene: Scene, sign: Sign, strength: float) -> None:
    scene.note(
        sign.finding,
        scene.film.area(
            [(-34, scene.body.apex), (34, scene.body.apex), (34, scene.body.angle_left), (-34, scene.body.angle_left)]
        ),
    )


def _hernia(scene: Scene, sign: Sign, strength: float) -> None:
    """Stomach behind the heart: a round shadow with air over a fluid level."""
    x, y = (56.0, 62.0) if scene.lateral else (scene.body.shift + 12, scene.body.angle_left - 52)
    pouch = scene.film.spot((x, y), 31, 28, 1.2)
    scene.draw(sign.finding, pouch, 52 * strength, scene.trunk)
    top = within(
        scene.film.spot((x, y), 26, 23, 1.0),
        scene.film.area([(x - 40, y - 40), (x + 40, y - 40), (x + 40, y), (x - 40, y)], 0.5),
    )
    scene.shade(top, -120 * strength)


def _hila(scene: Scene, sign: Sign, strength: float, rx: float = 21, ry: float = 25) -> None:
    y = scene.body.apex + 112
    places: list[Point] = [(16, -22)] if scene.lateral else [(-44, y), (48, y - 8)]
    for place in places:
        scene.draw(sign.finding, scene.film.spot(place, rx, ry, 2.5), 84 * strength, scene.both_lungs)


def _bulge(scene: Scene, sign: Sign, strength: float) -> None:
    """A mass of the mediastinum that bulges to one side (in front of the heart on a lateral film)."""
    m, top = scene.body.mediastinum, scene.body.apex
    centre = (-62.0, -52.0) if scene.lateral else (side_sign(sign.side) * (m + 16), top + 76)
    scene.draw(sign.finding, scene.film.spot(centre, 36, 44, 1.8), 88 * strength, scene.both_lungs)


def _knob_box(scene: Scene, sign: Sign, strength: float) -> None:
    place = (scene.body.mediastinum + scene.body.shift + 2, scene.body.apex + 72)
    scene.note(sign.finding, scene.film.spot(place, scene.body.knob + 3))


def _tortuous(scene: Scene, sign: Sign, strength: float) -> None:
    """The descending aorta swings out to the left."""
    m, top, low = scene.body.mediastinum, scene.body.apex, scene.body.angle_left
    path = smooth([(m + 6, top + 70), (m + 32, top + 112), (m + 28, top + 160), (m, low - 30)])
    scene.draw(sign.finding, scene.film.strokes([path], 26, 1.6), 62 * strength)


def _aortic_chalk(scene: Scene, sign: Sign, strength: float) -> None:
    x, y, r = scene.body.mediastinum + scene.body.shift + 2, scene.body.apex + 72, scene.body.knob
    arc = [
        (x - r * 0.2, y - r),
        (x + r * 0.6, y - r * 0.75),
        (x + r, y),
        (x + r * 0.75, y + r * 0.6),
        (x + r * 0.2, y + r),
    ]
    scene.draw(sign.finding, scene.film.strokes([smooth(arc)], 4.5, 0.5), 130 * strength)


OTHER_MARKS: Final[dict[str, Mark]] = {
    "Cardiomegaly": _heart_box,
    "Pericardial Effusion": _heart_box,
    "Dextrocardia": _heart_box,
    "Enlarged Cardiomediastinum": _mediastinum_box,
    "Mediastinal Shift": _mediastinum_box,
    "Emphysema": _lungs_box,
    "Hyperinflation": _lungs_box,
    "COPD": _lungs_box,
    "Low Lung Volumes": _lungs_box,
    "Elevated Hemidiaphragm": _lungs_box,
    "Scoliosis": _spine_box,
    "Aortic Enlargement": _knob_box,
    "Tortuous Aorta": _tortuous,
    "Aortic Calcification": _aortic_chalk,
    "Mediastinal Mass": _bulge,
    "Hilar Enlargement": _hila,
    "Lymphadenopathy": partial(_hila, rx=25, ry=30),
    "Enlarged Pulmonary Artery": partial(_hila, rx=17, ry=22),
    "Hernia": _hernia,
    "Hiatal Hernia": _hernia,
    "Fracture": _fracture,
    "Rib Fracture": _fracture,
    "Clavicle Fracture": _collar_bone,
    "Bone Lesion": _bone_lesion,
    "Support Devices": _device,
    "Endotracheal Tube": partial(_device, shapes=(_tube,)),
    "Enteric Tube": partial(_device, shapes=(_enteric,)),
    "Tracheostomy Tube": partial(_device, shapes=(_cannula,)),
    "Central Venous Catheter": partial(_device, shapes=(_line,)),
    "Chest Tube": partial(_device, shapes=(_chest_tube,)),
    "Pacemaker": partial(_device, shapes=(_pacemaker,)),
    "Prosthetic Valve": partial(_device, shapes=(_valve,)),
    "Surgical Hardware": partial(_device, shapes=(_wires,)),
}
LATERAL_OTHER_MARKS: Final = frozenset(
    {
        "Cardiomegaly",
        "Pericardial Effusion",
        "Enlarged Cardiomediastinum",
        "Mediastinal Mass",
        "Hilar Enlargement",
        "Lymphadenopathy",
        "Enlarged Pulmonary Artery",
        "Hernia",
        "Hiatal Hernia",
        "Support Devices",
        "Endotracheal Tube",
        "Enteric Tube",
        "Tracheostomy Tube",
        "Central Venous Catheter",
        "Pacemaker",
        "Prosthetic Valve",
        "Surgical Hardware",
    }
)
