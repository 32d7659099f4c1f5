"""Small stage folders as `mix` leaves them, for tests: closed, open and instruction rows with films of grey steps."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from PIL import Image

from cxdata.export.formats import PATHS, PICTURES, REST, shaped
from cxdata.export.recipes import beside, recipe
from cxdata.export.schemas import as_table

CHOICE = "<image>\nWhat is shown?\nA) Edema\nB) Pneumonia\nEnd with the letter."
BINARY = "Before: <image>\nNow: <image>\nIs it new?\nA) Yes\nB) No"


def film(width: int = 60, height: int = 40) -> bytes:
    made = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(made, "PNG")
    return made.getvalue()


def row(number: int, split: str = "train", **changes: Any) -> dict[str, Any]:
    base = {
        "problem": CHOICE, "answer": "<answer>B</answer>", "images": ["images/ab/one.png"],
        "sample_id": f"openi/disease_binary/{split}-{number}", "source": "openi", "task": "disease_binary",
        "stage": "closed", "level": "single", "difficulty": 0.25, "curriculum_order": number,
        "patient_keys": [f"openi:{split}{number}"], "split": split, "split_reason": "official split",
        "label_policy": "p", "reference": "R2", "reward": "closed",
        "gold_kind": "answer", "scored_labels": None, "ignored_labels": None, "licence": "CC0", "restricted": False,
    }  # fmt: skip
    return {**base, **changes}


def standard_rows(split: str = "train") -> list[dict[str, Any]]:
    trace = "<think>No line.</think><answer>A) ❌</answer>\n<think>Grey.</think><answer>B) ✅</answer>\n"
    return [
        row(0, split),
        row(1, split, problem=BINARY, answer="<answer>A</answer>", images=["images/ab/one.png", "images/cd/two.png"]),
        row(2, split, answer=trace + "<think>So it is.</think><answer>B</answer>", gold_kind="trace"),
        row(3, split, problem="Name all: <image>", answer="<answer>Edema</answer>", stage="open", reward="open_labels",
            level="open", scored_labels=["Edema", "Pneumonia"], ignored_labels=[]),
        row(4, split, problem="Sum up: clear lungs.", answer="<answer>Clear.</answer>", stage="sft",
            reward="free_text", images=[]),
    ]  # fmt: skip


def frame(rows: list[dict[str, Any]], *, embedded: bool) -> pl.DataFrame:
    if embedded:
        rows = [{**one, "images": [{"bytes": film(), "path": path} for path in one["images"]]} for one in rows]
    kind = PICTURES if embedded else PATHS
    return pl.DataFrame(rows, schema={"problem": pl.String, "answer": pl.String, "images": kind, **REST})


def write_stage(
    folder: Path, form: str, *, embedded: bool = False, splits: dict[str, list[dict[str, Any]]] | None = None
) -> Path:
    splits = splits or {"train": standard_rows(), "val": standard_rows("val")}
    for split, rows in splits.items():
        write_rows(folder, split, frame(rows, embedded=embedded), form)
    for name in ("ab/one.png", "cd/two.png"):
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "images" / name).write_bytes(film())
    files = {split: [f"{split}/rows-00000.parquet"] for split in splits}
    mix = {
        "stage": "closed", "format": form, "rows": {split: len(rows) for split, rows in splits.items()},
        "text_only": {"disease_binary": {"accuracy": 0.5, "chance": 0.5, "majority": 0.5, "n": 400}},
    }  # fmt: skip
    (folder / "mix.json").write_text(json.dumps(mix))
    (folder / "recipe.yaml").write_text(recipe(form, "closed", embedded=embedded, files=files))
    for name, text in beside(form, list(splits)).items():
        (folder / name).write_text(text)
    return folder


def write_rows(folder: Path, split: str, rows: pl.DataFrame, form: str, *, name: str = "rows-00000.parquet") -> None:
    (folder / split).mkdir(parents=True, exist_ok=True)
    pq.write_table(as_table(shaped(rows, form), form), folder / split / name, row_group_size=3)
