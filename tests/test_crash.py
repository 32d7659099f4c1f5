"""A build that is killed or interrupted at any moment goes on with the same command, to the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mimic_trees import write_tree
from test_build import shas
from test_pool import is_over

pytestmark = pytest.mark.slow

PATIENTS = 4_200  # two chunks of reports for the workers, and several of pictures
CXDATA = str(Path(sys.executable).with_name("cxdata"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), PATIENTS)


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed build."""
    out = tmp_path_factory.mktemp("whole")
    assert go_on(tree, out)["shards_reused"] == 0
    return out / "mimic"


def start(tree: Path, out: Path) -> subprocess.Popen[str]:
    command = [CXDATA, "build", "--source", "mimic", "--root", str(tree), "--out", str(out), "--workers", "2", "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def go_on(tree: Path, out: Path) -> dict[str, Any]:
    said, _ = (process := start(tree, out)).communicate(timeout=120)
    assert process.returncode == 0
    result: dict[str, Any] = json.loads(said)[0]
    return result


def until(process: subprocess.Popen[str], words: str) -> str:
    """Read what the build says up to a line with these words."""
    assert process.stderr is not None
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


def finished(home: Path) -> dict[str, tuple[int, int]]:
    """The files of the units that stand in the ledger: time of change and inode."""
    records = [json.loads(path.read_text()) for path in (home / ".cxdata" / "units").glob("[a-z]*.json")]
    files = [home / shard[0] for record in records for shard in record["shards"]]
    return {str(file.relative_to(home)): (file.stat().st_mtime_ns, file.stat().st_ino) for file in files}


MOMENTS = {  # a line of the build (None: its start), seconds after it, and who is killed
    "at the start": (None, 0.35, "parent"),
    "while reports are read": (None, 0.9, "group"),
    "while reports are read by workers": (None, 0.9, "parent"),
    "after reading": ("reader", 0.0, "group"),
    "within a task": ("reader", 0.15, "parent"),
    "between tasks": ("samples/disease_open", 0.0, "group"),
    "within the last task": ("samples/impression_generation", 0.02, "parent"),
    "while pictures are looked at": ("samples/findings_summarization", 0.4, "group"),
    "while pictures are looked at by workers": ("samples/findings_summarization", 0.4, "parent"),
    "near the end": ("images/00000", 0.0, "group"),
    "at the end": ("left-out", 0.003, "parent"),
}


@pytest.mark.parametrize(("after", "seconds", "whom"), MOMENTS.values(), ids=list(MOMENTS))
def test_killed_and_run_again(
    tree: Path, whole: Path, tmp_path: Path, after: str | None, seconds: float, whom: str
) -> None:
    process = start(tree, tmp_path)
    if after is not None:
        until(process, f"mimic: {after}")
    time.sleep(seconds)
    (os.killpg if whom == "group" else os.kill)(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert is_over(process.pid)

    home = tmp_path / "mimic"
    assert process.returncode != 0 or (home / "build.json").exists()
    kept = finished(home) if home.exists() else {}
    result = go_on(tree, tmp_path)
    assert {file: stamp for file, stamp in finished(home).items() if file in kept} == kept
    if after is not None:
        assert any(file.startswith("facets/") for file in kept)
    assert result["shards_reused"] >= sum(not file.startswith("facets/") for file in kept)
    assert shas(home) == shas(whole)
    assert (home / "build.json").read_bytes() == (whole / "build.json").read_bytes()
    assert not list(home.rglob(".tmp-*"))


@pytest.mark.parametrize("whom", ["group", "parent"])
@pytest.mark.parametrize(("after", "seconds"), [(None, 1.2), ("reader", 0.1), ("samples/findings_summarization", 0.4)])
def test_interrupted_and_run_again(
    tree: Path, whole: Path, tmp_path: Path, after: str | None, seconds: float, whom: str
) -> None:
    process = start(tree, tmp_path)
    if after is not None:
        until(process, f"mimic: {after}")
    time.sleep(seconds)
    (os.killpg if whom == "group" else os.kill)(process.pid, signal.SIGINT)
    out, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "run the same command to go on" in said
    assert "Traceback" not in said
    assert out == ""
    assert is_over(process.pid)
    assert not (tmp_path / "mimic" / "build.json").exists()
    assert not list(tmp_path.rglob(".tmp-*")), "an interrupt, unlike a kill, leaves no temporary file"
    go_on(tree, tmp_path)
    assert shas(tmp_path / "mimic") == shas(whole)


def test_two_at_once_are_one_and_a_refusal(tree: Path, whole: Path, tmp_path: Path) -> None:
    first, second = start(tree, tmp_path), start(tree, tmp_path)
    said = [process.communicate(timeout=120)[1] for process in (first, second)]
    codes = [first.returncode, second.returncode]
    assert sorted(codes) == [0, 3]
    assert "another build is writing to this folder" in said[codes.index(3)]
    assert shas(tmp_path / "mimic") == shas(whole)


def test_one_worker_and_two_write_the_same(tree: Path, whole: Path, tmp_path: Path) -> None:
    command = [CXDATA, "build", "--source", "mimic", "--root", str(tree), "--out", str(tmp_path), "--workers", "1"]
    subprocess.run(command, check=True, capture_output=True)
    assert shas(tmp_path / "mimic") == shas(whole)
