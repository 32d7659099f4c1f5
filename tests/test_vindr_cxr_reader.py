"""What is peculiar to VinDr-CXR: votes, options, layouts, counts and rejects."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from PIL import Image

from cxdata.build.inputs import resolve
from cxdata.build.pool import Pool
from cxdata.check.survey import survey
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import file_sha256
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.discovery import source
from cxdata.sources.roots import locate
from cxdata.sources.vindr_cxr.names import CANONICAL, GLOBAL, IN_KAGGLE, LOCAL, wider
from cxdata.sources.vindr_cxr.phantom import FAULTS, planted
from cxdata.sources.vindr_cxr.phantom_cohort import make_cohort
from cxdata.sources.vindr_cxr.votes import ballots, states

VINDR = source("vindr-cxr")
LAYOUTS = {layout.name: layout for layout in VINDR.manifest.layouts}
PHYSIONET = ("physionet", "tables-in-root", "tables-beside-pictures")
LABELS = VINDR.manifest.file("image_labels_test").columns[1:]
ONE, TWO = "0" * 31 + "1", "0" * 31 + "2"
PATIENTS = 24


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The phantom in every layout: the folder that holds the tables' root."""
    written = {}
    for name, layout in LAYOUTS.items():
        out = write_phantom(VINDR, tmp_path_factory.mktemp(name), PATIENTS, layout)
        written[name] = out / layout.parts["data"]
    return written


def read(root: Path, readers: str = "consensus", *, partial: bool = False) -> Reading:
    found = locate(VINDR.manifest, [root])
    assert found is not None
    options = VINDR.manifest.settings({"readers": readers})
    files = resolve(VINDR.manifest, found, options, None, partial=partial).files
    return VINDR.reader.read(ReadContext(VINDR.manifest, files, found.roots, options, Pool(1).run))


def write_labels(root: Path, *rows: tuple[str, str, set[str]]) -> Path:
    """A download of these readings (picture, reader, labels seen) without boxes, and one normal test picture."""
    root.mkdir(parents=True, exist_ok=True)
    lines = [",".join([stem, reader, *(str(int(label in seen)) for label in LABELS)]) for stem, reader, seen in rows]
    (root / "image_labels_train.csv").write_text("\n".join([f"image_id,rad_id,{','.join(LABELS)}", *lines]) + "\n")
    normal = ",".join(["f" * 32, *(str(int(label == "No finding")) for label in LABELS)])
    (root / "image_labels_test.csv").write_text(f"image_id,{','.join(LABELS)}\n{normal}\n")
    return root


def write_kaggle(root: Path, *rows: tuple[str, str, str, str]) -> Path:
    """Kaggle's table of these rows: picture, class, reader, corners."""
    (root / "train").mkdir(parents=True)
    (root / "train" / f"{ONE}.dicom").write_bytes(b"x")
    lines = [f"{stem},{label},0,{reader},{corners}" for stem, label, reader, corners in rows]
    header = "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max"
    (root / "train.csv").write_text("\n".join([header, *lines]) + "\n")
    return root


def stated(reading: Reading, stem: str = ONE) -> dict[str, str | None]:
    rows = reading.facets["findings"].filter(pl.col("study_id") == stem)
    return dict(rows.select("native_label", "state").iter_rows())


def codes(reading: Reading, file: str) -> dict[str, int]:
    return dict(Counter(reading.rejects.filter(pl.col("file") == file)["code"]))


def three(*seen: set[str]) -> list[tuple[str, str, set[str]]]:
    return [(ONE, reader, labels) for reader, labels in zip(("R8", "R9", "R10"), seen, strict=True)]


# -- votes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("readers", "by_votes"), [
    ("consensus", ("absent", "uncertain", "present", "present")),
    ("any", ("absent", "present", "present", "present")),
    ("all", ("absent", "uncertain", "uncertain", "present")),
])  # fmt: skip
def test_votes_are_states(readers: str, by_votes: tuple[str, ...], tmp_path: Path) -> None:
    names = ["Edema", "COPD", "Pneumothorax", "Cardiomegaly"]  # seen by none, one, two and three
    seen = [{name for votes, name in enumerate(names) if votes > k} for k in range(3)]
    told = stated(read(write_labels(tmp_path / "v", *three(*seen)), readers, partial=True))
    assert tuple(told[name] for name in names) == by_votes


