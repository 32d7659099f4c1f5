from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from mimic_trees import (
    CHEXPERT,
    CROSSED_TASKS,
    JPG,
    LABEL_TASKS,
    METADATA,
    NEGBIO,
    REPORT_TASKS,
    SPLIT,
    TABLES,
    VIEW_TASKS,
    ZIP,
    Cli,
    Rows,
    cli_in,
    copy_of,
    edit,
    pictures,
    read_rows,
    write_table,
    write_tree,
)

from cxdata.build import keys
from cxdata.build.config import BuildConfig, PicturesConfig
from cxdata.build.folder import SHARD_FOLDERS
from cxdata.build.progress import Silent
from cxdata.build.run import Request, build
from cxdata.check.doctor import examine
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import file_sha256
from cxdata.sources.base import Source
from cxdata.sources.roots import locate
from cxdata.tasks.base import tasks

PATIENTS = 12


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A download to be left as it is."""
    root = write_tree(tmp_path_factory.mktemp("tree"), PATIENTS)
    shutil.copy(root / CHEXPERT, root / NEGBIO)
    return root


@pytest.fixture(scope="module")
def built(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of it, in path mode, to be left as it is."""
    from cxdata.sources.discovery import sources

    home = tmp_path_factory.mktemp("built") / "mimic"
    build_source(sources()["mimic"], tree, home, images="path")
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A copy of the build, to work on; `cxdata build --out cx` finds it."""
    return copy_of(built, tmp_path / "cx" / "mimic")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    yield from cli_in(tmp_path, monkeypatch, capsys)


def shas(home: Path, *parts: str) -> dict[str, str]:
    files = [file for part in parts or SHARD_FOLDERS for file in (home / part).rglob("*.parquet")]
    files += [home / "patients.parquet"] if not parts else []
    return {str(file.relative_to(home)): file_sha256(file) for file in files}


def stamps(home: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(home)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in home.rglob("*")
        if path.is_file() and ".cxdata" not in path.parts
    }


def samples(home: Path) -> pl.DataFrame:
    return pl.read_parquet(home / "samples" / "*.parquet").sort("sample_id")


def told(home: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((home / "build.json").read_text())
    return content


def other_label(rows: Rows) -> Rows:
    """The first study's first finding turned."""
    return [rows[0], [*rows[1][:2], "0.0" if rows[1][2] == "1.0" else "1.0", *rows[1][3:]], *rows[2:]]


def test_the_tree_feeds_every_task(mimic: Source, built: Path) -> None:
    assert all(told(built)["samples"]["by_task"][task] for task in mimic.manifest.tasks if task not in CROSSED_TASKS)


def test_a_second_build_touches_no_file(mimic: Source, tree: Path, home: Path) -> None:
    before = stamps(home)
    again = build_source(mimic, tree, home, images="path")
    assert (again["shards_written"], again["shards_reused"]) == (0, len(again["shards"]))
    assert stamps(home) == before


def test_a_second_build_says_so(cli: Cli, tree: Path, home: Path) -> None:
    run = cli.build(tree)
    assert run.code == 0
    assert f"0 files written, {len(told(home)['shards'])} reused" in run.err


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["--seed", 1], ["seed"]),
        (["--limit", 3], ["limit"]),
        (["--split", "val"], ["split"]),
        (["--tasks", "disease_open"], ["tasks"]),
        (["--label-policy", "u-ones"], ["label_policy"]),
        (["--option", "mimic.labels=negbio"], ["options"]),
        (["--seed", 1, "--limit", 3], ["seed", "limit"]),
    ],
)
def test_another_config_is_refused_by_name(
    cli: Cli, tree: Path, home: Path, asked: list[Any], names: list[str]
) -> None:
    before = stamps(home)
    run = cli.build(tree, *asked)
    assert run.code == 3
    assert all(f"{name} is " in run.err for name in names)
    assert str(home) in run.err
    assert "mend:" in run.err
    assert stamps(home) == before


def test_the_order_of_tasks_is_no_other_config(cli: Cli, tree: Path) -> None:
    assert cli.build(tree, "--tasks", "disease_open,disease_binary").code == 0
    run = cli.build(tree, "--tasks", "disease_binary, disease_open")
    assert run.code == 0
    assert "0 files written" in run.err


