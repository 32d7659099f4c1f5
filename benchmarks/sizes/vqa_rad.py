"""VQA-RAD in OSF's file: 2,248 questions about 314 pictures, a third of each part of the body."""

from __future__ import annotations

import json
from pathlib import Path

QUESTIONS = 2_248
PICTURES = 314
TEST = 451
ORGANS = ("CHEST", "ABD", "HEAD")


def write(root: Path) -> None:
    """Write the file of questions below root."""
    root.mkdir(parents=True)
    rows = [_row(nth) for nth in range(QUESTIONS)]
    (root / "VQA_RAD Dataset Public.json").write_text(json.dumps(rows), encoding="utf-8")


def _row(nth: int) -> dict[str, object]:
    picture = nth % PICTURES
    is_closed = nth % 5 < 3
    return {
        "qid": nth, "phrase_type": "test_freeform" if nth >= QUESTIONS - TEST else "freeform",
        "qid_linked_id": str(nth), "image_case_url": f"https://medpix.nlm.nih.gov/case?id={picture}",
        "image_name": f"synpic9999{picture:04d}.jpg", "image_organ": ORGANS[picture % 3], "evaluation": "not evaluated",
        "question": f"Is sign {nth} there?" if is_closed else f"What is made-up thing {nth}?",
        "question_rephrase": "NULL", "question_relation": "NULL", "question_frame": "NULL", "question_type": "OTHER",
        "answer": ("Yes", "No")[nth % 2] if is_closed else f"Thing {nth}",
        "answer_type": "CLOSED" if is_closed else "OPEN",
    }  # fmt: skip
