from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from conftest import build_source, write_phantom
from PIL import Image
from typer.testing import CliRunner, Result

from cxdata.build.progress import Silent
from cxdata.build.space import in_words
from cxdata.check.checksums import Mode, read_sums
from cxdata.check.disk import time_in_words
from cxdata.check.doctor import Entry, examine
from cxdata.check.downloads import Look, look
from cxdata.check.globs import glob_regex
from cxdata.check.installs import installs
from cxdata.check.parts import FileState
from cxdata.check.tree import FOLDERS_A_LEVEL, walk
from cxdata.cli import doctor
from cxdata.model.errors import CxdataError, UsageError
from cxdata.sources.discovery import source
from cxdata.sources.roots import locate

MANIFEST = source("mimic").manifest
METADATA, SPLIT, CHEXPERT = (f"mimic-cxr-2.0.0-{name}" for name in ("metadata", "split", "chexpert"))
REPORTS, TEST_SET = "mimic-cxr-reports", "mimic-cxr-2.1.0-test-set-labeled"
JPG, TEXTS = "physionet.org/files/mimic-cxr-jpg/2.1.0", "physionet.org/files/mimic-cxr/2.1.0"
STUDIES = {"50000001": "10000001", "50000002": "10000001", "50000003": "11000002"}
SPLITS = {"50000001": "train", "50000002": "train", "50000003": "test"}


def dicom(study: str) -> str:
    return "-".join([study] * 5)


def picture(study: str) -> str:
    patient = STUDIES[study]
    return f"files/p{patient[:2]}/p{patient}/s{study}/{dicom(study)}.jpg"


def rows() -> list[dict[str, str]]:
    return [
        {
            "dicom_id": dicom(study),
            "subject_id": patient,
            "study_id": study,
            "ViewPosition": "PA",
            "split": SPLITS[study],
        }
        for study, patient in STUDIES.items()
    ]


def write_table(path: Path, name: str, content: list[dict[str, str]]) -> None:
    columns = MANIFEST.file(name).columns
    text = (
        "\n".join([",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in content)]) + "\n"
    )
    packed = path.suffix == ".gz"
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if packed else text.encode())


def download(folder: Path) -> Path:
    """A whole download of three studies, PhysioNet wget tree, with its official checksums."""
    jpg, texts = folder / JPG, folder / TEXTS
    for study in STUDIES:
        (jpg / picture(study)).parent.mkdir(parents=True)
        Image.linear_gradient("L").save(jpg / picture(study), quality=95)
    for name in (METADATA, SPLIT, CHEXPERT):
        write_table(jpg / f"{name}.csv.gz", name, rows())
    write_table(jpg / f"{TEST_SET}.csv", TEST_SET, rows()[2:])
    texts.mkdir(parents=True)
    with zipfile.ZipFile(texts / "mimic-cxr-reports.zip", "w") as archive:
        for study, patient in STUDIES.items():
            archive.writestr(f"files/p{patient[:2]}/p{patient}/s{study}.txt", "FINDINGS: made up.\n" * 40)
    for root in (jpg, texts):
        sign(root)
    return folder


def sign(root: Path) -> None:
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.name != "SHA256SUMS.txt")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(root)}" for path in files]
    (root / "SHA256SUMS.txt").write_text("\n".join([*lines, ""]))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in ("CXDATA_ROOT_MIMIC", "CXDATA_DATA", "CXDATA_OUT", "CXDATA_INCLUDE_PATH"):
        monkeypatch.delenv(name, raising=False)
    return download(tmp_path / "data")


def entries(folder: Path, mode: Mode = "none") -> list[Entry]:
    return [examine(MANIFEST, found, mode, folder, Silent()) for found in installs(MANIFEST, [folder])]


def entry(folder: Path, mode: Mode = "none") -> Entry:
    (only,) = entries(folder, mode)
    return only


