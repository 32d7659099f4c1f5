"""ChestX-Det beyond the contract suite: its own rules, each layout, and the real files where they are at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from test_contract import read

from cxdata.build.builds import builds
from cxdata.mix.people import resolved_patients
from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.sources.chestx_det import phantom
from cxdata.sources.chestx_det.records import LABELS
from cxdata.sources.discovery import sources

DET = sources()["chestx-det"]
LAYOUTS = {layout.name: layout for layout in DET.manifest.layouts}
REAL = Path(os.environ.get("CXDATA_REAL_DATA", Path(__file__).parents[2] / "shared" / "real")) / "chestx-det"
real = pytest.mark.skipif(not REAL.is_dir(), reason="CXDATA_REAL_DATA names no folder with chestx-det")

SOUND: Mapping[str, Any] = {"file_name": "71000.png", "syms": ["Mass"], "boxes": [[10, 20, 30, 40]], "polygons": []}


def with_records(root: Path, train: list[Any], test: list[Any] | None = None) -> Path:
    root.mkdir()
    held = {"train": train, "test": test or [{**SOUND, "file_name": "72000.png"}]}
    for split, records in held.items():
        (root / f"ChestX_Det_{split}.json").write_text(json.dumps(records))
    return root


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"file_name": "00000001_000.png"}, "bad_id"),
        ({"file_name": 71000}, "bad_id"),
        ({"syms": ["Mass", "Nodule"]}, "bad_record"),
        ({"syms": "Mass"}, "bad_record"),
        ({"boxes": None}, "bad_record"),
        ({"syms": ["No Finding"]}, "unknown_finding"),
        ({"syms": [["Mass"]]}, "unknown_finding"),
        ({"boxes": [[10, 20, 10, 40]]}, "bad_box"),
        ({"boxes": [[10, 20, 1025, 40]]}, "bad_box"),
        ({"boxes": [[-1, 20, 30, 40]]}, "bad_box"),
        ({"boxes": [[10, 20, 30]]}, "bad_box"),
        ({"boxes": [["10", 20, 30, 40]]}, "bad_box"),
        ({"boxes": [[10, 20, True, 40]]}, "bad_box"),
        ({"file_name": "72000.png"}, "picture_in_test"),
    ],
)
def test_a_record_that_cannot_be_read_whole_is_put_aside(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    other = {**SOUND, "file_name": "71001.png"}
    reading = read(DET, with_records(tmp_path / "d", [{**SOUND, **change}, other]))
    assert reading.rejects.filter(pl.col("file") == "ChestX_Det_train.json")["code"].to_list() == [code]
    assert set(reading.facets["studies"]["study_id"]) == {"71001", "72000"}


def test_rows_that_are_no_records_are_put_aside(tmp_path: Path) -> None:
    reading = read(DET, with_records(tmp_path / "d", [dict(SOUND), 7, None]))
    assert reading.rejects["code"].to_list() == ["bad_id", "bad_id"]
    assert [count[1:4] for count in reading.counts] == [(1, 1, 0), (3, 1, 2)]


def test_an_empty_record_is_read_and_states_nothing(tmp_path: Path) -> None:
    empty = {**SOUND, "file_name": "71001.png", "syms": [], "boxes": []}
    facets = read(DET, with_records(tmp_path / "d", [empty])).facets
    assert "71001" in set(facets["readings"]["study_id"])
    assert "71001" not in set(facets["findings"]["study_id"])


def test_silence_is_a_no_and_a_kind_of_a_finding_blocks_it(tmp_path: Path) -> None:
    records = [
        {**SOUND, "file_name": f"7100{k}.png", "syms": [label], "boxes": [[10, 20, 300, 400]]}
        for k, label in enumerate(("Diffuse Nodule", "Mass", "Effusion"))
    ]
    build_source(DET, with_records(tmp_path / "d", records), tmp_path / "b", tasks=("disease_binary",))
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    asked = {(row["study_key"][-5:], row["asked_finding"]): row["answer"] for row in rows.iter_rows(named=True)}
    assert asked["71000", "Diffuse Nodules"] == "Yes"
    assert ("71000", "Nodule") not in asked
    assert asked["71002", "Nodule"] == "No"
    assert ("71002", "No Finding") not in asked


@pytest.mark.parametrize(
    ("polygons", "outline", "nulled"),
    [
        ([[[10, 20], [30, 20], [30, 40]]], [[10.0, 20.0, 30.0, 20.0, 30.0, 40.0]], 0),
        ([[[10, 20], [30, 20]]], None, 1),
        ([[[10, 20], [30, 20], [30, 1025]]], None, 1),
        ([[[10, 20], [30, 20], [30]]], None, 1),
        ([[[10, 20], [30, 20], ["30", 40]]], None, 1),
        ([[10, 20, 30, 20, 30, 40]], None, 1),
        ([], None, 1),
        ("none", None, 1),
        (None, None, 0),
    ],
)
def test_an_outline_is_read_as_it_stands_or_is_null(
    tmp_path: Path, polygons: object, outline: list[list[float]] | None, nulled: int
) -> None:
    reading = read(DET, with_records(tmp_path / "d", [{**SOUND, "polygons": polygons}]))
    regions = reading.facets["regions"].filter(pl.col("image_id") == "chestx-det:71000")
    assert regions.select("x0", "y0", "x1", "y1", "outline").rows() == [(10.0, 20.0, 30.0, 40.0, outline)]
    assert [count.cells_nulled for count in reading.counts] == [1, nulled]


def test_a_box_that_a_record_holds_twice_stays_twice(tmp_path: Path) -> None:
    twice = {**SOUND, "syms": ["Fracture"] * 2, "boxes": [[10, 20, 30, 40]] * 2}
    tasks = ("abnormality_detection",)
    build_source(DET, with_records(tmp_path / "d", [twice]), tmp_path / "b", tasks=tasks)
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert sorted(rows["boxes"].list.len()) == [1, 2]


@pytest.mark.parametrize("name", ["unpacked", "in-folders", "archives"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(DET, tmp_path / "d", 4, LAYOUTS[name])
    result = build_source(DET, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(4, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status", "root_id"])
    bad = set(pictures.filter(pl.col("status") != "ok")["image_id"])
    assert bad == {f"chestx-det:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert result["pictures"]["ok"] == pictures.height - len(bad)


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    found = read(DET, write_phantom(DET, tmp_path / "d")).rejects["code"].unique().to_list()
    assert set(found) == {"bad_record", "unknown_finding", "bad_box", "bad_id", "picture_in_test", "duplicate_row"}
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))


def test_phantom_boxes_lie_where_the_records_say(tmp_path: Path) -> None:
    root = write_phantom(DET, tmp_path / "d", 8)
    told = {
        (record["file_name"][:5], label, *box)
        for split in ("train", "test")
        for record in json.loads((root / f"ChestX_Det_{split}.json").read_text())
        for label, box in zip(record["syms"], record["boxes"], strict=False)
    }
    regions = read(DET, root).facets["regions"]
    native = {finding: label for label, finding in LABELS.findings.items()}
    found = {(row["image_id"][-5:], native[row["finding"]], *(row[c] for c in ("x0", "y0", "x1", "y1")))
             for row in regions.iter_rows(named=True)}  # fmt: skip
    assert found <= told
    assert len(found) > 20


@real
def test_the_real_files_are_read_whole_and_each_box_stands_as_it_is_written(tmp_path: Path) -> None:
    records = {split: json.loads((REAL / f"ChestX_Det_{split}.json").read_text()) for split in ("train", "test")}
    reading = read(DET, REAL)
    assert reading.rejects.is_empty()
    assert sorted(count[1:] for count in reading.counts) == [(553, 553, 0, 0), (3025, 3025, 0, 0)]
    written = sorted(
        (f"chestx-det:{record['file_name'][:-4]}", LABELS.findings[label], *map(float, box))
        for split in records
        for record in records[split]
        for label, box in zip(record["syms"], record["boxes"], strict=True)
    )
    columns = ("image_id", "finding", "x0", "y0", "x1", "y1")
    assert sorted(reading.facets["regions"].select(columns).rows()) == written
    assert len(written) == 9_639
    outlines = [
        [float(place) for point in polygon for place in point]
        for split in records
        for record in records[split]
        for polygon in record["polygons"]
    ]
    assert sorted(reading.facets["regions"]["outline"].list.first().to_list()) == sorted(outlines)
    assert set(reading.facets["regions"]["outline"].list.len()) == {1}
    views = dict(reading.facets["images"]["view"].value_counts().rows())
    assert views == {"PA": 2_454, "AP": 1_089, "FRONTAL": 35}
    ages = reading.facets["studies"]["age"]
    assert ((ages < 18).sum(), ages.null_count()) == (82, 35)


@real
def test_real_detection_rows_hold_every_box_and_the_leak_of_the_split_is_found(tmp_path: Path) -> None:
    build_source(DET, REAL, tmp_path / "chestx-det", tasks=("abnormality_detection",))
    rows = pl.read_parquet(tmp_path / "chestx-det" / "samples" / "*.parquet")
    assert (rows.height, rows["boxes"].list.len().sum()) == (2_967, 9_639)
    official = resolved_patients(builds(tmp_path), sources(), ()).official
    assert official["chestx-det"]["chestx-det"] == 271
