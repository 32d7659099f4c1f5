"""SLAKE's three files: 14,028 questions in two languages about 642 pictures, 179 of them chest radiographs."""

from __future__ import annotations

import json
from pathlib import Path

FILES = {"train.json": (0, 9_835), "validate.json": (9_835, 2_099), "test.json": (11_934, 2_094)}
RADIOGRAPHS = 179
OTHERS = 463


def write(root: Path) -> None:
    """Write the three files of questions below root."""
    root.mkdir(parents=True)
    for name, (first, many) in FILES.items():
        rows = [_row(nth) for nth in range(first, first + many)]
        (root / name).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def _row(nth: int) -> dict[str, object]:
    is_film = nth % 10 < 3
    picture = nth % RADIOGRAPHS if is_film else RADIOGRAPHS + nth % OTHERS
    is_closed = nth % 5 < 2
    english = nth % 2 == 0
    words = ("Is sign {} there?", "What is made-up thing {}?") if english else ("有第{}号吗?", "第{}号是什么?")
    yes_no = ("Yes", "No") if english else ("是的", "不是")
    return {
        "qid": nth, "img_id": picture, "img_name": f"xmlab{picture}/source.jpg",
        "question": words[not is_closed].format(nth % 233),
        "answer": yes_no[nth % 3 % 2] if is_closed else f"{nth % 40}",
        "q_lang": "en" if english else "zh", "location": "Lung" if is_film else "Abdomen",
        "modality": "X-Ray" if is_film else ("CT", "MRI")[nth % 2], "answer_type": "CLOSED" if is_closed else "OPEN",
        "base_type": "kvqa" if nth % 50 < 7 else "vqa", "content_type": "Organ", "triple": ["vhead", "_", "_"],
    }  # fmt: skip
