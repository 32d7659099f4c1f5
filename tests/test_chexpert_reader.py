from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from chexpert_tables import (
    CHEXPERT,
    LABELS,
    codes,
    nulled,
    plus_row,
    read,
    states,
    v1_row,
    whole_row,
    write,
    write_v1,
)
from conftest import build_source

from cxdata.model.errors import UsageError
from cxdata.sources.chexpert.phantom_tables import PLUS

TRAIN = "CheXpert-v1.0/train/patient70001/study1/view1_frontal.jpg"
VALID = "CheXpert-v1.0/valid/patient70002/study1/view1_frontal.jpg"
TEST = "test/patient70003/study1/view1_frontal.jpg"
SOME_VALID = (whole_row(VALID),)


def write_plus(root: Path, *rows: list[str]) -> Path:
    return write(root / "df_chexpert_plus_240401.csv", PLUS, *rows)


def write_test(root: Path, labels: list[str], truth: list[str] | None = None) -> Path:
    if truth is not None:
        write(
            root / "truth" / "groundtruth.csv", ("Study", *LABELS), ["CheXpert-v1.0/test/patient70003/study1", *truth]
        )
    return write(root / "test" / "test_labels.csv", ("Path", *LABELS), [TEST, *labels])


@pytest.mark.parametrize(
    "prefix",
    ["CheXpert-v1.0/", "CheXpert-v1.0-small/", "", "/data/copy/CheXpert-v1.0/", "chexpert/CheXpert-v1.0-small/"],
)
def test_ids_begin_at_the_folder_of_the_split(prefix: str, tmp_path: Path) -> None:
    path = f"{prefix}train/patient70001/study12/view2_lateral.jpg"
    root = write_v1(tmp_path, v1_row(path, view="Lateral,"), valid=SOME_VALID)
    image = read(root).facets["images"].filter(pl.col("patient_id") == "patient70001").row(0, named=True)
    assert image["image_id"] == "chexpert:patient70001_study12_view2_lateral"
    assert image["study_id"] == "patient70001_study12"
    assert image["path"] == "train/patient70001/study12/view2_lateral.jpg"


@pytest.mark.parametrize(
    "path",
    [
        "CheXpert-v1.0/patient70001/study1/view1_frontal.jpg",
        "CheXpert-v1.0/train/patient7001/study1/view1_frontal.jpg",
        "CheXpert-v1.0/train/patient70001/view1_frontal.jpg",
        "CheXpert-v1.0/train/patient70001/study1/view1_oblique.jpg",
        "CheXpert-v1.0/retrain/patient70001/study1/view1_frontal.jpg",
        "CheXpert-v1.0/train/patient70001/study1/view1_frontal",
        "",
    ],
)
def test_other_paths_are_bad_ids(path: str, tmp_path: Path) -> None:
    reading = read(write_v1(tmp_path, v1_row(path), v1_row(TRAIN), valid=SOME_VALID))
    assert codes(reading, "train.csv") == {"bad_id": 1}


def test_splits_are_those_of_the_folders_and_patients_those_of_the_path(tmp_path: Path) -> None:
    write_v1(tmp_path / "v1", v1_row(TRAIN), valid=SOME_VALID)
    write_test(tmp_path, ["0.0"] * 14)
    studies = read(tmp_path).facets["studies"].select("study_id", "patient_id", "split_official")
    assert studies.rows() == [
        ("patient70001_study1", "patient70001", "train"),
        ("patient70002_study1", "patient70002", "val"),
        ("patient70003_study1", "patient70003", "test"),
    ]


def test_blank_is_not_mentioned_and_minus_one_uncertain(tmp_path: Path) -> None:
    row = v1_row(TRAIN, Edema="1.0", Pneumonia="-1.0", Pneumothorax="0.0", Fracture="1")
    told = states(read(write_v1(tmp_path, row, valid=SOME_VALID)), "patient70001_study1")
    assert told == {"Edema": "present", "Pneumonia": "uncertain", "Pneumothorax": "absent", "Fracture": "present"}


def test_a_study_without_any_label_was_read_all_the_same(tmp_path: Path) -> None:
    reading = read(write_v1(tmp_path, v1_row(TRAIN), valid=SOME_VALID))
    assert states(reading, "patient70001_study1") == {}
    assert "patient70001_study1" in set(reading.facets["readings"]["study_id"])


