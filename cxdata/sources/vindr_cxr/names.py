"""The 28 labels: native spelling to canonical name. What the vocabulary does not name (null) is never asked about."""

from __future__ import annotations

from typing import Final

from cxdata.model.vocabulary import vocabulary

NO_FINDING: Final = "No finding"
OTHER_LESION: Final = "Other lesion"
OTHER_DISEASE: Final = ("Other diseases", "Other disease")  # the first in train, the second in test

IN_KAGGLE: Final[dict[str, str | None]] = {
    "Aortic enlargement": "Aortic Enlargement", "Atelectasis": "Atelectasis", "Calcification": "Calcification",
    "Cardiomegaly": "Cardiomegaly", "Consolidation": "Consolidation", "ILD": "Interstitial Lung Disease",
    "Infiltration": "Infiltration", "Lung Opacity": "Lung Opacity", "Nodule/Mass": "Lung Lesion", OTHER_LESION: None,
    "Pleural effusion": "Pleural Effusion", "Pleural thickening": "Pleural Thickening", "Pneumothorax": "Pneumothorax",
    "Pulmonary fibrosis": "Fibrosis",
}  # fmt: skip
"""The classes of Kaggle's boxes."""

LOCAL: Final[dict[str, str | None]] = {
    **IN_KAGGLE, "Clavicle fracture": "Clavicle Fracture", "Edema": "Edema", "Emphysema": "Emphysema",
    "Enlarged PA": "Enlarged Pulmonary Artery", "Lung cavity": "Cavitation", "Lung cyst": "Lung Cyst",
    "Mediastinal shift": "Mediastinal Shift", "Rib fracture": "Rib Fracture",
}  # fmt: skip
"""The classes of PhysioNet's boxes."""

GLOBAL: Final[dict[str, str | None]] = {
    "COPD": "COPD", "Lung tumor": "Lung Tumor", "Pneumonia": "Pneumonia", "Tuberculosis": "Tuberculosis",
    **dict.fromkeys(OTHER_DISEASE),
}  # fmt: skip
"""Diagnoses of a whole picture, without boxes."""

NO_FINDING_LABEL: Final[dict[str, str | None]] = {NO_FINDING: "No Finding"}
CANONICAL: Final[dict[str, str | None]] = {**LOCAL, **GLOBAL, **NO_FINDING_LABEL}


def wider(label: str) -> list[str]:
    """The labels of the source that a label is a kind of: `Lung Opacity` for `Consolidation`."""
    finding = CANONICAL[label]
    above = vocabulary().ancestors(finding) if finding else frozenset[str]()
    return [other for other, name in CANONICAL.items() if name in above]
