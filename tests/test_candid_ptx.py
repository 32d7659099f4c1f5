"""CANDID-PTX beyond the contract suite: states of studies, lists, reports, pictures without an ending."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom
from test_contract import read

from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.sources.candid_ptx import phantom
from cxdata.sources.candid_ptx.texts import sections
from cxdata.sources.discovery import sources

CANDID = sources()["candid-ptx"]
LAYOUTS = {layout.name: layout for layout in CANDID.manifest.layouts}
MASK, NONE, BEYOND = "307200 40 984 40", "-1", "1048570 7"
TEXT = "CHEST:\nThere is a small right pneumothorax."

Row = tuple[str, str, str]


def stem(number: int) -> str:
    return f"3.1.222.111111.2.333.4.{number}"


def study(number: int) -> str:
    return f"4.2.333.222222.3.444.5.{number}"


def with_tables(
    root: Path, rows: list[tuple[str, ...]], ribs: list[Row] | None = None, tubes: list[Row] | None = None
) -> Path:
    """`rows` are file name, study, picture, mask and text; each list has at least one row, or it would hold nothing."""
    root.mkdir(parents=True, exist_ok=True)
    filler = [(stem(9), "x", MASK)]
    for name, header, told in (
        ("Pneumothorax_reports", ("filename", "StudyInstanceUID", "SOPInstanceUID", "EncodedPixels", "Report"), rows),
        ("acute_rib_fracture", ("anon_SOPUID", "annotation", "mask_rle"), ribs or filler),
        ("chest_tube", ("SOPInstanceUID", "annotation", "EncodedPixels"), tubes or filler),
    ):
        with (root / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *told])
    return root


def states(root: Path) -> dict[tuple[str, str], str]:
    findings = read(CANDID, root).facets["findings"].select("study_id", "finding", "state")
    return {(one.rpartition(".")[2], finding): state for one, finding, state in findings.rows()}


def test_states_are_those_of_whole_studies(tmp_path: Path) -> None:
    rows = [
        ("P1_a", study(1), stem(1), MASK, TEXT), ("P1_b", study(1), stem(2), MASK, TEXT),
        ("P2_a", study(2), stem(3), MASK, TEXT), ("P2_b", study(2), stem(4), NONE, TEXT),
        ("P3_a", study(3), stem(5), NONE, TEXT), ("P4_a", study(4), stem(6), "", TEXT),
        ("P5_a", study(5), stem(7), "", TEXT), ("P5_b", study(5), stem(8), NONE, TEXT),
    ]  # fmt: skip
    ribs = [(stem(1), "x", MASK), (stem(2), "x", MASK), (stem(3), "x", MASK)]
    tubes = [(stem(5), "x", MASK), (stem(6), "x", BEYOND)]
    assert states(with_tables(tmp_path, rows, ribs, tubes)) == {
        ("1", "Pneumothorax"): "present", ("2", "Pneumothorax"): "uncertain", ("3", "Pneumothorax"): "absent",
        ("5", "Pneumothorax"): "uncertain",
        ("1", "Rib Fracture"): "present", ("2", "Rib Fracture"): "uncertain",
        ("3", "Chest Tube"): "present", ("4", "Chest Tube"): "uncertain",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([("X1_a", study(1), stem(1), MASK, TEXT)], ["bad_patient"]),
        ([("P1", study(1), stem(1), MASK, TEXT)], ["bad_patient"]),
        ([("P1_a", "", stem(1), MASK, TEXT)], ["bad_id"]),
        ([("P1_a", study(1), "12", MASK, TEXT)], ["bad_id"]),
        ([("P1_a", study(1), stem(1), MASK, TEXT), ("P2_a", study(1), stem(1), "1 2", TEXT)], ["other_patient"] * 2),
        ([("P1_a", study(1), stem(1), MASK, TEXT), ("P2_a", study(1), stem(3), "1 2", TEXT)], ["other_patient"] * 2),
        ([("P1_a", study(1), stem(1), MASK, TEXT), ("P1_a", study(3), stem(1), "1 2", TEXT)], ["other_patient"] * 2),
        ([("P1_a", study(1), stem(1), "5", TEXT)], ["bad_mask"]),
        ([("P1_a", study(1), stem(1), code, TEXT) for code in (MASK, BEYOND)], ["bad_mask", "picture_in_part"]),
        ([("P1_a", study(1), stem(1), MASK, TEXT), ("P1_a", study(1), stem(1), NONE, TEXT)], ["mask_and_none"] * 2),
        ([("P1_a", study(1), stem(1), MASK, TEXT)] * 2, ["duplicate_row"]),
        ([("P001_a", study(1), stem(1), MASK, TEXT), ("P1_b", study(1), stem(3), NONE, TEXT)], []),
    ],
)  # fmt: skip
def test_rows_of_reports_are_used_or_put_aside(tmp_path: Path, rows: list[tuple[str, ...]], codes: list[str]) -> None:
    reading = read(CANDID, with_tables(tmp_path, [("P7_a", study(7), stem(7), NONE, TEXT), *rows]))
    own = reading.rejects.filter(pl.col("file") == "Pneumothorax_reports.csv")
    assert sorted(own["code"]) == codes


def test_rows_of_lists_are_used_or_put_aside(tmp_path: Path) -> None:
    tubes = [(stem(1), "x", MASK), (stem(1), "y", "409600 20"), (stem(2), "x", NONE), (stem(9), "x", MASK)]
    root = with_tables(tmp_path / "d", [(f"P{k}_a", study(k), stem(k), NONE, TEXT) for k in (1, 2)], tubes=tubes)
    reading = read(CANDID, root)
    own = reading.rejects.filter(pl.col("file") == "chest_tube.csv")
    assert sorted(own["code"]) == ["no_mask", "picture_not_in_table"]
    assert set(reading.facets["regions"]["kind"]) == {"device"}
    build_source(CANDID, root, tmp_path / "b", tasks=("abnormality_grounding",))
    (row,) = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").iter_rows(named=True)
    assert (row["asked_finding"], len(row["boxes"])) == ("Chest Tube", 2)
    assert "chest tube" in row["question"]


def test_what_is_not_listed_is_never_a_no(tmp_path: Path) -> None:
    rows = [(f"P{k}_a", study(k), stem(k), MASK if k % 2 else NONE, TEXT) for k in range(60)]
    root = with_tables(tmp_path / "d", rows, [(stem(1), "x", MASK)], [(stem(2), "x", MASK)])
    build_source(CANDID, root, tmp_path / "b", tasks=("disease_binary",))
    table = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").select("asked_finding", "answer", "split")
    assert set(table.select("asked_finding", "answer").unique().rows()) == {
        ("Pneumothorax", "Yes"), ("Pneumothorax", "No"), ("Rib Fracture", "Yes"), ("Chest Tube", "Yes"),
    }  # fmt: skip
    assert set(table.filter(pl.col("answer") == "No")["split"]) == {"train", "val", "test"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The lungs are clear.", (None, None, None, "The lungs are clear.")),
        ("CLINICAL DATA: Fall.\nCHEST:\nA rib is broken.", ("Fall.", None, None, "A rib is broken.")),
        (
            "Clinical details\nFall.\n\nCXR\nA rib is broken.\n\nComment:\nFracture.\n\nTranscribed by: !PERSONALNAME!",
            ("Fall.", None, "A rib is broken.", "Fracture."),
        ),
        (
            "QUESTION: Drain?\nCOMPARISON: <###>.\nFINDINGS:\nA drain.\nReported in consultation with Dr !NAME!",
            ("Drain?", "___.", None, "A drain."),
        ),
        ("A drain. Seen with Dr !PERSONALNAME!.\nDr !PERSONALNAME!", (None, None, None, "A drain. Seen with Dr ___.")),
        ("CLINICAL DATA: Fall.\n\nTranscribed by: !PERSONALNAME!", ("Fall.", None, None, None)),
        ("Reported fall.\r\n\r\nThe lungs are clear.", (None, None, None, "Reported fall.\n\nThe lungs are clear.")),
    ],
)
def test_a_report_is_one_body_unless_a_comment_follows(text: str, told: tuple[str | None, ...]) -> None:
    assert sections(text) == told


def test_a_study_with_two_texts_has_no_report(tmp_path: Path) -> None:
    rows = [("P1_a", study(1), stem(1), MASK, TEXT), ("P1_b", study(1), stem(2), NONE, f"{TEXT} Again."),
            ("P2_a", study(2), stem(3), MASK, TEXT), ("P2_b", study(2), stem(4), NONE, TEXT)]  # fmt: skip
    reports = read(CANDID, with_tables(tmp_path, rows)).facets["reports"]
    assert reports.select("study_id", "impression").rows() == [(study(2), "There is a small right pneumothorax.")]


@pytest.mark.parametrize("name", ["dataset1", "dataset"])
def test_pictures_without_an_ending_are_found(tmp_path: Path, name: str) -> None:
    root = write_phantom(CANDID, tmp_path / "d", 4, LAYOUTS[name])
    build_source(CANDID, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(4, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status", "width"])
    bad = set(pictures.filter(pl.col("status") != "ok")["image_id"])
    fileless = {f"candid-ptx:{befallen[name]}" for name in ("blank-mask", "two-texts")}
    assert bad - fileless == {f"candid-ptx:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert set(pictures.filter(pl.col("status") == "ok")["width"]) == {1024}


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    found = set(read(CANDID, write_phantom(CANDID, tmp_path / "d")).rejects["code"])
    own = set(CANDID.reader.MESSAGES)  # type: ignore[attr-defined]
    assert found == own | {"bad_id", "picture_in_part", "duplicate_row", "picture_not_in_table"}
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))
