from __future__ import annotations

import csv
import gzip
import os
import shutil
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from PIL import Image

from cxdata.build.inputs import resolve
from cxdata.build.pictures import located
from cxdata.build.pool import Pool
from cxdata.check.survey import survey
from cxdata.images.named import places_of
from cxdata.model.hashing import file_sha256
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.chestxray14 import phantom
from cxdata.sources.chestxray14.labels import CANONICAL
from cxdata.sources.chestxray14.phantom_cohort import CASES, make_cohort
from cxdata.sources.chestxray14.places import archive_number
from cxdata.sources.discovery import source
from cxdata.sources.roots import locate

NIH = source("chestxray14")
LAYOUTS = {layout.name: layout for layout in NIH.manifest.layouts}
REAL = Path(os.environ.get("CXDATA_REAL_DATA", Path(__file__).parents[2] / "shared" / "real")) / "nih-cxr14"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real public tables are not here")
TABLE = "Data_Entry_2017_v2020.csv"
FEW = 6
MANY = 40


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small phantom in every layout: the folder that holds the tables."""
    written = {}
    for name, layout in LAYOUTS.items():
        out = write_phantom(NIH, tmp_path_factory.mktemp(name), FEW, layout)
        written[name] = out / layout.parts["data"]
    return written


@pytest.fixture
def tree(trees: dict[str, Path], tmp_path: Path) -> Path:
    """The unpacked phantom, to be changed."""
    return Path(shutil.copytree(trees["unpacked"], tmp_path / "CXR8"))


def read(root: Path) -> Reading:
    found = locate(NIH.manifest, [root])
    assert found is not None
    files = resolve(NIH.manifest, found, {}, None, partial=False).files
    return NIH.reader.read(ReadContext(NIH.manifest, files, found.roots, {}, Pool(1).run))


def write_table(root: Path, *rows: str) -> None:
    """Put rows (name, labels, patient, age, sex, view) in place of the label table's, all in the train list."""
    header = "Image Index,Finding Labels,Patient ID,Patient Age,Patient Gender,View Position"
    (root / TABLE).write_text("\n".join([header, *rows]) + "\n")
    (root / "train_val_list.txt").write_text("\n".join(row.split(",")[0] for row in rows))


def codes(reading: Reading, file: str) -> dict[str, int]:
    return dict(Counter(reading.rejects.filter(pl.col("file") == file)["code"]))


def nulled(reading: Reading) -> int:
    return next(count.cells_nulled for count in reading.counts if count.file == TABLE)


def test_tables_have_the_official_headers(trees: dict[str, Path]) -> None:
    header = (
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
        "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
    )
    new, old = (trees[name] / file for name, file in (("unpacked", TABLE), ("kaggle", "Data_Entry_2017.csv")))
    assert new.read_text().splitlines()[0] == header
    assert old.read_text().splitlines()[0] == header + ","
    assert {len(line.split(",")) for line in new.read_text().splitlines()} == {11}
    assert {len(line.split(",")) for line in old.read_text().splitlines()} == {12}
    boxes = (trees["unpacked"] / "BBox_List_2017.csv").read_text().splitlines()
    assert boxes[0] == "Image Index,Finding Label,Bbox [x,y,w,h],,,"
    assert {len(line.split(",")) for line in boxes[1:]} == {6}
    for name in ("train_val_list.txt", "test_list.txt"):
        assert (trees["unpacked"] / name).read_bytes().endswith(b".png")


def test_every_layout_is_found_as_itself(trees: dict[str, Path]) -> None:
    for name, layout in LAYOUTS.items():
        found = locate(NIH.manifest, [trees[name]])
        assert found is not None
        assert (found.layout, found.version) == (name, layout.version)


def test_pictures_are_squares_of_1024_pixels_and_one_has_four_channels(trees: dict[str, Path]) -> None:
    spoilt = {phantom.planted(FEW, 0)[name] for name in ("empty-image", "truncated-image")}
    sizes, modes = set(), Counter[str]()
    for path in (trees["unpacked"] / "images").iterdir():
        if path.stem not in spoilt:
            with Image.open(path) as picture:
                sizes.add(picture.size)
                modes[picture.mode] += 1
    assert sizes == {(1024, 1024)}
    assert modes["RGBA"] == 1
    assert set(modes) == {"L", "RGBA"}


