"""A bad download or a bad output folder: a message with what, where and mend, or a reject; never a traceback."""

from __future__ import annotations

import gc
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source
from mimic_trees import (
    CHEXPERT,
    CROSSED_TASKS,
    JPG,
    METADATA,
    REPORT,
    REPORT_TASKS,
    REPORTS,
    SPLIT,
    TABLES,
    VIEW_TASKS,
    ZIP,
    Cli,
    Outcome,
    Rows,
    cli_in,
    copy_of,
    edit,
    pictures,
    read_rows,
    read_zip,
    text_name,
    write_table,
    write_tree,
    write_zip,
)

from cxdata.sources.discovery import sources

PATIENTS = 6
SHOTS = pictures(PATIENTS)
NEEDED = (*TABLES, ZIP)
NOBODY = 65534


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good download to be left as it is."""
    return write_tree(tmp_path_factory.mktemp("tree"), PATIENTS)


@pytest.fixture
def root(tree: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return copy_of(tree, tmp_path / "data")


@pytest.fixture(scope="module")
def good(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The samples of the good download."""
    home = tmp_path_factory.mktemp("good") / "mimic"
    build_source(sources()["mimic"], tree, home)
    return pl.read_parquet(home / "samples" / "*.parquet").sort("sample_id")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    yield from cli_in(tmp_path, monkeypatch, capsys)


def refused(run: Outcome, *words: str, code: int = 1) -> None:
    """An error with what, where and mend, nothing on stdout, no traceback, no word of a report, no half a build."""
    assert run.code == code, run.err
    assert run.out == ""
    assert all(word in run.err for word in ("error:", "where:", "mend:", *words)), run.err
    assert "Traceback" not in run.err
    assert "made-up person" not in run.err
    assert not list(Path("cx").rglob("*.parquet"))
    assert not list(Path("cx").rglob(".tmp-*"))
    assert not list(Path("cx").rglob("build.json"))


def accepted(cli: Cli, root: Path) -> dict[str, Any]:
    """The build goes through, and used + rejected = read in each input, the rejected in rejects/."""
    run = cli.build(root, "--json")
    assert run.code == 0, run.err
    result: dict[str, Any] = json.loads(run.out)[0]
    stood = dict(rejects().filter(pl.col("stage") == "reader").group_by("file").len().iter_rows())
    for count in result["inputs"]:
        assert count["rows_used"] + count["rows_rejected"] == count["rows_read"] > 0, count
        assert stood.get(count["file"], 0) == count["rows_rejected"]
    return result


def rejects() -> pl.DataFrame:
    files = list(Path("cx/mimic/rejects").glob("*.parquet"))
    columns = ("source", "file", "key", "stage", "code", "message")
    return pl.read_parquet(files) if files else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))


def count_of(result: dict[str, Any], path: Path) -> tuple[int, int, int]:
    (count,) = (entry for entry in result["inputs"] if entry["file"] == path.name)
    return count["rows_used"], count["rows_rejected"], count["cells_nulled"]


def samples() -> pl.DataFrame:
    return pl.read_parquet("cx/mimic/samples/*.parquet").sort("sample_id")


def logical(path: Path) -> str:
    return path.name.split(".csv")[0].removesuffix(".zip")


@pytest.mark.parametrize("path", NEEDED, ids=logical)
@pytest.mark.parametrize("way", ["missing", "renamed"])
def test_missing_or_renamed(cli: Cli, root: Path, path: Path, way: str) -> None:
    (root / path).unlink() if way == "missing" else (root / path).rename(root / path.parent / f"old-{path.name}")
    refused(cli.build(root), logical(path), "physionet.org/content/")
    assert not Path("cx").exists()


def test_all_that_is_missing_is_told_at_once(cli: Cli, root: Path) -> None:
    for path in NEEDED[:3]:
        (root / path).unlink()
    run = cli.build(root)
    refused(run, "3 problems with the input", *map(logical, NEEDED[:3]))


def test_a_missing_file_of_some_tasks_names_the_ways_out(cli: Cli, root: Path) -> None:
    (root / CHEXPERT).unlink()
    rest = "--tasks " + ",".join(task for task in (*VIEW_TASKS, *REPORT_TASKS) if task not in CROSSED_TASKS)
    refused(cli.build(root), rest, "--partial", "--option mimic.labels=negbio")
    assert cli.build(root, *rest.split()).code == 0


