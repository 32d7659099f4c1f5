"""Every source side by side, as users have them: each is found without being told, and no person stands in two splits."""

from __future__ import annotations

import json
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
    run("build", *ALL, *roots, "--out", folder / "cx", "--images", "none", "--workers", 1)
    return folder / "cx"


def test_no_person_of_any_phantom_stands_in_two_splits(cx: Path) -> None:
    found = run("split-check", cx, "--json")
    assert found["ok"]
    assert set(found["matrix"]) >= set(KNOWN)
    assert not any(n for row in found["matrix"].values() for n in row.values())


def test_a_patient_whom_two_sources_split_otherwise_is_moved_and_the_row_says_why(cx: Path, tmp_path: Path) -> None:
    """The picture 00000013_005 of ChestX-ray14 is the second of the list of ChestX-Det; here it is test there."""
    patient, picture = _one_pair()
    for slug, key, split in (("chestxray14", f"nih:{patient}", "train"), ("chestx-det", f"chestx-det:{picture}", "test")):
        _with_a_patient(cx, tmp_path / "cx", slug, key, split)
    before = run("split-check", cx, "--json")["official"]["chestx-det"]["chestxray14"]
    found = run("split-check", tmp_path / "cx", "--json")
    assert found["ok"]
    assert found["official"]["chestx-det"]["chestxray14"] == before + 1
    (tmp_path / "all.yaml").write_text(
        "stage: closed\nstages: [closed]\nreferences: [R1, R2, R3, R4, R5]\nbalanced: false\ncaps: {}\n"
    )
    mixed = tmp_path / "mix"
    run("mix", "--stage", "closed", "--config", tmp_path / "all.yaml", "--from", tmp_path / "cx", "--out", mixed)
    rows = pl.read_parquet(mixed / "*" / "*.parquet")
    moved = rows.filter(pl.col("patient_keys").list.contains(f"nih:{patient}"))
    assert moved.height
    assert set(moved["split"]) == {"test"}
    assert set(moved["split_reason"]) != {"official"}
