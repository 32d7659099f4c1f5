"""RadGraph: 600 reports that people marked and 220,763 that a model marked, 27 entities each, on MIMIC-CXR."""

from __future__ import annotations

import json
from pathlib import Path

from sizes._on_mimic import write_mimic

REPORTS = 220_763
PEOPLE = {"train.json": 425, "dev.json": 75, "test.json": 100}
TEXT = " ".join(f"word{nth}" for nth in range(60))


def write(root: Path) -> None:
    """Write MIMIC-CXR's tables and the files of graphs below root."""
    studies = write_mimic(root / "mimic").select("subject_id", "study_id").rows()
    keys = [f"p{subject // 1_000_000}/p{subject}/s{number}.txt" for subject, number in studies]
    home = root / "radgraph"
    home.mkdir(parents=True)
    first = 0
    for name, many in PEOPLE.items():
        body = {keys[nth]: _record(nth, twice=name == "test.json") for nth in range(first, first + many)}
        (home / name).write_text(json.dumps(body), encoding="utf-8")
        first += many
    with (home / "MIMIC-CXR_graphs.json").open("w", encoding="utf-8") as file:
        for nth, key in enumerate(keys[-REPORTS:]):
            file.write(f"{'{' if not nth else ', '}{json.dumps(key)}: {json.dumps(_record(nth))}")
        file.write("}")


def _record(nth: int, *, twice: bool = False) -> dict[str, object]:
    words = TEXT.split(" ")
    words[20], words[40] = ("effusion", "pneumothorax") if nth % 2 else ("edema", "consolidation")
    entities = {
        str(one + 1): {
            "tokens": words[2 * one], "label": ("OBS-DP", "OBS-DA", "ANAT-DP")[(one + nth) % 3], "start_ix": 2 * one,
            "end_ix": 2 * one, "relations": [["modify", str(one)]] if one % 3 == 2 else [],
        }
        for one in range(27)
    }  # fmt: skip
    held = {"labeler_1": {"entities": entities}, "labeler_2": {"entities": entities}}
    return {"text": " ".join(words), **(held if twice else {"entities": entities}), "data_source": "MIMIC-CXR"}