@pytest.mark.parametrize("readers", ["R8", "R9", "R10"])
def test_one_reader_alone(readers: str, tmp_path: Path) -> None:
    root = write_labels(tmp_path / "v", *three({"Edema"}, {"COPD"}, {"Lung cyst"}), (TWO, "R1", {"No finding"}))
    reading = read(root, readers, partial=True)
    told = stated(reading)
    saw = {"R8": "Edema", "R9": "COPD", "R10": "Lung cyst"}[readers]
    assert [name for name, state in told.items() if state == "present"] == [saw]
    assert "uncertain" not in told.values()
    assert codes(reading, "image_labels_train.csv") == {"other_reader": 3}
    findings = reading.facets["findings"].filter(pl.col("study_id") == ONE)
    assert set(findings.select("annotator", "reference").rows()) == {(readers, "R2")}
    assert TWO not in reading.facets["images"]["study_id"]


@pytest.mark.parametrize("readers", ["consensus", "any", "all", "R8"])
def test_the_test_part_is_a_consensus_whatever_the_option(readers: str, trees: dict[str, Path]) -> None:
    reading = read(trees["physionet"], readers)
    test = reading.facets["studies"].filter(pl.col("split_official") == "test")["study_id"]
    for name in ("findings", "readings"):
        rows = reading.facets[name].filter(pl.col("study_id").is_in(test.implode()))
        assert set(rows["annotator"]) == {"consensus"}
    drawn = reading.facets["regions"].filter(pl.col("annotator") == "consensus")
    assert drawn.height > 0
    assert {f"vindr-cxr:{stem}" for stem in test} >= set(drawn["image_id"])


def test_silence_on_a_wider_word_beside_a_narrower_one_is_no_absence(tmp_path: Path) -> None:
    rows = three({"Consolidation"}, {"Consolidation"}, set())
    told = stated(read(write_labels(tmp_path / "v", *rows), partial=True))
    assert told["Consolidation"] == "present"
    assert "Lung Opacity" not in told
    assert told["Nodule/Mass"] == told["Edema"] == "absent"
    assert wider("Lung tumor") == ["Lung Opacity", "Nodule/Mass"]
    assert wider("Other lesion") == wider("Cardiomegaly") == []


def test_a_cell_that_cannot_be_read_may_be_either(tmp_path: Path) -> None:
    root = write_labels(tmp_path / "v", *three({"Edema", "COPD"}, {"Edema"}, set()))
    table = root / "image_labels_train.csv"
    lines = table.read_text().splitlines()
    cells = lines[3].split(",")
    for name in ("Edema", "COPD", "Lung cyst"):
        cells[2 + LABELS.index(name)] = "" if name == "COPD" else "maybe"
    table.write_text("\n".join([*lines[:3], ",".join(cells)]) + "\n")
    reading = read(root, partial=True)
    told = stated(reading)
    assert (told["Edema"], told["COPD"], told["Lung cyst"]) == ("present", None, None)
    assert next(count for count in reading.counts if count.file == table.name).cells_nulled == 3


def test_ones_may_be_written_as_fractions() -> None:
    rows = pl.DataFrame({"stem": [ONE] * 3, "row": [1, 2, 3], "Edema": ["1.0", "1", "0.0"]})
    assert states(ballots(rows), 2).select("label", "state", "row").rows() == [("Edema", "present", 1)]


def test_a_picture_of_two_readers_is_put_aside(tmp_path: Path) -> None:
    root = write_labels(tmp_path / "v", *three(set(), set(), set()), (TWO, "R8", set()), (TWO, "R9", set()))
    reading = read(root, partial=True)
    assert codes(reading, "image_labels_train.csv") == {"not_three_readers": 2}
    assert TWO not in reading.facets["studies"]["study_id"]


def test_a_picture_of_both_parts_is_one_of_test(tmp_path: Path) -> None:
    rows = [("f" * 32, reader, {"Edema"}) for reader in ("R8", "R9", "R10")]
    reading = read(write_labels(tmp_path / "v", *three(set(), set(), set()), *rows), partial=True)
    assert codes(reading, "image_labels_train.csv") == {"picture_in_test": 3}
    assert stated(reading, "f" * 32)["No finding"] == "present"


def test_what_has_no_name_keeps_its_native_label_and_is_not_asked_about(trees: dict[str, Path], tmp_path: Path) -> None:
    findings = read(trees["physionet"]).facets["findings"]
    nameless = findings.filter(pl.col("finding").is_null())
    assert set(nameless["native_label"]) == {"Other lesion", "Other diseases", "Other disease"}
    lesions = set(nameless.filter(pl.col("state") != "absent")["study_id"])
    build_source(VINDR, trees["physionet"], tmp_path / "b")
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    shown = samples.filter(pl.col("task") == "abnormality_detection")["image_ids"].explode()
    assert lesions
    assert not {f"vindr-cxr:{stem}" for stem in lesions} & set(shown)
    assert not samples.filter(pl.col("question").str.to_lowercase().str.contains("other (?:lesion|disease)")).height


