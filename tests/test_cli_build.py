from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from mimic_trees import JPG, METADATA, REPORT, REPORTS, ZIP, Cli, cli_in, copy_of, write_tree

from cxdata.model.sample import SCHEMA_VERSION

PATIENTS = 6


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A download to be left as it is."""
    return write_tree(tmp_path_factory.mktemp("tree"), PATIENTS)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    yield from cli_in(tmp_path, monkeypatch, capsys)


def test_json_is_one_value_that_is_build_json_and_two_counts(cli: Cli, tree: Path) -> None:
    run = cli.build(tree, "--json")
    assert run.code == 0
    (result,) = json.loads(run.out)
    assert (result.pop("shards_written"), result.pop("shards_reused")) == (len(result["shards"]), 0)
    assert result == json.loads(Path("cx/mimic/build.json").read_text())
    assert set(result) >= {
        "source", "source_version", "schema_version", "tool_version", "config", "config_digest", "tasks_not_asked",
        "inputs", "funnel", "samples", "rejects", "shards",
    }  # fmt: skip
    assert (result["source"], result["source_version"], result["schema_version"]) == ("mimic", "2.1.0", SCHEMA_VERSION)
    assert all(set(step) == {"step", "count", "unit"} for step in result["funnel"])
    assert set(result["samples"]) >= {"total", "by_task", "by_split", "by_stage"}


def test_talk_goes_to_stderr_and_the_table_to_stdout(cli: Cli, tree: Path) -> None:
    run = cli.build(tree)
    assert re.search(r"mimic +│ disease_binary +│ +\d", run.out)
    lines = run.err.splitlines()
    assert lines[0] == "mimic: reader: no rejects"
    ends = [
        line for line in lines if re.fullmatch(r"mimic: \d+ samples in cx/mimic, \d+ files written, 0 reused", line)
    ]
    assert len(ends) == 1
    assert all(line.startswith("mimic: warning:") for line in lines[lines.index(ends[0]) + 1 :])
    told = [line.strip() for line in REPORT.splitlines() if len(line.strip()) > 30 and "{" not in line]
    assert told
    assert not any(line in run.err + run.out for line in told)


def test_help_has_two_examples_and_every_flag(cli: Cli) -> None:
    for flag in ("--help", "-h"):
        run = cli("build", flag)
        assert run.code == 0
        assert " ".join(run.out.split()).count("cxdata build --source mimic") == 2
    flags = "source root out tasks partial images label-policy option split limit seed workers include-path json"
    assert all(f"--{flag}" in run.out for flag in flags.split())


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "--source"),
        (["--source", "nothing"], "no source is called 'nothing'"),
        (["--source", "mimic", "--tasks", "disease_binary,dancing"], "mimic does not feed the task 'dancing'"),
        (["--source", "mimic", "--option", "labels=negbio"], "is not SOURCE.KEY=VALUE"),
        (["--source", "mimic", "--option", "mimic.labels=best"], "mimic.labels cannot be 'best'"),
        (["--source", "mimic", "--option", "mimic.colour=red"], "mimic has no option 'colour'"),
        (["--source", "mimic", "--option", "chexpert.labels=x"], "of a source that is built"),
        (["--source", "mimic", "--limit", "0"], "--limit"),
        (["--source", "mimic", "--seed", "-1"], "--seed"),
        (["--source", "mimic", "--workers", "0"], "--workers"),
        (["--source", "mimic", "--split", "dev"], "--split"),
        (["--source", "mimic", "--images", "all"], "--images"),
        (["--source", "mimic", "--include-path", "nowhere"], "--include-path is no folder"),
    ],
)
def test_wrong_use_is_named_with_exit_code_2(cli: Cli, tree: Path, args: list[str], words: str) -> None:
    run = cli("build", "--root", tree, *args)
    assert run.code == 2
    assert words in run.err
    assert "Traceback" not in run.err
    assert not Path("cx").exists()


def test_no_root_shows_the_four_ways(cli: Cli) -> None:
    run = cli("build", "--source", "mimic")
    assert run.code == 2
    assert all(way in run.err for way in ("--root /path", "export CXDATA_ROOT_MIMIC=", "[roots]", "data_dir ="))


def test_a_root_that_is_not_there_is_named(cli: Cli) -> None:
    run = cli("build", "--source", "mimic", "--root", "gone")
    assert run.code == 2
    assert "the folder gone is not there" in run.err


def test_a_root_with_nothing_in_it_says_where_to_get_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = cli("build", "--source", "mimic", "--root", "empty")
    assert run.code == 2
    assert "nothing of it was found" in run.err
    assert "https://physionet.org/content/mimic-cxr-jpg/" in run.err
    assert not Path("cx").exists()


def test_two_versions_side_by_side_are_listed_to_copy(cli: Cli, tree: Path, tmp_path: Path) -> None:
    root = copy_of(tree, tmp_path / "data")
    older = root / JPG.parent / "2.0.0"
    older.mkdir()
    (older / METADATA.name).write_bytes((root / METADATA).read_bytes())
    run = cli.build(root)
    assert run.code == 2
    assert f"--root mimic={older}" in run.err
    assert f"--root mimic={root / JPG}" in run.err
    chosen = cli("build", "--source", "mimic", "--root", f"mimic={root / JPG}", "--root", f"mimic={root / REPORTS}")
    assert chosen.code == 0


@pytest.mark.parametrize("way", ["a flag", "SLUG=", "the environment", "[roots]", "data_dir", "CXDATA_DATA"])
def test_every_way_to_name_a_root(cli: Cli, tree: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    named = {"a flag": ["--root", f"{tree}"], "SLUG=": ["--root", f"mimic={tree}"]}
    if way == "the environment":
        monkeypatch.setenv("CXDATA_ROOT_MIMIC", str(tree))
    if way == "CXDATA_DATA":
        monkeypatch.setenv("CXDATA_DATA", str(tree))
    toml = {"[roots]": f'[roots]\nmimic = "{tree}"\n', "data_dir": f'data_dir = "{tree}"\n'}.get(way)
    if toml is not None:
        Path("cxdata.toml").write_text(toml)
    assert cli("build", "--source", "mimic", *named.get(way, []), "--tasks", "view_classification").code == 0
    assert Path("cx/mimic/build.json").is_file()


def test_a_folder_with_a_sign_of_equality_is_a_folder(cli: Cli, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "a=b").symlink_to(tree)
    assert cli("build", "--source", "mimic", "--root", "a=b", "--tasks", "view_classification").code == 0


def test_flags_before_environment_before_file_before_defaults(
    cli: Cli, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seed_of(*args: object) -> int:
        run = cli.build(tree, "--tasks", "view_classification", "--json", *args)
        seed: int = json.loads(run.out)[0]["config"]["seed"]
        for path in sorted(Path("cx").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        return seed

    assert seed_of() == 0
    Path("cxdata.toml").write_text("[build]\nseed = 1\nlabel-policy = 'u-ones'\n")
    assert seed_of() == 1
    monkeypatch.setenv("CXDATA_SEED", "2")
    assert seed_of() == 2
    assert seed_of("--seed", 3) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"seed = = 1\n", "cannot be read"),
        ("data_dir = 'caf\xe9'".encode("latin-1"), "cannot be read"),
        (b"roots = 'here'\n", "has no table of roots"),
    ],
)
def test_a_bad_cxdata_toml_is_named(cli: Cli, tree: Path, content: bytes, words: str) -> None:
    Path("cxdata.toml").write_bytes(content)
    run = cli("build", "--source", "mimic")
    assert run.code == 2
    assert words in run.err
    assert "cxdata.toml" in run.err


def test_every_option_of_a_config_reaches_the_rows(cli: Cli, tree: Path) -> None:
    args = ["--label-policy", "u-ones", "--split", "train", "--limit", 2, "--tasks", "disease_binary", "--seed", 7]
    assert cli.build(tree, *args, "--images", "none").code == 0
    rows = pl.read_parquet("cx/mimic/samples/*.parquet")
    assert set(rows["label_policy"]) == {"u-ones"}
    assert set(rows["split"]) == {"train"}
    assert set(rows["task"]) == {"disease_binary"}
    assert rows["patient_key"].n_unique() <= 2
    config = json.loads(Path("cx/mimic/build.json").read_text())["config"]
    assert (config["seed"], config["limit"], config["images"]) == (7, 2, "none")


def test_rejects_do_not_change_the_exit_code_and_are_told(cli: Cli, tree: Path, tmp_path: Path) -> None:
    root = copy_of(tree, tmp_path / "data")
    (root / ZIP).unlink()
    next((root / JPG).rglob("*.jpg")).unlink()
    run = cli.build(root, "--partial")
    assert run.code == 0
    assert "1 rejects in cx/mimic/rejects: picture_missing 1" in run.err
    assert "findings_generation was not asked: mimic-cxr-reports is missing" in run.err


def test_nothing_is_asked_when_stdin_is_no_terminal(tree: Path, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("cxdata")), "build", "--source", "mimic", "--root", str(tree)]
    run = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
    )
    assert "\x1b" not in run.stderr, "plain lines where stderr is no terminal"
