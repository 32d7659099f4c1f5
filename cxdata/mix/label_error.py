"""How often a finding is on the picture where a label read from its report says this or that.

Measured on the test set of CheXpert: the labels of a report labeller against five radiologists on the pictures of 500
studies. Other sources and tools err in other ways; these figures say of what size an error is to be expected.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ORIGIN: Final = "CheXpert test set, 500 studies: a report labeller against five radiologists who read the pictures"


class Share(NamedTuple):
    """Share of studies whose picture shows the finding, by what the label says; `–` where nothing was counted."""

    present: str
    uncertain: str
    not_mentioned: str
    absent: str


_RARE: Final = Share("low", "low", "≤ .02", "≤ .05")
LABEL_ERROR: Final = {
    "Enlarged Cardiomediastinum": Share(".62", ".53", ".55", ".17"),
    "Cardiomegaly": Share(".65", ".40", ".26", ".10"),
    "Lung Opacity": Share(".74", "–", ".39", ".19"),
    "Support Devices": Share(".85", "–", ".25", "–"),
    "Atelectasis": Share(".43", ".54", ".23", "–"),
    "Edema": Share(".35", ".52", ".09", ".07"),
    "Pleural Effusion": Share(".49", ".29", ".09", ".04"),
    "Consolidation": Share(".22", ".03", ".05", ".03"),
    "Pneumonia": _RARE, "Lung Lesion": _RARE, "Fracture": _RARE, "Pneumothorax": _RARE,
}  # fmt: skip
READ_FROM_REPORTS: Final = ("R3", "R4")
"""Tiers of labels that such an error is to be expected of."""
