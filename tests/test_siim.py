"""SIIM-ACR's challenge beyond the contract suite: masks and their boxes, both spellings, the real table if at hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom
from real_tables import labels_of, needs_labels
from test_contract import read

from cxdata.phantom.faults import PICTURE_FAULTS
from cxdata.sources.discovery import sources
from cxdata.sources.siim import phantom

SIIM = sources()["siim"]
LAYOUTS = {layout.name: layout for layout in SIIM.manifest.layouts}
ONE, TWO = (f"1.2.276.0.7230010.3.1.4.8323329.{k}.1699000000.99" for k in (1, 2))
MASK = "307200 40 984 40"  # columns 300 and 301, rows 0 to 39
APART = "819300 100"  # column 800, rows 100 to 199
CORNERS = ("x0", "y0", "x1", "y1")


def with_table(root: Path, rows: list[tuple[str, str]], header: str = "ImageId,EncodedPixels", gap: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    lines = [header, *(f"{stem},{gap}{code}" for stem, code in rows)]
    (root / "train-rle.csv").write_text("\n".join(lines) + "\n")
    return root


def test_both_spellings_say_the_same(tmp_path: Path) -> None:
    rows = [(ONE, MASK), (TWO, "-1")]
    plain = read(SIIM, with_table(tmp_path / "plain", rows))
    spaced = read(SIIM, with_table(tmp_path / "spaced", rows, "ImageId, EncodedPixels", " "))
    for reading in (plain, spaced):
        assert reading.rejects.is_empty()
        assert dict(reading.facets["findings"].select("study_id", "state").rows()) == {ONE: "present", TWO: "absent"}
    assert all(plain.facets[name].equals(frame) for name, frame in spaced.facets.items())


@pytest.mark.parametrize(
    ("masks", "codes"),
    [
        ([MASK, APART], []),
        ([MASK, MASK], ["duplicate_row"]),
        ([" ".join(f"{307_201 + 1024 * k} 40" for k in range(6))], ["bad_mask"]),
        ([f"{MASK} 5"], ["bad_mask"]),
        (["10 0"], ["bad_mask"]),
        (["1048570 7"], ["bad_mask"]),
        (["1020 10"], ["bad_mask"]),
        (["10,5"], ["bad_mask"]),
        ([""], ["bad_mask"]),
        (["1"], ["bad_mask"]),
        (["-1 5"], ["bad_mask"]),
        ([MASK, "1020 10"], ["bad_mask", "picture_in_part"]),
        ([MASK, "-1"], ["mask_and_none"] * 2),
    ],
)
def test_a_picture_is_used_whole_or_not_at_all(tmp_path: Path, masks: list[str], codes: list[str]) -> None:
    quoted = [(ONE, f'"{code}"' if "," in code else code) for code in masks]
    reading = read(SIIM, with_table(tmp_path, [(TWO, "-1"), *quoted]))
    assert sorted(reading.rejects["code"]) == codes
    assert (ONE in set(reading.facets["studies"]["study_id"])) == (not set(codes) - {"duplicate_row"})


def test_masks_over_one_place_are_one_question_of_its_boxes(tmp_path: Path) -> None:
    root = with_table(tmp_path / "d", [(ONE, MASK), (TWO, "-1"), (ONE, APART), (ONE, "307220 60")])
    regions = read(SIIM, root).facets["regions"]
    assert [row[:4] for row in regions.select(*CORNERS).rows()] == [(300, 0, 302, 80), (800, 100, 801, 200)]
    build_source(SIIM, root, tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    grounding = rows.filter(pl.col("task") == "abnormality_grounding")
    assert grounding["boxes"].list.len().to_list() == [2]
    answers = dict(rows.filter(pl.col("task") == "disease_binary").select("study_key", "answer").rows())
    assert answers == {f"siim:{ONE}": "Yes", f"siim:{TWO}": "No"}


def test_phantom_boxes_are_those_that_were_drawn(tmp_path: Path) -> None:
    """Masks fill the boxes of what was painted: two over one place give one, and a slip of the brush gives none."""
    regions = read(SIIM, write_phantom(SIIM, tmp_path / "d", 8)).facets["regions"]
    cohort = phantom.plan_pictures(phantom.PLAN, 8, 0)
    phantom.paint_all(cohort, lambda _, __: b"", square_px=1024)
    drawn = {f"siim:{p.name}": len(p.boxes["Pneumothorax"]) for p in cohort.pictures if "Pneumothorax" in p.boxes}
    assert dict(regions.group_by("image_id").len().rows()) == drawn
    first = {f"siim:{p.name}": p.boxes["Pneumothorax"][0] for p in cohort.pictures if "Pneumothorax" in p.boxes}
    for image_id, *corners in (
        regions.unique("image_id", keep="first", maintain_order=True).select("image_id", *CORNERS).rows()
    ):
        assert corners == pytest.approx(first[image_id], abs=1.01)


@pytest.mark.parametrize("name", ["stage-1", "stage-2", "png"])
def test_pictures_are_found_in_every_layout(tmp_path: Path, name: str) -> None:
    root = write_phantom(SIIM, tmp_path / "d", 4, LAYOUTS[name])
    result = build_source(SIIM, root, tmp_path / "b", images="embed", max_side=32)
    befallen = phantom.planted(4, 0)
    pictures = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet", columns=["image_id", "status", "width"])
    bad = pictures.filter(pl.col("status") != "ok")
    assert set(bad["image_id"]) == {f"siim:{befallen[fault.name]}" for fault in PICTURE_FAULTS}
    assert set(pictures.filter(pl.col("status") == "ok")["width"]) == {1024}
    assert result["pictures"]["ok"] == pictures.height - len(bad)


def test_every_planted_fault_meets_its_code(tmp_path: Path) -> None:
    found = set(read(SIIM, write_phantom(SIIM, tmp_path / "d")).rejects["code"])
    assert found == {"bad_id", "bad_mask", "mask_and_none", "picture_in_part", "duplicate_row"}
    assert {fault.name for fault in phantom.FAULTS} == set(phantom.planted(24, 0))


@needs_labels
def test_the_real_table_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "siim-pneumothorax-train-rle.csv").write_bytes(labels_of("siim-pneumothorax-train-rle.csv.gz"))
    reading = read(SIIM, tmp_path)
    assert [count[1:] for count in reading.counts] == [(12_954, 12_954, 0, 0)]
    states = dict(reading.facets["findings"]["state"].value_counts().rows())
    assert states == {"present": 2_669, "absent": 9_378}
    regions = reading.facets["regions"]
    assert (regions.height, regions["image_id"].n_unique()) == (3_522, 2_669)
    # Two lungs side by side, and most of it at the apex: boxes begin left and right of the middle, above it.
    middle = (regions["x0"] + regions["x1"]) / 2
    assert 0.3 < (middle < 512).mean() < 0.7  # type: ignore[operator]
    assert regions["y0"].median() < 200  # type: ignore[operator]
