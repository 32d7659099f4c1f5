"""MS-CXR on MIMIC: each reject code from a made row, splits, several boxes of one phrase; MS-CXR-T, all of it test."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from typer.testing import CliRunner

from cxdata.build.inputs import resolve
from cxdata.build.parents import ParentFacets, parents_of
from cxdata.build.pool import Pool
from cxdata.cli.app import app
from cxdata.sources.base import ReadContext, Reading, Source
from cxdata.sources.roots import locate

CXR, CXR_T, MIMIC = KNOWN["ms-cxr"], KNOWN["ms-cxr-t"], KNOWN["mimic"]
BOXES = "ms-cxr/physionet.org/files/ms-cxr/1.1.0/MS_CXR_Local_Alignment_v1.1.0.csv"
TEMPORAL = "ms-cxr-t/physionet.org/files/ms-cxr-t/1.0.0"
CHANGES = f"{TEMPORAL}/MS_CXR_T_temporal_image_classification_v1.0.0.csv"
SENTENCES = f"{TEMPORAL}/MS_CXR_T_temporal_sentence_similarity_v1.0.0.csv"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both phantoms and MIMIC's, 24 patients, side by side."""
    out = tmp_path_factory.mktemp("ms-cxr")
    write_phantom(CXR, out)
    shutil.rmtree(out / "mimic")
    return write_phantom(CXR_T, out)


def read(source: Source, root: Path) -> Reading:
    found, options = locate(source.manifest, [root]), source.manifest.settings({})
    assert found is not None
    inputs = resolve(source.manifest, found, options, None, partial=True)
    parents = ParentFacets(lambda: parents_of(source, KNOWN, lambda _: [root]), Pool(1).run)
    return source.reader.read(ReadContext(source.manifest, inputs.files, found.roots, options, Pool(1).run, parents))


def codes(reading: Reading) -> Mapping[str, int]:
    return Counter(reading.rejects["code"])


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def changed(tree: Path, folder: Path, file: str, rows: Sequence[Mapping[str, Any]], drop: Iterable[str] = ()) -> Path:
    """The download with other rows in one of its tables."""
    shutil.copytree(tree, folder, symlinks=True)
    columns = [name for name in rows[0] if name not in set(drop)]
    with (folder / file).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return folder


# -- MS-CXR ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("other", "code"), [
    ({"dicom_id": "IM-1"}, "bad_id"),
    ({"dicom_id": "-".join(["0" * 8] * 5)}, "picture_not_in_parent"),
    ({"path": "files/p10/p10999999/s59999999/x.jpg"}, "other_study"),
    ({"category_name": "Fracture"}, "unknown_finding"),
    ({"label_text": " "}, "no_phrase"),
    ({"w": "0"}, "bad_box"), ({"x": "-1"}, "bad_box"), ({"h": "99999"}, "bad_box"), ({"y": ""}, "bad_box"),
    ({}, "duplicate_row"),
])  # fmt: skip
def test_a_box_that_cannot_be_used_is_put_aside(tree: Path, tmp_path: Path, other: dict[str, str], code: str) -> None:
    first = rows_of(tree / BOXES)[0]
    reading = read(CXR, changed(tree, tmp_path / "d", BOXES, [first, {**first, **other}]))
    assert (reading.counts[0].rows_read, reading.counts[0].rows_used) == (2, 1)
    assert dict(codes(reading)) == {code: 1}


def test_boxes_are_corners_in_the_frame_that_the_table_gives(tree: Path, tmp_path: Path) -> None:
    row = {**rows_of(tree / BOXES)[0], "x": "10", "y": "20", "w": "30", "h": "40"}
    region = read(CXR, changed(tree, tmp_path / "d", BOXES, [row])).facets["regions"].row(0, named=True)
    assert [region[corner] for corner in ("x0", "y0", "x1", "y1")] == [10, 20, 40, 60]
    assert (region["frame_width"], region["frame_height"]) == (int(row["image_width"]), int(row["image_height"]))
    assert (region["kind"], region["phrase"]) == ("phrase", row["label_text"])


