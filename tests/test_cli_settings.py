"""`cxdata.toml`, lists of names, sources that are named: what is mistyped is said, nothing is passed over."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mimic_trees import Cli, cli_in, write_tree

PATIENTS = 4
PRESSED = """
import os, signal, sys

class Press:
    def find_spec(self, name, *rest):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Press())
from cxdata.cli.entry import main
main()
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), PATIENTS)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    yield from cli_in(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("verb", ["build", "doctor"])
@pytest.mark.parametrize(
    ("content", "what", "mend"),
    [
        ('datadir = "x"', "has no setting 'datadir'", "data_dir, [roots]"),
        ("limit = 3", "has no setting 'limit'", "below [build]"),
        ('out = "cx"', "has no setting 'out'", "below ["),
        ("[buidl]\nlimit = 3", "has no setting 'buidl'", "[build]"),
        ("[build]\nlmit = 3", "no flag 'lmit' below [build]", "limit"),
        ("build = 3", "no table of flags in 'build'", "[build]"),
        ("data_dir = 3", "names no folder as data_dir", "data_dir ="),
        ('data_dir = ["x"]', "names no folder as data_dir", "data_dir ="),
        ("[roots]\nmimic = 3", "names no folder as the root of mimic", "mimic ="),
        ("[roots]\nmimic = [3]", "names no folder as the root of mimic", "mimic ="),
        ('[roots]\nmimc = "x"', "names a root of 'mimc', which is no source", "mimic"),
    ],
)
def test_a_mistyped_setting_is_named(cli: Cli, tree: Path, verb: str, content: str, what: str, mend: str) -> None:
    Path("cxdata.toml").write_text(content + "\n")
    roots = ["--root", tree] if verb == "build" else [tree]
    run = cli(verb, "--source", "mimic", *roots)
    assert run.code == 2
    assert what in run.err
    assert mend in run.err.partition("mend:")[2]
    assert "cxdata.toml" in run.err
    assert "Traceback" not in run.err


def test_a_table_sets_flags_as_they_are_called(cli: Cli, tree: Path) -> None:
    Path("cxdata.toml").write_text(
        f'[roots]\nmimic = "{tree}"\n[build]\nsource = "mimic"\nlabel-policy = "u-ones"\ntasks = "disease_binary"\n'
        '[explain]\nin = "cx"\n'
    )
    assert cli("build", "--images", "none").code == 0
    config = json.loads(Path("cx/mimic/build.json").read_text())["config"]
    assert (config["label_policy"], config["tasks"], config["images"]) == ("u-ones", ["disease_binary"], "none")
    assert "no sample has the id" in cli("explain", "mimic/disease_binary/s1:edema").err


@pytest.mark.parametrize("verb", ["build", "doctor"])
def test_a_root_of_no_source_is_named(cli: Cli, tree: Path, verb: str) -> None:
    roots = ["--root", f"mimc={tree}"] if verb == "build" else [f"mimc={tree}"]
    run = cli(verb, "--source", "mimic", *roots)
    assert run.code == 2
    assert "no source is called 'mimc'" in run.err
    assert "mimic" in run.err.partition("mend:")[2]


def test_a_root_of_another_source_is_for_that_one(cli: Cli, tree: Path) -> None:
    roots = ["--root", f"mimic={tree}", "--root", "openi=nowhere"]
    assert cli("build", "--source", "mimic", *roots, "--tasks", "view_classification").code == 0


def test_commas_too_many_are_no_names(cli: Cli, tree: Path) -> None:
    assert cli.build(tree, "--tasks", "view_classification,, ,").code == 0
    config = json.loads(Path("cx/mimic/build.json").read_text())["config"]
    assert config["tasks"] == ["view_classification"]
    assert cli("stats", "cx", "--by", "task,").code == 0


@pytest.mark.parametrize("names", ["", ",", " , "])
def test_a_list_without_a_name_is_wrong_use(cli: Cli, tree: Path, names: str) -> None:
    run = cli.build(tree, "--tasks", names)
    assert run.code == 2
    assert "--tasks names nothing" in run.err


def test_another_config_is_told_in_words(cli: Cli, tree: Path) -> None:
    assert cli.build(tree, "--images", "none").code == 0
    run = cli.build(tree, "--label-policy", "strict", "--limit", 2, "--split", "val", "--tasks", "disease_open")
    assert run.code == 3
    assert "label_policy is the source's own there, 'strict' here" in run.err
    assert "limit is none there, 2 here" in run.err
    assert "split is all there, 'val' here" in run.err
    assert "tasks is all there" in run.err
    assert "None" not in run.err


def test_the_help_says_which_splits_a_policy_is_for(cli: Cli) -> None:
    said = " ".join(cli("build", "--help").out.replace("│", " ").split())
    assert "val and test keep the source's own" in said


def test_how_far_is_looked_is_said_where_nothing_was_found(cli: Cli, tree: Path) -> None:
    deep = Path("a/b/c/d/e")
    deep.mkdir(parents=True)
    (deep / "physionet.org").symlink_to(tree / "physionet.org")
    for verb, root in (("build", ["--root", "a"]), ("doctor", ["a"])):
        run = cli(verb, "--source", "mimic", *root)
        assert run.code != 0
        assert "down to 6 levels below" in run.err
    assert cli("build", "--source", "mimic", "--root", deep, "--tasks", "view_classification").code == 0


def test_the_demo_leaves_settings_of_others_alone(cli: Cli) -> None:
    Path("cxdata.toml").write_text('data_dir = "mine"\n')
    run = cli("demo", "--out", ".")
    assert run.code == 3
    assert "cxdata.toml of its own" in run.err
    assert Path("cxdata.toml").read_text() == 'data_dir = "mine"\n'
    assert [path.name for path in Path().iterdir()] == ["cxdata.toml"]


def test_an_interrupt_while_modules_are_loaded_is_told_in_a_line(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", PRESSED, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 130
    assert run.stderr == "interrupted: run the same command to go on\n"


def test_the_command_begins_where_interrupts_are_caught() -> None:
    assert "cxdata.cli.entry" in Path(sys.executable).with_name("cxdata").read_text()
