from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from mimic_trees import CROSSED_TASKS, LABEL_TASKS, REPORT_TASKS
from typer.testing import CliRunner, Result

from cxdata.cli import phantom, sources
from cxdata.cli.phantom_folder import MARK
from cxdata.cli.sources import feeds
from cxdata.model.errors import CxdataError, RefusedError, UsageError
from cxdata.sources import discovery
from cxdata.sources.discovery import source
from cxdata.sources.roots import locate

KEYS = {
    "slug", "title", "access", "licence", "restricted", "requires", "same_patients_as", "layouts", "tasks", "facets",
    "official_counts",
}  # fmt: skip
MIMIC = source("mimic").manifest
LABELLED = (*LABEL_TASKS, *CROSSED_TASKS)
FEW = ("--source", "mimic", "--patients", "4")
FULL_DISK = """\
from __future__ import annotations

import errno

def write(spec):
    (spec.out / "half").write_text("half")
    raise OSError(errno.ENOSPC, "no space", str(spec.out / "half"))
"""
TINY = """\
from __future__ import annotations

def write(spec):
    (spec.out / "patients.txt").write_text(f"{spec.layout.name} {spec.patients} {spec.seed}")
"""


@pytest.fixture(autouse=True)
def _bare_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in ("CXDATA_SEED", "CXDATA_INCLUDE_PATH"):
        monkeypatch.delenv(name, raising=False)


