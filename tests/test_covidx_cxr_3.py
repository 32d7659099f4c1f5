"""COVIDx beyond the contract suite: lines of every form, collections with both classes, how it is asked, real lists."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom
from test_contract import found_in, read

from cxdata.mix.config import mix_config
from cxdata.mix.run import MixRequest, mix
from cxdata.model.errors import CxdataError
from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.sources.covidx_cxr_3 import phantom
from cxdata.sources.discovery import sources

COVIDX = sources()["covidx-cxr-3"]
LAYOUTS = {layout.name: layout for layout in COVIDX.manifest.layouts}
REAL = Path(os.environ.get("CXDATA_COVIDX_LISTS", "/nowhere"))
real = pytest.mark.skipif(not REAL.is_dir(), reason="CXDATA_COVIDX_LISTS names no folder with COVIDx's lists")

COHEN = ("9901 case-99-1.png positive cohen", "9902 case-99-2.png negative cohen")


def with_lines(
    root: Path, train: tuple[str, ...], test: tuple[str, ...] = COHEN[:1], names: str = "{}_COVIDx9B.txt"
) -> Path:
    root.mkdir()
    for split, told in (("train", train), ("test", test)):
        (root / names.format(split)).write_text("\n".join(told) + "\n")
    return root


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("9903 case-99-3.png", "bad_id"),
        ("case-99-3.png positive cohen", "bad_id"),
        ("9903 case-99-3.png positive nowhere", "bad_id"),
        ("9903 case-99-3.png positive", "no_collection"),
        ("9903 case-99-3.png pneumonia cohen", "unknown_finding"),
        ("A9903 A9903-12-31-1900-NA-ABDOMEN_SUPINE_KUB-9-1.000000-AP-9-1-1.jpg positive stonybrook", "not_a_chest"),
        ("9901 case-99-1.png positive cohen", "picture_in_stricter_split"),
    ],
)
def test_a_line_that_cannot_be_used_is_put_aside(tmp_path: Path, line: str, code: str) -> None:
    reading = read(COVIDX, with_lines(tmp_path / "d", (line, COHEN[1])))
    assert reading.rejects["code"].to_list() == [code]
    assert [count[1:4] for count in reading.counts] == [(1, 1, 0), (2, 1, 1)]


@pytest.mark.parametrize(
    ("line", "patient", "view"),
    [
        ("COVID 12 COVID(12).png positive sirm", "sirm:COVID_12", "UNKNOWN"),
        ("313b 1-s2.0-S0000-gr4c.JPG negative cohen", "cohen:313b", "FRONTAL"),
        ("ANON99 DX.1.2.840.99.png negative actmed", "actmed:ANON99", "UNKNOWN"),
        ("99aa 99aa.png negative rnsa", "rsna:99aa", "FRONTAL"),
        ("S99 sub-S99_ses-E99_run-1_bp-chest_vp-pa_dx-corrected.png positive bimcv", "bimcv:S99", "PA"),
        ("A99 A99-12-31-1900-NA-CHEST_AP_PORT-99-1.000000-AP-99-1-1.jpg positive stonybrook", "stonybrook:A99", "AP"),
        ("A99 A99-1-NA-CHEST_PA_AP-99-1.000000-LATERAL-99-1-1.jpg positive stonybrook", "stonybrook:A99", "LATERAL"),
    ],
)
def test_lines_of_every_collection(tmp_path: Path, line: str, patient: str, view: str) -> None:
    facets = read(COVIDX, with_lines(tmp_path / "d", (line,))).facets
    row = facets["images"].filter(pl.col("origin_file") == "train_COVIDx9B.txt").row(0, named=True)
    assert (row["patient_id"], row["view"]) == (patient, view)


def test_only_collections_with_both_classes_are_read(tmp_path: Path) -> None:
    one_class = ("99a 99a.png negative rsna", "990-1 MIDRC-RICORD-1C-990-1.png positive ricord")
    test = ("99b 99b.png negative rsna", "990-2 MIDRC-RICORD-1C-990-2.png positive ricord")
    root = with_lines(tmp_path / "d", (*COHEN, *one_class), test)
    facets = read(COVIDX, root).facets
    assert sorted(facets["readings"]["study_id"]) == ["case-99-1.png", "case-99-2.png"]
    assert facets["findings"].height == 6
    build_source(COVIDX, root, tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert dict(rows.select("study_key", "answer").rows()) == {
        "covidx-cxr-3:case-99-1.png": "Yes", "covidx-cxr-3:case-99-2.png": "No",
    }  # fmt: skip
    assert rows["question"].str.contains("label").all()
    assert rows["wording_id"].str.contains(".labelled.", literal=True).all()
    assert set(rows["reference"]) == {"R5"}


def test_no_stage_takes_it_unless_it_says_so(tmp_path: Path) -> None:
    build_source(COVIDX, write_phantom(COVIDX, tmp_path / "d", 40), tmp_path / "cx" / "covidx-cxr-3", images="path")

    def mixed(name: str, **changes: object) -> object:
        config = mix_config("closed", balanced=False, **changes)
        return mix(
            MixRequest(tmp_path / "cx", tmp_path / name, config, "easyr1", "path", "keep", sources(), lambda _: None)
        )

    with pytest.raises(CxdataError, match="'reference'"):
        mixed("by-default")
    assert mixed("asked-for", references=("R5",))["by_source"]["covidx-cxr-3"] > 10  # type: ignore[index]


@pytest.mark.parametrize("name", ["kaggle", "github-lists"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(COVIDX, tmp_path / "d", 8, LAYOUTS[name])
    result = build_source(COVIDX, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(8, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status"])
    bad = set(pictures.filter(pl.col("status") != "ok")["image_id"])
    assert bad <= {f"covidx-cxr-3:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert result["pictures"]["ok"] == pictures.height - len(bad) > 3


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    reading = read(COVIDX, write_phantom(COVIDX, tmp_path / "d"))
    assert set(reading.rejects["code"]) == {
        "bad_id", "no_collection", "unknown_finding", "not_a_chest", "picture_in_stricter_split", "duplicate_row",
        "conflicting_rows",
    }  # fmt: skip
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))


def test_cxr_4_has_a_val_part(tmp_path: Path) -> None:
    root = write_phantom(COVIDX, tmp_path / "d", 4)
    (root / "val.txt").write_text("9903 case-99-3.png negative cohen\n9904 case-99-4.png positive cohen\n")
    found = found_in(COVIDX, root)
    assert (found.layout, found.version) == ("kaggle", "cxr-4")
    result = build_source(COVIDX, root, tmp_path / "b")
    assert result["samples"]["by_split"]["val"] == 2


@real
def test_the_real_lists_are_read_whole() -> None:
    reading = read(COVIDX, REAL)
    assert sorted(count[1:4] for count in reading.counts) == [(400, 400, 0), (30_482, 29_995, 487)]
    assert set(reading.rejects["code"]) == {"not_a_chest"}
    studies = reading.facets["studies"]
    counted = dict(studies.group_by("split_official").agg(pl.col("patient_id").n_unique()).rows())
    assert counted == {"train": 16_648, "test": 378}
    read_ones = reading.facets["findings"].join(reading.facets["readings"], on="study_id", how="semi")
    assert dict(read_ones["state"].value_counts().rows()) == {"present": 295, "absent": 404}