def state(told: Entry, name: str) -> FileState:
    return next(file for file in told.files if file.file == name)


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command(doctor.NAME)(doctor.run)
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_a_whole_download_is_well(data: Path) -> None:
    told = entry(data, "all")
    assert told.is_well
    assert (told.layout, told.version, told.root) == ("physionet-2.1.0", "2.1.0", data / JPG)
    assert [(part.part, part.root, part.version) for part in told.parts] == [
        ("jpg", data / JPG, "2.1.0"),
        ("reports", data / TEXTS, "2.1.0"),
    ]
    assert {file.file: file.state for file in told.files if file.state != "ok"} == {"mimic-cxr-2.0.0-negbio": "missing"}


def test_counts_stand_beside_the_official_ones(data: Path) -> None:
    counts = {tally.what: (tally.official, tally.found) for tally in entry(data).counts}
    assert counts["pictures"] == (377_110, 3)
    assert counts["picture files"] == (377_110, 3)
    assert counts["studies"] == (227_835, 3)
    assert counts["patients"] == (65_379, 2)
    assert counts["reports"] == (227_835, 3)
    assert counts["pictures of the train split"] == (368_960, 2)
    assert counts["test studies with a radiologist's labels"] == (687, 1)


def test_a_whole_download_can_be_built_with_the_command_it_gives(data: Path) -> None:
    assert entry(data).next == f"cxdata build --source mimic --root {data / JPG} --root {data / TEXTS}"


@pytest.mark.parametrize("name", [METADATA, SPLIT])
def test_a_required_file_that_is_missing_is_named_with_its_source(name: str, data: Path) -> None:
    (data / JPG / f"{name}.csv.gz").unlink()
    told = entry(data)
    assert not told.is_well
    assert state(told, name).state == "missing"
    assert "physionet.org/content/mimic-cxr-jpg" in str(state(told, name).mend)


def test_a_missing_file_of_some_tasks_is_told_and_leaves_the_rest_well(data: Path) -> None:
    (data / TEXTS / "mimic-cxr-reports.zip").unlink()
    write_table(data / TEXTS / "cxr-study-list.csv.gz", SPLIT, rows())
    told = entry(data)
    assert told.is_well
    assert state(told, REPORTS).state == "missing"
    assert told.next.endswith(" --partial")


Break = Callable[[Path], object]
BREAKS: dict[str, tuple[Break, str]] = {
    "zero bytes": (lambda path: path.write_bytes(b""), "empty"),
    "cut off": (cut, "truncated"),
    "damaged inside": (spoil, "mismatch"),
    "a web page": (lambda path: path.write_text("<!DOCTYPE html><title>Sign in</title>"), "mismatch"),
    "other columns": (lambda path: path.write_bytes(b"a,b\n1,2\n"), "mismatch"),
    "a column gone": (lambda path: path.write_bytes(gzip.compress(b"dicom_id,subject_id\n1,2\n")), "mismatch"),
    "a header alone": (lambda path: write_table(path, SPLIT, []), "mismatch"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_table_is_told_with_its_state(how: str, data: Path) -> None:
    break_it, expected = BREAKS[how]
    break_it(data / JPG / f"{SPLIT}.csv.gz")
    told = entry(data)
    file = state(told, SPLIT)
    assert (file.state, told.is_well) == (expected, False)
    assert file.what
    assert str(file.mend).startswith("get it again: https://")
    assert told.next.startswith("mend what is named above")


def test_a_table_that_is_not_packed_is_read_whatever_its_name(data: Path) -> None:
    table = data / JPG / f"{SPLIT}.csv.gz"
    table.write_bytes(gzip.decompress(table.read_bytes()))
    told = entry(data)
    assert (state(told, SPLIT).state, told.is_well) == ("ok", True)
    assert "not packed" in state(told, SPLIT).what


def test_an_optional_table_without_rows_is_told_and_harms_nothing(data: Path) -> None:
    write_table(data / JPG / f"{TEST_SET}.csv", TEST_SET, [])
    told = entry(data)
    assert (state(told, TEST_SET).state, told.is_well) == ("empty", True)
    assert "counts it as not there" in state(told, TEST_SET).what


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "<html>"])
def test_an_optional_table_that_is_there_and_cannot_be_read_stops_a_build(content: str, data: Path) -> None:
    (data / JPG / f"{TEST_SET}.csv").write_text(content)
    told = entry(data)
    assert (state(told, TEST_SET).stops, told.is_well) == (True, False)
    found = locate(MANIFEST, [data])
    assert found is not None
    with pytest.raises(CxdataError, match=TEST_SET):
        build_source(source("mimic"), data, data.parent / "b", tasks=("view_classification",))


