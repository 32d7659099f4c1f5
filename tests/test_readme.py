"""The README's snippets and commands run as they stand, in a folder like the one that `make demo` leaves."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source
from mimic_trees import Cli, cli_in

from cxdata.sources.base import Source

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
SNIPPETS = [text for language, text in BLOCKS if language == "python"]
# The block that trains is run by tests/test_train_smoke.py.
COMMANDS = [
    line.split("#")[0].strip() for _, text in BLOCKS if "cxmind-train" not in text
    for line in text.splitlines() if line.startswith("cxdata ")
]  # fmt: skip


@pytest.fixture
def folder(
    mimic: Source, phantom_of: Callable[[Source], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    build_source(mimic, phantom_of(mimic), tmp_path / "cx" / "mimic", images="path")
    (tmp_path / "cxdata.toml").write_text(f'data_dir = "{phantom_of(mimic)}"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    yield from cli_in(folder, monkeypatch, capsys)


def script(folder: Path, needed: str) -> str:
    """The path of a file that holds the README's only snippet with these words."""
    (text,) = (text for text in SNIPPETS if needed in text)
    path = folder / "snippet.py"
    path.write_text(text)
    return str(path)


def test_polars_counts_the_samples(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(script(folder, "group_by"))
    assert "task" in capsys.readouterr().out


def test_a_sample_leads_to_its_pictures(folder: Path) -> None:
    left = runpy.run_path(script(folder, "roots.json"))
    assert left["sample"]["image_ids"]
    assert len(left["pictures"]) == len(left["sample"]["image_ids"])
    for picture in left["pictures"]:
        picture.load()
        assert picture.size > (0, 0)


def test_pyarrow_filters_the_samples(folder: Path) -> None:
    left = runpy.run_path(script(folder, "pyarrow"))
    samples = pl.read_parquet("cx/mimic/samples/*.parquet")
    assert left["binary"].num_rows == samples.filter(task="disease_binary").height > 0


@pytest.mark.slow
def test_datasets_reads_the_samples_and_keeps_its_copy_where_it_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    left = runpy.run_path(script(folder, "load_dataset"))
    assert len(left["samples"]) == pl.read_parquet("cx/mimic/samples/*.parquet").height
    assert list((folder / "cache").rglob("*.arrow"))


def test_every_snippet_is_run_here() -> None:
    assert len(SNIPPETS) == 4


def test_the_commands_run(cli: Cli, folder: Path) -> None:
    sample = pl.scan_parquet("cx/mimic/samples/*.parquet").select("sample_id").first().collect().item()
    Path("cx").rename("elsewhere")
    verbs = {"doctor", "build", "validate", "stats", "explain", "split-check", "reconcile", "reason", "mix"}
    assert {shlex.split(command)[1] for command in COMMANDS} == verbs
    for command in COMMANDS:
        run = cli(*shlex.split(command.replace("SAMPLE_ID", sample))[1:])
        assert run.code == 0, (command, run.err)
    assert json.loads((folder / "cx/mimic/build.json").read_text())["config"]["limit"] is None


def test_the_settings_shown_are_settings(cli: Cli) -> None:
    (toml,) = (text for language, text in BLOCKS if language == "toml")
    Path("cxdata.toml").write_text(toml.replace('"/data"', json.dumps(Path("cxdata.toml").read_text().split('"')[1])))
    assert cli("build", "--source", "mimic", "--out", "few").code == 0
    config = json.loads(Path("few/mimic/build.json").read_text())["config"]
    assert (config["limit"], config["images"]) == (100, "none")
