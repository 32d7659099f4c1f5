"""`cxdata new-source`: what it lays out builds as it stands, and `--include-path` is taken by every verb."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from cxdata.cli import new_source
from cxdata.cli.app import app
from cxdata.model.errors import CxdataError, RefusedError, UsageError
from cxdata.sources.discovery import sources

VERBS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, CxdataError):
        raise result.exception
    return result


def test_the_folder_passes_its_own_test(tmp_path: Path) -> None:
    told = run("new-source", "my-hospital", "--out", tmp_path / "mine")
    files = [Path(line) for line in told.stdout.splitlines()]
    assert {file.name for file in files} == {
        "__init__.py", "manifest.yaml", "labels.yaml", "reader.py", "phantom.py", "NOTES.md", "test_my_hospital.py",
    }  # fmt: skip
    assert not [file.name for file in files if "one-table" in file.read_text() or "one_table" in file.read_text()]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(files[0].parent)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_example_is_no_source_of_the_package() -> None:
    assert "one-table" not in sources()
    assert "one-table" in sources([new_source.STARTER.parent])


def test_the_official_count_of_the_example_is_that_of_its_phantom(tmp_path: Path) -> None:
    outside = ("--include-path", new_source.STARTER)
    run("phantom", "--source", "one-table", "--out", tmp_path, *outside)
    count = sources([new_source.STARTER])["one-table"].manifest.official_counts[0].value
    assert len((tmp_path / "one-table/one-table.csv").read_text().splitlines()) - 1 == count


@pytest.mark.parametrize("name", ["My-Hospital", "my_hospital", "4d", "a--b", "-a", "a/b", ""])
def test_a_name_that_is_no_slug_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a source"):
        new_source.run(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "why"), [("mimic", "is called 'mimic' already"), ("json", "a module called 'json'")])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        run("new-source", name, "--out", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "my_hospital").mkdir()
    with pytest.raises(RefusedError, match="is there already"):
        run("new-source", "my-hospital", "--out", tmp_path)
    assert [*tmp_path.rglob("*")] == [tmp_path / "my_hospital"]
    run("new-source", "other", "--out", tmp_path)
    with pytest.raises(UsageError, match="is called 'other' already"):
        run("new-source", "other", "--out", tmp_path)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_the_path_of_sources_outside(verb: str) -> None:
    flags = {flag for one in get_command(app).commands[verb].params for flag in one.opts}  # type: ignore[attr-defined]
    assert "--include-path" in flags