def test_pictures_that_are_nowhere_are_told(data: Path) -> None:
    assert not [note for note in entry(data).notes if "will find none" in note]
    shutil.rmtree(data / JPG / "files")
    told = entry(data)
    (note,) = [note for note in told.notes if note.startswith("a build of pictures will find none: ")]
    assert "get them: https://physionet.org/content/mimic-cxr-jpg/" in note
    assert told.is_well


def test_pictures_in_folders_of_ones_own_are_not_called_missing(tmp_path: Path) -> None:
    nih = source("chestxray14")
    root = write_phantom(nih, tmp_path, 2) / "CXR8"
    (root / "images").rename(root / "all of them")
    found = locate(nih.manifest, [root])
    assert not [n for n in examine(nih.manifest, found, "none", tmp_path, Silent()).notes if "will find none" in n]
    (root / "all of them").rename(tmp_path / "elsewhere")
    assert [n for n in examine(nih.manifest, found, "none", tmp_path, Silent()).notes if "will find none" in n]


def test_counts_that_differ_from_the_official_ones_are_told_in_a_line(data: Path) -> None:
    (note,) = [note for note in entry(data).notes if note.startswith("other counts than the official ones")]
    assert "picture files 3 of 377,110" in note


def test_a_column_that_is_gone_is_named(data: Path) -> None:
    BREAKS["a column gone"][0](data / JPG / f"{SPLIT}.csv.gz")
    assert "'study_id'" in state(entry(data), SPLIT).what


def test_a_zip_that_was_cut_off_fails_though_only_some_tasks_need_it(data: Path) -> None:
    cut(data / TEXTS / "mimic-cxr-reports.zip")
    told = entry(data)
    assert (state(told, REPORTS).state, told.is_well) == ("truncated", False)
    assert next(tally.found for tally in told.counts if tally.what == "reports") is None


def test_damage_inside_a_zip_is_seen_by_all(data: Path) -> None:
    archive = data / TEXTS / "mimic-cxr-reports.zip"
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"FINDINGS: made up.", b"FINDINGS: made up?", 1))
    assert state(entry(data, "none"), REPORTS).state == "ok"
    assert state(entry(data, "all"), REPORTS).state == "mismatch"


def test_a_tar_that_was_cut_off_is_seen_by_its_end_alone(tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "images_001"), "gztar", download(tmp_path / "data")))
    assert look(archive, whole=False) == Look("ok")
    archive.write_bytes(archive.read_bytes()[:-1000] + b"\x01\x02\x03")
    assert look(archive, whole=False).state == "truncated"
    assert look(archive, whole=True).state in ("truncated", "mismatch")


def test_a_download_that_broke_off_is_a_leftover_of_the_file_it_should_be(data: Path) -> None:
    table = data / JPG / f"{METADATA}.csv.gz"
    table.rename(table.with_name(f"{table.name}_.gstmp"))
    told = entry(data)
    assert (state(told, METADATA).state, told.is_well) == ("leftover", False)
    assert f"{table.name}_.gstmp" in str(state(told, METADATA).mend)
    assert [file.state for file in told.files].count("leftover") == 1


@pytest.mark.parametrize("ending", ["_.gstmp", ".part", ".crdownload"])
def test_leftovers_beside_pictures_are_named_and_harm_nothing(ending: str, data: Path) -> None:
    (data / JPG / f"{picture('50000001')}{ending}").write_bytes(b"\xff\xd8")
    told = entry(data)
    assert [file.file for file in told.files if file.state == "leftover"] == [f"{dicom('50000001')}.jpg{ending}"]
    assert told.is_well


