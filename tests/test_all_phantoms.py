"""Every source side by side, as users have them: each is found untold, and no person stands in two splits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from cxdata.cli.app import app
from cxdata.model.errors import CxdataError
from cxdata.sources.discovery import sources

pytestmark = pytest.mark.slow
KNOWN = sources()
ALL = [word for slug in KNOWN for word in ("--source", slug)]


def run(*arguments: object, codes: tuple[int, ...] = (0,)) -> Any:
    """The verb's JSON, where it has any."""
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, CxdataError):
        raise result.exception
    assert result.exit_code in codes, result.output
    return json.loads(result.stdout) if "--json" in arguments else None


def test_doctor_finds_each_layout_of_each_source_in_one_folder(tmp_path: Path) -> None:
    run("phantom", *ALL, "--out", tmp_path / "data", "--layout", "all", "--patients", 4)
    found = run("doctor", tmp_path / "data", "--checksums", "none", "--json", codes=(0, 1))
    there = [(one["source"], one["layout"], Path(one["root"])) for one in found if one["found"]]
    told = {(slug, layout, root.relative_to(tmp_path / "data").parts[0]) for slug, layout, root in there}
    assert told == {
        (slug, layout.name, f"{slug}-{layout.name}")
        for slug, source in KNOWN.items()
        for layout in source.manifest.layouts
    }
    assert len(there) == len(told), "a download is found twice"
    # The folders themselves may be called after their source: the same under other names.
    for nth, folder in enumerate(sorted((tmp_path / "data").iterdir())):
        folder.rename(tmp_path / "data" / f"download{nth:03d}")
    again = run("doctor", tmp_path / "data", "--checksums", "none", "--json", codes=(0, 1))
    assert sorted((one["source"], one["layout"]) for one in again if one["found"]) == sorted(
        (slug, layout) for slug, layout, _ in there
    )


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds of every source's phantom."""
    folder = tmp_path_factory.mktemp("all")
    run("phantom", *ALL, "--out", folder / "data", "--patients", 20)
    roots = [word for slug in KNOWN for word in ("--root", f"{slug}={folder / 'data' / slug}")]
    run("build", *ALL, *roots, "--out", folder / "cx", "--images", "path", "--workers", 1)
    return folder / "cx"


def test_no_person_of_any_phantom_stands_in_two_splits(cx: Path) -> None:
    found = run("split-check", cx, "--json")
    assert found["ok"]
    assert set(found["matrix"]) >= set(KNOWN)
    assert not any(n for row in found["matrix"].values() for n in row.values())


def test_a_patient_whom_two_sources_split_otherwise_is_moved_and_the_row_says_why(cx: Path, tmp_path: Path) -> None:
    """ChestX-Det's picture 36199 is of patient 3 of ChestX-ray14: test there, train here."""
    for slug, key, split in (("chestxray14", "nih:3", "train"), ("chestx-det", "chestx-det:36199", "test")):
        planted(cx / slug, tmp_path / "cx" / slug, key, split)
    assert run("split-check", cx, "--json")["official"]["chestx-det"]["chestxray14"] == 0
    found = run("split-check", tmp_path / "cx", "--json")
    assert found["ok"]
    assert found["official"]["chestx-det"]["chestxray14"] == 1
    (tmp_path / "all.yaml").write_text(f"stage: open\nstages: [open, closed]\nbalanced: false\n{EVERY_ROW}")
    mixed = ("--stage", "open", "--config", tmp_path / "all.yaml", "--images", "embed", "--json")
    run("mix", *mixed, "--from", tmp_path / "cx", "--out", tmp_path / "mix")
    rows = pl.read_parquet(tmp_path / "mix" / "*" / "*.parquet")
    moved = rows.filter(pl.col("patient_keys").list.contains("nih:3"))
    assert moved.height
    assert set(moved["split"]) == {"test"}
    assert set(moved["split_reason"]) == {"strictest official split: chestx-det"}
    of_train = pl.read_parquet(tmp_path / "cx/chestxray14/samples/*.parquet").filter(patient_key="nih:3")
    assert set(of_train["split"]) == {"train"}


EVERY_ROW = "test_rows: null\nval_rows: null\n"


def planted(home: Path, copy: Path, key: str, split: str) -> None:
    """A copy of a build in which the patient of that split who has most samples bears another key."""
    shutil.copytree(home, copy)
    samples = pl.read_parquet(home / "samples" / "*.parquet").filter(pl.col("split_official") == split)
    of_one = samples.filter(pl.col("patient_keys").list.len() == 1)
    old = of_one["patient_key"].value_counts(sort=True).sort("count", "patient_key", descending=[True, False])[0, 0]
    for file in [copy / "patients.parquet", *(copy / "samples").glob("*"), *(copy / "images").glob("*")]:
        frame = pl.read_parquet(file)
        changed = [pl.col("patient_key").replace(old, key)] if "patient_key" in frame.columns else []
        if "patient_keys" in frame.columns:
            changed.append(pl.col("patient_keys").list.eval(pl.element().replace(old, key)))
        frame.with_columns(changed).write_parquet(file)
