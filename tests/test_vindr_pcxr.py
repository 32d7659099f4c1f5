"""VinDr-PCXR beyond the contract suite: told apart from VinDr-CXR, its labels, and questions about children."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from test_contract import read

from cxdata.check.facts import facts
from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.phantom.tree import comma_separated
from cxdata.sources.roots import locate
from cxdata.sources.vindr_pcxr import phantom
from cxdata.tasks.wordings import CHILDREN

PCXR, CXR = KNOWN["vindr-pcxr"], KNOWN["vindr-cxr"]
LAYOUTS = {layout.name: layout for layout in PCXR.manifest.layouts}
ONE, TWO, THREE = (f"99{k:030x}" for k in (1, 2, 3))


def with_rows(root: Path, *rows: Mapping[str, str], boxes: tuple[tuple[object, ...], ...] = ()) -> Path:
    root.mkdir()
    tables = {"train": [dict.fromkeys(phantom.HEADER, "0.0") | {"rad_ID": "R1"} | dict(row) for row in rows]}
    tables["test"] = [dict.fromkeys(phantom.HEADER, "0.0") | {"image_id": THREE, "No finding": "1.0"}]
    for split, told in tables.items():
        body = [phantom.HEADER, *([row[name] for name in phantom.HEADER] for row in told)]
        (root / f"image_labels_{split}.csv").write_bytes(comma_separated(body))
        places = [(THREE, "R1", "No finding", "", "", "", "")] if split == "test" else boxes
        places = places or [(ONE, "R1", "No finding", "", "", "", "")]
        (root / f"annotations_{split}.csv").write_bytes(comma_separated([phantom.BOX_HEADER, *places]))
    return root


def states(tmp_path: Path, **row: str) -> dict[str, str]:
    named = {name.replace("_", " "): cell for name, cell in row.items()}
    facets = read(PCXR, with_rows(tmp_path / "d", {"image_id": ONE, **named})).facets
    mine = facets["findings"].filter(pl.col("study_id") == ONE)
    return dict(mine.select("finding", "state").rows())


@pytest.mark.parametrize("layout", ["tables-in-root", "tables-beside-pictures", "physionet"])
def test_it_and_vindr_cxr_are_told_apart(tmp_path: Path, layout: str) -> None:
    other = next(one for one in CXR.manifest.layouts if one.name == layout)
    write_phantom(CXR, tmp_path / "adults", 2, other)
    write_phantom(PCXR, tmp_path / "children", 2, LAYOUTS["unpacked"])
    for source, name in ((CXR, "adults"), (PCXR, "children")):
        found = locate(source.manifest, [tmp_path])
        assert found is not None
        assert name in found.roots["data"].parts


def test_headers_are_looked_at_in_packed_tables_too(tmp_path: Path) -> None:
    write_phantom(PCXR, tmp_path / "d", 2, LAYOUTS["tables"])
    assert locate(CXR.manifest, [tmp_path]) is None
    assert locate(PCXR.manifest, [tmp_path]) is not None


def test_labels_state_present_and_absent(tmp_path: Path) -> None:
    told = states(tmp_path, Bronchitis="1.0")
    assert told["Bronchitis"] == "present"
    assert told["Pneumonia"] == told["CPAM"] == "absent"
    assert "No Finding" not in told
    assert len(told) == 13


def test_a_kind_of_pneumonia_does_not_deny_pneumonia(tmp_path: Path) -> None:
    row = {"image_id": ONE, "Brocho-pneumonia": "1.0"}
    findings = read(PCXR, with_rows(tmp_path / "d", row)).facets["findings"].filter(pl.col("study_id") == ONE)
    told = dict(findings.select("finding", "state").rows())
    assert told["Bronchopneumonia"] == "present"
    assert "Pneumonia" not in told


@pytest.mark.parametrize("row", [{}, {"Bronchitis": "yes", "CPAM": "1.0"}, {"Bronchitis": "-1", "CPAM": "1.0"}])
def test_no_label_at_all_and_a_cell_that_cannot_be_read_are_no_reading(tmp_path: Path, row: dict[str, str]) -> None:
    reading = read(PCXR, with_rows(tmp_path / "d", {"image_id": ONE, **row}))
    assert reading.facets["readings"]["study_id"].to_list() == [THREE]
    assert set(reading.facets["images"]["image_id"]) == {f"vindr-pcxr:{ONE}", f"vindr-pcxr:{THREE}"}
    assert sum(count.cells_nulled for count in reading.counts) == ("Bronchitis" in row)


def test_other_disease_is_no_normal_picture(tmp_path: Path) -> None:
    build_source(PCXR, with_rows(tmp_path / "d", {"image_id": ONE, "Other disease": "1.0"}), tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").filter(pl.col("study_key").str.ends_with(ONE))
    assert "No Finding" not in set(rows["labels"].explode().drop_nulls())


@pytest.mark.parametrize(("row", "code"), [
    ((ONE, "R1", "No finding", "", "", "", ""), "no_box"), ((ONE, "R1", "No finding", 0, 0, 9, 9), "no_box"),
    ((ONE, "R1", "Heart", 1, 2, 3, 4), "unknown_finding"), ((ONE, "R1", "Edema", 1, 2, 1, 4), "bad_box"),
    ((ONE, "R1", "Edema", 1, 2, "x", 4), "bad_box"), ((TWO, "R1", "Edema", 1, 2, 3, 4), "picture_not_in_table"),
    (("picture", "R1", "Edema", 1, 2, 3, 4), "bad_id"),
])  # fmt: skip
def test_a_box_that_cannot_be_used_is_put_aside(tmp_path: Path, row: tuple[object, ...], code: str) -> None:
    sound = (ONE, "R1", "Edema", 10, 20, 30, 40)
    reading = read(PCXR, with_rows(tmp_path / "d", {"image_id": ONE, "CPAM": "1.0"}, boxes=(sound, row)))
    assert reading.rejects.filter(pl.col("file") == "annotations_train.csv")["code"].to_list() == [code]
    assert reading.facets["regions"].select("finding", "x0", "y1").rows() == [("Edema", 10.0, 40.0)]


def test_every_question_says_that_the_patient_is_a_child(tmp_path: Path) -> None:
    build_source(PCXR, write_phantom(PCXR, tmp_path / "d"), tmp_path / "b", images="path")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert set(rows["population"]) == {"paediatric"}
    told = rows.select(pl.any_horizontal(pl.col("question").str.starts_with(f"{text} ") for text in CHILDREN))
    assert told.to_series().all()
    assert set(rows["wording_id"]) <= facts().wording_ids
    assert rows["wording_id"].str.contains("+child.", literal=True).all()


def test_a_picture_with_a_box_that_has_no_name_is_left_out_of_detection(tmp_path: Path) -> None:
    root = write_phantom(PCXR, tmp_path / "d")
    build_source(PCXR, root, tmp_path / "b", tasks=("abnormality_detection",), images="path")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    unnamed = phantom.planted(24, 0)["unnamed-class"]
    assert rows.height > 3
    assert not rows["study_key"].str.ends_with(unnamed).any()


@pytest.mark.parametrize("name", ["physionet", "unpacked"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(PCXR, tmp_path / "d", 6, LAYOUTS[name])
    result = build_source(PCXR, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(6, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status"])
    bad = set(pictures.filter(pl.col("status") != "ok")["image_id"])
    assert bad <= {f"vindr-pcxr:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert result["pictures"]["ok"] == pictures.height - len(bad) > 3


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    reading = read(PCXR, write_phantom(PCXR, tmp_path / "d"))
    assert set(reading.rejects["code"]) == {
        "bad_id", "picture_in_test", "picture_not_in_table", "no_box", "unknown_finding", "bad_box", "duplicate_row",
    }  # fmt: skip
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))
