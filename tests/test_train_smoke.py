"""From phantoms to a trained tiny model and its evaluation on a processor, by the commands alone; the blind control."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cxmind_train.requirements import TRAINING, missing

pytestmark = pytest.mark.skipif(bool(missing(*TRAINING)), reason="pip install 'cxdata[train]'")
README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
FEWEST = 12
# One balanced finding, whose sign makes the whole film brighter: 114 against 147 of 255 in the mean.
EDEMA = 'data.filter=[{tasks: [disease_binary], findings: [Edema], contains: "A) Yes"}]'


def command(tool: str, *words: object, home: Path | None = None) -> str:
    """Run a command in a process of its own, as a user does; its stdout."""
    module = {"cxdata": "cxdata.cli.entry", "cxmind-train": "cxmind_train.cli"}[tool]
    code = f"from {module} import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False, cwd=home,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert ran.returncode == 0, f"{tool} {' '.join(map(str, words))}\n{ran.stderr[-2000:]}"
    return ran.stdout


def prepared(home: Path, patients: int, *sources: str) -> Path:
    named = [word for source in sources for word in ("--source", source)]
    command("cxdata", "phantom", *named, "--out", home / "data", "--patients", patients)
    command("cxdata", "build", *named, "--root", home / "data", "--out", home / "cx", "--images", "embed",
            "--max-side", 112)  # fmt: skip
    command("cxdata", "reason", home / "cx")
    return home


def mixed(home: Path, stage: str, *words: object) -> Path:
    command(
        "cxdata", "mix", "--stage", stage, "--from", home / "cx", "--out", home / stage, "--images", "embed", *words
    )
    return home / stage


def rewards(run: Path) -> list[float]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line["reward"] for line in lines if "reward" in line]


def rose(run: Path) -> bool:
    """Whether the last fifth of the steps earned more than the first."""
    told = rewards(run)
    fifth = max(1, len(told) // 5)
    return sum(told[-fifth:]) > sum(told[:fifth])


def test_the_readmes_words_lead_from_phantoms_to_a_trained_model(tmp_path: Path) -> None:
    blocks = (text for _, text in re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL))
    (block,) = (text for text in blocks if "cxmind-train" in text)
    for line in block.splitlines():
        command(*shlex.split(line), home=tmp_path)
    home = tmp_path / "try"
    for run in ("r1", "r2"):
        assert rose(home / run), rewards(home / run)
    summary = json.loads((home / "e1" / "summary.json").read_text())
    predictions = pl.read_parquet(home / "e1" / "predictions.parquet")
    assert predictions.filter(pl.col("view") == "sighted").height == summary["n"] > 0
    assert {"majority", "text_only", "blank", "shuffled", "ci"} <= summary.keys()
    assert json.loads((home / "r1" / "run.json").read_text())["data_digest"]


def evaluated(home: Path, run: str, *words: object) -> dict[str, Any]:
    out = home / f"e-{run}"
    command("cxmind-train", "eval", "--data", home / "closed", "--model", home / run, "--out", out, *words)
    made: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return made


@pytest.mark.slow
def test_with_the_picture_it_learns_what_it_cannot_learn_without(tmp_path: Path) -> None:
    """Sighted accuracy lies above the 95 % interval around majority, that of blank pictures does not."""
    home = prepared(tmp_path, 600, "mimic")
    (home / "even.yaml").write_text(
        "stage: closed\nstages: [closed]\ntasks: [disease_binary]\ntest_rows: null\n"
        f"balance: {{fewest: {FEWEST}, fewest_share: 0}}\n"
    )
    closed = mixed(home, "closed", "--config", home / "even.yaml")
    sft = mixed(home, "sft")
    edema = ("--recipe", "smoke", "--set", EDEMA)
    traced = EDEMA.replace('"A) Yes"', '"A) Yes", gold: trace')
    command("cxmind-train", "sft", "--data", sft, "--model", "tiny", "--out", home / "r0", "--recipe", "smoke",
            "--set", traced)  # fmt: skip
    command("cxmind-train", "stage1", "--data", closed, "--model", home / "r0", "--out", home / "r1", *edema)
    summary = evaluated(home, "r1", *edema)
    n, majority = summary["n"], summary["majority"]
    half = 1.96 * (majority * (1 - majority) / n) ** 0.5
    assert summary["accuracy"] > majority + half, summary
    assert summary["ci"][0] > majority
    assert summary["blank"]["accuracy"] <= majority + half, summary
    low, high = summary["blank"]["ci"]
    assert low <= 0.5 <= high, "one of two options, whichever"
    assert summary["blank"]["lost"]["ci"][0] > 0
