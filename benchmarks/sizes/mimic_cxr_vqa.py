"""MIMIC-CXR-VQA: 377,391 questions about 142,797 pictures of MIMIC-CXR, of three kinds."""

from __future__ import annotations

import json
from pathlib import Path

from sizes._on_mimic import write_mimic

FILES = {"train": 290_031, "valid": 73_567, "test": 13_793}
PICTURES = 142_797
ATTRIBUTES = [f"made-up attribute {nth}" for nth in range(68)]


def write(root: Path) -> None:
    """Write MIMIC-CXR's tables and the three files of questions below root."""
    films = write_mimic(root / "mimic").head(PICTURES).select("dicom_id", "subject_id", "study_id").rows()
    home, first = root / "mimic-cxr-vqa", 0
    home.mkdir(parents=True)
    # pictures in a row share a patient, so that only the one at a border stands in two files
    for name, many in FILES.items():
        part = films[first * PICTURES // 377_391 : (first + many) * PICTURES // 377_391]
        rows = [_row(name, nth, *part[nth * len(part) // many]) for nth in range(many)]
        (home / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
        first += many


def _row(split: str, nth: int, dicom: str, subject: int, study: int) -> dict[str, object]:
    kind = ("verify", "verify", "query", "choose")[nth % 4]
    two = [ATTRIBUTES[nth % 68], ATTRIBUTES[(nth + 1) % 68]]
    answers = {"verify": [("yes", "no")[nth % 8 // 4]], "query": two[: nth % 3], "choose": two[: nth % 3]}
    named = {name: {} for name in ("object", "category", "viewpos", "gender")}
    return {
        "split": split, "idx": nth, "subject_id": subject, "study_id": study, "image_id": dicom,
        "image_path": f"p{subject // 1_000_000}/p{subject}/s{study}/{dicom}.jpg",
        "question": f"Is made-up thing {nth % 997} there, and where is it to be seen on this film?",
        "semantic_type": kind,
        "content_type": "attribute", "template": "Is ${attribute} there?", "template_program": f"program_{nth % 48}",
        "template_arguments": {**named, "attribute": dict(zip("01", two, strict=True))}, "answer": answers[kind],
    }  # fmt: skip