def test_index_pages_of_wget_are_counted_once_and_harm_nothing(data: Path) -> None:
    for folder in [path for path in (data / JPG).rglob("*") if path.is_dir()]:
        (folder / "index.html").write_text("<html>")
    told = entry(data)
    assert told.is_well
    assert sum("index.html" in note for note in told.notes) == 1
    assert any(note.startswith("8 index.html") for note in told.notes)


def test_broken_pictures_are_named_and_do_not_stop_a_build(data: Path) -> None:
    (data / JPG / picture("50000001")).write_bytes(b"")
    cut(data / JPG / picture("50000002"))
    (data / JPG / picture("50000003")).write_text("no picture")
    told = entry(data)
    expected = {picture("50000001"): "empty", picture("50000002"): "truncated", picture("50000003"): "mismatch"}
    assert {file.file: file.state for file in told.files if file.file.endswith(".jpg")} == expected
    assert told.is_well
    assert any("samples go on showing it" in note and "a broken archive or table does" in note for note in told.notes)


def test_reports_of_no_bytes_in_an_unpacked_tree_are_named(data: Path) -> None:
    archive = data / TEXTS / "mimic-cxr-reports.zip"
    shutil.unpack_archive(archive, data / TEXTS / "mimic-cxr-reports")
    archive.unlink()
    text = next((data / TEXTS).rglob("s50000002.txt"))
    text.write_bytes(b"")
    told = entry(data)
    assert state(told, "files/p10/p10000001/s50000002.txt").state == "empty"
    assert next(tally.found for tally in told.counts if tally.what == "reports") == 3


def test_two_versions_side_by_side_are_two_entries(data: Path) -> None:
    old = data / JPG.replace("2.1.0", "2.0.0")
    shutil.copytree(data / JPG, old)
    (old / f"{TEST_SET}.csv").unlink()
    both = {told.version: told for told in entries(data)}
    assert {version: told.root for version, told in both.items()} == {"2.0.0": old, "2.1.0": data / JPG}
    assert all(told.is_well and told.parts[1].root == data / TEXTS for told in both.values())


def test_each_version_goes_with_its_own_reports(data: Path) -> None:
    for part in (JPG, TEXTS):
        shutil.copytree(data / part, data / part.replace("2.1.0", "2.0.0"))
    (data / JPG.replace("2.1.0", "2.0.0") / f"{TEST_SET}.csv").unlink()
    (data / TEXTS / "cxr-provider-list.csv.gz").write_bytes(b"")
    both = {told.layout: told for told in entries(data)}
    assert set(both) == {"physionet-2.0.0", "physionet-2.1.0"}
    assert all(told.parts[0].version == told.parts[1].version for told in both.values())


def test_downloads_of_many_parts_side_by_side_are_told_apart(tmp_path: Path) -> None:
    """Where several downloads could lend a part, none does."""
    places = (
        "one/CheXpert-v1.0/valid.csv", "one/chexpertplus/df_chexpert_plus_240401.csv", "one/x/groundtruth.csv",
        "two/CheXpert-v1.0/valid.csv", "five/valid.csv", "three/df_chexpert_plus_240401.csv",
        "four/df_chexpert_plus_240401.csv", "four/DICOM/train/patient70001/study1/view1_frontal.dcm",
    )  # fmt: skip
    for place in places:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    told = {
        next(iter(one.roots.values())).relative_to(tmp_path).parts[0]: set(one.roots)
        for one in installs(source("chexpert").manifest, [tmp_path])
    }
    assert told == {
        "one": {"v1", "plus", "truth"},
        "two": {"v1"},
        "five": {"v1"},
        "three": {"plus"},
        "four": {"plus", "dcm"},
    }


def test_one_part_alone_goes_with_each_download_that_lacks_it(tmp_path: Path) -> None:
    for place in ("full/valid.csv", "small/valid.csv", "labels/groundtruth.csv"):
        path = tmp_path / place
        path.parent.mkdir()
        path.write_text("x")
    told = [one.roots for one in installs(source("chexpert").manifest, [tmp_path])]
    labels = tmp_path / "labels"
    assert told == [{"v1": tmp_path / name, "truth": labels} for name in ("full", "small")]