def test_a_moved_root_is_the_same_build(mimic: Source, tree: Path, home: Path, tmp_path: Path) -> None:
    shutil.copytree(tree, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert build_source(mimic, tmp_path / "elsewhere", home, images="path")["shards_written"] == 0


def test_a_file_of_the_same_size_and_time_elsewhere_is_another(mimic: Source, tree: Path, tmp_path: Path) -> None:
    roots = [copy_of(tree, tmp_path / name) for name in ("one", "other")]
    tables = [root / CHEXPERT.with_suffix("") for root in roots]
    rows = read_rows(tree / CHEXPERT)
    for root, table, content in zip(roots, tables, (rows, other_label(rows)), strict=True):
        (root / CHEXPERT).unlink()
        write_table(table, content)
        os.utime(table, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))
    assert tables[0].stat().st_size == tables[1].stat().st_size
    build_source(mimic, roots[0], tmp_path / "b")
    assert build_source(mimic, roots[1], tmp_path / "b")["shards_written"] > 0


def test_none_then_path_over_the_same_folder(mimic: Source, tree: Path, built: Path, tmp_path: Path) -> None:
    home = tmp_path / "b"
    none = build_source(mimic, tree, home, images="none")
    assert none["pictures"] == {"unchecked": 2 * PATIENTS}
    assert shas(home, "samples") == shas(built, "samples") != {}
    path = build_source(mimic, tree, home, images="path")
    assert path["pictures"] == {"ok": 2 * PATIENTS}
    assert path["shards_written"] == 1
    assert shas(home) == shas(built)


def test_none_needs_no_picture_on_disk(mimic: Source, built: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "bare", PATIENTS, files=False)
    shutil.copy(tmp_path / "bare" / CHEXPERT, tmp_path / "bare" / NEGBIO)
    build_source(mimic, tmp_path / "bare", tmp_path / "b", images="none")
    assert shas(tmp_path / "b", "samples") == shas(built, "samples")


def test_a_picture_mended_later_is_seen(mimic: Source, tree: Path, tmp_path: Path) -> None:
    root, home = copy_of(tree, tmp_path / "d"), tmp_path / "b"
    shot = root / JPG / pictures(PATIENTS)[0].path
    whole = shot.read_bytes()
    shot.write_bytes(whole[:-4])
    broken = build_source(mimic, root, home, images="path")
    assert broken["rejects"] == {"picture_truncated": 1}
    shot.write_bytes(whole)
    mended = build_source(mimic, root, home, images="path")
    assert mended["rejects"] == {}
    assert mended["shards_written"] == 1
    assert not list((home / "rejects").glob("*"))


def test_samples_with_a_picture_that_cannot_be_read_stay_and_are_told(
    cli: Cli, mimic: Source, tree: Path, built: Path, tmp_path: Path
) -> None:
    root = copy_of(tree, tmp_path / "d")
    for k, shot in enumerate(pictures(PATIENTS)[:2]):  # both pictures of one study: rows that show two count once
        path = root / JPG / shot.path
        path.unlink() if k else path.write_bytes(path.read_bytes()[:-4])
    run = cli.build(root)
    home = tmp_path / "cx" / "mimic"
    bad = [f"mimic:{shot.dicom}" for shot in pictures(PATIENTS)[:2]]
    hit = samples(home).filter(pl.col("image_ids").list.eval(pl.element().is_in(bad)).list.any()).height
    told_of = told(home)["samples"]
    assert told_of["with_unreadable_picture"] == hit > 0
    assert samples(home).equals(samples(built))
    line = f"{hit} of {told_of['total']} samples show a picture that cannot be read"
    assert sum(line in said for said in run.err.splitlines()) == 1
    assert line in (home / "README.md").read_text()
    verdict = cli("validate", home)
    assert (verdict.code, line in verdict.err) == (0, True)
    none = build_source(mimic, root, home, images="none")
    assert none["samples"]["with_unreadable_picture"] == 0
    assert (
        none["notes"][-1] == "pictures were not checked (--images none): with_unreadable_picture is 0 for that reason"
    )


def test_a_whole_download_has_nothing_to_note_but_the_tasks_that_it_is_too_small_for(built: Path) -> None:
    small = told(built)["tasks_without_samples"]
    assert set(small) <= {"image_text_selection", "temporal_progression"}
    assert [note.split()[1] for note in told(built)["notes"]] == small
    assert told(built)["samples"]["with_unreadable_picture"] == 0


