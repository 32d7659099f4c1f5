"""Where a finding lies, in words: out of side and site as the evidence gives them, or out of a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.features import Features

_LOBES: Final = ("upper lobe", "middle lobe", "lower lobe")
_ZONES: Final = ("upper zone", "mid zone", "lower zone")
_THIRDS: Final = ("upper", "mid", "lower")
_BONES: Final = {"rib": "rib cage", "clavicle": "clavicle", "humerus": "humerus", "scapula": "scapula"}


def place(where: str, of: Features, choose: Choices) -> str:
    """The place with a space in front, as in " at the left base"; empty where nothing is said.

    `where` is the finding's row in phrases.yaml.
    """
    found = _RULES[where](of, choose)
    return f" {found}" if found else ""


class Frame(NamedTuple):
    """A box in its picture, as shares of width and height."""

    x0: float
    y0: float
    x1: float
    y1: float


def box_place(box: Frame, choose: Choices) -> str:
    """Where a box lies. Sides are the patient's, who faces the reader: left is on the right of the picture."""
    across, down = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    third = _THIRDS[min(int(down * 3), 2)]
    if box.x1 - box.x0 > 0.6:
        return f"across both sides of the chest, in the {third} third of the picture"
    if 0.44 <= across <= 0.56:
        return f"near the midline, in the {third} third of the picture"
    side, picture = ("right", "left") if across < 0.5 else ("left", "right")
    return choose.pick((
        f"on the patient's {side}, in the {third} third of the picture",
        f"in the {third} third on the {picture} of the picture, which is the patient's {side}",
        f"on the {picture} of the picture, the patient's {side}, in its {third} third",
    ))  # fmt: skip


def _none(of: Features, choose: Choices) -> str:
    return ""


def _side(of: Features, choose: Choices) -> str:
    if of.side is None:
        return ""
    return choose.pick(("on both sides", "bilaterally")) if of.side == "both" else f"on the {of.side}"


def _lung(of: Features, choose: Choices) -> str:
    for rule in (_lobes, _zones, _site):
        found = rule(of, choose)
        if found:
            return found
    return _side(of, choose)


def _lobes(of: Features, choose: Choices) -> str:
    if "lingula" in of.sites and not set(_LOBES) & set(of.sites):
        return "in the lingula"
    return _parts(of, [site.split()[0] for site in _LOBES if site in of.sites], "lobe", "lobe", choose)


def _zones(of: Features, choose: Choices) -> str:
    return _parts(of, [site.split()[0] for site in _ZONES if site in of.sites], "zone", "lung", choose)


def _parts(of: Features, parts: Sequence[str], one: str, alone: str, choose: Choices) -> str:
    if not parts or len(parts) > 2:
        return ""
    which, many = " and ".join(parts), len(parts) > 1
    if of.side is None:
        return f"in the {which} {'lobes' if many else alone}" if one != "lobe" or many else f"in {_article(which)} lobe"
    if of.side == "both":
        return f"in the {which} {one}s on both sides" if many else f"in both {which} {one}s"
    return f"in the {of.side} {which} {one}{'s' if many else ''}"


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _site(of: Features, choose: Choices) -> str:
    site = next((one for one in ("apex", "base", "retrocardiac", "hilum") if one in of.sites), None)
    if site is None:
        return ""
    if site == "retrocardiac":
        return "behind the heart"
    one, many = {"apex": ("apex", "apices"), "base": ("base", "bases"), "hilum": ("hilum", "hila")}[site]
    at = "around" if site == "hilum" else "at"
    if of.side == "both":
        return f"{at} both {many}"
    if of.side is None:
        return choose.pick((f"{at} the hila",)) if site == "hilum" else f"{at} the lung {one}"
    return f"{at} the {of.side} {choose.pick(('', 'lung ')) if site == 'base' else ''}{one}"


def _pleura(of: Features, choose: Choices) -> str:
    fits = not {"moderate", "large", "extensive", "severe"} & set(of.sizes)  # more than an angle holds
    if "costophrenic angle" in of.sites and of.side is not None and fits:
        return "in both costophrenic angles" if of.side == "both" else f"in the {of.side} costophrenic angle"
    sites = tuple(site for site in of.sites if site in ("apex", "base"))
    return _site(of._replace(sites=sites), choose) or _side(of, choose)


def _bone(of: Features, choose: Choices) -> str:
    site = next((one for one in _BONES if one in of.sites), None)
    if site is None:
        return (
            "in the spine" if "spine" in of.sites else "in the sternum" if "sternum" in of.sites else _side(of, choose)
        )
    side = {None: "", "both": "", "left": "left ", "right": "right "}[of.side]
    return f"in the {side}{_BONES[site]}"


def _shift(of: Features, choose: Choices) -> str:
    return f"to the {of.side}" if of.side in ("left", "right") else ""


_RULES: Final = {
    "none": _none, "side": _side, "lung": _lung, "edema": _none, "pleura": _pleura, "bone": _bone, "soft": _side,
    "abdomen": _side, "device": _side, "hilum": _side, "mediastinum": _none, "shift": _shift,
}  # fmt: skip
