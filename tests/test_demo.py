"""`cxdata demo`: every source of the package from phantom to two mixes, all of it valid."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cxdata.cli.app import app
from cxdata.sources.discovery import sources
from cxdata.tasks.base import tasks


@pytest.mark.slow
def test_every_source_is_built_and_mixed_into_both_stages(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "demo")])
    assert result.exit_code == 0, result.output
    slugs = set(sources())
    folder = tmp_path / "demo"
    assert {path.name for path in (folder / "cx").iterdir()} >= slugs
    asked = pl.scan_parquet(folder / "cx" / "*" / "samples" / "*.parquet").select(pl.col("task").unique()).collect()
    shown = [line for line in result.stdout.splitlines() if line.count("/") == 2 and line.split("/")[0] in slugs]
    assert {line.split("/")[1] for line in shown} == set(asked["task"])
    assert set(asked["task"]) <= set(tasks())
    for stage in ("closed", "open"):
        mixed = json.loads((folder / "mix" / stage / "mix.json").read_text())
        assert all(rows > 0 for rows in mixed["rows"].values())
        assert mixed["unknown"], "no pair of sources is told as unknown"
        card = (folder / "mix" / stage / "README.md").read_text()
        for one, other, why in mixed["unknown"]:
            assert f"- {one} and {other}: {why}" in card
