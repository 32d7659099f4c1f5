"""BRAX beyond the contract suite: its own rules, and names that a download cut."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom
from test_contract import read

from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.phantom.tree import comma_separated
from cxdata.sources.brax import phantom
from cxdata.sources.brax.places import CUT
from cxdata.sources.discovery import sources

BRAX = sources()["brax"]
LAYOUTS = {layout.name: layout for layout in BRAX.manifest.layouts}

SOUND: Mapping[str, str] = {
    "PngPath": "images/id_99/Study_1/Series_1/image-991.png", "PatientID": "99", "PatientSex": "F", "PatientAge": "45",
    "DicomPath": "Anonymized_DICOMs/id_99/Study_1/Series_1/image-991.dcm", "AccessionNumber": "9901",
    "ViewPosition": "PA", "Rows": "2430", "Columns": "1994", "Edema": "1.0", "Pneumothorax": "0.0", "Pneumonia": "-1",
}  # fmt: skip
OTHER = {"PngPath": "images/id_98/Study_2/Series_2/image-992.png", "PatientID": "98", "AccessionNumber": "9802"}


def with_rows(root: Path, *rows: Mapping[str, str]) -> Path:
    root.mkdir()
    told = [[{**SOUND, **row}.get(name, "") for name in phantom.HEADER] for row in rows]
    (root / "master_spreadsheet_update.csv").write_bytes(comma_separated([phantom.HEADER, *told]))
    return root


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PngPath": "image-991.png"}, "bad_id"),
        ({"PngPath": "images/id_99/Study_1/Series_1/index.html"}, "bad_id"),
        ({"PatientID": ""}, "bad_id"),
        ({"AccessionNumber": ""}, "bad_id"),
        ({"PatientID": "97"}, "other_patient"),
    ],
)
def test_a_row_without_sound_ids_is_put_aside(tmp_path: Path, change: dict[str, str], code: str) -> None:
    reading = read(BRAX, with_rows(tmp_path / "d", change, OTHER))
    assert reading.rejects["code"].to_list() == [code]
    assert reading.facets["images"]["image_id"].to_list() == ["brax:992"]


def test_a_study_of_two_patients_is_put_aside_whole(tmp_path: Path) -> None:
    third = {"PngPath": "images/id_97/Study_1/Series_3/image-993.png", "PatientID": "id_97"}
    reading = read(BRAX, with_rows(tmp_path / "d", SOUND, OTHER, third))
    assert reading.rejects["code"].to_list() == ["study_of_two_patients"] * 2
    assert reading.facets["studies"]["patient_id"].to_list() == ["98"]


def test_an_id_with_its_prefix_is_the_same(tmp_path: Path) -> None:
    facets = read(BRAX, with_rows(tmp_path / "d", {"PatientID": "id_99"})).facets
    assert facets["studies"]["patient_id"].to_list() == ["99"]


def test_states_of_a_study(tmp_path: Path) -> None:
    second = {
        "PngPath": "images/id_99/Study_1/Series_1/image-994.png",
        "Edema": "0",
        "Fracture": "yes",
        "Pneumonia": "-1.0",
    }
    reading = read(BRAX, with_rows(tmp_path / "d", {"Fracture": "yes"}, second))
    told = dict(reading.facets["findings"].select("finding", "state").rows())
    assert told == {"Edema": None, "Pneumothorax": "absent", "Pneumonia": "uncertain", "Fracture": None}
    assert reading.counts[0].cells_nulled == 2
    assert reading.facets["readings"].height == reading.facets["studies"].height == 1


@pytest.mark.parametrize(("cell", "age"), [("45", 45.0), ("85 or more", 85.0), ("5.0", 5.0), ("", None), ("old", None)])
def test_age_groups(tmp_path: Path, cell: str, age: float | None) -> None:
    reading = read(BRAX, with_rows(tmp_path / "d", {"PatientAge": cell}))
    assert reading.facets["studies"]["age"].to_list() == [age]
    assert reading.counts[0].cells_nulled == (cell == "old")


@pytest.mark.parametrize(("cell", "view"), [
    ("PA", "PA"), ("AP", "AP"), ("AP LLD", "OTHER"), ("L", "LATERAL"), ("RL", "LATERAL"), ("LT-DECUB", "OTHER"),
    ("RLO", "OTHER"), ("", "UNKNOWN"), ("BACK", "UNKNOWN"),
])  # fmt: skip
def test_views(tmp_path: Path, cell: str, view: str) -> None:
    assert read(BRAX, with_rows(tmp_path / "d", {"ViewPosition": cell})).facets["images"]["view"].to_list() == [view]


def test_the_date_that_is_made_up_orders_nothing(tmp_path: Path) -> None:
    assert read(BRAX, with_rows(tmp_path / "d", {})).facets["studies"]["taken_at"].to_list() == [None]


@pytest.mark.parametrize("name", ["png", "png-cut", "dicom", "dicom-cut", "first-version"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(BRAX, tmp_path / "d", 4, LAYOUTS[name])
    result = build_source(BRAX, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(4, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status", "path"])
    bad = set(pictures.filter(pl.col("status") != "ok")["image_id"])
    assert bad == {f"brax:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert result["pictures"]["ok"] == pictures.height - len(bad)
    assert (pictures["path"].str.len_chars().max() == CUT) == name.endswith("-cut")


def test_names_cut_with_their_ending_kept_are_found(tmp_path: Path) -> None:
    root = write_phantom(BRAX, tmp_path / "d", 2)
    whole = build_source(BRAX, root, tmp_path / "whole", images="path")
    for path in [*root.rglob("*.png")]:
        name = str(path.relative_to(root / "brax" / "1.1.0"))
        path.rename(root / "brax" / "1.1.0" / f"{name[:CUT]}.png")
    result = build_source(BRAX, root, tmp_path / "b", images="path")
    assert result["pictures"]["ok"] == whole["pictures"]["ok"] > 1


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    reading = read(BRAX, write_phantom(BRAX, tmp_path / "d"))
    assert set(reading.rejects["code"]) == {
        "bad_id", "other_patient", "study_of_two_patients", "duplicate_row", "conflicting_rows",
    }  # fmt: skip
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))
    assert reading.facets["findings"]["state"].null_count() == 2
