"""CXR-LT beyond the contract suite: which table is read, what its cells state, and studies labelled by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from test_contract import read

from cxdata.sources.cxr_lt import phantom
from cxdata.sources.cxr_lt.reader import LABELS

LT = KNOWN["cxr-lt"]
LAYOUTS = {layout.name: layout for layout in LT.manifest.layouts}
AT = Path("cxr-lt/cxr-lt-iccv-workshop-cvamd/2.0.0/cxr-lt-2024")


def test_lists_of_labels_are_of_the_sizes_that_were_published() -> None:
    assert (len(phantom.OF_2023), len(phantom.OF_2024)) == (26, 45)
    assert len(set(phantom.OF_2024) - set(phantom.OF_TASK_3)) == 40
    assert {*phantom.OF_2023, *phantom.OF_2024} == set(LABELS.all)


@pytest.mark.parametrize(("layout", "asked"), [("whole", 43), ("forty", 39), ("2023", 26)])
def test_the_label_space_is_that_of_the_table(tmp_path: Path, layout: str, asked: int) -> None:
    """Of 45 labels Fissure and Hilum name no finding, of 40 Fissure."""
    reading = read(LT, write_phantom(LT, tmp_path, 6, LAYOUTS[layout]))
    space = reading.facets["label_space"].filter(pl.col("annotator") == "miner")
    assert space.height == asked


def test_the_widest_table_goes_first(tmp_path: Path) -> None:
    root = write_phantom(LT, tmp_path / "whole", 6)
    other = write_phantom(LT, tmp_path / "forty", 6, LAYOUTS["forty"])
    before = read(LT, root).facets["findings"]
    (root / AT / "train_labeled.csv").write_bytes((other / AT / "train_labeled.csv").read_bytes())
    assert read(LT, root).facets["findings"].equals(before)


def test_rows_that_do_not_fit_mimic_are_put_aside(tmp_path: Path) -> None:
    reading = read(LT, write_phantom(LT, tmp_path))
    codes = reading.rejects.filter(pl.col("file") == "labels.csv")["code"].to_list()
    assert codes == ["bad_id", "picture_not_in_parent", "other_study", "duplicate_row"]


def test_one_is_present_and_zero_states_nothing(tmp_path: Path) -> None:
    findings = read(LT, write_phantom(LT, tmp_path)).facets["findings"]
    assert set(findings["state"]) == {"present"}
    assert findings.select("study_id", "annotator", "native_label").is_unique().all()


def test_a_study_with_a_cell_that_cannot_be_read_has_no_reading(tmp_path: Path) -> None:
    root = write_phantom(LT, tmp_path)
    table = pl.read_csv(root / AT / "labels.csv", infer_schema=False)
    odd = table.filter(pl.col("Edema") == "yes")["study_id"].to_list()
    readings = read(LT, root).facets["readings"].filter(pl.col("annotator") == "miner")
    assert len(odd) == 1
    assert odd[0] not in set(readings["study_id"])


def test_studies_labelled_by_hand_are_test_and_go_first(tmp_path: Path) -> None:
    root = write_phantom(LT, tmp_path)
    facets = read(LT, root).facets
    by_hand = set(facets["readings"].filter(pl.col("annotator") == "hand")["study_id"])
    splits = dict(facets["studies"].select("study_id", "split_official").rows())
    assert {splits[study] for study in by_hand} == {"test"}
    mimic = dict(read(KNOWN["mimic"], root / "mimic").facets["studies"].select("study_id", "split_official").rows())
    assert all(splits[study] == mimic[study] for study in splits.keys() - by_hand)
    build_source(LT, root, tmp_path / "b", tasks=("disease_open",))
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    hand = pl.col("study_key").str.strip_prefix("mimic:").is_in(list(by_hand))
    assert set(rows.filter(hand)["reference"]) == {"R3"}
    assert set(rows.filter(~hand)["reference"]) == {"R4"}


def test_study_ids_with_and_without_their_letter_are_the_same(tmp_path: Path) -> None:
    root = write_phantom(LT, tmp_path)
    table = pl.read_csv(root / AT / "labels.csv", infer_schema=False)
    before = read(LT, root).facets["findings"]
    table.with_columns(pl.col("study_id").str.strip_prefix("s")).write_csv(root / AT / "labels.csv")
    assert read(LT, root).facets["findings"].equals(before)
    table.drop("study_id").write_csv(root / AT / "labels.csv")
    reading = read(LT, root)
    assert "other_study" not in set(reading.rejects["code"])


def test_its_pictures_are_mimics(tmp_path: Path) -> None:
    root = write_phantom(LT, tmp_path, 4)
    result = build_source(LT, root, tmp_path / "b", images="path")
    assert result["pictures"]["ok"] > 3
    images = pl.read_parquet(tmp_path / "b" / "images" / "*.parquet")
    assert images["image_id"].str.starts_with("mimic:").all()