# -- boxes ------------------------------------------------------------------------------------------------------------


def test_boxes_of_readers_who_agree_lie_where_the_painter_drew(trees: dict[str, Path]) -> None:
    reading = read(trees["physionet"])
    drawn = {f"vindr-cxr:{p.stem}": p for p in make_cohort(PATIENTS, 0).pictures}
    regions = reading.facets["regions"]
    for row in regions.iter_rows(named=True):
        votes = drawn[row["image_id"]].case
        label = next(native for native in votes if LOCAL.get(native) == row["finding"] and native in LOCAL)
        assert votes[label] >= 2
    assert set(regions["annotator"]) == {"consensus", "fused-2of3-v1"}


def test_places_that_readers_do_not_agree_on_have_no_box(trees: dict[str, Path]) -> None:
    reading, faults = read(trees["physionet"]), planted(PATIENTS, 0)
    regions, found = reading.facets["regions"], codes(reading, "annotations_train.csv")
    for name in ("apart", "no-agreement"):
        picture = next(p for p in make_cohort(PATIENTS, 0).pictures if p.stem == faults[name])
        label = next(label for label, n in picture.case.items() if n == {"apart": 3, "no-agreement": 2}[name])
        image = regions.filter(pl.col("image_id") == f"vindr-cxr:{picture.stem}")
        assert CANONICAL[label] not in set(image["finding"])
        assert stated(reading, picture.stem)[label] == "present"
    assert found["place_in_doubt"] > 0
    assert found["too_few_readers"] > 0