@pytest.mark.parametrize("packed", [False, True])
def test_an_optional_table_without_rows_counts_as_not_there(cli: Cli, root: Path, packed: bool) -> None:
    path = root / JPG / f"mimic-cxr-2.1.0-test-set-labeled.csv{'.gz' if packed else ''}"
    columns = sources()["mimic"].manifest.file("mimic-cxr-2.1.0-test-set-labeled").columns
    write_table(path, [list(columns)], start="\ufeff", newline="\r\n")
    result = accepted(cli, root)
    assert path.name not in {entry["file"] for entry in result["inputs"]}
    assert "mimic-cxr-2.1.0-test-set-labeled has a header and no rows: it counts as not there" in result["notes"]


def test_an_optional_table_without_its_columns_is_named(cli: Cli, root: Path) -> None:
    path = root / JPG / "mimic-cxr-2.1.0-test-set-labeled.csv"
    path.write_text("study_id,Atelect")
    refused(cli.build(root), path.name)


def test_a_table_of_some_tasks_without_rows_is_an_error(cli: Cli, root: Path) -> None:
    edit(root / CHEXPERT, lambda rows: rows[:1])
    refused(cli.build(root, "--partial"), CHEXPERT.name, "a header and no rows", "or do without it: rm")
    assert not Path("cx").exists()


def test_a_report_table_without_impressions_is_told(cli: Cli, root: Path) -> None:
    (root / ZIP).unlink()
    texts = [[f"s{shot.study}", "The lungs are clear on both sides.", "No acute process."] for shot in SHOTS[::2]]
    write_table(root / JPG / "mimic_cxr_sectioned.csv", [["study", "findings", "impresion"], *texts])
    run = cli.build(root, "--json")
    assert run.code == 0, run.err
    lost = ["impression_generation", "findings_summarization"]
    without = json.loads(run.out)[0]["tasks_without_samples"]
    assert set(lost) <= set(without)
    assert "findings_generation" not in without
    assert all(f"warning: {task} was asked and gave no sample" in run.err for task in lost)


@pytest.mark.parametrize("path", NEEDED, ids=logical)
def test_empty(cli: Cli, root: Path, path: Path) -> None:
    (root / path).write_bytes(b"")
    refused(cli.build(root), path.name, "is empty", "get it again")
    assert not Path("cx").exists()


@pytest.mark.parametrize("path", TABLES, ids=logical)
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_gzip_cut_off(cli: Cli, root: Path, path: Path, kept: float) -> None:
    whole = (root / path).read_bytes()
    (root / path).write_bytes(whole[: int(len(whole) * kept)])
    refused(cli.build(root), path.name, "ends too early", "get it again")


def test_gzip_damaged(cli: Cli, root: Path) -> None:
    whole = bytearray((root / METADATA).read_bytes())
    whole[-8] ^= 0xFF  # the checksum of the content
    (root / METADATA).write_bytes(whole)
    refused(cli.build(root), METADATA.name, "gzip is damaged")


@pytest.mark.parametrize("path", TABLES, ids=logical)
def test_csv_cut_off_within_a_row(cli: Cli, root: Path, path: Path) -> None:
    text = gzip.decompress((root / path).read_bytes())
    (root / path).unlink()
    plain = root / path.with_suffix("")
    plain.write_bytes(text[: text.rindex(b",", 0, len(text) - 12)])
    refused(cli.build(root), plain.name, "last row is cut off")


def test_csv_without_a_line_end_is_whole(cli: Cli, root: Path) -> None:
    text = gzip.decompress((root / METADATA).read_bytes())
    (root / METADATA).write_bytes(gzip.compress(text.rstrip(b"\n")))
    assert count_of(accepted(cli, root), METADATA) == (2 * PATIENTS, 0, 0)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_zip_cut_off(cli: Cli, root: Path, kept: float) -> None:
    whole = (root / ZIP).read_bytes()
    (root / ZIP).write_bytes(whole[: int(len(whole) * kept)])
    refused(cli.build(root), ZIP.name, "cut short")


def test_a_page_of_html_in_place_of_a_table(cli: Cli, root: Path) -> None:
    (root / SPLIT).write_text("<!DOCTYPE html>\n<html><body>Please log in to go on</body></html>\n")
    refused(cli.build(root), SPLIT.name, "has no column 'dicom_id'")


