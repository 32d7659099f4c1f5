"""Changes that a build reads in reports: a facet beside the reader's, made once, for the task that needs it alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom
from pydantic import ValidationError

from cxdata.model.manifest import Manifest
from cxdata.sources.discovery import sources

MIMIC = sources()["mimic"]
TASK = "temporal_progression"
FILE = "facets/changes.parquet"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(MIMIC, tmp_path_factory.mktemp("changes"), patients=40)


@pytest.fixture(scope="module")
def home(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "mimic"
    build_source(MIMIC, tree, folder, tasks=[TASK])
    return folder


def rows(home: Path) -> pl.DataFrame:
    return pl.read_parquet(home / "samples/*.parquet")


def test_each_answer_of_each_finding_is_as_often_in_each_view_and_in_train_alone(home: Path) -> None:
    views = pl.read_parquet(home / "facets/images.parquet").select("image_id", "view")
    table = rows(home).with_columns(image_id=pl.col("image_ids").list.first()).join(views, on="image_id")
    alike = ("asked_finding", "view")
    counts = table.group_by(*alike, "answer").len().group_by(alike).agg("len", n=pl.len())
    assert counts.height >= 4
    assert set(counts["view"]) == {"AP", "PA"}
    assert counts.filter((pl.col("n") != 3) | (pl.col("len").list.n_unique() != 1)).is_empty()
    assert set(table["split"]) == {"train"}
    assert set(table["reference"]) == {"R4"}


def test_the_facet_names_reader_pictures_and_report(home: Path) -> None:
    table = pl.read_parquet(home / FILE)
    images = pl.read_parquet(home / "facets/images.parquet").select("image_id", "study_id", "patient_id", "view")
    later = table.join(images, on=["image_id", "study_id"])
    both = later.join(images, left_on="prior_image_id", right_on="image_id", suffix="_then")
    assert both.height == table.height
    assert both.filter(pl.col("patient_id") != pl.col("patient_id_then")).is_empty()
    assert both.filter(pl.col("view") != pl.col("view_then")).is_empty()
    assert set(table["annotator"]) == {"reader"}


def test_a_second_build_reads_nothing_again_and_a_deleted_cache_gives_the_same(home: Path, tree: Path) -> None:
    before, samples = (home / FILE).read_bytes(), rows(home)
    assert build_source(MIMIC, tree, home, tasks=[TASK])["shards_written"] == 0
    shutil.rmtree(home / "facets")
    shutil.rmtree(home / "samples")
    build_source(MIMIC, tree, home, tasks=[TASK])
    assert (home / FILE).read_bytes() == before
    assert rows(home).equals(samples)


def test_other_tasks_do_without_it(tree: Path, tmp_path: Path) -> None:
    build_source(MIMIC, tree, tmp_path / "mimic", tasks=["view_matching"])
    assert not (tmp_path / "mimic" / FILE).exists()


@pytest.mark.parametrize("change", [{"labels": None}, {"facets": ["images", "studies"]}])
def test_a_manifest_derives_changes_from_reports_and_labels(change: dict[str, object]) -> None:
    raw = MIMIC.manifest.model_dump(mode="json")
    with pytest.raises(ValidationError, match="derives: changes are read in reports and held against labels"):
        Manifest.model_validate({**raw, "tags": [], **change})
