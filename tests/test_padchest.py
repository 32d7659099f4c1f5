"""PadChest beyond the contract suite: its own rules, each layout, and the real table where it is at hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom
from test_contract import read

from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.phantom.tree import comma_separated
from cxdata.sources.discovery import sources
from cxdata.sources.padchest import phantom
from cxdata.sources.padchest.phantom_table import HEADER
from cxdata.sources.padchest.places import SIDED, locations
from cxdata.sources.padchest.words import LABELS, UNCLEAR

PAD = sources()["padchest"]
LAYOUTS = {layout.name: layout for layout in PAD.manifest.layouts}
TABLE = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
REAL = Path(os.environ.get("CXDATA_PADCHEST_TABLE", f"/nowhere/{TABLE}.gz"))
real = pytest.mark.skipif(not REAL.is_file(), reason="CXDATA_PADCHEST_TABLE names no table of PadChest")

SOUND: Mapping[str, str] = {
    "ImageID": "99990001_00-001-001.png", "ImageDir": "0", "StudyDate_DICOM": "20150203", "StudyID": "99990001",
    "PatientID": "999900010", "PatientBirth": "1941.0", "PatientSex_DICOM": "F", "Projection": "PA",
    "MethodProjection": "Manual review of DICOM fields", "Rows_DICOM": "2140", "Columns_DICOM": "1760",
    "Report": " derram pleural .", "MethodLabel": "RNN_model", "Labels": "['pleural effusion']",
    "LabelsLocalizationsBySentence": "['pleural effusion']",
}  # fmt: skip


def with_rows(root: Path, *rows: Mapping[str, str]) -> Path:
    root.mkdir()
    told = [[{**SOUND, **row}.get(name, "None") for name in HEADER] for row in rows]
    (root / TABLE).write_bytes(comma_separated([HEADER, *told]))
    return root


def facets_of(tmp_path: Path, **changes: str) -> Mapping[str, pl.DataFrame]:
    return read(PAD, with_rows(tmp_path / "d", changes)).facets


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ImageID": "picture.png"}, "bad_id"),
        ({"ImageID": "99990001_00-001-001.jpg"}, "bad_id"),
        ({"PatientID": "12x"}, "bad_id"),
        ({"PatientID": ""}, "bad_id"),
        ({"StudyID": "9999000"}, "other_study"),
        ({"StudyID": ""}, "bad_id"),
    ],
)
def test_a_row_without_sound_ids_is_put_aside(tmp_path: Path, change: dict[str, str], code: str) -> None:
    other = {"ImageID": "99990002_a-b9c0.png", "StudyID": "99990002", "PatientID": "999900020"}
    reading = read(PAD, with_rows(tmp_path / "d", change, other))
    assert reading.rejects["code"].to_list() == [code]
    assert reading.facets["images"]["image_id"].to_list() == ["padchest:99990002_a-b9c0"]


def test_a_study_of_two_patients_is_put_aside_whole(tmp_path: Path) -> None:
    rows = [SOUND, {"ImageID": "99990001_00-001-002.png", "PatientID": "999900019"},
            {"ImageID": "99990002_00-001-001.png", "StudyID": "99990002"}]  # fmt: skip
    reading = read(PAD, with_rows(tmp_path / "d", *rows))
    assert reading.rejects["code"].to_list() == ["study_of_two_patients"] * 2
    assert reading.facets["studies"]["study_id"].to_list() == ["99990002"]


@pytest.mark.parametrize("labels", [
    "nan", "[]", "['']", "['pleural effusion', '']", "['pleural effusion', ' unchanged']", "['mass']", "['exclude']",
    "['pleural effusion', 'heart']", "pleural effusion",
])  # fmt: skip
def test_labels_that_leave_something_open_are_no_reading(tmp_path: Path, labels: str) -> None:
    assert facets_of(tmp_path, Labels=labels)["readings"].is_empty()


@pytest.mark.parametrize(("labels", "told"), [
    ("['COPD signs', ' pleural effusion', 'pleural effusion']", ["COPD signs", "pleural effusion"]),
    ("['normal']", ["normal"]), ("['nipple shadow']", ["nipple shadow"]),
])  # fmt: skip
def test_labels_are_stripped_and_each_stands_once(tmp_path: Path, labels: str, told: list[str]) -> None:
    facets = facets_of(tmp_path, Labels=labels)
    assert facets["readings"].height == 1
    assert sorted(facets["findings"]["native_label"]) == sorted(told)
    assert set(facets["findings"]["state"]) == {"present"}


def test_physicians_and_the_model_are_told_apart(tmp_path: Path) -> None:
    other = {"ImageID": "99990002_a-b9c0.png", "StudyID": "99990002", "MethodLabel": "Physician"}
    third = {"ImageID": "99990003_a-b9c0.png", "StudyID": "99990003", "MethodLabel": "Nobody"}
    facets = read(PAD, with_rows(tmp_path / "d", SOUND, other, third)).facets
    said = facets["findings"].select("study_id", "annotator", "reference").rows()
    assert said == [("99990001", "model", "R4"), ("99990002", "physicians", "R3")]
    assert sorted(facets["readings"]["annotator"]) == ["model", "physicians"]


LABELLED = "['pleural effusion', ' atelectasis', 'nodule', 'normal']"
Lying = tuple[str, str, str | None, str | None, bool]


@pytest.mark.parametrize(("told", "places"), [
    # flat lists: a space goes on with the sentence, and what lies behind belongs to all of it
    ("['pleural effusion', 'loc left', 'loc basal']",
     [("pleural effusion", "loc basal", None, "base", False), ("pleural effusion", "loc left", "left", None, False)]),
    ("['pleural effusion', ' atelectasis', 'loc left', 'nodule', 'loc right upper lobe']",
     [("atelectasis", "loc left", "left", None, True), ("nodule", "loc right upper lobe", "right", "upper lobe", False),
      ("pleural effusion", "loc left", "left", None, True)]),
    ("['', 'loc left', 'nodule']", []),
    ("['loc left', 'nodule']", []),
    # a list a sentence, in which order says nothing
    ("[['loc right', 'nodule'], [], nan, ['pleural effusion', 'atelectasis', 'loc bilateral']]",
     [("atelectasis", "loc bilateral", "both", None, True), ("nodule", "loc right", "right", None, False),
      ("pleural effusion", "loc bilateral", "both", None, True)]),
    ("[['pleural effusion left side', 'nodule', 'loc pleural']]",
     [("nodule", "loc pleural", None, None, True), ("pleural effusion", "left side", "left", None, False),
      ("pleural effusion", "loc pleural", None, None, True)]),
    ("[['nodule', 'nodule', 'loc lingula']]", [("nodule", "loc lingula", None, "lingula", False)]),
    # a sentence that says normal, a label that the study does not have, words that are none of the source's
    ("[['normal', 'loc right']]", []),
    ("['cardiomegaly', 'loc left']", []),
    ("['nodule', 'loc left', 'loc somewhere']", []),
    ("['nodule', 'loc left', 'heart']", []),
    ("nodule, loc left", []),
    ("nan", []),
    ("[]", []),
])  # fmt: skip
def test_a_finding_lies_where_its_own_sentence_says(tmp_path: Path, told: str, places: list[Lying]) -> None:
    found = facets_of(tmp_path, Labels=LABELLED, LabelsLocalizationsBySentence=told)["locations"]
    assert sorted(found.select("native_label", "location", "side", "site", "shared").rows()) == places


def test_lists_that_cannot_be_read_are_counted_and_their_study_stays(tmp_path: Path) -> None:
    reading = read(PAD, with_rows(tmp_path / "d", {"LabelsLocalizationsBySentence": "['heart', 'loc left']"}))
    assert reading.counts[0].cells_nulled == 1
    assert (reading.facets["readings"].height, reading.facets["findings"].height) == (1, 1)


def test_both_annotators_say_where_findings_lie_in_the_phantom(tmp_path: Path) -> None:
    facets = read(PAD, write_phantom(PAD, tmp_path / "d")).facets
    found = facets["locations"]
    assert set(found["annotator"]) == {"physicians", "model"}
    assert set(found["shared"]) == {True, False}
    assert {"left", "right", "both", None} == set(found["side"])
    assert "left side" in set(found["location"])
    stated = facets["findings"].select("study_id", "native_label", "finding", "annotator", "reference")
    assert found.join(stated, on=stated.columns, how="anti", nulls_equal=True).is_empty()


@pytest.mark.parametrize(("projection", "method", "view"), [
    ("PA", "Manual", "PA"), ("AP_horizontal", "Manual", "AP"), ("AP", "Manual", "AP"), ("L", "Manual", "LATERAL"),
    ("COSTAL", "Manual", "OTHER"), ("EXCLUDE", "Manual", "OTHER"), ("UNK", "resnet-50.t7", "UNKNOWN"),
    ("PA", "resnet-50.t7", "FRONTAL"), ("L", "resnet-50.t7", "LATERAL"), ("", "Manual", "UNKNOWN"),
])  # fmt: skip
def test_views(tmp_path: Path, projection: str, method: str, view: str) -> None:
    assert facets_of(tmp_path, Projection=projection, MethodProjection=method)["images"]["view"].to_list() == [view]


@pytest.mark.parametrize(("birth", "sex", "age", "of"), [
    ("1941.0", "F", 74.0, "F"), ("nan", "M", None, "M"), ("", "O", None, None), ("2015.0", "nan", 0.0, None),
])  # fmt: skip
def test_age_and_sex(tmp_path: Path, birth: str, sex: str, age: float | None, of: str | None) -> None:
    studies = facets_of(tmp_path, PatientBirth=birth, PatientSex_DICOM=sex)["studies"]
    assert studies.select("age", "sex").row(0) == (age, of)


@pytest.mark.parametrize(("report", "text"), [
    (" derram pleural .", "derram pleural ."), (" nan", None), ("nan", None), (" . .", None), (" i .", None),
])  # fmt: skip
def test_reports_are_spanish_or_not_there(tmp_path: Path, report: str, text: str | None) -> None:
    rows = facets_of(tmp_path, Report=report)["reports"].select("language", "findings").rows()
    assert rows == ([] if text is None else [("es", text)])


def test_no_row_holds_spanish_words_or_stands_on_them(tmp_path: Path) -> None:
    build_source(PAD, write_phantom(PAD, tmp_path / "d"), tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert set(rows["language"]) == {"en"}
    assert rows["evidence_ids"].null_count() == rows.height


def test_wedged_vertebrae_are_no_fracture_and_no_sign_against_one(tmp_path: Path) -> None:
    told = ["vertebral anterior compression", "tuberculosis sequelae", "nipple shadow"] * 8
    ids = [{"ImageID": f"999900{k}_00-001-001.png", "StudyID": f"999900{k}", "PatientID": f"9{k}"} for k in range(24)]
    rows = [{**one, "Labels": f"['{label}']"} for one, label in zip(ids, told, strict=True)]
    build_source(PAD, with_rows(tmp_path / "d", *rows), tmp_path / "b", tasks=("disease_multi_choice",))
    asked = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").explode("labels")
    wrong = dict(asked.group_by("labels").agg(pl.col("options").list.explode().unique()).rows())
    assert {"Vertebral Compression", "Tuberculosis Sequelae"} <= wrong.keys()
    assert not {"Fracture", "Vertebral Fracture"} & set(wrong["Vertebral Compression"])
    assert not {"Mass", "Nodule", "Consolidation"} & set(wrong["Tuberculosis Sequelae"])


@pytest.mark.parametrize("name", ["folders", "one-folder", "flat", "archives"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(PAD, tmp_path / "d", 4, LAYOUTS[name])
    result = build_source(PAD, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(4, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status"])
    bad = set(pictures.filter(pl.col("status") != "ok")["image_id"])
    assert bad == {f"padchest:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert result["pictures"]["ok"] == pictures.height - len(bad)


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    found = set(read(PAD, write_phantom(PAD, tmp_path / "d")).rejects["code"])
    assert found == {"bad_id", "other_study", "study_of_two_patients", "duplicate_row", "conflicting_rows"}
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))


@real
def test_the_real_table_is_read_whole_and_every_label_is_known(tmp_path: Path) -> None:
    root = tmp_path / "d"
    root.mkdir()
    (root / REAL.name).symlink_to(REAL)
    reading = read(PAD, root)
    assert [count[1:] for count in reading.counts] == [(160_861, 160_858, 3, 18)]
    assert set(reading.rejects["code"]) == {"study_of_two_patients"}
    told = reading.facets["findings"]
    assert set(told["native_label"]) == set(LABELS.all)
    assert set(UNCLEAR) - {""} <= set(LABELS.all)
    assert (reading.facets["readings"].height, reading.facets["reports"].height) == (94_330, 109_796)
    found = reading.facets["locations"]
    assert set(found["location"]) == {*(f"loc {one}" for one in locations().all), *SIDED}
    assert found.filter(~pl.col("shared"))["native_label"].n_unique() > 100
    views = dict(reading.facets["images"]["view"].value_counts().rows())
    assert views == {"PA": 83_669, "AP": 18_905, "FRONTAL": 8_058, "LATERAL": 49_577, "OTHER": 641, "UNKNOWN": 8}
