"""RSNA's challenge beyond the contract suite: its own rules, each layout, and the real table of boxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from real_tables import labels_of, needs_labels
from test_contract import read

from cxdata.build.builds import builds
from cxdata.mix.people import resolved_patients
from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.sources.discovery import sources
from cxdata.sources.rsna import phantom
from cxdata.sources.rsna.nih import KEY_LENGTH, NIH, with_nih

RSNA = sources()["rsna"]
LAYOUTS = {layout.name: layout for layout in RSNA.manifest.layouts}
ONE, TWO = (f"fade000{k}-0000-4000-8000-000000000001" for k in (1, 2))
BOX = ("10.0", "20", "30.0", "40.0", "1")
NONE = ("", "", "", "", "0")
OPACITY, BETWEEN, NORMAL = "Lung Opacity", "No Lung Opacity / Not Normal", "Normal"

MISSING = ["picture_not_in_table"]

Rows = Sequence[tuple[str, ...]]


def with_tables(root: Path, boxes: Rows, classes: Rows) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, header, rows in (
        ("stage_2_train_labels", "patientId,x,y,width,height,Target", boxes),
        ("stage_2_detailed_class_info", "patientId,class", classes),
    ):
        (root / f"{name}.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return root


@pytest.mark.parametrize(
    ("boxes", "classes", "codes"),
    [
        ([NONE], ["Normal"], []),
        ([("", "", "", "", "2")], [NORMAL], ["bad_target", "picture_not_in_table"]),
        ([("", "", "", "", "")], [NORMAL], ["bad_target", "picture_not_in_table"]),
        ([(*BOX[:4], "0")], [BETWEEN], ["box_without_target", "picture_not_in_table"]),
        ([("", "20", "30", "40", "1")], [OPACITY], ["bad_box", "picture_not_in_table"]),
        ([BOX, ("1000", "20", "30", "40", "1")], [OPACITY] * 2, ["bad_box", "picture_in_part", *MISSING * 2]),
        ([BOX, NONE], [OPACITY] * 2, [*["conflicting_rows"] * 2, *MISSING * 2]),
        ([BOX, BOX], [OPACITY] * 2, ["duplicate_row"]),
        ([NONE], [NORMAL, BETWEEN], [*["conflicting_rows"] * 2, "no_class"]),
        ([NONE], ["normal-ish"], ["no_class", "unknown_class"]),
        ([NONE], [OPACITY], ["class_disagrees"] * 2),
        ([BOX], [BETWEEN], ["class_disagrees"] * 2),
        ([NONE], [], ["no_class"]),
        ([], [NORMAL], ["picture_not_in_table"]),
    ],
)  # fmt: skip
def test_a_picture_is_used_whole_or_not_at_all(
    tmp_path: Path, boxes: list[tuple[str, ...]], classes: list[str], codes: list[str]
) -> None:
    told = [(ONE, *row) for row in boxes], [(ONE, label) for label in classes]
    root = with_tables(tmp_path, [(TWO, *BOX), *told[0]], [(TWO, OPACITY), *told[1]])
    reading = read(RSNA, root)
    assert sorted(reading.rejects["code"]) == sorted(codes)
    is_used = not set(codes) - {"duplicate_row"}
    assert (ONE in set(reading.facets["studies"]["study_id"])) == is_used


def test_the_class_between_is_neither_yes_nor_no(tmp_path: Path) -> None:
    stems = [f"fade000{k}-0000-4000-8000-000000000001" for k in range(3)]
    boxes = [(stems[0], *BOX), (stems[1], *NONE), (stems[2], *NONE)]
    classes = list(zip(stems, (OPACITY, BETWEEN, NORMAL), strict=True))
    root = with_tables(tmp_path / "d", boxes, classes)
    findings = read(RSNA, root).facets["findings"].select("study_id", "finding", "state", "native_label")
    assert sorted(findings.rows()) == sorted([
        (stems[0], OPACITY, "present", OPACITY), (stems[1], OPACITY, "uncertain", BETWEEN),
        (stems[2], "No Finding", "present", NORMAL), (stems[2], OPACITY, "absent", OPACITY),
    ])  # fmt: skip
    build_source(RSNA, root, tmp_path / "b", tasks=("disease_binary",))
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    answers = rows.sort("study_key").select("study_key", "answer").rows()
    assert answers == [
        (f"rsna:{stems[0]}", "Yes"),
        (f"rsna:{stems[2]}", "No"),
    ]


def test_all_boxes_of_a_picture_are_one_question(tmp_path: Path) -> None:
    root = with_tables(tmp_path / "d", [(ONE, *BOX), (ONE, "510", "20", "30", "40", "1")], [(ONE, OPACITY)] * 2)
    build_source(RSNA, root, tmp_path / "b", tasks=("abnormality_grounding",))
    (row,) = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").iter_rows(named=True)
    corners = [[box[c] for c in ("x0", "y0", "x1", "y1")] for box in row["boxes"]]
    assert corners == [
        [10, 20, 40, 60],
        [510, 20, 540, 60],
    ]


@pytest.mark.parametrize("name", ["kaggle", "jpeg", "png"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(RSNA, tmp_path / "d", 4, LAYOUTS[name])
    result = build_source(RSNA, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(4, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status", "width"])
    bad = pictures.filter(pl.col("status") != "ok")
    assert set(bad["image_id"]) == {f"rsna:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert set(pictures.filter(pl.col("status") == "ok")["width"]) == {1024}
    assert result["pictures"]["ok"] == pictures.height - len(bad)


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    found = set(read(RSNA, write_phantom(RSNA, tmp_path / "d")).rejects["code"])
    own = set(RSNA.reader.MESSAGES)  # type: ignore[attr-defined]
    common = {"bad_id", "bad_box", "picture_in_part", "conflicting_rows", "duplicate_row", "picture_not_in_table"}
    assert found == own | common
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))


def test_the_shipped_list_tells_all_its_pictures_apart_and_knows_none_of_the_phantom() -> None:
    known = pl.read_csv(NIH, schema_overrides={"image": pl.String})
    assert known["image"].str.len_chars().unique().to_list() == [KEY_LENGTH]
    assert (known.height, known["image"].n_unique()) == (26_586, 26_586)
    assert dict(known["view"].value_counts().rows()) == {"AP": 12_130, "PA": 14_456}
    assert with_nih(pl.DataFrame({"stem": [ONE, TWO]}))["view"].to_list() == ["FRONTAL"] * 2


def test_its_own_mapping_goes_before_the_shipped_list(tmp_path: Path) -> None:
    """The mapping that a user has beside the tables says whose picture it is, in whatever way the list would."""
    nih = sources()["chestxray14"]
    build_source(nih, write_phantom(nih, tmp_path / "nih"), tmp_path / "cx" / "chestxray14")
    own = pl.read_parquet(tmp_path / "cx" / "chestxray14" / "patients.parquet")["patient_key"][0].removeprefix("nih:")
    root = with_tables(tmp_path / "rsna", [(ONE, *BOX)], [(ONE, OPACITY)])
    mapping = [{"img_id": f"{own:0>8}_000.png", "subset_img_id": ONE, "orig_labels": []}]
    (root / "pneumonia-challenge-dataset-mappings_2018.json").write_text(json.dumps(mapping))
    build_source(RSNA, root, tmp_path / "cx" / "rsna")
    patients = resolved_patients(builds(tmp_path / "cx"), sources(), ("rsna",)).patients
    both = patients.filter(pl.col("patient_key").is_in([f"rsna:{ONE}", f"nih:{own}"]))
    assert both["person"].n_unique() == 1
    assert set(both["split"]) == {"test"}


@needs_labels
def test_the_real_rows_are_all_used(tmp_path: Path) -> None:
    """The real table of boxes, with made-up classes that fit: Normal for each second picture without a box."""
    boxes = pl.read_csv(labels_of("kaggle_stage_2_train_labels.csv.zip"), infer_schema=False)
    boxes.write_csv(tmp_path / "stage_2_train_labels.csv")
    healthy = (
        pl.when(pl.col("patientId").str.slice(-1).is_in([*"02468ace"])).then(pl.lit(NORMAL)).otherwise(pl.lit(BETWEEN))
    )
    label = pl.when(pl.col("Target") == "1").then(pl.lit(OPACITY)).otherwise(healthy).alias("class")
    boxes.select("patientId", label).write_csv(tmp_path / "stage_2_detailed_class_info.csv")
    reading = read(RSNA, tmp_path)
    assert [count[1:] for count in reading.counts] == [(30_227, 30_227, 0, 0)] * 2
    assert reading.facets["regions"].height == 9_555
    assert reading.facets["images"].height == 26_684
    views: Any = dict(reading.facets["images"]["view"].value_counts().rows())
    assert views == {"AP": 12_130, "PA": 14_456, "FRONTAL": 98}
    ages = reading.facets["studies"]["age"]
    assert ((ages < 18).sum(), ages.null_count()) == (1_306, 98)
