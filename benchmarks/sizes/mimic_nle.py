"""MIMIC-NLE: 38,003 sentences on MIMIC-CXR."""

from __future__ import annotations

import json
from pathlib import Path

from sizes._on_mimic import write_mimic

FILES = {"train": 37_016, "dev": 273, "test": 714}


def write(root: Path) -> None:
    """Write MIMIC-CXR's tables and the three files of sentences below root."""
    studies = write_mimic(root / "mimic").select("subject_id", "study_id").rows()
    home, first = root / "mimic-nle", 0
    home.mkdir(parents=True)
    for name, many in FILES.items():
        rows = [_row(nth, *studies[nth]) for nth in range(first, first + many)]
        (home / f"mimic-nle-{name}.json").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        first += many


def _row(nth: int, subject: int, study: int) -> dict[str, object]:
    return {
        "sentence_ID": f"s{study}#{nth % 9}", "diagnosis_label": [int(place == nth % 10) for place in range(10)],
        "evidence_label": [int(place == 5) for place in range(10)], "img_labels": [[1, 0, 0]] * 10,
        "nle": f"Opacity number {nth % 997} at the left base likely reflects what is asked about.",
        "report_ID": f"s{study}", "patient_ID": f"p{subject}",
    }  # fmt: skip
