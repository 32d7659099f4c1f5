"""MS-CXR-T's 1,045 pairs of pictures and 361 of sentences, and MIMIC's tables at their size, on which it stands."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

from sizes.ms_cxr import frontal_pictures

PAIRS = 1_045
SENTENCES = 361
FINDINGS = ("consolidation", "edema", "pleural_effusion", "pneumonia", "pneumothorax")
COURSES = ("improving", "stable", "worsening")
IDS = ("dicom_id", "previous_dicom_id", "subject_id", "study_id", "previous_study_id")
LABELS = tuple(f"{name}_{what}" for name in FINDINGS for what in ("progression", "label_quality"))


def write(root: Path) -> None:
    """Write both tables below root/ms-cxr-t and MIMIC's tables beside them."""
    shown = frontal_pictures(root).rows(named=True)
    both = [(then, now) for then, now in pairwise(shown) if then["subject_id"] == now["subject_id"]]
    folder = root / "ms-cxr-t"
    folder.mkdir(parents=True)
    _table(folder / "MS_CXR_T_temporal_image_classification_v1.0.0.csv", [(*IDS, *LABELS)] + [
        _row(nth, then, now) for nth, (then, now) in enumerate(both[:PAIRS])
    ])  # fmt: skip
    _table(folder / "MS_CXR_T_temporal_sentence_similarity_v1.0.0.csv", [("sentence_1", "sentence_2", "category")] + [
        (f"Made-up sentence {nth}.", f"Another sentence {nth}.", ("paraphrase", "contradiction")[nth % 2])
        for nth in range(SENTENCES)
    ])  # fmt: skip


def _row(nth: int, then: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
    ids = (_path(now), _path(then), now["subject_id"], now["study_id"], then["study_id"])
    told = {nth % 5, (nth + 1) % 5} if nth % 4 == 0 else {nth % 5}
    cells = ((COURSES[nth % 3], "one_expert") if place in told else ("", "") for place in range(len(FINDINGS)))
    return (*ids, *(cell for pair in cells for cell in pair))


def _path(picture: dict[str, str]) -> str:
    patient, study, dicom = (picture[name] for name in ("subject_id", "study_id", "dicom_id"))
    return f"p{patient[:2]}/p{patient}/s{study}/{dicom}"


def _table(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