def test_a_wrong_count_of_unreadable_pictures_is_a_problem(cli: Cli, home: Path) -> None:
    content = told(home)
    content["samples"]["with_unreadable_picture"] = 3
    (home / "build.json").write_text(json.dumps(content))
    run = cli("validate", home)
    assert run.code == 1
    assert "samples.with_unreadable_picture count says 3, there are 0" in run.out


def test_a_task_that_gives_no_sample_is_told(cli: Cli, tree: Path, tmp_path: Path) -> None:
    root = copy_of(tree, tmp_path / "d")
    edit(root / CHEXPERT, lambda rows: [rows[0], *([*row[:2], *[""] * 14] for row in rows[1:])])
    run = cli.build(root, "--tasks", "disease_open,view_classification")
    assert run.code == 0
    assert told(tmp_path / "cx" / "mimic")["tasks_without_samples"] == ["disease_open"]
    assert "warning: disease_open was asked and gave no sample" in run.err


def test_cells_that_cannot_be_read_are_told(cli: Cli, tree: Path, tmp_path: Path) -> None:
    root = copy_of(tree, tmp_path / "d")
    edit(root / CHEXPERT, lambda rows: [rows[0], [*rows[1][:2], "7", "x", *rows[1][4:]], *rows[2:]])
    assert f"2 cells could not be read and count as unknown: {CHEXPERT.name} 2" in cli.build(root).err


@pytest.mark.parametrize("out", [".", "below/cx", "files"])
def test_an_output_inside_the_download_is_refused(cli: Cli, tree: Path, tmp_path: Path, out: str) -> None:
    root = copy_of(tree, tmp_path / "d")
    (tmp_path / "link").symlink_to(root / JPG)
    before = sorted(root.rglob("*"))
    for place in (root / JPG, tmp_path / "link"):
        run = cli("build", "--source", "mimic", "--root", root, "--out", place / out)
        assert run.code == 3
        assert "inside the download" in run.err
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("patients", [1, 2, 3])
def test_the_smallest_phantoms_can_be_built_and_the_doctor_agrees(
    source: Source, patients: int, tmp_path: Path
) -> None:
    root = write_phantom(source, tmp_path / "p", patients)
    found = locate(source.manifest, [root])
    assert examine(source.manifest, found, "none", tmp_path, Silent()).is_well
    assert build_source(source, root, tmp_path / "b")["samples"]["total"] > 0


def test_without_the_cache_of_facets_nothing_is_written(mimic: Source, tree: Path, home: Path) -> None:
    shutil.rmtree(home / "facets")
    before = stamps(home)
    assert build_source(mimic, tree, home, images="path")["shards_written"] == 0
    assert stamps(home) == before


@pytest.mark.parametrize("damage", ["deleted", "cut", "turned"])
@pytest.mark.parametrize("shard", ["samples/disease_open-00000-of-00001", "images/00000-of-00001", "patients"])
@pytest.mark.parametrize("facets", [True, False])
def test_a_damaged_shard_is_built_again_to_the_same_bytes(
    mimic: Source, tree: Path, home: Path, built: Path, damage: str, shard: str, facets: bool
) -> None:
    path = home / f"{shard}.parquet"
    content = path.read_bytes()
    harmed = {"deleted": None, "cut": content[:-9], "turned": bytes([content[0] ^ 1]) + content[1:]}[damage]
    path.unlink() if harmed is None else path.write_bytes(harmed)
    if not facets:
        shutil.rmtree(home / "facets")
    again = build_source(mimic, tree, home, images="path")
    assert again["shards_written"] == 1
    assert shas(home) == shas(built)


def test_a_changed_input_is_built_anew_and_named(
    cli: Cli, mimic: Source, tree: Path, home: Path, tmp_path: Path
) -> None:
    root = copy_of(tree, tmp_path / "d")
    edit(root / CHEXPERT, other_label)
    run = cli.build(root)
    assert run.code == 0
    assert "reader is built anew, for a change of: input mimic-cxr-2.0.0-chexpert" in run.err
    build_source(mimic, root, tmp_path / "fresh", images="path")
    assert shas(home) == shas(tmp_path / "fresh")
    assert (home / "build.json").read_bytes() == (tmp_path / "fresh" / "build.json").read_bytes()