def test_phantom_patients_are_none_of_the_real_ones_and_ages_never_fall() -> None:
    cohort = make_cohort(MANY, 0)
    assert min(picture.patient for picture in cohort.pictures) > 30_805
    by_patient: dict[int, list[Any]] = {}
    for picture in cohort.pictures:
        by_patient.setdefault(picture.patient, []).append(picture)
    for pictures in by_patient.values():
        assert [p.order for p in pictures] == sorted(p.nnn for p in pictures) == list(range(len(pictures)))
        assert [p.age for p in pictures] == sorted(p.age for p in pictures)
    assert any([p.nnn for p in pictures] != [p.order for p in pictures] for pictures in by_patient.values())
    assert {fault.name for fault in phantom.FAULTS} == set(cohort.faults)


@pytest.mark.parametrize("patients", [1, 2, 3])
def test_the_smallest_phantoms_can_be_built(patients: int, tmp_path: Path) -> None:
    root = write_phantom(NIH, tmp_path / "p", patients)
    assert build_source(NIH, root, tmp_path / "b")["samples"]["total"] > 0


def test_all_findings_and_both_views_are_there() -> None:
    assert {finding for case in CASES for finding in case} == set(CANONICAL.values())
    assert {picture.view for picture in make_cohort(FEW, 0).pictures} == {"PA", "AP"}


def test_boxes_lie_where_the_painter_drew(trees: dict[str, Path]) -> None:
    regions = read(trees["unpacked"]).facets["regions"]
    assert regions.filter((pl.col("x1") > 1024) | (pl.col("y1") > 1024) | (pl.col("x0") >= pl.col("x1"))).is_empty()
    assert set(regions["frame_width"]) == set(regions["frame_height"]) == {1024}
    assert set(regions["finding"]) <= set(phantom.BOXED)
    assert set(regions["annotator"]) == {"radiologist"}
    first = regions.row(0, named=True)
    cells = (trees["unpacked"] / "BBox_List_2017.csv").read_text().splitlines()[first["origin_row"]].split(",")
    x, y, width, height = map(float, cells[2:])
    assert f"chestxray14:{cells[0]}" == first["image_id"] + ".png"
    assert (first["x0"], first["y0"], first["x1"], first["y1"]) == (x, y, x + width, y + height)


def test_layouts_of_one_version_give_the_same_samples(trees: dict[str, Path], tmp_path: Path) -> None:
    made = {}
    for name in ("unpacked", "box", "script"):
        build_source(NIH, trees[name], tmp_path / name, images="path")
        made[name] = {f.name: file_sha256(f) for f in (tmp_path / name / "samples").iterdir()}
    assert made["unpacked"] == made["box"] == made["script"] != {}


@pytest.mark.parametrize("name", ["unpacked", "packed", "kaggle"])
def test_pictures_are_found_wherever_they_lie(name: str, trees: dict[str, Path], tmp_path: Path) -> None:
    faults = phantom.planted(FEW, 0)
    build_source(NIH, trees[name], tmp_path / "b", images="path")
    images = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet")
    bad = {row[0]: row[1] for row in images.filter(pl.col("status") != "ok").select("image_id", "status").iter_rows()}
    planted = {f"chestxray14:{faults[f'{status}-image']}": status for status in ("missing", "empty", "truncated")}
    assert bad == planted
    assert set(images["width"]) == {1024}
    assert set(images.filter(pl.col("status") == "ok")["scale"]) == {1.0}


def test_pictures_in_archives_are_told_with_the_command_that_unpacks_them(
    trees: dict[str, Path], tmp_path: Path
) -> None:
    for name, pattern in (("box", "images/images_001.tar.gz"), ("script", "images_01.tar.gz")):
        result = build_source(NIH, trees[name], tmp_path / name, images="path")
        images = pl.read_parquet(tmp_path / name / "images" / "*.parquet")
        assert result["pictures"] == {"in_archive": images.height}
        rejects = pl.read_parquet(tmp_path / name / "rejects" / "*.parquet").filter(pl.col("stage") == "pictures")
        assert set(rejects["code"]) == {"picture_in_archive"}
        assert rejects.filter(pl.col("file") == pattern)["message"].str.ends_with(f"tar -xf {pattern}").all()
        gone = phantom.planted(FEW, 0)["missing-image"]
        for path, member in images.filter(~pl.col("image_id").str.ends_with(gone)).select("path", "member").iter_rows():
            with tarfile.open(trees[name] / path) as archive:
                assert member in archive.getnames()


