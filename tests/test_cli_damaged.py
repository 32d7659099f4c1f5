"""Builds whose files were cut short: the verbs that read them name the file and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from mimic_trees import Cli, cli_in, write_tree

SHARD = Path("cx/mimic/samples/disease_binary-00000-of-00001.parquet")
FACET = Path("cx/mimic/facets/findings.parquet")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    for made in cli_in(tmp_path, monkeypatch, capsys):
        write_tree(tmp_path / "data", 6)
        assert made.build(tmp_path / "data").code == 0
        yield made


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def hole(path: Path) -> None:
    """A file whose end is whole and whose pages are not."""
    content = bytearray(path.read_bytes())
    content[4:2004] = b"\xff" * 2000
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, hole])
@pytest.mark.parametrize(
    "words",
    [["stats", "cx"], ["stats", "cx", "--by", "task,finding"], ["explain", "mimic/disease_binary/s1:x", "--in", "cx"]],
)
def test_a_damaged_shard_is_named_and_mended(cli: Cli, words: list[str], damage: object) -> None:
    whole = SHARD.read_bytes()
    assert callable(damage)
    damage(SHARD)
    run = cli(*words)
    assert run.code == 1
    assert "cut short or damaged" in run.err
    assert str(SHARD) in run.err
    assert "Traceback" not in run.err
    assert run.err.count("\n") < 5
    assert cli.build(Path("data")).code == 0
    assert SHARD.read_bytes() == whole


def test_a_damaged_facet_may_be_deleted(cli: Cli) -> None:
    sample_id = json.loads(cli("stats", "cx", "--by", "sample_id", "--json").out)["rows"][0]["sample_id"]
    assert cli("explain", sample_id, "--in", "cx").code == 0
    cut(FACET)
    run = cli("explain", sample_id, "--in", "cx")
    assert run.code == 1
    assert "rm -r cx/mimic/facets" in run.err
    for path in FACET.parent.iterdir():
        path.unlink()
    FACET.parent.rmdir()
    assert cli("explain", sample_id, "--in", "cx").code == 0


def test_roots_that_are_no_names_count_as_not_said(cli: Cli) -> None:
    Path("cx/mimic/.cxdata/roots.json").write_text('{"jpg": 3}')
    sample_id = json.loads(cli("stats", "cx", "--by", "sample_id", "--json").out)["rows"][0]["sample_id"]
    run = cli("explain", sample_id, "--in", "cx")
    assert run.code == 0
    assert "the input is not shown" in run.err