@pytest.mark.parametrize("readers", ["consensus", "any", "all", "R8", "R9", "R10"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_are_used_or_rejected_once(layout: str, readers: str, trees: dict[str, Path]) -> None:
    reading = read(trees[layout], readers)
    for count in reading.counts:
        assert count.rows_used + count.rows_rejected == count.rows_read > 0
        assert sum(codes(reading, count.file).values()) == count.rows_rejected
    steps = {step: n for step, n, _ in reading.funnel}
    prefix = "train: " if layout in PHYSIONET else ""
    assert steps[f"{prefix}places of findings"] <= steps[f"{prefix}boxes that are part of a place"]
    assert steps[f"{prefix}boxes that are part of a place"] <= steps[f"{prefix}boxes drawn"]
    places = reading.facets["regions"].filter(pl.col("annotator") != "consensus").height
    assert places == steps[f"{prefix}places of findings"] > 0


def test_every_region_is_of_a_finding_that_is_stated_present(trees: dict[str, Path]) -> None:
    for readers in ("consensus", "any", "all", "R9"):
        facets = read(trees["physionet"], readers).facets
        present = facets["findings"].filter(pl.col("state") == "present").select("study_id", "finding")
        boxed = facets["regions"].with_columns(study_id=pl.col("image_id").str.strip_prefix("vindr-cxr:"))
        assert boxed.join(present, on=["study_id", "finding"], how="anti", nulls_equal=True).is_empty()


def test_a_box_that_the_labels_contradict_is_put_aside(trees: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(trees["physionet"], tmp_path / "v"))
    table = root / "annotations" / "annotations_test.csv"
    stem = table.read_text().splitlines()[1].split(",")[0]
    table.write_text(table.read_text() + f"{stem},Enlarged PA,1.0,1.0,20.0,20.0\n")
    assert codes(read(root), "annotations_test.csv") == {"finding_not_present": 1}


def test_faults_are_rejected_by_their_codes(trees: dict[str, Path]) -> None:
    reading = read(trees["physionet"])
    labels, boxes = codes(reading, "image_labels_train.csv"), codes(reading, "annotations_train.csv")
    assert labels == {"bad_id": 1, "duplicate_row": 1, "not_three_readers": 2}
    assert {code: boxes[code] for code in ("bad_box", "unknown_finding")} == {"bad_box": 1, "unknown_finding": 1}
    assert boxes["picture_not_in_labels"] >= 1
    assert {fault.name for fault in FAULTS} == set(planted(PATIENTS, 0))
    assert next(count for count in reading.counts if count.file == "image_labels_train.csv").cells_nulled == 1


# -- Kaggle -----------------------------------------------------------------------------------------------------------


def test_kaggle_knows_fourteen_labels_and_states_nothing_of_the_others(trees: dict[str, Path], tmp_path: Path) -> None:
    reading = read(trees["kaggle"])
    assert set(reading.facets["findings"]["native_label"]) == {*IN_KAGGLE, "No finding"}
    named = {finding for finding in (*IN_KAGGLE.values(), "No Finding") if finding}
    assert set(reading.facets["label_space"]["finding"]) == named
    assert set(reading.facets["studies"]["split_official"]) == {"train"}
    build_source(VINDR, trees["kaggle"], tmp_path / "b")
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    asked = {*samples["asked_finding"].drop_nulls(), *samples["options"].explode().drop_nulls()} - {"Yes", "No"}
    assert asked <= named


def test_boxes_of_kaggle_are_votes(tmp_path: Path) -> None:
    box = "1.0,2.0,30.0,40.0"
    root = write_kaggle(
        tmp_path / "v", (ONE, "Cardiomegaly", "R8", box), (ONE, "Cardiomegaly", "R8", "50.0,60.0,70.0,80.0"),
        (ONE, "Cardiomegaly", "R9", box), (ONE, "Pleural effusion", "R9", box), (ONE, "Pneumothorax", "R10", box),
        *((TWO, "No finding", reader, ",,,") for reader in ("R1", "R2", "R3")),
    )  # fmt: skip
    reading = read(root)
    told = stated(reading)
    assert (told["Cardiomegaly"], told["Pleural effusion"], told["ILD"]) == ("present", "uncertain", "absent")
    assert (told["No finding"], stated(reading, TWO)["No finding"]) == ("absent", "present")
    assert reading.rejects.is_empty(), "a box that is part of no place was a vote"
    # R8's second box meets no place of two readers: nobody knows all the places of that heart.
    assert reading.facets["regions"].is_empty()
    assert read(root, "any").facets["regions"].height == 4


@pytest.mark.parametrize(("row", "code"), [
    ((ONE, "Rib fracture", "R9", "1.0,2.0,3.0,4.0"), "unknown_finding"),
    ((ONE, "ILD", "R9", "5.0,2.0,3.0,4.0"), "bad_box"),
    ((ONE, "ILD", "R9", ",,,"), "bad_box"),
    ((ONE, "ILD", "R9", "-1.0,2.0,3.0,4.0"), "bad_box"),
])  # fmt: skip
def test_the_silence_of_a_reader_with_a_spoilt_row_says_nothing(
    row: tuple[str, str, str, str], code: str, tmp_path: Path
) -> None:
    box = "1.0,2.0,30.0,40.0"
    rows = [(ONE, "Cardiomegaly", reader, box) for reader in ("R8", "R9", "R10")]
    reading = read(write_kaggle(tmp_path / "v", *rows, row))
    told = stated(reading)
    assert codes(reading, "train.csv") == {code: 1}
    assert told["Cardiomegaly"] == "present"
    assert told["ILD"] is told["Pneumothorax"] is None


def test_a_reader_who_found_nothing_and_boxed_something_contradicts_himself(tmp_path: Path) -> None:
    rows = [(ONE, "Cardiomegaly", reader, "1.0,2.0,30.0,40.0") for reader in ("R8", "R9", "R10")]
    reading = read(write_kaggle(tmp_path / "v", *rows, (ONE, "No finding", "R10", ",,,")))
    assert codes(reading, "train.csv") == {"conflicting_rows": 2}
    assert (stated(reading)["Cardiomegaly"], stated(reading)["ILD"]) == ("present", None)


def test_sizes_of_originals_come_from_the_tables(trees: dict[str, Path], tmp_path: Path) -> None:
    sizes = {f"vindr-cxr:{p.stem}": p.size for p in _painted(trees)}
    images = read(trees["kaggle-png"]).facets["images"]
    assert {row[0]: row[1:] for row in images.select("image_id", "width", "height").rows()} == {
        image: sizes[image] for image in images["image_id"]
    }
    assert images["path"].str.ends_with(".png").all()
    assert read(trees["kaggle"]).facets["images"]["width"].null_count() == images.height
    root = write_kaggle(tmp_path / "v", *((ONE, "No finding", reader, ",,,") for reader in ("R1", "R2", "R3")))
    lines = (root / "train.csv").read_text().splitlines()
    (root / "train.csv").write_text("\n".join([f"{lines[0]},width,height", *(f"{x},2080,2336" for x in lines[1:])]))
    assert read(root).facets["images"].select("width", "height").rows() == [(2080, 2336)]


def _painted(trees: dict[str, Path]) -> list[Any]:
    """The pictures of the cohort, with the sizes that train_meta.csv tells."""
    table = pl.read_csv(trees["kaggle-png"] / "train_meta.csv")
    told = {row[0]: (row[2], row[1]) for row in table.rows()}
    pictures = make_cohort(PATIENTS, 0).of("train")
    for picture in pictures:
        picture.size = told[picture.stem]
    return pictures


# -- layouts ----------------------------------------------------------------------------------------------------------


def test_every_layout_is_found_as_itself(trees: dict[str, Path]) -> None:
    for name, layout in LAYOUTS.items():
        found = locate(VINDR.manifest, [trees[name]])
        assert found is not None
        assert (found.layout, found.version) == (name, layout.version)


def test_tables_are_read_wherever_they_lie(trees: dict[str, Path], tmp_path: Path) -> None:
    made = {}
    for name in PHYSIONET:
        build_source(VINDR, trees[name], tmp_path / name)
        made[name] = {f.name: file_sha256(f) for f in (tmp_path / name / "samples").iterdir()}
    assert made["physionet"] == made["tables-in-root"] == made["tables-beside-pictures"] != {}


@pytest.mark.parametrize("name", ["image_labels_train", "image_labels_test"])
def test_a_label_column_that_is_gone_is_named(name: str, trees: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(trees["physionet"], tmp_path / "v"))
    table = root / "annotations" / f"{name}.csv"
    table.write_text(table.read_text().replace("Rib fracture", "Rib fractures", 1))
    with pytest.raises(CxdataError, match="Rib fracture"):
        read(root)


def test_official_counts_are_counted(trees: dict[str, Path]) -> None:
    for name in ("physionet", "kaggle", "kaggle-png"):
        found = locate(VINDR.manifest, [trees[name]])
        assert found is not None
        looked = survey(VINDR.manifest, found, whole=True)
        counts = {tally.what: tally.found for tally in looked.counts}
        assert all(state.state.state == "ok" for state in looked.checkups), name
        if name == "physionet":
            assert (counts["train pictures"], counts["test pictures"], counts["picture files"]) == (20, 5, 23)
        else:
            assert counts["pictures in Kaggle's table"] == 20  # the stray one too


@pytest.mark.parametrize("patients", [1, 2, 3])
def test_the_smallest_phantoms_can_be_built(patients: int, tmp_path: Path) -> None:
    root = write_phantom(VINDR, tmp_path / "p", patients)
    assert build_source(VINDR, root, tmp_path / "b")["samples"]["total"] > 0


def test_phantom_pictures_are_mixed_dicom_files(trees: dict[str, Path]) -> None:
    pydicom = pytest.importorskip("pydicom", reason="the extra dicom is not installed")
    spoilt = {planted(PATIENTS, 0)[name] for name in ("empty-image", "truncated-image")}
    headers = [pydicom.dcmread(f) for f in trees["physionet"].rglob("*.dicom") if f.stem not in spoilt]
    assert {header.PhotometricInterpretation for header in headers} == {"MONOCHROME1", "MONOCHROME2"}
    assert {header.BitsStored for header in headers} == {12, 14}
    assert {"WindowCenter" in header for header in headers} == {True, False}
    assert {header.PatientID for header in headers} == {""}
    sizes = {p.stem: p.size for p in _painted(trees)}
    for path in (f for f in (trees["physionet"] / "train").iterdir() if f.stem not in spoilt):
        header = pydicom.dcmread(path)
        assert (header.Columns, header.Rows) == sizes[path.stem]


def test_small_copies_are_squares(trees: dict[str, Path]) -> None:
    spoilt = {planted(PATIENTS, 0)[name] for name in ("empty-image", "truncated-image")}
    for path in (trees["kaggle-png"] / "train").iterdir():
        if path.stem not in spoilt:
            with Image.open(path) as picture:
                assert picture.size == (256, 256)


def test_every_label_of_the_source_is_in_the_manifest() -> None:
    labels = VINDR.manifest.labels
    assert labels is not None
    named = {finding for finding in CANONICAL.values() if finding}
    assert set(labels.closed_world) == named
    for annotator in labels.annotators:
        local = {name for name in (IN_KAGGLE if annotator.name.startswith("kaggle") else LOCAL).values() if name}
        extra = {"No Finding"} if annotator.name.startswith("kaggle") else {"No Finding", *GLOBAL.values()} - {None}
        assert set(annotator.findings) == (local if annotator.name.startswith("fused") else local | extra)
