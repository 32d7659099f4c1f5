from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cxdata.model.errors import UsageError
from cxdata.model.manifest import Layout, Manifest
from cxdata.sources.discovery import source
from cxdata.sources.listing import MAX_SUBFOLDERS
from cxdata.sources.roots import OTHER_LAYOUT, find_file, found, locate, part_candidates, version_of

TABLES = ("mimic-cxr-2.0.0-metadata", "mimic-cxr-2.0.0-split", "mimic-cxr-2.0.0-chexpert")
TEST_SET = "mimic-cxr-2.1.0-test-set-labeled.csv"
PICTURE = "files/p10/p10000001/s50000001/x.jpg"
TEXT = "p10/p10000001/s50000001.txt"
REPORTS = {
    "unpacked": f"mimic-cxr-reports/files/{TEXT}",
    "merged": f"files/{TEXT}",
    "sectioned": "mimic_cxr_sectioned.csv",
}
MANIFEST: Manifest = source("mimic").manifest
LAYOUTS = {layout.name: layout for layout in MANIFEST.layouts}


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return path


def lay_out(folder: Path, layout: Layout) -> dict[str, Path]:
    """The bare shape of a layout below a folder; the roots of its parts."""
    jpg, reports = folder / layout.parts["jpg"], folder / layout.parts["reports"]
    ending = ".csv" if layout.name == "unpacked" else ".csv.gz"
    names = [f"{table}{ending}" for table in TABLES] + [TEST_SET] * (layout.version == "2.1.0")
    for name in [*names, PICTURE]:
        write(jpg / name)
    write(reports / REPORTS.get(layout.name, "mimic-cxr-reports.zip"))
    if layout.name.endswith("2.1.0"):
        write(reports / "cxr-provider-list.csv.gz")
    return {"jpg": jpg, "reports": reports}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_found_from_its_data_folder(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    roots = lay_out(tmp_path, layout)
    assert locate(MANIFEST, [tmp_path]) == (roots, name, layout.version)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_found_from_the_roots_of_its_parts(name: str, tmp_path: Path) -> None:
    roots = lay_out(tmp_path, LAYOUTS[name])
    assert locate(MANIFEST, dict.fromkeys(roots.values())) == (roots, name, LAYOUTS[name].version)


def test_a_parent_folder_is_enough(tmp_path: Path) -> None:
    roots = lay_out(tmp_path, LAYOUTS["physionet-2.1.0"])
    at = locate(MANIFEST, [tmp_path / "physionet.org" / "files"])
    assert at is not None
    assert at.roots == roots


def test_nothing_is_found_in_a_folder_of_other_things(tmp_path: Path) -> None:
    write(tmp_path / "holiday" / "files" / "p10.jpg")
    assert locate(MANIFEST, [tmp_path]) is None


def test_one_part_alone_is_found(tmp_path: Path) -> None:
    jpg = write(tmp_path / "mimic-cxr-jpg" / f"{TABLES[0]}.csv.gz").parent
    at = locate(MANIFEST, [tmp_path])
    assert at is not None
    assert at.roots == {"jpg": jpg}


def test_two_versions_side_by_side_are_refused_with_the_commands_to_copy(tmp_path: Path) -> None:
    old, new = lay_out(tmp_path, LAYOUTS["physionet-2.0.0"]), lay_out(tmp_path, LAYOUTS["physionet-2.1.0"])
    with pytest.raises(UsageError) as caught:
        locate(MANIFEST, [tmp_path])
    assert caught.value.exit_code == 2
    commands = str(caught.value.mend).splitlines()[1:]
    assert len(commands) == 2
    for command, roots, version in zip(commands, (old, new), ("2.0.0", "2.1.0"), strict=True):
        words = shlex.split(command)
        assert words[:4] == ["cxdata", "build", "--source", "mimic"]
        at = locate(MANIFEST, [Path(word.removeprefix("mimic=")) for word in words if word.startswith("mimic=")])
        assert at == (roots, f"physionet-{version}", version)


def test_the_commands_to_copy_name_every_part_that_is_there(tmp_path: Path) -> None:
    """One folder of reports goes with both versions; a folder whose name holds a space is quoted."""
    home = tmp_path / "my data"
    old, new = lay_out(home, LAYOUTS["physionet-2.0.0"]), lay_out(home, LAYOUTS["physionet-2.1.0"])
    for path in sorted(old["reports"].rglob("*"), reverse=True):
        path.unlink()
    with pytest.raises(UsageError) as caught:
        locate(MANIFEST, [home])
    for command, jpg in zip(str(caught.value.mend).splitlines()[1:], (old["jpg"], new["jpg"]), strict=True):
        assert shlex.split(command)[4:] == ["--root", f"mimic={jpg}", "--root", f"mimic={new['reports']}"]


def test_folders_with_names_of_ones_own_make_a_custom_layout(tmp_path: Path) -> None:
    jpg = write(tmp_path / "pictures" / f"{TABLES[0]}.csv").parent
    reports = write(tmp_path / "texts" / "mimic-cxr-reports.zip").parent
    assert locate(MANIFEST, [tmp_path]) == ({"jpg": jpg, "reports": reports}, OTHER_LAYOUT, "2.0.0")


def test_a_folder_of_very_many_folders_is_not_looked_through(tmp_path: Path) -> None:
    crowded = tmp_path / "crowded"
    roots = lay_out(crowded / "patient0000", LAYOUTS["bucket-2.1.0"])
    for i in range(1, MAX_SUBFOLDERS + 1):
        (crowded / f"patient{i:04}").mkdir()
    assert locate(MANIFEST, [tmp_path]) is None
    at = locate(MANIFEST, [crowded / "patient0000"])
    assert at is not None
    assert at.roots == roots


def test_hidden_folders_and_links_that_lead_back_are_passed_over(tmp_path: Path) -> None:
    roots = lay_out(tmp_path / "data", LAYOUTS["merged"])
    lay_out(tmp_path / ".trash", LAYOUTS["merged"])
    (tmp_path / "data" / "again").symlink_to(tmp_path)
    assert part_candidates(MANIFEST, [tmp_path, tmp_path / "data"]) == {part: [root] for part, root in roots.items()}


def test_a_version_is_betrayed_by_files_before_names(tmp_path: Path) -> None:
    part = MANIFEST.parts["jpg"]
    root = tmp_path / "mimic-cxr-jpg-2.0.0"
    root.mkdir()
    assert version_of(part, root) == "2.0.0"
    write(root / TEST_SET)
    assert version_of(part, root) == "2.1.0"


def test_a_version_may_be_named_by_the_path_and_is_else_the_oldest(tmp_path: Path) -> None:
    part = MANIFEST.parts["jpg"]
    assert version_of(part, tmp_path / "2.1.0") == "2.1.0"
    assert version_of(part, tmp_path / "somewhere") == "2.0.0"


def test_found_takes_roots_that_are_known(tmp_path: Path) -> None:
    roots = lay_out(tmp_path, LAYOUTS["sectioned"])
    assert found(MANIFEST, roots).layout == "sectioned"


def test_a_table_is_found_packed_or_not(tmp_path: Path) -> None:
    spec = MANIFEST.file(TABLES[0])
    assert find_file(spec, tmp_path) is None
    unpacked = write(tmp_path / f"{TABLES[0]}.csv")
    assert find_file(spec, tmp_path) == unpacked
    packed = write(tmp_path / f"{TABLES[0]}.csv.gz")
    assert find_file(spec, tmp_path) == packed


def test_a_family_is_found_where_its_members_are(tmp_path: Path) -> None:
    spec = MANIFEST.file("mimic-cxr-reports")
    (tmp_path / "mimic-cxr-reports" / "files" / "p10").mkdir(parents=True)
    assert find_file(spec, tmp_path) is None
    write(tmp_path / "mimic-cxr-reports" / "files" / TEXT)
    assert find_file(spec, tmp_path) == tmp_path / "mimic-cxr-reports" / "files"


def test_a_part_that_was_not_found_has_no_files() -> None:
    assert find_file(MANIFEST.file(TABLES[0]), None) is None


def test_a_layout_of_any_folder_is_told_by_its_marks(tmp_path: Path) -> None:
    """A place of `.` is any folder; a mark on a part asks for the part."""
    layouts = (
        Layout(name="both", title="", version="", parts={"jpg": ".", "reports": "."}, marks={"reports": ("*.zip",)}),
        Layout(name="one", title="", version="", parts={"jpg": "."}),
    )
    manifest = MANIFEST.model_copy(update={"layouts": layouts})
    jpg, reports = tmp_path / "of my own", tmp_path / "texts"
    write(jpg / "IMAGE_FILENAMES")
    write(reports / "mimic-cxr-reports.zip")
    assert found(manifest, {"jpg": jpg, "reports": reports}).layout == "both"
    assert found(manifest, {"jpg": jpg}).layout == "one"
