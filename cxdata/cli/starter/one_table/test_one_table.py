"""one-table: its phantom is found, read row by row, built twice alike and mixed. Run `pytest` in this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cxdata.cli.app import app

FOLDER = Path(__file__).resolve().parent


def cxdata(*arguments: object) -> Any:
    """One verb, with this source known to it; its JSON, or its text where it has none."""
    result = CliRunner().invoke(app, [*map(str, arguments), "--include-path", str(FOLDER)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom in each layout."""
    out = tmp_path_factory.mktemp("data")
    cxdata("phantom", "--source", "one-table", "--out", out, "--layout", "all", "--patients", 20)
    return out


def test_each_layout_is_found_as_itself(data: Path) -> None:
    listed = cxdata("sources", "one-table", "--json")[0]["layouts"]
    found = cxdata("doctor", data, "--source", "one-table", "--json")
    assert {one["layout"]: Path(one["root"]).name for one in found} == {name: f"one-table-{name}" for name in listed}


def test_each_row_is_used_or_put_aside_and_a_second_build_is_the_same(data: Path, tmp_path: Path) -> None:
    root = data / "one-table-unpacked"
    first, again = (
        cxdata("build", "--source", "one-table", "--root", root, "--out", tmp_path / out, "--workers", 1, "--json")[0]
        for out in ("cx", "again")
    )
    for one in first["inputs"]:
        if one["rows_read"] is not None:
            assert one["rows_read"] == one["rows_used"] + one["rows_rejected"] > 0
    listed = cxdata("sources", "one-table", "--json")[0]["tasks"]
    assert {task for task, rows in first["samples"]["by_task"].items() if rows} == set(listed)
    assert [shard["sha256"] for shard in first["shards"]] == [shard["sha256"] for shard in again["shards"]]
    assert cxdata("validate", tmp_path / "cx", "--json")["ok"]
    mixed = cxdata("mix", "--stage", "closed", "--from", tmp_path / "cx", "--out", tmp_path / "mix", "--json")
    assert mixed["rows"]["train"] > 0