def test_a_raised_task_version_builds_that_task_alone(
    mimic: Source, tree: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stamps(home)
    raised = dataclasses.replace(tasks()["disease_open"], version=99)
    monkeypatch.setitem(tasks(), "disease_open", raised)
    again = build_source(mimic, tree, home, images="path")
    changed = {name for name, stamp in stamps(home).items() if stamp != before[name]}
    assert again["shards_written"] == 1
    assert changed == {"samples/disease_open-00000-of-00001.parquet", "build.json", "README.md", "croissant.json"}
    assert set(samples(home).filter(pl.col("task") == "disease_open")["task_version"]) == {99}


def test_a_raised_reader_version_builds_all_anew(
    mimic: Source, tree: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mimic.reader, "VERSION", 99)
    build_source(mimic, tree, home, images="path")
    assert set(samples(home)["reader_version"]) == {99}


def test_a_folder_of_an_earlier_schema_is_built_anew(
    cli: Cli, tree: Path, built: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "SCHEMA_VERSION", 0)
    assert cli.build(tree).code == 0
    monkeypatch.undo()
    monkeypatch.chdir(home.parent.parent)
    run = cli.build(tree)
    assert run.code == 0
    assert "samples/disease_open is built anew, for a change of: schema version" in run.err
    assert shas(home) == shas(built)


def test_a_folder_with_an_unknown_config_is_refused(cli: Cli, tree: Path, home: Path) -> None:
    config = json.loads((home / ".cxdata" / "config.json").read_text())
    (home / ".cxdata" / "config.json").write_text(json.dumps({**config, "dropped_long_ago": 1}))
    run = cli.build(tree)
    assert run.code == 3
    assert "a version of cxdata whose config is another" in run.err


def test_a_ledger_that_cannot_be_read_is_as_none(mimic: Source, tree: Path, built: Path, home: Path) -> None:
    for record in (home / ".cxdata" / "units").glob("samples.*.json"):
        record.write_text('{"key": "of an earlier form", "shards": [["too few"]]}')
    build_source(mimic, tree, home, images="path")
    assert shas(home) == shas(built)


def whole_sets(whole: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without those whose balanced set has a row that is not among them."""
    torn = set(whole.join(rows, on="sample_id", how="anti")["set_id"]) - {None}
    return rows.filter(~pl.col("set_id").is_in(list(torn)).fill_null(False))


def test_limits_nest_and_change_no_row(mimic: Source, tree: Path, built: Path, tmp_path: Path) -> None:
    whole = samples(built)
    seen: set[str] = set()
    for limit in (2, 5, PATIENTS):
        build_source(mimic, tree, tmp_path / f"{limit}", limit=limit)
        rows = samples(tmp_path / f"{limit}")
        assert rows["patient_key"].n_unique() == limit
        assert seen < set(rows["patient_key"])
        assert rows.equals(whole_sets(whole, whole.filter(pl.col("patient_key").is_in(rows["patient_key"].implode()))))
        seen = set(rows["patient_key"])
        patients = pl.read_parquet(tmp_path / f"{limit}" / "patients.parquet")
        assert patients["patient_key"].to_list() == [f"mimic:{10_990_000 + i}" for i in range(PATIENTS)]
        assert set(patients["split_official"]) == {"train", "val", "test"}


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_split_is_the_rows_of_that_split(mimic: Source, tree: Path, built: Path, tmp_path: Path, split: Any) -> None:
    result = build_source(mimic, tree, tmp_path / "b", split=split)
    assert list(result["samples"]["by_split"]) == [split]
    assert samples(tmp_path / "b").equals(samples(built).filter(pl.col("split") == split))


def test_limit_counts_patients_of_the_split(mimic: Source, tree: Path, tmp_path: Path) -> None:
    build_source(mimic, tree, tmp_path / "b", split="val", limit=2)
    assert samples(tmp_path / "b")["patient_key"].n_unique() == 2


@pytest.mark.parametrize("asked", [("disease_open",), ("findings_summarization",), ("disease_binary", "disease_open")])
def test_tasks_are_the_rows_of_these_tasks(
    mimic: Source, tree: Path, built: Path, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    result = build_source(mimic, tree, tmp_path / "b", tasks=asked, images="path")
    assert list(result["samples"]["by_task"]) == list(asked)
    assert samples(tmp_path / "b").equals(samples(built).filter(pl.col("task").is_in(asked)))


def test_partial_leaves_tasks_out_and_a_later_build_has_them(
    mimic: Source, tree: Path, built: Path, tmp_path: Path
) -> None:
    root, home = copy_of(tree, tmp_path / "d"), tmp_path / "b"
    (root / ZIP).rename(tmp_path / "kept.zip")
    with pytest.raises(CxdataError, match="mimic-cxr-reports"):
        build_source(mimic, root, home)
    partial = build_source(mimic, root, home, partial=True, images="path")
    assert partial["tasks_not_asked"] == [{"task": task, "file": "mimic-cxr-reports"} for task in REPORT_TASKS]
    assert list(partial["samples"]["by_task"]) == [*LABEL_TASKS, *VIEW_TASKS]
    (tmp_path / "kept.zip").rename(root / ZIP)
    assert build_source(mimic, root, home, images="path")["tasks_not_asked"] == []
    assert shas(home) == shas(built)


def test_nothing_asked_is_an_error_that_binds_no_folder(cli: Cli, tree: Path, tmp_path: Path) -> None:
    root = copy_of(tree, tmp_path / "d")
    edit(root / CHEXPERT, lambda rows: [rows[0], *([*row[:2], *[""] * 14] for row in rows[1:])])
    run = cli.build(root, "--tasks", "disease_open", "--limit", 3)
    assert run.code == 1
    assert "no question came out" in run.err
    assert "disease_open: of the split and patients asked for 0 questions" in run.err
    assert not (tmp_path / "cx" / "mimic" / "build.json").exists()
    assert cli.build(root, "--limit", 5).code == 0, "there was nothing to protect"


def test_a_build_that_comes_to_nothing_takes_the_old_claim_back(
    cli: Cli, tree: Path, home: Path, tmp_path: Path
) -> None:
    root = copy_of(tree, tmp_path / "d")
    edit(root / SPLIT, lambda rows: [rows[0], *([*row[:3], "unheard-of"] for row in rows[1:])])
    assert cli.build(root).code == 1
    assert not any((home / name).exists() for name in ("build.json", "README.md", "croissant.json"))
    assert cli.build(tree).code == 0
    assert (home / "build.json").is_file()


def test_input_that_cannot_be_read_leaves_the_build_as_it_was(cli: Cli, tree: Path, home: Path, tmp_path: Path) -> None:
    root, before = copy_of(tree, tmp_path / "d"), stamps(home)
    (root / METADATA).write_bytes((tree / METADATA).read_bytes()[:-30])
    assert cli.build(root).code == 1
    assert stamps(home) == before


def test_strays_and_leftovers_are_removed(cli: Cli, tree: Path, home: Path) -> None:
    for name in ("samples/of-an-earlier-build.parquet", "images/a/b.parquet", "rejects/note.txt"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
    for name in (".tmp-build.json", "samples/.tmp-x.parquet", ".cxdata/units/.tmp-reader.json"):
        (home / name).write_text("x")
    (home / "mine.txt").write_text("kept")
    run = cli.build(tree)
    (home / "rejects" / "late.txt").write_text("x")
    assert "removed 1 file that this build does not name" in cli.build(tree).err
    assert "removed 3 files that this build does not name" in run.err
    assert not list(home.rglob(".tmp-*"))
    assert {str(file.relative_to(home)) for part in SHARD_FOLDERS for file in (home / part).rglob("*.*")} == {
        shard["file"] for shard in told(home)["shards"] if "/" in shard["file"]
    }
    assert (home / "mine.txt").read_text() == "kept"


def test_no_path_of_the_machine_goes_into_a_build(built: Path, tree: Path) -> None:
    for name in ("build.json", "README.md", "croissant.json"):
        text = (built / name).read_text()
        assert str(tree) not in text
        assert str(built.parent) not in text
    for file in built.rglob("*.parquet"):
        text = str(pl.read_parquet(file).drop("bytes", strict=False).to_dicts())
        assert str(tree) not in text
        assert str(Path.home()) not in text


def test_two_machines_write_the_same(mimic: Source, tree: Path, built: Path, tmp_path: Path) -> None:
    root = copy_of(tree, tmp_path / "other" / "place")
    build_source(mimic, root, tmp_path / "b", images="path", workers=7)
    assert shas(tmp_path / "b") == shas(built)
    for name in ("build.json", "README.md", "croissant.json"):
        assert (tmp_path / "b" / name).read_bytes() == (built / name).read_bytes()


def test_a_folder_in_use_is_refused(cli: Cli, tree: Path, home: Path) -> None:
    with (home / ".cxdata" / "lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        run = cli.build(tree)
    assert run.code == 3
    assert "another build is writing to this folder" in run.err
    assert cli.build(tree).code == 0


def test_a_folder_of_something_else_is_refused_and_left_alone(cli: Cli, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "cx" / "mimic").mkdir(parents=True)
    (tmp_path / "cx" / "mimic" / "thesis.txt").write_text("x")
    run = cli.build(tree)
    assert run.code == 3
    assert "not a build" in run.err
    assert [path.name for path in (tmp_path / "cx").rglob("*")] == ["mimic", "thesis.txt"]


def test_an_output_that_is_a_file_is_refused(cli: Cli, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "cx").mkdir()
    (tmp_path / "cx" / "mimic").write_text("x")
    run = cli.build(tree)
    assert run.code == 3
    assert "the output is a file" in run.err


def test_counts_add_up(mimic: Source, built: Path) -> None:
    content = told(built)
    steps = {step["step"]: step["count"] for step in content["funnel"]}
    for name, count in content["samples"]["by_task"].items():
        assert steps[f"{name}: of the split and patients asked for"] == count
    assert sum(content["samples"]["by_split"].values()) == content["samples"]["total"] == samples(built).height
    assert sum(content["samples"]["by_stage"].values()) == content["samples"]["total"]
    assert {count["file"] for count in content["inputs"]} >= {path.name for path in (*TABLES, ZIP)}
    for shard in content["shards"]:
        assert file_sha256(built / shard["file"]) == shard["sha256"]
        assert (built / shard["file"]).stat().st_size == shard["size_bytes"]
        assert pl.scan_parquet(built / shard["file"]).select(pl.len()).collect().item() == shard["rows"]


def test_the_cache_of_hashes_does_not_grow(mimic: Source, tree: Path, home: Path, tmp_path: Path) -> None:
    def known() -> set[str]:
        return set(json.loads((home / ".cxdata" / "hashes.json").read_text()))

    build_source(mimic, tree, home, images="path")
    before = known()
    root = copy_of(tree, tmp_path / "d")
    for _ in range(3):
        edit(root / CHEXPERT, other_label)
        build_source(mimic, root, home, images="path")
        build_source(mimic, root, home, images="path")
    assert known() == before


class Counting:
    """Progress that is counted."""

    def __init__(self) -> None:
        self.expected = 0
        self.finished: list[str] = []

    def expect(self, units: int) -> None:
        self.expected += units

    def done(self, unit: str, detail: str) -> None:
        self.finished.append(unit)

    def note(self, text: str) -> None:
        raise AssertionError(f"nothing to note in a first build: {text}")


def test_as_many_units_are_done_as_expected(mimic: Source, tree: Path, tmp_path: Path) -> None:
    found = locate(mimic.manifest, [tree])
    assert found is not None
    config = BuildConfig(source="mimic", options=mimic.manifest.settings({}))
    for _ in range(2):
        counted = Counting()
        build(Request(mimic, found, config, tmp_path / "b", PicturesConfig(mode="path"), 1, False, counted))
        assert len(counted.finished) == len(set(counted.finished)) == counted.expected == 3 + 14 + 1


def test_a_sample_shard_is_for_a_share_of_patients(
    mimic: Source, tree: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxdata.build.units.PATIENTS_A_SHARD", 4)
    result = build_source(mimic, tree, tmp_path / "b", images="path")
    assert samples(tmp_path / "b").equals(samples(built))
    owners: dict[str, set[str]] = {}
    for shard in result["shards"]:
        if shard["file"].startswith("samples/"):
            rows = pl.read_parquet(tmp_path / "b" / shard["file"])
            owners.setdefault(shard["file"].split("-")[1], set()).update(rows["patient_key"])
    assert len(owners) > 1
    assert sum(map(len, owners.values())) == PATIENTS, "a patient stands in the files of one number alone"
