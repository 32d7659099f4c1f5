"""CXR-AL14 beyond the contract suite: what a file says, each layout, and what is asked."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom
from test_contract import read

from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.sources.cxr_al14 import phantom
from cxdata.sources.cxr_al14.voc import parsed
from cxdata.sources.discovery import sources
from cxdata.sources.roots import locate

AL14 = sources()["cxr-al14"]
LAYOUTS = {layout.name: layout for layout in AL14.manifest.layouts}
BOX = "<xmin>10</xmin><ymin>20.5</ymin><xmax>30</xmax><ymax>40</ymax>"


def file(*objects: tuple[str, str], size: str = "<size><width>100</width><height>80</height></size>") -> bytes:
    told = "".join(f"<object><name>{name}</name><bndbox>{box}</bndbox></object>" for name, box in objects)
    return f"<annotation>{size}{told}</annotation>".encode()


def with_files(root: Path, *bodies: bytes) -> Path:
    folder = root / "CXR-AL14-2022" / "Annotations"
    folder.mkdir(parents=True)
    for nth, body in enumerate(bodies):
        (folder / f"x{nth}.xml").write_bytes(body)
    return root


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "xml_broken"),
        (b"<annotation>", "xml_broken"),
        (b'<?xml version="1.0" encoding="no-such"?><annotation/>', "xml_broken"),
        (b"<!DOCTYPE annotation><annotation/>", "xml_entities"),
        (b"<html/>", "bad_record"),
        (file((" ", BOX)), "bad_record"),
        (file(("Mass", "")), "bad_box"),
        (file(("Mass", BOX.replace("30", "10"))), "bad_box"),
        (file(("Mass", BOX.replace("30", "nan"))), "bad_box"),
        (file(("Mass", BOX.replace("10", "-1"))), "bad_box"),
        (file(("Mass", BOX), ("Nodule", BOX.replace("40", "wide"))), "bad_box"),
    ],
)
def test_a_file_is_read_whole_or_put_aside(body: bytes, code: str) -> None:
    assert parsed("x", body).code == code


@pytest.mark.parametrize(
    ("size", "believed", "nulled"),
    [
        ("<size><width>100</width><height>80</height></size>", (100, 80), 0),
        ("<size><width>30</width><height>40</height></size>", (30, 40), 0),
        ("<size><width>29</width><height>80</height></size>", None, 1),
        ("<size><width>0</width><height>0</height></size>", None, 1),
        ("<size><width>wide</width></size>", None, 1),
        ("", None, 0),
    ],
)
def test_a_size_is_believed_unless_a_box_ends_beyond_it(
    size: str, believed: tuple[int, int] | None, nulled: int
) -> None:
    one = parsed("x", file(("Mass", BOX), size=size))
    assert (one.code, one.size, one.nulled) == (None, believed, nulled)
    assert one.places == (("mass", 10.0, 20.5, 30.0, 40.0),)


def test_names_are_read_whatever_their_case_and_what_has_no_name_is_kept(tmp_path: Path) -> None:
    root = with_files(
        tmp_path / "d", file(("pleural_thickening", BOX), ("EFFUSION", BOX)),
        file(("Mass", BOX), ("Venipuncture", BOX)), file(("Postoperative metal", BOX)), file(("Cardiomegaly", BOX)),
        file(),
    )  # fmt: skip
    reading = read(AL14, root)
    assert reading.rejects.select("key", "code").rows() == [("x3.xml", "unknown_finding")]
    assert [count[1:] for count in reading.counts] == [(5, 4, 1, 0)]
    findings = reading.facets["findings"].sort("study_id", "native_label")
    assert findings.select("study_id", "native_label", "finding").rows() == [
        ("x0", "Effusion", "Pleural Effusion"), ("x0", "Pleural thickening", "Pleural Thickening"),
        ("x1", "Mass", "Mass"), ("x1", "Venipuncture", None), ("x2", "Postoperative metal", "Surgical Hardware"),
    ]  # fmt: skip
    assert set(reading.facets["studies"]["study_id"]) == {"x0", "x1", "x2", "x4"}
    build_source(AL14, root, tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    asked = rows.select("task", "study_key", "asked_finding").sort(pl.all())
    assert asked.rows() == [
        ("abnormality_detection", "cxr-al14:x0", None),  # x1 shows what has no name, x2 a device alone
        ("abnormality_grounding", "cxr-al14:x0", "Pleural Effusion"),
        ("abnormality_grounding", "cxr-al14:x0", "Pleural Thickening"),
        ("abnormality_grounding", "cxr-al14:x1", "Mass"),
        ("abnormality_grounding", "cxr-al14:x2", "Surgical Hardware"),
    ]


def test_a_folder_of_another_data_set_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "VOC2012" / "Annotations").mkdir(parents=True)
    (tmp_path / "VOC2012" / "Annotations" / "2007_000027.xml").write_bytes(file())
    assert locate(AL14.manifest, [tmp_path]) is None


@pytest.mark.parametrize("name", ["voc", "folder"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(AL14, tmp_path / "d", 4, LAYOUTS[name])
    result = build_source(AL14, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(4, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status"])
    bad = set(pictures.filter(pl.col("status") != "ok")["image_id"])
    assert bad == {f"cxr-al14:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert result["pictures"]["ok"] == pictures.height - len(bad)


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    reading = read(AL14, write_phantom(AL14, tmp_path / "d"))
    assert set(reading.rejects["code"]) == set(AL14.reader.MESSAGES)  # type: ignore[attr-defined]
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))
    assert [count.cells_nulled for count in reading.counts] == [2]
