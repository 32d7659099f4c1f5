"""The golden completions of `golden/rewards.yaml`, with the parts of their gold filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cxmind_train.rewards import Scores, Stage

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "golden" / "rewards.yaml").read_text("utf-8"))
Row = tuple[float, float, float | None, float | None, float]


class Case(NamedTuple):
    name: str
    stage: Stage
    completion: str
    gold: str
    labels: dict[str, list[str]]
    expected: dict[str, list[float | None]]


def cases() -> list[Case]:
    return [_case(row) for row in TABLE["cases"]]


def row_of(scores: Scores) -> list[float | None]:
    parts = (scores.format, scores.answer, scores.think, scores.process, scores.total)
    return [None if part is None else round(part, 4) for part in parts]


def gold_of(name: str) -> str:
    entry = TABLE["golds"][name]
    return _filled(entry["gold"], entry["parts"])


def _case(row: dict[str, Any]) -> Case:
    entry = TABLE["golds"][row["gold"]]
    text = _filled(row["completion"].replace("{gold}", entry["gold"]), entry["parts"])
    word, times = row.get("repeat", ("", 0))
    labels = {"scored_labels": entry.get("scored", []), "ignored_labels": entry.get("ignored", [])}
    expected = {mode: row[mode] for mode in ("fixed", "reference")}
    name = f"{row['gold']}: {row['name']}"
    return Case(name, entry["stage"], text.replace("{repeat}", word * times), gold_of(row["gold"]), labels, expected)


def _filled(text: str, parts: dict[str, str]) -> str:
    for key, part in parts.items():
        text = text.replace("{" + key + "}", part)
    return text
