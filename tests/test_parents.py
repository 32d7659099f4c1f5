"""A source that stands on another: what it is handed, what it depends on, what is said when the other is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import KNOWN, OUTSIDE, build_source, write_phantom
from typer.testing import CliRunner

from cxdata.cli.app import app
from cxdata.model.errors import CxdataError

CHILD = KNOWN["yes-no-openi"]
PARENT = KNOWN["openi"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantoms of the source and of its parent, 12 patients, side by side."""
    return write_phantom(CHILD, tmp_path_factory.mktemp("both"), 12)


def told(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [*map(str, arguments), "--include-path", str(OUTSIDE)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return json.loads(result.stdout)


def test_the_child_shows_the_parents_pictures_and_takes_its_splits(both: Path, tmp_path: Path) -> None:
    result = build_source(CHILD, both, tmp_path / "child", images="path")
    build_source(PARENT, both, tmp_path / "parent", images="path")
    rows = pl.read_parquet(tmp_path / "child" / "samples" / "*.parquet")
    shown = pl.read_parquet(tmp_path / "child" / "images" / "*.parquet")
    theirs = pl.read_parquet(tmp_path / "parent" / "facets" / "images.parquet")
    patients = pl.read_parquet(tmp_path / "parent" / "patients.parquet")
    assert set(shown["image_id"]) <= set(theirs["image_id"])
    assert set(shown["root_id"]) == {f"openi.{part}" for part in theirs["root_id"].unique()}
    assert result["pictures"]["ok"] > 0
    assert set(rows["patient_key"]) <= set(patients["patient_key"])
    assert set(rows["sample_id"].str.split("/").list.first()) == {"yes-no-openi"}


def test_pictures_of_the_parent_can_be_stored(both: Path, tmp_path: Path) -> None:
    build_source(CHILD, both, tmp_path / "b", images="embed", max_side=64)
    stored = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet").filter(pl.col("status") == "ok")
    assert stored.height
    assert stored["bytes"].null_count() == 0


def test_the_parents_files_are_inputs_of_the_build_as_reference(both: Path, tmp_path: Path) -> None:
    inputs = build_source(CHILD, both, tmp_path / "b")["inputs"]
    theirs = [entry for entry in inputs if entry["role"] == "reference"]
    assert [entry["file"] for entry in theirs] == ["openi/indiana_projections.csv", "openi/NLMCXR_reports.tgz"]
    assert all(entry["rows_read"] is None and len(entry["sha256"]) == 64 for entry in theirs)
    assert [entry["file"] for entry in inputs if entry["role"] == "data"] == ["questions.json"]


def test_a_changed_parent_is_read_again_and_an_unchanged_one_is_not(both: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(both, root)
    build_source(CHILD, root, tmp_path / "b")
    assert build_source(CHILD, root, tmp_path / "b")["shards_written"] == 0
    shutil.rmtree(root / "openi")
    write_phantom(PARENT, root / "openi", 6)
    fewer = build_source(CHILD, root, tmp_path / "b")
    assert fewer["shards_written"] > 0
    assert fewer["rejects"]["picture_not_in_parent"] > 1


def test_a_missing_parent_is_named_with_the_way_to_get_it(both: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(both / "yes-no-openi", root)
    with pytest.raises(CxdataError, match="stands on openi, of which nothing was found") as error:
        told("build", "--source", "yes-no-openi", "--root", root, "--out", tmp_path / "cx", "--json")
    assert "--root openi=DIR" in str(error.value)
    assert PARENT.manifest.parts["png"].home.url in str(error.value)
    assert not (tmp_path / "cx").exists()


def test_a_file_that_the_parent_lacks_is_named(both: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(both, root)
    (root / "openi" / "NLMCXR_reports.tgz").unlink()
    with pytest.raises(CxdataError, match="openi: the required file reports is missing"):
        build_source(CHILD, root, tmp_path / "b")


def test_from_phantom_to_mix_on_the_command_line(tmp_path: Path) -> None:
    runner = CliRunner()
    phantom = ["phantom", "--source", "yes-no-openi", "--out", str(tmp_path / "d"), "--patients", "16"]
    assert runner.invoke(app, [*phantom, "--include-path", str(OUTSIDE)]).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["openi", "yes-no-openi"]
    (built,) = told("build", "--source", "yes-no-openi", "--root", tmp_path / "d", "--out", tmp_path / "cx", "--json")
    assert built["samples"]["by_task"] == {"visual_question_answering": built["samples"]["total"]}
    sample = pl.read_parquet(tmp_path / "cx/yes-no-openi/samples/*.parquet")["sample_id"][0]
    found = told("explain", sample, "--in", tmp_path / "cx", "--json")
    assert all(Path(picture["file"]).is_file() for picture in found["pictures"] if picture["status"] == "ok")
    assert found["origin"]["cells"]["question"]


def test_all_layouts_of_the_child_come_with_one_parent(tmp_path: Path) -> None:
    phantom = ["phantom", "--source", "yes-no-openi", "--source", "openi", "--out", str(tmp_path), "--patients", "4"]
    assert CliRunner().invoke(app, [*phantom, "--layout", "all", "--include-path", str(OUTSIDE)]).exit_code == 0
    written = {path.name for path in tmp_path.iterdir()}
    assert written >= {"yes-no-openi-plain", "yes-no-openi-packed", "openi-nlm-png"}