def test_other_cells_and_unlike_pictures_of_a_study_are_in_conflict(tmp_path: Path) -> None:
    lateral = TRAIN.replace("view1_frontal", "view2_lateral")
    first = v1_row(TRAIN, Edema="1.0", Pneumonia="2.0", Fracture="0.0", Consolidation="1.0")
    second = v1_row(lateral, view="Lateral,", Edema="0.0", Pneumonia="2.0", Fracture="0.0")
    reading = read(write_v1(tmp_path, first, second, valid=SOME_VALID))
    assert states(reading, "patient70001_study1") == {
        "Edema": None, "Pneumonia": None, "Fracture": "absent", "Consolidation": None,
    }  # fmt: skip
    assert nulled(reading, "train.csv") == 2
    assert reading.facets["readings"].filter(pl.col("study_id") == "patient70001_study1").height == 1


def test_who_labelled_is_told_by_the_table(tmp_path: Path) -> None:
    write_v1(tmp_path / "v1", v1_row(TRAIN, Edema="1.0"), valid=SOME_VALID)
    write_test(tmp_path, ["0.0"] * 14)
    findings = read(tmp_path).facets["findings"]
    told = findings.select(pl.col("study_id").str.head(12), "annotator", "reference").unique().sort("study_id").rows()
    assert told == [
        ("patient70001", "chexpert", "R4"), ("patient70002", "radiologists", "R1"),
        ("patient70003", "radiologists", "R1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "cells", "state"),
    [
        ((), {}, "present"),
        (("Support Devices",), {}, "present"),
        (("Edema",), {"No_Finding": "1.0"}, "absent"),
        (("Edema",), {"Fracture": ""}, "absent"),
        ((), {"Fracture": ""}, None),
        ((), {"Fracture": "x", "No_Finding": "1.0"}, None),
    ],
)
def test_no_finding_of_radiologists_is_worked_out(
    seen: tuple[str, ...], cells: dict[str, str], state: str | None, tmp_path: Path
) -> None:
    reading = read(write_v1(tmp_path, v1_row(TRAIN), valid=(whole_row(VALID, seen, **cells),)))
    assert states(reading, "patient70002_study1")["No Finding"] == state


def test_no_finding_of_the_labeller_is_taken_as_it_stands(tmp_path: Path) -> None:
    row = v1_row(TRAIN, No_Finding="1.0", Support_Devices="1.0")
    told = states(read(write_v1(tmp_path, row, valid=SOME_VALID)), "patient70001_study1")
    assert told == {"No Finding": "present", "Support Devices": "present"}


def test_the_truth_by_study_goes_before_the_table_of_pictures(tmp_path: Path) -> None:
    """groundtruth.csv holds 0 and 1, test_labels.csv 0.0 and 1.0."""
    there = ["1" if name == "Edema" else "0" for name in LABELS]
    write_v1(tmp_path / "v1", v1_row(TRAIN), valid=SOME_VALID)
    write_test(tmp_path, ["0.0"] * 14, there)
    told = states(read(tmp_path), "patient70003_study1")
    assert (told["Edema"], told["Fracture"], told["No Finding"]) == ("present", "absent", "absent")
    (tmp_path / "truth" / "groundtruth.csv").unlink()
    told = states(read(tmp_path), "patient70003_study1")
    assert (told["Edema"], told["No Finding"]) == ("absent", "present")


def test_truth_without_pictures_is_rejected(tmp_path: Path) -> None:
    write_v1(tmp_path / "v1", v1_row(TRAIN), valid=SOME_VALID)
    write(tmp_path / "t" / "groundtruth.csv", ("Study", *LABELS), ["CheXpert-v1.0/test/patient70003/study1", *"0" * 14])
    assert codes(read(tmp_path), "groundtruth.csv") == {"study_without_picture": 1}


def test_a_picture_of_valid_is_none_of_train(tmp_path: Path) -> None:
    reading = read(write_v1(tmp_path, v1_row(TRAIN), v1_row(VALID, Edema="1.0"), valid=SOME_VALID))
    assert codes(reading, "train.csv") == {"picture_of_two_splits": 1}
    assert states(reading, "patient70002_study1")["Edema"] == "absent"


@pytest.mark.parametrize(
    ("name", "cells", "view", "source", "unread"),
    [
        ("view1_frontal", "Frontal,AP", "AP", "AP/PA", 0),
        ("view1_frontal", "Frontal,PA", "PA", "AP/PA", 0),
        ("view1_frontal", "Frontal,", "FRONTAL", "file name", 0),
        ("view1_frontal", ",pa", "PA", "AP/PA", 0),
        ("view1_frontal", "Frontal,LL", "UNKNOWN", None, 0),
        ("view1_frontal", "Frontal,RL", "UNKNOWN", None, 0),
        ("view1_frontal", "Frontal,PPA", "UNKNOWN", None, 1),
        ("view1_frontal", "Lateral,", "UNKNOWN", None, 0),
        ("view2_lateral", "Lateral,", "LATERAL", "file name", 0),
        ("view2_lateral", "Lateral,LL", "LATERAL", "file name", 0),
        ("view2_lateral", "Frontal,PA", "UNKNOWN", None, 0),
    ],
)
def test_views(name: str, cells: str, view: str, source: str | None, unread: int, tmp_path: Path) -> None:
    path = TRAIN.replace("view1_frontal", name)
    reading = read(write_v1(tmp_path, v1_row(path, view=cells), valid=SOME_VALID))
    image = reading.facets["images"].filter(pl.col("patient_id") == "patient70001").row(0, named=True)
    assert (image["view"], image["view_source"]) == (view, source)
    assert nulled(reading, "train.csv") == unread


def test_pictures_of_the_test_set_are_frontal_or_lateral_and_no_more(tmp_path: Path) -> None:
    write_v1(tmp_path / "v1", v1_row(TRAIN), valid=SOME_VALID)
    write_test(tmp_path, ["0.0"] * 14)
    image = read(tmp_path).facets["images"].filter(pl.col("root_id") == "test").row(0, named=True)
    assert (image["view"], image["path"]) == ("FRONTAL", TEST)


@pytest.mark.parametrize(
    ("age", "sex", "told", "unread"),
    [
        ("50", "Male", (50.0, "M"), 0),
        ("90", "Female", (90.0, "F"), 0),
        ("0", "Unknown", (None, None), 0),
        ("", "", (None, None), 0),
        ("400", "x", (None, None), 2),
        ("fifty", "Male", (None, "M"), 1),
    ],
)
def test_age_and_sex(age: str, sex: str, told: tuple[float | None, str | None], unread: int, tmp_path: Path) -> None:
    reading = read(write_v1(tmp_path, v1_row(TRAIN, sex=sex, age=age), valid=SOME_VALID))
    study = reading.facets["studies"].filter(pl.col("patient_id") == "patient70001").row(0, named=True)
    assert (study["age"], study["sex"]) == told
    assert nulled(reading, "train.csv") == unread


def test_plus_joins_by_the_path_and_adds_what_v1_lacks(tmp_path: Path) -> None:
    write_v1(tmp_path / "v1", v1_row(TRAIN, sex="Unknown", age="0"), valid=SOME_VALID)
    known = plus_row(TRAIN.removeprefix("CheXpert-v1.0/"), section_findings="Clear lungs.")
    new = plus_row("train/patient70009/study1/view1_frontal.jpg", section_impression="No effusion.")
    write_plus(tmp_path / "plus", known, new)
    facets = read(tmp_path).facets
    assert facets["images"]["image_id"].is_unique().all()
    origin = dict(facets["images"].select("image_id", "origin_file").iter_rows())
    assert origin["chexpert:patient70001_study1_view1_frontal"] == "train.csv"
    assert origin["chexpert:patient70009_study1_view1_frontal"] == "df_chexpert_plus_240401.csv"
    studies = {row["study_id"]: row for row in facets["studies"].iter_rows(named=True)}
    assert (studies["patient70001_study1"]["age"], studies["patient70001_study1"]["sex"]) == (60.0, "F")
    assert set(facets["reports"]["study_id"]) == {"patient70001_study1", "patient70009_study1"}


def test_valid_of_plus_has_no_label_but_the_radiologists(tmp_path: Path) -> None:
    root = write_plus(tmp_path, plus_row("valid/patient70002/study1/view1_frontal.jpg", section_impression="Edema."))
    reading = read(root)
    assert reading.facets["findings"].is_empty()
    assert reading.facets["label_space"].is_empty()
    assert reading.facets["studies"]["split_official"].to_list() == ["val"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_text_of_the_first_picture_stands_for_the_study(order: tuple[int, int], tmp_path: Path) -> None:
    """Surrogate dates differ between the rows of a study."""
    both = [
        plus_row(f"train/patient70001/study1/{name}.jpg", section_impression=f"\n1. Seen on {day}.\n")
        for name, day in (("view2_lateral", "2/2"), ("view1_frontal", "1/1"))
    ]
    rows = [both[i] for i in order]
    reading = read(write_plus(tmp_path, *rows))
    assert reading.facets["reports"]["impression"].to_list() == ["1. Seen on 1/1."]
    count = next(iter(reading.counts))
    assert (count.rows_read, count.rows_used) == (2, 2)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"section_clinical_history": " Cough.", "section_history": "Old."}, ("Cough.", None, None, "Edema.")),
        ({"section_history": " Fall. "}, ("Fall.", None, None, "Edema.")),
        ({"section_comparison": "\n1/2/2007.", "section_narrative": "Edema"}, (None, "1/2/2007.", None, "Edema.")),
        ({"section_findings": "FINDINGS: Large heart.\r\nTwo\r\n"}, (None, None, "Large heart.\nTwo", "Edema.")),
        ({"section_findings": " - . "}, (None, None, None, "Edema.")),
        ({"section_impression": "1. Edema.\nADDENDUM: x\nIMPRESSION: y"}, (None, None, None, "1. Edema.")),
    ],
)
def test_sections_are_the_columns(cells: dict[str, str], told: tuple[str | None, ...], tmp_path: Path) -> None:
    row = plus_row("train/patient70001/study1/view1_frontal.jpg", **{"section_impression": "Edema.", **cells})
    report = read(write_plus(tmp_path, row)).facets["reports"]
    assert report.select("indication", "comparison", "findings", "impression").row(0) == told


