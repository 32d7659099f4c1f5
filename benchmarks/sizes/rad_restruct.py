"""Rad-ReStruct's 3,597 files with 176,855 questions, and OpenI's tables as from Kaggle, on which it stands."""

from __future__ import annotations

import json
from pathlib import Path

from sizes import openi

REPORTS = {"train": 2_877, "val": 360, "test": 360}
QUESTIONS = 176_855
ROOTS = 28


def write(root: Path) -> None:
    """Write the questions below root/radrestruct and OpenI's tables below root/openi."""
    data = root / "radrestruct"
    total = sum(REPORTS.values())
    for split in REPORTS:
        (data / f"{split}_qa_pairs").mkdir(parents=True)
    folders = [split for split, many in REPORTS.items() for _ in range(many)]
    for nth, split in enumerate(folders):
        many = QUESTIONS // total + (nth < QUESTIONS % total)
        questions = [_question(nth, k) for k in range(many)]
        (data / f"{split}_qa_pairs/{nth + 1}.json").write_text(json.dumps(questions), encoding="utf-8")
    pictures = {str(nth + 1): [f"CXR{nth + 1}_IM-{nth:04d}-1001"] for nth in range(total)}
    (data / "id_to_img_mapping_frontal_reports.json").write_text(json.dumps(pictures), encoding="utf-8")
    openi.write(root / "openi")


def _question(nth: int, k: int) -> list[object]:
    """One question; those below the first 28 have what was asked before, as a third of the real ones has more of."""
    before = [[f"Are there any signs in area {k % ROOTS}?", ["yes"]], [f"Is there sign {k}?", ["yes"]]]
    is_choice = k > ROOTS and k % 7 == 0
    options = ["apex", "left hilum", "middle lobe", "right hilum"] if is_choice else ["yes", "no"]
    meta = {"answer_type": "multi_choice" if is_choice else "single_choice", "options": options, "path": f"path {k}"}
    history = [] if k < ROOTS else before[: 1 + k % 2]
    return [f"Is there sign {k}?", [options[(nth + k) % len(options)]], history, meta]