def test_its_own_split_stands_where_it_has_one_else_mimics(tree: Path, tmp_path: Path) -> None:
    rows = [{**rows_of(tree / BOXES)[0], "split": split} for split in ("train", "val", "test")]
    rows = [{**row, "label_text": f"phrase {n}"} for n, row in enumerate(rows)]
    own = read(CXR, changed(tree, tmp_path / "own", BOXES, rows)).facets["studies"]
    assert own["split_official"].to_list() == ["test"]
    none = read(CXR, changed(tree, tmp_path / "none", BOXES, rows, drop=["split"])).facets["studies"]
    theirs = read(MIMIC, tree).facets["studies"].filter(pl.col("study_id") == none["study_id"][0])
    assert none["split_official"].to_list() == theirs["split_official"].to_list()


def test_several_boxes_of_one_phrase_are_one_question(tree: Path, tmp_path: Path) -> None:
    build_source(CXR, tree, tmp_path / "b", images="path")
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").filter(pl.col("task") == "phrase_grounding")
    assert samples["boxes"].list.len().max() == 2
    pairs = pl.DataFrame(rows_of(tree / BOXES)).filter(pl.col("label_text") != "").unique(["dicom_id", "label_text"])
    known = read(CXR, tree).facets["images"]["image_id"].str.strip_prefix("mimic:")
    assert samples.height == pairs.filter(pl.col("dicom_id").is_in(known.implode())).height
    assert samples["patient_key"].str.starts_with("mimic:1").all()


def test_findings_are_stated_present_and_nothing_else(tree: Path) -> None:
    facets = read(CXR, tree).facets
    assert set(facets["findings"]["state"]) == {"present"}
    assert set(facets["label_space"]["how"]) == {"positives only"}
    assert set(facets["findings"]["study_id"]) == set(facets["readings"]["study_id"])


def test_a_box_lies_where_the_sign_was_painted(tree: Path) -> None:
    """A big pneumothorax is on the picture's left for the patient's right."""
    regions = read(CXR, tree).facets["regions"].filter(pl.col("finding") == "Pneumothorax")
    sides = regions.select(
        is_right=pl.col("phrase").str.contains("right"),
        is_left_half=(pl.col("x0") + pl.col("x1")) / 2 < pl.col("frame_width") / 2,
    )
    assert regions.height > 2
    assert (sides["is_right"] == sides["is_left_half"]).all()


# -- MS-CXR-T ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("other", "code"), [
    ({"dicom_id": "x"}, "bad_id"), ({"previous_dicom_id": "p10/p10999999"}, "bad_prior"),
    ({"dicom_id": "-".join(["0" * 8] * 5)}, "picture_not_in_parent"),
    ({"previous_dicom_id": "-".join(["0" * 8] * 5)}, "picture_not_in_parent"),
    ({"study_id": "59999999"}, "other_study"), ({"previous_study_id": "59999999"}, "other_study"),
    ({"subject_id": "19999999"}, "other_study"), ({}, "duplicate_row"),
])  # fmt: skip
def test_a_pair_of_pictures_that_cannot_be_used_is_put_aside(
    tree: Path, tmp_path: Path, other: dict[str, str], code: str
) -> None:
    first = rows_of(tree / CHANGES)[0]
    reading = read(CXR_T, changed(tree, tmp_path / "d", CHANGES, [first, {**first, **other}]))
    assert (reading.counts[0].rows_read, reading.counts[0].rows_used) == (2, 1)
    told = reading.rejects.filter(pl.col("file").str.contains("image_classification"))
    assert told["code"].to_list() == [code]


def test_a_label_that_the_experts_disagree_on_is_none(tree: Path, tmp_path: Path) -> None:
    names = ("consolidation", "edema", "pleural_effusion", "pneumonia", "pneumothorax")
    first = rows_of(tree / CHANGES)[0] | {
        f"{name}_{what}": "" for name in names for what in ("progression", "label_quality")
    }
    told = {"edema": ("worsening", "disagreement"), "pneumonia": ("Stable", "multiple_experts"),
            "pneumothorax": ("improving", ""), "consolidation": ("unclear", "one_expert")}  # fmt: skip
    row = first | {f"{name}_progression": course for name, (course, _) in told.items()}
    row |= {f"{name}_label_quality": quality for name, (_, quality) in told.items()}
    nothing = {**first, "previous_dicom_id": first["previous_dicom_id"] + ".jpg"}
    reading = read(CXR_T, changed(tree, tmp_path / "d", CHANGES, [row, nothing]))
    assert reading.facets["changes"].select("finding", "change", "reference").rows() == [
        ("Pneumonia", "stable", "R1"), ("Pneumothorax", "improving", "R2"),
    ]  # fmt: skip
    assert (codes(reading)["no_change"], reading.counts[0].cells_nulled) == (1, 2)