def test_a_header_without_rows(cli: Cli, root: Path) -> None:
    edit(root / SPLIT, lambda rows: rows[:1])
    refused(cli.build(root), SPLIT.name, "a header and no rows")


def test_a_row_wider_than_the_header(cli: Cli, root: Path) -> None:
    edit(root / SPLIT, lambda rows: [*rows[:2], [*rows[2], "secret of a person"], *rows[3:]])
    run = cli.build(root)
    refused(run, SPLIT.name, "a row has more cells than the header")
    assert "secret" not in run.err


def test_an_unclosed_quote_does_not_show_what_it_holds(cli: Cli, root: Path) -> None:
    (root / SPLIT).write_bytes((gzip.decompress((root / SPLIT).read_bytes())) + b'x,"secret of a person,\n')
    run = cli.build(root)
    refused(run, SPLIT.name, "cannot be read as a table")
    assert "secret" not in run.err


def test_a_table_that_is_not_utf8(cli: Cli, root: Path) -> None:
    (root / SPLIT).write_bytes(gzip.decompress((root / SPLIT).read_bytes()) + "é".encode("latin-1") + b",x,x,x\n")
    refused(cli.build(root), SPLIT.name, "not UTF-8")


@pytest.mark.parametrize(("path", "column"), [(METADATA, "ViewPosition"), (SPLIT, "split"), (CHEXPERT, "Edema")])
def test_a_column_gone(cli: Cli, root: Path, path: Path, column: str) -> None:
    def without(rows: Rows) -> Rows:
        at = rows[0].index(column)
        return [row[:at] + row[at + 1 :] for row in rows]

    edit(root / path, without)
    refused(cli.build(root), path.name, f"has no column {column!r}", "its columns are", "subject_id")


def test_a_table_without_header_shows_no_cell(cli: Cli, root: Path) -> None:
    long = "A made-up person with a cough, seen for the third time in this winter, was here"
    edit(root / SPLIT, lambda rows: [[*row[:3], long] for row in rows[1:]])
    run = cli.build(root)
    refused(run, SPLIT.name, "has no column 'dicom_id'")
    assert "cough" not in run.err


def turned(rows: Rows) -> Rows:
    return [row[::-1] for row in rows]


@pytest.mark.parametrize("path", TABLES, ids=logical)
@pytest.mark.parametrize(
    "form",
    [
        lambda path, rows: write_table(path, turned(rows)),
        lambda path, rows: write_table(path, rows, start="\ufeff"),
        lambda path, rows: write_table(path, rows, newline="\r\n"),
        lambda path, rows: write_table(path, turned(rows), start="\ufeff", newline="\r\n"),
        lambda path, rows: write_table(path, [[f" {cell} " for cell in row] for row in rows]),
        lambda path, rows: write_table(path, [[*row, "more"] for row in rows]),
    ],
    ids=["reordered", "BOM", "CRLF", "all of these", "blanks around cells", "a column more"],
)
def test_other_forms_of_a_table_say_the_same(
    cli: Cli, good: pl.DataFrame, root: Path, path: Path, form: Callable[[Path, Rows], None]
) -> None:
    form(root / path, read_rows(root / path))
    accepted(cli, root)
    assert samples().equals(good)


def test_ids_with_prefixes_are_the_same_ids(cli: Cli, good: pl.DataFrame, root: Path) -> None:
    marks = {"subject_id": "p", "study_id": "s"}
    for path in TABLES:
        edit(root / path, lambda rows: [rows[0], *(
            [marks.get(name, "") + cell for name, cell in zip(rows[0], row, strict=True)] for row in rows[1:]
        )])  # fmt: skip
    accepted(cli, root)
    assert samples().equals(good)


def test_ids_that_are_none_are_rejected(cli: Cli, root: Path) -> None:
    edit(root / METADATA, lambda rows: [*rows[:-1], ["no-id", *rows[-1][1:]]])
    edit(root / CHEXPERT, lambda rows: [*rows[:-1], [rows[-1][0], "s5", *rows[-1][2:]]])
    result = accepted(cli, root)
    assert count_of(result, METADATA)[1] == 1
    assert count_of(result, CHEXPERT)[1] == 1
    assert result["rejects"]["bad_id"] == 2
    assert set(rejects().filter(pl.col("code") == "bad_id")["key"]) == {"no-id", "s5"}