def run(verb: ModuleType, *arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command(verb.NAME)(verb.run)
    return CliRunner().invoke(app, list(map(str, arguments)))


def told(*arguments: str | Path) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = json.loads(run(sources, *arguments, "--json").stdout)
    return value


def outside(folder: Path, slug: str, phantom_code: str, requires: str = "[]") -> Path:
    """A source outside the package: the facts of mimic under another slug, with a phantom of its own."""
    home = folder / slug.replace("-", "_")
    home.mkdir(parents=True)
    facts = (Path(discovery.__file__).parent / "mimic" / "manifest.yaml").read_text()
    (home / "manifest.yaml").write_text(facts.replace("slug: mimic", f"slug: {slug}\nrequires: {requires}", 1))
    (home / "__init__.py").write_text("")
    (home / "phantom.py").write_text(phantom_code)
    return home


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_source_is_listed() -> None:
    result = run(sources)
    assert result.exit_code == 0
    assert all(slug in result.stdout for slug in discovery.sources())


def test_json_holds_the_keys_that_others_rely_on() -> None:
    listed = told()
    assert [one["slug"] for one in listed] == list(discovery.sources())
    assert all(set(one) >= KEYS for one in listed)
    assert all(isinstance(layout, str) for one in listed for layout in one["layouts"])


def test_json_of_one_source_is_a_list_of_one() -> None:
    (only,) = told("mimic")
    assert only["official_counts"][0]["value"] == 377_110
    fed = {file["name"]: file["feeds"] for file in only["files"]}
    assert fed["mimic-cxr-reports"] == list(REPORT_TASKS)


def test_a_card_shows_what_to_download_from_where_how_large_and_what_for() -> None:
    card = run(sources, "mimic").stdout
    for part in MIMIC.parts.values():
        assert part.home.url in card
        assert part.home.size in card
    for text in [layout.name for layout in MIMIC.layouts] + [spec.name for spec in MIMIC.files] + list(MIMIC.tasks):
        assert text in card
    for text in (MIMIC.licence, "227,835", "--option mimic.labels=negbio", "CXDATA_ROOT_MIMIC"):
        assert text in card


@pytest.mark.parametrize(
    ("file", "fed"),
    [
        ("mimic-cxr-2.0.0-metadata", MIMIC.tasks),
        ("mimic-cxr-2.0.0-chexpert", LABELLED),
        ("mimic-cxr-2.1.0-test-set-labeled", LABELLED[:-1]),
        ("files", MIMIC.tasks[:-1]),
        ("SHA256SUMS", ()),
    ],
)
def test_a_file_feeds_its_tasks(file: str, fed: tuple[str, ...]) -> None:
    assert feeds(MIMIC, MIMIC.file(file)) == list(fed)


def test_an_unknown_source_is_wrong_use() -> None:
    result = run(sources, "mimick")
    assert isinstance(result.exception, UsageError)
    assert "mimic" in str(result.exception.mend)


def test_a_phantom_is_found_as_its_first_layout(tmp_path: Path) -> None:
    assert run(phantom, *FEW, "--out", tmp_path / "data").exit_code == 0
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["mimic"]
    found = locate(MIMIC, [tmp_path / "data"])
    assert found is not None
    assert found.layout == MIMIC.layouts[0].name


def test_all_layouts_lie_side_by_side(tmp_path: Path) -> None:
    outside(tmp_path, "tiny-all", TINY)
    run(phantom, "--source", "tiny-all", "--include-path", tmp_path, "--out", "data", "--layout", "all")
    assert sorted(path.name for path in Path("data").iterdir()) == sorted(
        f"tiny-all-{one.name}" for one in MIMIC.layouts
    )
    assert Path("data/tiny-all-merged/patients.txt").read_text() == "merged 40 0"


def test_one_layout_may_be_named(tmp_path: Path) -> None:
    outside(tmp_path, "tiny-one", TINY)
    run(
        phantom,
        "--source",
        "tiny-one",
        "--include-path",
        tmp_path,
        "--out",
        "data",
        "--layout",
        "merged",
        "--seed",
        "7",
    )
    assert Path("data/tiny-one/patients.txt").read_text() == "merged 40 7"


def test_a_second_time_nothing_is_written(tmp_path: Path) -> None:
    arguments = (*FEW, "--out", tmp_path / "data")
    run(phantom, *arguments)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    result = run(phantom, *arguments)
    assert result.exit_code == 0
    assert "is there already" in result.stderr
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")} == before


def test_the_same_order_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(phantom, *FEW, "--out", tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("other", [("--seed", "1"), ("--patients", "5"), ("--layout", "merged")])
def test_another_phantom_is_refused_and_the_first_stays(other: tuple[str, str], tmp_path: Path) -> None:
    outside(tmp_path, f"tiny-{other[0][2:]}", TINY)
    arguments = ("--source", f"tiny-{other[0][2:]}", "--include-path", tmp_path, "--out", "data", "--patients", "4")
    run(phantom, *arguments)
    before = contents(Path("data"))
    result = run(phantom, *arguments, *other)
    assert isinstance(result.exception, RefusedError)
    assert other[0][2:] in result.exception.what
    assert contents(Path("data")) == before


def test_a_phantom_that_was_changed_is_refused(tmp_path: Path) -> None:
    outside(tmp_path, "tiny-changed", TINY)
    arguments = ("--source", "tiny-changed", "--include-path", tmp_path, "--out", "data")
    run(phantom, *arguments)
    Path("data/tiny-changed/mine.txt").write_text("mine")
    result = run(phantom, *arguments)
    assert isinstance(result.exception, RefusedError)
    assert "rm -r" in str(result.exception.mend)
    assert Path("data/tiny-changed/mine.txt").exists()


def test_a_folder_of_something_else_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    outside(tmp_path, "tiny-stranger", TINY)
    Path("data/tiny-stranger-sectioned").mkdir(parents=True)
    Path("data/tiny-stranger-sectioned/thesis.txt").write_text("mine")
    result = run(
        phantom, "--source", "tiny-stranger", "--include-path", tmp_path, "--out", "data", "--layout", "all"
    )  # fmt: skip
    assert isinstance(result.exception, RefusedError)
    assert list(contents(Path("data"))) == ["tiny-stranger-sectioned/thesis.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    outside(tmp_path, "tiny-empty", TINY)
    Path("data/tiny-empty").mkdir(parents=True)
    assert run(phantom, "--source", "tiny-empty", "--include-path", tmp_path, "--out", "data").exit_code == 0
    assert set(contents(Path("data/tiny-empty"))) == {"patients.txt", MARK}


def test_a_full_disk_leaves_nothing_half(tmp_path: Path) -> None:
    outside(tmp_path, "full-disk", FULL_DISK)
    result = run(phantom, "--source", "full-disk", "--include-path", tmp_path, "--out", "data")
    assert isinstance(result.exception, CxdataError)
    assert "--out" in str(result.exception.mend)
    assert list(Path("data").iterdir()) == []


def test_what_a_killed_process_left_is_taken_away(tmp_path: Path) -> None:
    outside(tmp_path, "tiny-killed", TINY)
    Path("data/.tmp-tiny-killed").mkdir(parents=True)
    Path("data/.tmp-tiny-killed/half").write_text("half")
    assert run(phantom, "--source", "tiny-killed", "--include-path", tmp_path, "--out", "data").exit_code == 0
    assert set(contents(Path("data"))) == {"tiny-killed/patients.txt", f"tiny-killed/{MARK}"}


def test_a_derived_source_comes_with_its_parent(tmp_path: Path) -> None:
    outside(tmp_path, "tiny-parent", TINY)
    outside(tmp_path, "tiny-child", TINY, requires="[tiny-parent]")
    arguments = ("--source", "tiny-child", "--include-path", tmp_path, "--out", "data", "--seed", "3")
    assert run(phantom, *arguments).exit_code == 0
    assert Path("data/tiny-parent/patients.txt").read_text() == Path("data/tiny-child/patients.txt").read_text()
    assert isinstance(run(phantom, *arguments, "--patients", "9").exception, RefusedError)


def test_an_unknown_layout_is_wrong_use_and_names_the_known_ones() -> None:
    result = run(phantom, "--source", "mimic", "--out", "data", "--layout", "floppy")
    assert isinstance(result.exception, UsageError)
    assert "merged" in str(result.exception.mend)
    assert not Path("data").exists()