def test_what_a_layout_never_has_is_a_note_and_not_a_missing_file(data: Path) -> None:
    for part in (JPG, TEXTS):
        (data / part).rename(data / part.replace("2.1.0", "2.0.0"))
    (data / JPG.replace("2.1.0", "2.0.0") / f"{TEST_SET}.csv").unlink()
    told = entry(data)
    assert told.layout == "physionet-2.0.0"
    assert f"this layout never has {TEST_SET}" in told.notes
    assert TEST_SET not in {file.file for file in told.files}
    assert "test studies with a radiologist's labels" not in {tally.what for tally in told.counts}


def test_copies_in_separate_folders_do_not_borrow_from_each_other(data: Path) -> None:
    shutil.copytree(data, data.parent / "copy")
    shutil.rmtree(data.parent / "copy" / TEXTS)
    first, second = entries(data.parent)
    assert {first.root, second.root} == {data / JPG, data.parent / "copy" / JPG}
    copy = next(told for told in (first, second) if told.root != data / JPG)
    assert copy.parts[1].root is None
    assert copy.next.endswith("--partial")


def test_a_sample_of_checksums_covers_tables_and_texts(data: Path) -> None:
    write_table(data / JPG / f"{CHEXPERT}.csv.gz", CHEXPERT, rows()[:2])
    with zipfile.ZipFile(data / TEXTS / "mimic-cxr-reports.zip", "a") as archive:
        archive.writestr("files/p10/p10000001/s50000009.txt", "more")
    assert entry(data, "none").is_well
    told = entry(data, "sample")
    assert {file.file for file in told.files if file.state == "mismatch"} == {CHEXPERT, REPORTS}
    assert not told.is_well


def test_all_checksums_name_what_differs_and_what_is_not_there(data: Path) -> None:
    Image.radial_gradient("L").save(data / JPG / picture("50000001"))
    (data / JPG / picture("50000003")).unlink()
    told = entry(data, "all")
    checked = next(one for one in told.checksums if one.listed > 1)
    assert checked.mismatched == (picture("50000001"),)
    assert checked.missing == (picture("50000003"),)
    assert state(told, picture("50000001")).state == "mismatch"
    assert any(picture("50000003") in note for note in told.notes)


def test_an_empty_picture_is_told_once(data: Path) -> None:
    (data / JPG / picture("50000001")).write_bytes(b"")
    assert [file.state for file in entry(data, "all").files if file.file == picture("50000001")] == ["empty"]


def test_lists_of_checksums_are_read_in_every_usual_form(tmp_path: Path) -> None:
    good = [f"{'a' * 64}  x.csv", f"{'B' * 64} *y/z.jpg", f"{'c' * 64}  ./with space.txt"]
    (tmp_path / "SHA256SUMS.txt").write_text("\n".join(["# a remark", *good, "abc  short.txt"]))
    assert read_sums(tmp_path / "SHA256SUMS.txt").rows() == [
        ("a" * 64, "x.csv"),
        ("b" * 64, "y/z.jpg"),
        ("c" * 64, "with space.txt"),
    ]


def test_a_large_tree_is_looked_at_in_part_and_always_the_same_part(tmp_path: Path) -> None:
    for i in range(FOLDERS_A_LEVEL + 50):
        (tmp_path / f"p{i:04}").mkdir()
        (tmp_path / f"p{i:04}" / "x.jpg").write_bytes(b"x")
    part, again, whole = walk(tmp_path, whole=False), walk(tmp_path, whole=False), walk(tmp_path, whole=True)
    assert (part.folders, part.files.height, part.is_whole) == (1 + FOLDERS_A_LEVEL, FOLDERS_A_LEVEL, False)
    assert part.files.equals(again.files)
    assert (whole.folders, whole.files.height, whole.is_whole) == (FOLDERS_A_LEVEL + 51, FOLDERS_A_LEVEL + 50, True)


