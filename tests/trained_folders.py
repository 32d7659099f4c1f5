"""Stage folders for tests of the trainer: closed questions about pictures of which half are bright."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from PIL import Image

from cxdata.export.formats import shaped
from cxdata.export.schemas import as_table
from cxmind_train.data.folder import StageFolder, stage_folder

SIDE = 56
CLOSED_END = "Judge the options, then write the letter between <answer> and </answer>."


def picture(brightness: int, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("L", (SIDE, SIDE), brightness).save(out, form)
    return out.getvalue()


def closed_row(place: int, **changed: Any) -> dict[str, Any]:
    """Edema, Yes or No in turn, options in one order; a bright picture is Yes. Two rows a patient."""
    yes = place % 2 == 0
    letter, other = ("A", "B") if yes else ("B", "A")
    steps = [(letter, "✅"), (other, "❌")] if yes else [(other, "❌"), (letter, "✅")]
    look = {"A": "Haze is over both lungs", "B": "The lungs are dark and clear"}
    thinks = [f"<think>{look[one]}.</think><answer>{one}) {mark}</answer>" for one, mark in sorted(steps)]
    return {
        "problem": f"<image>\nIs there edema?\n\nA) Yes\nB) No\n\n{CLOSED_END}",
        "answer": "\n".join([*thinks, f"<think>So it is.</think><answer>{letter}</answer>"]),
        "images": [{"bytes": picture(200 if yes else 40), "path": f"{place}.png"}],
        "sample_id": f"mimic/disease_binary/s{place}:edema", "source": "mimic", "task": "disease_binary",
        "stage": "closed", "level": "binary", "difficulty": 0.5, "curriculum_order": place,
        "patient_keys": [f"mimic:{place // 4}"], "split": "train", "label_policy": "stated", "reference": "R4",
        "reward": "closed", "gold_kind": "trace", "scored_labels": None, "ignored_labels": None, "licence": "none",
        "restricted": False, **changed,
    }  # fmt: skip


def open_row(place: int, **changed: Any) -> dict[str, Any]:
    yes = place % 2 == 0
    label, mark = ("Edema", "✅") if yes else ("No Finding", "❌")
    answer = (
        f"<think>Edema comes into question.</think><answer>Edema</answer>\n<think>Haze is over both lungs.</think>"
        f"<answer>Edema {mark}</answer>\n<think>So it is.</think><answer>{label}</answer>"
    )
    told = {
        "problem": "<image>\nWhich findings are there?\n\nFindings to choose from: Edema, No Finding.",
        "answer": answer,
        "sample_id": f"mimic/disease_open/s{place}", "task": "disease_open", "stage": "open", "level": "open",
        "reward": "open_labels", "scored_labels": ["Edema", "No Finding"], "ignored_labels": [],
    }  # fmt: skip
    return closed_row(place, **{**told, **changed})


def write_stage(
    home: Path, stage: str = "closed", splits: dict[str, list[dict[str, Any]]] | None = None, **mix: Any
) -> StageFolder:
    """A stage folder with embedded pictures, row groups of ten rows."""
    row = open_row if stage == "open" else closed_row
    splits = splits or {"train": [row(n) for n in range(24)], "test": [row(n, split="test") for n in range(100, 112)]}
    files = []
    for split, rows in splits.items():
        path = home / split / "rows-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            as_table(shaped(pl.DataFrame(rows, schema=_schema()), "easyr1"), "easyr1"), path, row_group_size=10
        )
        files.append({"file": f"{split}/{path.name}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    record = {"stage": stage, "format": "easyr1", "config": {"prompt": "interleaved"}, "files": files, **mix}
    (home / "mix.json").write_text(json.dumps(record))
    return stage_folder(home)


def _schema() -> dict[str, Any]:
    from cxdata.export.formats import columns_of

    return dict(columns_of("easyr1", embedded=True))
