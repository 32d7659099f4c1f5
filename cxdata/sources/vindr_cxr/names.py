"""The 28 labels in groups: native spelling to canonical name. What has none (null) is never asked about."""

from __future__ import annotations

from typing import Final

from cxdata.model.vocabulary import vocabulary
from cxdata.sources.native import native_labels

LABELS: Final = native_labels(__file__)
NO_FINDING: Final = "No finding"
OTHER_LESION: Final = "Other lesion"
OTHER_DISEASE: Final = ("Other diseases", "Other disease")  # the first in train, the second in test

CANONICAL: Final[dict[str, str | None]] = {**LABELS.findings, **dict.fromkeys(LABELS.kept)}


def _named(*labels: str) -> dict[str, str | None]:
    return {label: CANONICAL[label] for label in labels}


IN_KAGGLE: Final = _named(
    "Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Consolidation", "ILD", "Infiltration",
    "Lung Opacity", "Nodule/Mass", OTHER_LESION, "Pleural effusion", "Pleural thickening", "Pneumothorax",
    "Pulmonary fibrosis",
)  # fmt: skip
"""The classes of Kaggle's boxes."""

LOCAL: Final = IN_KAGGLE | _named(
    "Clavicle fracture", "Edema", "Emphysema", "Enlarged PA", "Lung cavity", "Lung cyst", "Mediastinal shift",
    "Rib fracture",
)  # fmt: skip
"""The classes of PhysioNet's boxes."""

GLOBAL: Final = _named("COPD", "Lung tumor", "Pneumonia", "Tuberculosis", *OTHER_DISEASE)
"""Diagnoses of a whole picture, without boxes."""

NO_FINDING_LABEL: Final = _named(NO_FINDING)


def wider(label: str) -> list[str]:
    """The labels of the source that a label is a kind of: `Lung Opacity` for `Consolidation`."""
    finding = CANONICAL[label]
    above = vocabulary().ancestors(finding) if finding else frozenset[str]()
    return [other for other, name in CANONICAL.items() if name in above]