def test_unpacking_the_archives_is_noticed_and_changes_no_sample(trees: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(trees["box"], tmp_path / "CXR8"))
    build_source(NIH, root, tmp_path / "b", images="path")
    before = {f.name: file_sha256(f) for f in (tmp_path / "b" / "samples").iterdir()}
    for path in sorted((root / "images").glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            archive.extractall(root / "images", filter="data")  # one folder lower than where most unpack
    result = build_source(NIH, root, tmp_path / "b", images="path")
    assert result["pictures"]["ok"] > 0
    images = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet").filter(pl.col("status") == "in_archive")
    gone = phantom.planted(FEW, 0)["missing-image"]
    assert images["image_id"].to_list() == [f"chestxray14:{gone}"], "alone in its archive, of which nothing lies about"
    assert before == {f.name: file_sha256(f) for f in (tmp_path / "b" / "samples").iterdir()}


def test_what_the_reader_gives_does_not_depend_on_where_pictures_lie(trees: dict[str, Path]) -> None:
    frames = [
        read(trees[name]).facets["images"].drop("origin_file") for name in ("unpacked", "packed", "box", "kaggle")
    ]
    assert all(frame.equals(frames[0]) for frame in frames)


def test_a_picture_moved_to_another_folder_is_found_again(trees: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(trees["kaggle"], tmp_path / "nih-chest-xrays" / "data"))
    first = build_source(NIH, root, tmp_path / "b", images="path")["pictures"]
    picture = next(iter(sorted((root / "images_001" / "images").iterdir())))
    picture.rename(root / "images_009" / "images" / picture.name)
    assert build_source(NIH, root, tmp_path / "b", images="path")["pictures"] == first


def test_doctor_names_only_the_place_where_pictures_lie(trees: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(trees["unpacked"], tmp_path / "my-folder"))
    seen = survey(NIH.manifest, locate(NIH.manifest, [root]), whole=False)
    kinds = [checkup.spec.name for checkup in seen.checkups if checkup.spec.kind == "pictures"]
    assert kinds == ["images"]
    counts = {tally.what: tally.found for tally in seen.counts}
    names = (root / "test_list.txt").read_text().splitlines()
    assert counts["pictures of the test part"] == len(names)


def test_archives_hold_4999_ten_times_10000_and_the_rest() -> None:
    places = pl.DataFrame({"place": range(112_120)}).select(number=archive_number(pl.col("place"), 112_120))["number"]
    assert dict(Counter(places)) == {1: 4_999, **dict.fromkeys(range(2, 12), 10_000), 12: 7_121}
    assert places.is_sorted()


def test_planted_faults_are_rejected_with_their_codes(trees: dict[str, Path], tmp_path: Path) -> None:
    reading = read(write_phantom(NIH, tmp_path, MANY))
    assert codes(reading, TABLE) == {"duplicate_row": 1, "conflicting_rows": 2, "other_patient": 1, "bad_id": 1}
    assert codes(reading, "BBox_List_2017.csv") == {"bad_box": 1, "duplicate_row": 1, "picture_not_in_table": 1}
    assert codes(reading, "train_val_list.txt") == {"picture_not_in_table": 3}
    faults = phantom.planted(MANY, 0)
    assert faults["unknown-label"] not in set(reading.facets["readings"]["study_id"])
    views = dict(reading.facets["images"].select("study_id", "view").iter_rows())
    assert views[faults["no-view"]] == "UNKNOWN"
    splits = dict(reading.facets["studies"].select("study_id", "split_official").iter_rows())
    assert splits[faults["unlisted"]] is None
    assert nulled(reading) == 2


def test_native_words_become_canonical_names_and_stay_beside_them(tree: Path) -> None:
    write_table(tree, "00990001_000.png,Effusion|Pleural_Thickening,990001,63,F,PA")
    findings = read(tree).facets["findings"]
    assert sorted(findings.select("native_label", "finding", "state", "annotator", "reference").rows()) == [
        ("Effusion", "Pleural Effusion", "present", "nih", "R4"),
        ("Pleural_Thickening", "Pleural Thickening", "present", "nih", "R4"),
    ]


@pytest.mark.parametrize(("cell", "years"), [("63", 63.0), ("060Y", 60.0), ("006M", 0.5), ("0", 0.0), ("120", 120.0)])
def test_ages_in_every_spelling(tree: Path, cell: str, years: float) -> None:
    write_table(tree, f"00990001_000.png,Mass,990001,{cell},F,PA")
    assert read(tree).facets["studies"]["age"].to_list() == [years]


@pytest.mark.parametrize("cell", ["414", "121", "", "old", "-3"])
def test_impossible_ages_are_unknown_and_counted(tree: Path, cell: str) -> None:
    write_table(tree, f"00990001_000.png,Mass,990001,{cell},F,PA")
    reading = read(tree)
    assert reading.facets["studies"]["age"].to_list() == [None]
    assert nulled(reading) == 1


def test_population_goes_by_the_age_at_each_picture(tree: Path, tmp_path: Path) -> None:
    ages = {"0": "17", "1": "18", "2": "414"}
    write_table(
        tree, *(f"00990001_00{n}.png,Mass,990001,{age},F,{'PA' if n == '0' else 'AP'}" for n, age in ages.items())
    )
    build_source(NIH, tree, tmp_path / "b", tasks=("view_classification",))
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").sort("sample_id")
    assert rows["population"].to_list() == ["paediatric", "adult", "unknown"]


@pytest.mark.parametrize("cell", ["", "Mass|Opacity", "mass"])
def test_labels_that_cannot_be_read_whole_state_nothing(tree: Path, cell: str) -> None:
    write_table(tree, f"00990001_000.png,{cell},990001,50,F,PA", "00990002_000.png,Hernia,990002,50,F,PA")
    reading = read(tree)
    assert reading.facets["findings"]["study_id"].to_list() == ["00990002_000"]
    assert reading.facets["readings"]["study_id"].to_list() == ["00990002_000"]
    assert reading.facets["images"].height == 2
    assert nulled(reading) == 1


def test_a_row_of_another_patient_than_its_name_is_put_aside(tree: Path) -> None:
    write_table(
        tree,
        "00990001_000.png,Mass,990002,50,F,PA",
        "00990001_001.png,Mass,,50,F,PA",
        "00990001_002.png,Mass,990001,50,F,PA",
    )
    reading = read(tree)
    assert codes(reading, TABLE) == {"other_patient": 2}
    assert reading.facets["images"]["patient_id"].to_list() == ["990001"]


def test_a_name_in_both_lists_is_test(tree: Path) -> None:
    write_table(tree, "00990001_000.png,Mass,990001,50,F,PA")
    (tree / "test_list.txt").write_text("00990001_000.png")
    assert read(tree).facets["studies"]["split_official"].to_list() == ["test"]


def test_lists_may_have_crlf_gzip_and_a_last_name_cut_off(tree: Path) -> None:
    write_table(tree, "00990001_000.png,Mass,990001,50,F,PA", "00990002_000.png,Mass,990002,50,F,PA")
    (tree / "train_val_list.txt").unlink()
    (tree / "train_val_list.txt.gz").write_bytes(gzip.compress(b"00990001_000.png\r\n00990002_0"))
    reading = read(tree)
    assert codes(reading, "train_val_list.txt.gz") == {"bad_id": 1}
    assert dict(reading.facets["studies"].select("study_id", "split_official").iter_rows())["00990001_000"] == "train"


def test_the_table_of_2020_comes_before_that_of_2017(tree: Path) -> None:
    (tree / "Data_Entry_2017.csv").write_text((tree / TABLE).read_text())
    found = locate(NIH.manifest, [tree])
    assert found is not None
    assert found.version == "2020"
    assert set(read(tree).facets["images"]["origin_file"]) == {TABLE}


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("10.5,20.0,30.25,40.0", None),
        ("0.0,0.0,1024.0,1024.0", None),
        ("-1.0,20.0,30.0,40.0", "bad_box"),
        ("1000.0,20.0,30.0,40.0", "bad_box"),
        ("10.0,20.0,0.0,40.0", "bad_box"),
        ("10.0,20.0,,40.0", "bad_box"),
        ("10.0,twenty,30.0,40.0", "bad_box"),
    ],
)
def test_boxes_lie_within_the_picture(tree: Path, box: str, code: str | None) -> None:
    write_table(tree, "00990001_000.png,Infiltration,990001,50,F,PA")
    header = "Image Index,Finding Label,Bbox [x,y,w,h],,,"
    (tree / "BBox_List_2017.csv").write_text(f"{header}\n00990001_000.png,Infiltrate,{box}\n")
    reading = read(tree)
    assert codes(reading, "BBox_List_2017.csv") == ({code: 1} if code else {})
    assert reading.facets["regions"]["finding"].to_list() == ([] if code else ["Infiltration"])


