"""Rows of train that come to stand in test: nothing there rests on what nobody stated."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom

from cxdata.mix.config import mix_config
from cxdata.mix.run import MixRequest, mix
from cxdata.sources.discovery import sources

WRONG = ("scored_labels", "ignored_labels")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds of two sources by their own policies in cx/, and of mimic by the policy of val and test in strict/."""
    home = tmp_path_factory.mktemp("homes")
    trees = {slug: write_phantom(sources()[slug], tmp_path_factory.mktemp(slug), 120) for slug in ("mimic", "openi")}
    for slug, tree in trees.items():
        build_source(sources()[slug], tree, home / "cx" / slug, images="embed", max_side=32)
    build_source(sources()["mimic"], trees["mimic"], home / "strict/mimic", images="none", label_policy="strict")
    return home


def mixed(homes: Path, out: Path, stage: str) -> tuple[pl.DataFrame, dict[str, Any]]:
    config = mix_config(stage).model_copy(update={"external": ("mimic",), "balanced": False})  # type: ignore[arg-type]
    content = mix(MixRequest(homes / "cx", out, config, "easyr1", "embed", "keep", sources(), lambda text: None))
    rows = pl.read_parquet(out / "test/*.parquet")
    return rows.filter(pl.col("source") == "mimic"), content


def strict(homes: Path, task: str) -> pl.DataFrame:
    return pl.read_parquet(homes / f"strict/mimic/samples/{task}-*.parquet")


def shown(homes: Path, rows: pl.DataFrame) -> pl.Series:
    """The ids of rows whose pictures can be shown."""
    images = pl.read_parquet(homes / "cx/mimic/images/*.parquet", columns=["image_id", "status"])
    sound = images.filter(pl.col("status") == "ok")["image_id"].implode()
    return rows.filter(pl.col("image_ids").list.eval(pl.element().is_in(sound)).list.all())["sample_id"]


def of_train(homes: Path, task: str) -> pl.DataFrame:
    rows = pl.read_parquet(homes / f"cx/mimic/samples/{task}-*.parquet")
    return rows.filter(pl.col("split") == "train")


def test_a_question_that_the_policy_of_test_would_not_ask_is_left_out_and_counted(homes: Path, tmp_path: Path) -> None:
    rows, content = mixed(homes, tmp_path / "closed", "closed")
    binary = rows.filter(pl.col("task") == "disease_binary")["sample_id"]
    assert set(binary) == set(shown(homes, strict(homes, "disease_binary")))
    options = of_train(homes, "disease_single_choice")
    assert 0 < rows.join(options, on="sample_id", how="semi").height < options.height
    assert content["dropped"]["for_train_only"] > 0


def test_an_open_question_stays_and_is_scored_by_what_is_stated(homes: Path, tmp_path: Path) -> None:
    rows, content = mixed(homes, tmp_path / "open", "open")
    truth = strict(homes, "disease_open").select("sample_id", "labels", *(pl.col(name).list.sort() for name in WRONG))
    told = rows.select("sample_id", *(pl.col(name).list.sort().alias(f"{name} now") for name in WRONG))
    both = told.join(truth, on="sample_id")
    assert both.height == rows.height > 20
    assert both.filter(pl.col("scored_labels now") != pl.col("scored_labels")).is_empty()
    assert both.filter(pl.col("ignored_labels now") != pl.col("ignored_labels")).is_empty()
    before = of_train(homes, "disease_open").select("sample_id", was=pl.col("scored_labels").list.len())
    assert rows.join(before, on="sample_id").filter(pl.col("scored_labels").list.len() < pl.col("was")).height > 0
    assert "for_train_only" not in content["dropped"]


def test_without_facets_no_negative_is_taken_on_trust(homes: Path, tmp_path: Path) -> None:
    shutil.copytree(homes / "cx", tmp_path / "cx")
    for file in (tmp_path / "cx/mimic/facets").iterdir():
        file.unlink()
    rows, _ = mixed(tmp_path, tmp_path / "closed", "closed")
    official = pl.read_parquet(tmp_path / "cx/mimic/samples/disease_binary-*.parquet").filter(
        pl.col("split") != "train"
    )
    assert set(rows.filter(pl.col("task") == "disease_binary")["sample_id"]) <= set(official["sample_id"])