def test_a_part_of_a_tree_gives_no_count_and_at_least_a_size(data: Path) -> None:
    for i in range(FOLDERS_A_LEVEL + 1):
        (data / JPG / "files" / "p12" / f"p120{i:05}").mkdir(parents=True)
    told = entry(data)
    assert next(tally.found for tally in told.counts if tally.what == "picture files") is None
    assert not told.disk.is_whole
    assert next(tally.found for tally in entry(data, "all").counts if tally.what == "picture files") == 3


def test_disk_counts_every_file_that_was_looked_at(data: Path) -> None:
    told = entry(data)
    files = [path for path in data.rglob("*") if path.is_file()]
    assert told.disk.is_whole
    assert told.disk.size_bytes == sum(path.stat().st_size for path in files)
    assert told.disk.free_bytes > 0


@pytest.mark.parametrize(
    ("size", "words"), [(812, "812 bytes"), (1_400_000, "1.4 MB"), (999_700, "1.0 MB"), (570 * 10**9, "570 GB")]
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_words(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, "under a minute"), (60, "about 1 minute"), (240, "about 4 minutes"), (7200, "about 2 hours")],
)
def test_times_in_words(seconds: int, words: str) -> None:
    assert time_in_words(seconds) == words


def test_globs_keep_wildcards_within_a_folder() -> None:
    assert glob_regex("p1[0-9]/s?*/x.(1).jpg") == r"p1[0-9]/s[^/][^/]*/x\.\(1\)\.jpg"


def told_as_json(result: Result) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = json.loads(result.stdout)
    return value


def test_json_holds_the_keys_that_others_rely_on(data: Path) -> None:
    result = run(data, "--json")
    assert result.exit_code == 0
    (told,) = told_as_json(result)
    assert {"source", "found", "layout", "version", "root", "parts", "files", "counts"} <= set(told)
    assert all({"file", "need", "state", "mend"} <= set(file) for file in told["files"])
    assert all({"what", "unit", "official", "found"} <= set(count) for count in told["counts"])


def test_the_tables_name_states_counts_disk_and_the_next_command(data: Path) -> None:
    result = run(data, "--source", "mimic")
    assert result.exit_code == 0
    for text in (METADATA, "377,110", "on disk: ", f"next: cxdata build --source mimic --root {data / JPG}"):
        assert text in result.stdout


def test_a_missing_required_file_ends_with_1(data: Path) -> None:
    (data / JPG / f"{SPLIT}.csv.gz").unlink()
    assert run(data).exit_code == 1


def test_settings_say_where_to_look(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXDATA_ROOT_MIMIC", str(data))
    assert told_as_json(run("--json", "--checksums", "none"))[0]["found"]
    monkeypatch.delenv("CXDATA_ROOT_MIMIC")
    Path("cxdata.toml").write_text(f'data_dir = "{data.parent}"\n')
    assert told_as_json(run("--json", "--checksums", "none"))[0]["root"] == str(data / JPG)


def test_nothing_found_shows_the_four_ways(data: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    for arguments in ((tmp_path / "bare",), ()):
        result = run(*arguments)
        assert isinstance(result.exception, CxdataError)
        assert result.exception.exit_code == 1
        for way in ("--root /path/to/data", "CXDATA_ROOT_", "[roots]", "data_dir"):
            assert way in str(result.exception)


def test_a_source_that_is_asked_for_and_not_there_is_told_as_such(data: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    result = run(tmp_path / "bare", "--source", "mimic", "--json")
    (told,) = told_as_json(result)
    assert (told["found"], told["layout"], told["root"]) == (False, None, None)
    assert {file["state"] for file in told["files"]} == {"missing"}
    assert isinstance(result.exception, CxdataError)
    assert told_as_json(run(tmp_path / "bare", "--json")) == []


def test_a_root_that_is_no_folder_is_wrong_use(data: Path) -> None:
    result = run(data / "nowhere")
    assert isinstance(result.exception, UsageError)
    assert "nowhere" in str(result.exception)
