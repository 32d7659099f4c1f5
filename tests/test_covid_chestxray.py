"""covid-chestxray beyond the contract suite: its own rules, the tables of four dates, and the real pictures."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source
from test_contract import read

from cxdata.sources.base import Reading
from cxdata.sources.discovery import sources

COVID = sources()["covid-chestxray"]
REAL = Path(os.environ.get("CXDATA_REAL_DATA", Path(__file__).parents[2] / "shared" / "real")) / "covid-chestxray"
real = pytest.mark.skipif(not REAL.is_dir(), reason="CXDATA_REAL_DATA names no folder with covid-chestxray")
HEADER = "patientid,sex,age,finding,view,modality,folder,filename"
SOUND = "1,F,50,COVID-19,PA,X-ray,images,a.jpg"


def of(folder: Path, *rows: str, header: str = HEADER) -> Reading:
    folder.mkdir(exist_ok=True)
    (folder / "metadata.csv").write_text("\n".join([header, *rows]) + "\n")
    return read(COVID, folder)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2,F,50,COVID-19,PA,CT,images,b.jpg", "not_a_radiograph"),
        ("2,F,50,COVID-19,Axial,X-ray,images,b.jpg", "not_a_radiograph"),
        ("2,F,50,COVID-19,,,volumes,b.nii.gz", "not_a_radiograph"),
        ("2,F,50,COVID-19,PA,X-ray,images,b c.jpg", "bad_id"),
        (",F,50,COVID-19,PA,X-ray,images,b.jpg", "bad_id"),
        ("2,F,50,COVID-19,PA,X-ray,images,a.jpg", "duplicate_row"),
        ("2,F,50,Tuberculosis,PA,X-ray,images,a.jpg", "conflicting_rows"),
    ],
)
def test_a_row_that_cannot_be_used_is_put_aside(tmp_path: Path, row: str, code: str) -> None:
    reading = of(tmp_path / "d", SOUND, "3,M,40,No Finding,L,X-ray,images,c.png", row)
    assert code in reading.rejects["code"]
    (count,) = reading.counts
    assert (count.rows_read, count.rows_used + count.rows_rejected) == (3, 3)
    assert "covid-chestxray:c.png" in reading.facets["images"]["image_id"]


def test_patients_that_share_a_file_are_one_person(tmp_path: Path) -> None:
    other = "2,F,50,COVID-19,AP Supine,X-ray,images,b.jpg"
    images = of(tmp_path / "d", SOUND, other, SOUND.replace("1,F", "2,F")).facets["images"]
    assert images.select("patient_id", "view").rows() == [("1", "PA"), ("1", "AP")]


@pytest.mark.parametrize(
    ("told", "findings"),
    [
        ("Pneumonia/Viral/COVID-19", {"Pneumonia", "COVID-19"}),
        ('"COVID-19, ARDS"', {"COVID-19", None}),
        ("COVID-19", {"COVID-19"}),
        ("Streptococcus", {"Pneumonia"}),
        ("Pneumonia/Fungal/Pneumocystis", {"Pneumonia"}),
        ("No Finding", {"No Finding"}),
        ("todo", set()),
        ("Pneumonia/Viral/another", set()),
        ("", set()),
    ],
)
def test_what_a_diagnosis_says(tmp_path: Path, told: str, findings: set[str | None]) -> None:
    reading = of(tmp_path / "d", SOUND, f"2,F,50,{told},PA,X-ray,images,b.jpg")
    of_b = {name: frame.filter(study_id="b.jpg") for name, frame in reading.facets.items() if name != "label_space"}
    assert set(of_b["findings"]["finding"]) == findings
    assert of_b["findings"]["finding"].is_unique().all()
    assert of_b["readings"].height == bool(findings)
    assert of_b["images"].height == 1


def test_the_first_tables_spell_a_column_otherwise(tmp_path: Path) -> None:
    header = "Patientid,sex,age,finding,view,filename, url"
    reading = of(tmp_path / "d", "1,F,50,SARS,PA,a.jpg,x", "1,F,50,SARS,CT,b.jpg,x", header=header)
    assert reading.facets["images"]["view"].to_list() == ["PA"]
    assert reading.rejects["code"].to_list() == ["not_a_radiograph"]


@real
def test_the_real_table_is_read_whole_and_the_real_pictures_are_found(tmp_path: Path) -> None:
    root = REAL / "covid-chestxray-dataset"
    result = build_source(COVID, root, tmp_path / "b", images="path")
    (table,) = (one for one in result["inputs"] if one["rows_read"])
    assert (table["rows_read"], table["rows_used"], table["rows_rejected"], table["cells_nulled"]) == (673, 584, 89, 0)
    rejects = pl.read_parquet(tmp_path / "b" / "rejects" / "*.parquet").filter(stage="reader")
    assert dict(rejects.group_by("code").len().iter_rows()) == {"not_a_radiograph": 84, "duplicate_row": 5}
    status = dict(pl.read_parquet(tmp_path / "b" / "images" / "*.parquet").group_by("status").len().iter_rows())
    there = len(list((root / "images").iterdir()))
    assert (status["ok"], status["wrong_extension"], sum(status.values())) == (there - 3, 3, 584)
    views = read(COVID, root).facets["images"]["view"].value_counts().rows()
    assert dict(views) == {"PA": 298, "AP": 240, "LATERAL": 46}


@real
@pytest.mark.parametrize("name", ["march2020-15cols", "spring2020-27cols-crlf", "final-header-3rows-TRANSCRIBED"])
def test_real_tables_of_other_dates_are_read(tmp_path: Path, name: str) -> None:
    content = (REAL / "metadata-other-versions" / f"metadata-{name}.csv").read_bytes()
    (tmp_path / "metadata.csv").write_bytes(content)
    reading = read(COVID, tmp_path)
    (count,) = reading.counts
    assert count.rows_used + count.rows_rejected == count.rows_read > 0
    assert count.cells_nulled == 0
    assert set(reading.rejects["code"]) <= {"not_a_radiograph", "duplicate_row", "conflicting_rows"}