def test_a_study_twice_with_the_same_labels_is_taken_once(cli: Cli, root: Path) -> None:
    edit(root / CHEXPERT, lambda rows: [*rows, rows[1]])
    result = accepted(cli, root)
    assert count_of(result, CHEXPERT) == (PATIENTS, 1, 0)
    assert result["rejects"] == {"duplicate_row": 1}


def test_a_study_twice_with_other_labels_is_not_taken(cli: Cli, root: Path) -> None:
    edit(root / CHEXPERT, lambda rows: [*rows, [*rows[1][:2], *("1.0" if c == "0.0" else c for c in rows[1][2:])]])
    result = accepted(cli, root)
    assert count_of(result, CHEXPERT) == (PATIENTS - 1, 2, 0)
    assert result["rejects"] == {"conflicting_rows": 2}
    asked = samples().filter(pl.col("task").str.starts_with("disease_"))
    assert f"mimic:s{SHOTS[0].study}" not in set(asked["study_key"])


def test_a_picture_twice_is_taken_once(cli: Cli, root: Path) -> None:
    edit(root / METADATA, lambda rows: [*rows, rows[1]])
    edit(root / SPLIT, lambda rows: [*rows, rows[2]])
    result = accepted(cli, root)
    assert result["rejects"] == {"duplicate_row": 2}
    assert count_of(result, METADATA) == (2 * PATIENTS, 1, 0)


def test_a_report_twice_is_read_once(cli: Cli, root: Path) -> None:
    texts = read_zip(root / ZIP)
    again = text_name(SHOTS[0]).replace("files/", "old/files/")
    write_zip(root / ZIP, {**texts, again: b"FINDINGS: something else altogether is told here."})
    result = accepted(cli, root)
    assert count_of(result, ZIP) == (PATIENTS, 1, 0)
    assert result["rejects"] == {"duplicate_study": 1}


def test_a_picture_listed_and_not_there(cli: Cli, root: Path) -> None:
    (root / JPG / SHOTS[0].path).unlink()
    (root / JPG / SHOTS[1].path).write_bytes(b"")
    (root / JPG / SHOTS[2].path).write_bytes(b"no picture at all")
    result = accepted(cli, root)
    assert result["pictures"] == {"empty": 1, "missing": 1, "ok": 2 * PATIENTS - 3, "undecodable": 1}
    assert result["rejects"] == {"picture_empty": 1, "picture_missing": 1, "picture_undecodable": 1}
    bad = rejects()
    assert set(bad["stage"]) == {"pictures"}
    assert bad.filter(pl.col("code") == "picture_missing")["file"].to_list() == [SHOTS[0].path]


def test_a_picture_of_the_split_table_that_no_table_lists(cli: Cli, root: Path) -> None:
    edit(root / METADATA, lambda rows: rows[:-1])
    result = accepted(cli, root)
    assert result["rejects"] == {"picture_not_in_metadata": 1}


def test_a_report_that_is_not_utf8(cli: Cli, root: Path) -> None:
    texts = read_zip(root / ZIP)
    texts[text_name(SHOTS[0])] = REPORT.format(n="café").encode("latin-1")
    write_zip(root / ZIP, texts)
    result = accepted(cli, root)
    assert result["rejects"] == {"report_not_utf8": 1}
    assert count_of(result, ZIP) == (PATIENTS - 1, 1, 0)


def test_a_tree_of_reports_with_bad_ones(cli: Cli, root: Path) -> None:
    for name, body in read_zip(root / ZIP).items():
        path = root / REPORTS / "mimic-cxr-reports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    (root / ZIP).unlink()
    folder = root / REPORTS / "mimic-cxr-reports"
    (folder / text_name(SHOTS[0])).write_bytes(b"")
    (folder / text_name(SHOTS[2])).unlink()
    (folder / text_name(SHOTS[2])).symlink_to("/proc/self/mem")  # a file that is there and gives an error when read
    result = accepted(cli, root)
    assert result["rejects"] == {"report_empty": 1, "report_unreadable": 1}
    (count,) = (entry for entry in result["inputs"] if entry["file"] == "mimic-cxr-reports")
    assert (count["rows_read"], count["rows_used"]) == (PATIENTS, PATIENTS - 2)


def test_cells_that_cannot_be_read_are_counted(cli: Cli, root: Path) -> None:
    edit(root / CHEXPERT, lambda rows: [rows[0], [*rows[1][:2], "maybe", "7", *rows[1][4:]], *rows[2:]])
    assert count_of(accepted(cli, root), CHEXPERT) == (PATIENTS, 0, 2)