def test_a_box_table_without_a_last_line_end_is_not_cut_off(tree: Path) -> None:
    path = tree / "BBox_List_2017.csv"
    boxes = read(tree).facets["regions"].height
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert read(tree).facets["regions"].height == boxes


def test_listed_labels_give_no_no_in_test(trees: dict[str, Path], tmp_path: Path) -> None:
    build_source(NIH, trees["unpacked"], tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    binary = rows.filter(pl.col("task") == "disease_binary")
    assert set(binary.filter(pl.col("split") == "train")["answer"]) == {"Yes", "No"}
    assert set(binary.filter(pl.col("split") == "test")["answer"]) == {"Yes"}
    assert set(rows["split"]) == {"train", "test"}
    choices = rows.filter(pl.col("task").is_in(["disease_single_choice", "disease_multi_choice"]))
    assert set(choices["split"]) == {"train"}


@real
def test_real_tables_are_read_whole() -> None:
    reading = read(REAL)
    counts = {count.file: count[1:] for count in reading.counts}
    assert counts[f"{TABLE}.gz"] == (112_120, 112_120, 0, 0)
    assert counts["BBox_List_2017.csv"] == (984, 984, 0, 0)
    assert counts["train_val_list.txt.gz"] == (86_524, 86_524, 0, 0)
    assert counts["test_list.txt.gz"] == (25_596, 25_596, 0, 0)
    studies = reading.facets["studies"]
    assert studies["patient_id"].n_unique() == 30_805
    assert dict(Counter(studies["split_official"])) == {"train": 86_524, "test": 25_596}
    assert studies.group_by("patient_id").agg(pl.col("split_official").n_unique())["split_official"].max() == 1
    assert studies.filter(pl.col("age") < 18).height == 5_402
    assert dict(Counter(reading.facets["images"]["view"])) == {"PA": 67_310, "AP": 44_810}


@real
def test_real_findings_are_those_of_the_table() -> None:
    findings = read(REAL).facets["findings"]
    with gzip.open(REAL / f"{TABLE}.gz", "rt") as stream:
        stated = [
            (row["Image Index"][:-4], name)
            for row in csv.DictReader(stream)
            for name in row["Finding Labels"].split("|")
        ]
    assert sorted(findings.select("study_id", "native_label").iter_rows()) == sorted(stated)
    assert findings.filter(pl.col("finding") == "Pleural Effusion").height == 13_317
    assert findings.filter(pl.col("finding") == "No Finding").height == 60_361


@real
def test_real_boxes_are_of_labels_of_test_pictures() -> None:
    facets = read(REAL).facets
    regions = facets["regions"].with_columns(study_id=pl.col("image_id").str.slice(len("chestxray14:")))
    assert (regions["image_id"].n_unique(), regions["x1"].max() < 1013, regions["y1"].max() < 1023) == (880, True, True)
    assert regions.join(facets["findings"], on=["study_id", "finding"], how="anti").is_empty()
    splits = regions.join(facets["studies"], on="study_id")["split_official"]
    assert set(splits) == {"test"}
    of = dict(Counter(regions["finding"]))
    assert (of["Pleural Effusion"], of["Infiltration"], of["Atelectasis"]) == (153, 123, 180)


@real
def test_real_picture_is_the_square_that_the_facets_say(tmp_path: Path) -> None:
    images = read(REAL).facets["images"].filter(pl.col("image_id") == "chestxray14:00009285_000")
    found = located(images, places_of(NIH.manifest, {"data": REAL}))
    with Image.open(REAL / found["path"][0]) as picture:
        assert picture.size == (images["width"][0], images["height"][0])