def test_without_columns_of_quality_every_label_counts(tree: Path, tmp_path: Path) -> None:
    rows = rows_of(tree / CHANGES)[:3]
    drop = [name for name in rows[0] if name.endswith("label_quality")]
    changes = read(CXR_T, changed(tree, tmp_path / "d", CHANGES, rows, drop)).facets["changes"]
    assert changes.height
    assert set(changes["reference"]) == {"R2"}


def test_sentences_in_rejects_are_never_shown_and_pairs_stand_once(tree: Path, tmp_path: Path) -> None:
    def pair(first: str, second: str, meaning: str) -> dict[str, str]:
        return {"sentence_1": first, "sentence_2": second, "category": meaning}

    rows = [pair("One.", "Two.", "paraphrase"), pair("One.", "Two.", "paraphrase"), pair("One.", "", "paraphrase"),
            pair("One.", "Three.", "neutral"), pair("A.", "B.", "paraphrase"),
            pair("a.", "B.", "contradiction")]  # fmt: skip
    reading = read(CXR_T, changed(tree, tmp_path / "d", SENTENCES, rows))
    assert reading.facets["sentence_pairs"]["pair_id"].to_list() == ["pair-1"]
    told = reading.rejects.filter(pl.col("file").str.contains("sentence"))
    assert sorted(told["code"]) == [
        "conflicting_rows", "conflicting_rows", "duplicate_row", "no_sentence", "unknown_meaning"
    ]  # fmt: skip
    assert not told.select(pl.concat_str("key", "message").str.contains("One|Two|Three"))["key"].any()


def test_all_of_it_is_test_and_the_source_an_external_one(tree: Path, tmp_path: Path) -> None:
    build_source(CXR_T, tree, tmp_path / "b")
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert set(samples["split"]) == {"test"}
    assert CXR_T.manifest.role == "external test"
    shown = samples.filter(pl.col("task") == "temporal_progression")
    assert set(shown["image_ids"].list.len()) == {2}
    assert set(samples.filter(pl.col("task") == "temporal_sentence_similarity")["image_ids"].list.len()) == {0}


def test_each_table_alone_feeds_its_task(tree: Path, tmp_path: Path) -> None:
    for file, left in ((CHANGES, "temporal_sentence_similarity"), (SENTENCES, "temporal_progression")):
        folder = tmp_path / left
        shutil.copytree(tree, folder)
        (folder / file).unlink()
        built = build_source(CXR_T, folder, tmp_path / f"b-{left}", partial=True)
        assert set(built["samples"]["by_task"]) == {left}


def test_packed_tables_are_read_alike(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree, tmp_path / "d")
    for file in (BOXES, CHANGES):
        body = (tmp_path / "d" / file).read_bytes()
        (tmp_path / "d" / file).unlink()
        (tmp_path / "d" / f"{file}.gz").write_bytes(gzip.compress(body))
    for source, facet in ((CXR, "regions"), (CXR_T, "changes")):
        first, second = (read(source, root).facets[facet].drop("origin_file") for root in (tree, tmp_path / "d"))
        assert first.equals(second)


def test_without_mimic_both_say_so(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree / "ms-cxr", tmp_path / "ms-cxr")
    shutil.copytree(tree / "ms-cxr-t", tmp_path / "ms-cxr-t")
    for source in ("ms-cxr", "ms-cxr-t"):
        arguments = ["build", "--source", source, "--root", str(tmp_path), "--out", str(tmp_path / "cx"), "--partial"]
        result = CliRunner().invoke(app, arguments)
        assert f"{source} stands on mimic, of which nothing was found" in str(result.exception)
        assert not (tmp_path / "cx").exists()