def test_a_file_that_gives_an_error_when_read(cli: Cli, root: Path, tmp_path: Path) -> None:
    (root / METADATA).unlink()
    (root / METADATA).symlink_to("/proc/self/mem")
    run = cli.build(root)
    assert run.code == 1
    assert METADATA.name in run.err
    assert "Traceback" not in run.err


@pytest.fixture
def humble(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A download in a folder that all may enter; where root runs the tests, its rights are given away for the while."""
    with tempfile.TemporaryDirectory(prefix="cxdata-") as name:
        place = Path(name)
        place.chmod(0o755)
        monkeypatch.chdir(place)
        root = write_tree(place / "data", PATIENTS)
        assert cli("build", "--source", "mimic", "--root", root, "--out", "warm").code == 0, "all is imported now"
        with _as_nobody(place):
            yield root
        for folder in (place, *place.rglob("*")):
            folder.chmod(0o700)


@contextmanager
def _as_nobody(place: Path) -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    for path in (place, *place.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_a_file_that_may_not_be_read(cli: Cli, humble: Path) -> None:
    (humble / METADATA).chmod(0)
    refused(cli.build(humble), METADATA.name, "Permission denied", "chmod u+rX")


def test_a_folder_that_may_not_be_entered_is_passed_by(cli: Cli, humble: Path) -> None:
    (humble / "aaa" / "bbb").mkdir(parents=True)
    (humble / "aaa").chmod(0)
    assert cli.build(humble).code == 0


def test_an_output_folder_that_may_not_be_written(cli: Cli, humble: Path) -> None:
    Path("cx").mkdir()
    Path("cx").chmod(0o555)
    refused(cli.build(humble), "cannot write mimic: Permission denied", "choose another --out")


def test_an_output_below_a_file(cli: Cli, root: Path) -> None:
    Path("cx").write_text("x")
    run = cli.build(root)
    assert run.code == 1
    assert "cannot write mimic" in run.err
    assert "choose another --out" in run.err


def test_a_file_system_that_takes_no_folder(cli: Cli, root: Path) -> None:
    run = cli("build", "--source", "mimic", "--root", root, "--out", "/proc/cx")
    assert run.code == 1
    assert "cannot write mimic" in run.err
    assert "choose another --out" in run.err


def test_files_that_may_not_grow(tree: Path, tmp_path: Path) -> None:
    run = _limited(tree, tmp_path, bytes_a_file=8_000)
    assert run.returncode == 1, run.stderr
    assert "cannot write" in run.stderr
    assert "File too large" in run.stderr
    assert "Traceback" not in run.stderr
    _nothing_half_written(tmp_path / "cx" / "mimic")
    assert _limited(tree, tmp_path, bytes_a_file=resource.RLIM_INFINITY).returncode == 0


def _limited(tree: Path, cwd: Path, bytes_a_file: int) -> subprocess.CompletedProcess[str]:
    cxdata = str(Path(sys.executable).with_name("cxdata"))
    command = [cxdata, "build", "--source", "mimic", "--root", str(tree), "--out", "cx"]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, resource.RLIM_INFINITY)),
    )  # fmt: skip


def _nothing_half_written(home: Path) -> None:
    assert not (home / "build.json").exists()
    assert not list(home.rglob(".tmp-*"))
    for file in home.rglob("*.parquet"):
        pl.read_parquet(file)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 150 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", "size=152k", "cx", place], check=False).returncode:
        pytest.skip("file systems may not be mounted here; the limit of RLIMIT_FSIZE is tested above")
    yield place
    gc.collect()  # a writer that failed keeps its file open as long as its exception is remembered
    subprocess.run(["umount", place], check=True)


def test_a_full_disk(cli: Cli, root: Path, small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 100_000)
    run = cli("build", "--source", "mimic", "--root", root, "--out", small_disk / "cx")
    assert run.code == 1
    assert "cannot write" in run.err
    assert "No space left on device" in run.err
    assert "free some space" in run.err
    assert "Traceback" not in run.err
    _nothing_half_written(small_disk / "cx" / "mimic")


def test_a_read_only_disk(cli: Cli, root: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    run = cli("build", "--source", "mimic", "--root", root, "--out", small_disk / "cx")
    assert run.code == 1
    assert "read-only" in run.err.lower()
    assert "choose another --out" in run.err