def test_a_study_without_findings_and_impression_has_no_report_and_is_counted(tmp_path: Path) -> None:
    row = plus_row("train/patient70001/study1/view1_frontal.jpg", section_narrative="Edema", report="Edema")
    reading = read(write_plus(tmp_path, row))
    assert reading.facets["reports"].is_empty()
    assert reading.funnel == [
        ("of CheXpert Plus", 1, "studies"), ("of CheXpert Plus without findings and impression", 1, "studies"),
    ]  # fmt: skip


def test_a_number_of_two_patients_is_rejected(tmp_path: Path) -> None:
    numbers = {"patient70001": "a", "patient70002": "a", "patient70003": "b", "patient70004": "", "patient70005": ""}
    rows = [
        plus_row(f"train/{patient}/study1/view1_frontal.jpg", deid_patient_id=number, section_impression="Edema.")
        for patient, number in numbers.items()
    ]
    reading = read(write_plus(tmp_path, *rows))
    assert codes(reading, "df_chexpert_plus_240401.csv") == {"other_patient": 2}
    assert set(reading.facets["studies"]["patient_id"]) == {"patient70003", "patient70004", "patient70005"}


def test_an_unnamed_first_column_and_another_date_in_the_name_do_no_harm(tmp_path: Path) -> None:
    row = plus_row("train/patient70001/study1/view1_frontal.jpg", section_impression="Two\nlines.")
    root = write(tmp_path / "df_chexpert_plus_250101.csv", ("", *PLUS), ["0", *row])
    assert read(root).facets["reports"]["impression"].to_list() == ["Two\nlines."]


def test_silence_of_the_labeller_is_no_absence(tmp_path: Path) -> None:
    root = write_v1(tmp_path / "v1", v1_row(TRAIN, Edema="1.0"), valid=SOME_VALID)
    with pytest.raises(UsageError, match="closed-world"):
        build_source(CHEXPERT, root, tmp_path / "b", label_policy="closed-world", partial=True)


def test_valid_asks_of_every_stated_finding(tmp_path: Path) -> None:
    valid = (whole_row(VALID, ("Edema", "Lung Opacity")),)
    root = write_v1(tmp_path / "v1", v1_row(TRAIN), valid=valid)
    build_source(CHEXPERT, root, tmp_path / "b", tasks=("disease_binary",))
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").filter(pl.col("split") == "val")
    assert set(rows["label_policy"]) == {"strict"}
    answers = dict(rows.select("asked_finding", "answer").iter_rows())
    assert {finding for finding, answer in answers.items() if answer == "Yes"} == {"Edema", "Lung Opacity"}
    assert {"Cardiomegaly", "Pneumothorax", "Fracture", "Pleural Effusion"} <= set(answers)
