"""The command line of the trainer: help, examples, and nothing heavy before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from regenerate_docs import DOCS
from trained_folders import write_stage
from typer.testing import CliRunner

from cxmind_train.cli import app

VERBS = [command.name for command in app.registered_commands if command.name]
HEAVY = ("torch", "transformers", "trl", "datasets", "numpy", "polars")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_two_examples(verb: str) -> None:
    for flag in ("-h", "--help"):
        result = CliRunner().invoke(app, [verb, flag], prog_name="cxmind-train")
        assert result.exit_code == 0
        assert " ".join(result.output.split()).count(f"cxmind-train {verb}") >= 3, "usage and two examples"
    assert f"cxmind-train {verb}" in (DOCS / "cli.md").read_text(encoding="utf-8")


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, cxmind_train.cli; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert ran.stdout.strip() == "[]"


def test_check_prints_what_it_found_and_how_to_start(tmp_path: Path) -> None:
    data = write_stage(tmp_path / "mix").home
    words = ["check", "--data", str(data), "--recipe", "smoke", "--set", "data.filter.findings=[Edema]"]
    result = CliRunner().invoke(app, words)
    assert "stage1: 24 of 24 rows" in result.output
    assert "prompt tokens: median" in result.output
    none = CliRunner().invoke(app, ["check", "--data", str(data), "--recipe", "smoke"])
    assert none.exit_code == 1
    assert "no row of train is left" in none.output
