from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from chexpert_tables import CHEXPERT, FEW, LAYOUTS, MANY, codes, read
from conftest import build_source, write_phantom

from cxdata.build.pool import Pool
from cxdata.check.survey import survey
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import file_sha256
from cxdata.sources.base import ReadContext
from cxdata.sources.chexpert import phantom
from cxdata.sources.chexpert.phantom_tables import PLUS, V1
from cxdata.sources.roots import locate

ORIGINALS = ("full", "small", "batches", "unpacked")
PLUS_ONLY = ("plus-png", "plus-dcm", "plus")
BATCH_1 = "CheXpert-v1.0 batch 1 (validate & csv)"


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small phantom in every layout: the data folder."""
    return {
        name: write_phantom(CHEXPERT, tmp_path_factory.mktemp("data"), FEW, layout) for name, layout in LAYOUTS.items()
    }


def samples_of(home: Path) -> dict[str, str]:
    return {file.name: file_sha256(file) for file in (home / "samples").iterdir()}


def images_of(home: Path) -> pl.DataFrame:
    return pl.read_parquet(home / "images" / "*.parquet")


def test_every_layout_is_found_as_itself(trees: dict[str, Path]) -> None:
    for name, layout in LAYOUTS.items():
        found = locate(CHEXPERT.manifest, [trees[name]])
        assert found is not None
        assert (found.layout, found.version, set(found.roots)) == (name, layout.version, set(layout.parts))


def test_tables_have_the_official_headers(trees: dict[str, Path]) -> None:
    root = trees["full-plus"]
    headers = {
        "CheXpert-v1.0/train.csv": ",".join(V1), "CheXpert-v1.0/valid.csv": ",".join(V1),
        "chexlocalize/CheXpert/test_labels.csv": ",".join(("Path", *V1[5:])),
        "cheXpert-test-set-labels/groundtruth.csv": ",".join(("Study", *V1[5:])),
        "chexpertplus/df_chexpert_plus_240401.csv": ",".join(PLUS),
    }  # fmt: skip
    assert {name: (root / name).read_text().partition("\n")[0] for name in headers} == headers
    assert (len(V1), len(PLUS)) == (19, 27)


def test_the_prefix_of_the_path_is_that_of_the_copy_and_says_nothing(trees: dict[str, Path]) -> None:
    first = {name: (trees[name] / LAYOUTS[name].parts["v1"] / "train.csv") for name in ("full", "small", "unpacked")}
    prefixes = {name: path.read_text().splitlines()[1].split("/")[0] for name, path in first.items()}
    assert prefixes == {"full": "CheXpert-v1.0", "small": "CheXpert-v1.0-small", "unpacked": "CheXpert-v1.0-small"}
    readings = [read(trees[name]) for name in ORIGINALS]
    for name in ("studies", "readings", "findings"):
        assert all(reading.facets[name].equals(readings[0].facets[name]) for reading in readings), name


def test_originals_give_the_same_samples_and_find_the_same_pictures(trees: dict[str, Path], tmp_path: Path) -> None:
    made, seen = {}, {}
    for name in ORIGINALS:
        build_source(CHEXPERT, trees[name], tmp_path / name, images="path")
        made[name] = samples_of(tmp_path / name)
        seen[name] = images_of(tmp_path / name).select("image_id", "status").sort("image_id").rows()
    assert all(made[name] == made["full"] != {} for name in ORIGINALS)
    assert all(seen[name] == seen["full"] for name in ORIGINALS)
    faults = phantom.planted(FEW, 0)
    spoilt = {image: status for image, status in seen["full"] if status != "ok"}
    assert spoilt == {
        f"chexpert:{faults[f'{status}-image']}_view1_frontal": status for status in ("missing", "empty", "truncated")
    }


def test_batches_are_read_as_they_come(trees: dict[str, Path], tmp_path: Path) -> None:
    """No folder for the split in three of them; spaces, `&` and parentheses in the names."""
    root = trees["batches"]
    names = sorted(path.name for path in root.iterdir())
    assert names == [BATCH_1, *(f"CheXpert-v1.0 batch {n} (train {n - 1})" for n in (2, 3, 4))]
    build_source(CHEXPERT, root, tmp_path / "b", images="path")
    ok = images_of(tmp_path / "b").filter(pl.col("status") == "ok")
    assert set(ok["path"].str.split("/").list.get(0)) == set(names)
    valid = ok.filter(pl.col("path").str.starts_with(BATCH_1))
    assert valid.height
    assert valid["path"].str.contains("/valid/patient").all()


def test_a_patient_may_lie_in_any_batch(trees: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(trees["batches"], tmp_path / "data"))
    first = build_source(CHEXPERT, root, tmp_path / "b", images="path")["pictures"]
    two, four = (root / f"CheXpert-v1.0 batch {n} (train {n - 1})" for n in (2, 4))
    patient = next(iter(sorted(two.iterdir())))
    patient.rename(four / patient.name)
    assert build_source(CHEXPERT, root, tmp_path / "b", images="path")["pictures"] == first


def test_plus_alone_feeds_reports_and_views(trees: dict[str, Path], tmp_path: Path) -> None:
    made = {}
    for name in PLUS_ONLY:
        result = build_source(CHEXPERT, trees[name], tmp_path / name)
        assert {entry["file"] for entry in result["tasks_not_asked"]} == {"train"}
        assert result["samples"]["by_task"]["findings_generation"]
        assert result["samples"]["by_task"]["view_classification"]
        made[name] = samples_of(tmp_path / name)
    assert made["plus-png"] == made["plus-dcm"] == made["plus"] != {}


@pytest.mark.parametrize(
    ("name", "part", "ending"), [("plus-png", "png", "png"), ("plus-dcm", "dcm", "dcm"), ("plus", "png", "png")]
)
def test_pictures_of_plus_have_the_ending_of_what_is_there(
    name: str, part: str, ending: str, trees: dict[str, Path]
) -> None:
    """The table says .jpg, whatever was downloaded."""
    images = read(trees[name]).facets["images"]
    assert set(images["root_id"]) == {part}
    assert images["path"].str.contains(rf"^(train|valid)/patient\d{{5}}/study\d+/view\d_\w+\.{ending}$").all()


def test_pictures_are_taken_from_v1_and_else_from_plus(trees: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(trees["full-plus"], tmp_path / "data"))
    assert set(read(root).facets["images"]["root_id"]) == {"jpg", "test"}
    for split in ("train", "valid"):
        shutil.rmtree(root / "CheXpert-v1.0" / split)
    images = read(root).facets["images"]
    assert set(images["root_id"]) == {"png", "test"}
    result = build_source(CHEXPERT, root, tmp_path / "b", images="path")
    lost = images_of(tmp_path / "b").filter(pl.col("status") == "missing")["image_id"].to_list()
    faults = phantom.planted(FEW, 0)
    expected = {f"chexpert:{faults[name]}_view1_frontal" for name in ("missing-image", "not-in-plus")}
    assert expected <= set(lost)
    assert result["pictures"]["ok"] > 0


@pytest.mark.parametrize("place", ["PNG/PNG", "PNG", "PNGs", "."])
def test_the_png_folder_may_be_doubled_or_not(place: str, trees: dict[str, Path], tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(trees["plus-png"] / "PNG" / "PNG", data / place)
    shutil.copy(trees["plus-png"] / "df_chexpert_plus_240401.csv", data)
    result = build_source(CHEXPERT, data, tmp_path / "b", images="path")
    assert result["pictures"]["ok"] > result["pictures"]["missing"] > 0


def test_without_any_table_the_error_names_both() -> None:
    files = dict.fromkeys((spec.name for spec in CHEXPERT.manifest.files), None)
    with pytest.raises(CxdataError, match="no table of CheXpert") as error:
        CHEXPERT.reader.read(ReadContext(CHEXPERT.manifest, files, {}, {}, Pool(1).run))
    assert "train.csv" in str(error.value.mend)
    assert "df_chexpert_plus_240401.csv" in str(error.value.mend)


def test_doctor_counts_what_is_there_beside_the_official_numbers(trees: dict[str, Path]) -> None:
    found = locate(CHEXPERT.manifest, [trees["full-plus"]])
    counts = {
        tally.what: (tally.found, tally.official) for tally in survey(CHEXPERT.manifest, found, whole=True).counts
    }
    root = trees["full-plus"]
    rows = len((root / "CheXpert-v1.0" / "train.csv").read_text().splitlines()) - 1
    assert counts["pictures of train"] == (rows, 223_414)
    assert counts["pictures of valid"][1] == 234
    assert counts["studies of the test set"][1] == 500
    assert counts["patients of CheXpert Plus"] == (FEW - 1, 64_725), "no row of the one patient of test"
    files = len(list((root / "CheXpert-v1.0").glob("*/patient*/study*/*.jpg")))
    assert counts["picture files of train and valid"] == (files, 223_648)


@pytest.mark.parametrize("patients", [1, 2, 3])
def test_the_smallest_phantoms_can_be_built(patients: int, tmp_path: Path) -> None:
    root = write_phantom(CHEXPERT, tmp_path / "p", patients)
    assert build_source(CHEXPERT, root, tmp_path / "b", partial=True)["samples"]["total"] > 0


def test_planted_faults_are_rejected_with_their_codes(tmp_path: Path) -> None:
    reading = read(write_phantom(CHEXPERT, tmp_path, MANY))
    assert codes(reading, "train.csv") == {
        "bad_id": 1, "conflicting_rows": 2, "duplicate_row": 1, "picture_of_two_splits": 1,
    }  # fmt: skip
    assert codes(reading, "groundtruth.csv") == {"study_without_picture": 1}
    assert set(codes(reading, "df_chexpert_plus_240401.csv")) == {"other_patient"}
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(MANY, 0))
    assert min(int(p.removeprefix("patient")) for p in reading.facets["studies"]["patient_id"]) > 65_240
