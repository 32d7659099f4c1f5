"""Stage folders from phantom builds, end to end."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from PIL import Image

from cxdata.check.split_check import split_check
from cxdata.mix.config import mix_config
from cxdata.mix.run import MixRequest, mix
from cxdata.model.errors import CxdataError, RefusedError, UsageError
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources

SLUGS = ("mimic", "openi", "chestxray14")
STAGES = ("closed", "open", "sft")


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds of three sources with stored pictures."""
    home = tmp_path_factory.mktemp("builds") / "cx"
    for slug in SLUGS:
        source = sources()[slug]
        root = write_phantom(source, tmp_path_factory.mktemp(slug), 60)
        build_source(source, root, home / slug, images="embed", max_side=64)
    return home


def wanted(cx: Path, out: Path, stage: str = "closed", **changes: Any) -> MixRequest:
    request = MixRequest(cx, out, mix_config(stage), "easyr1", "embed", "keep", sources(), lambda text: None)  # type: ignore[arg-type]
    return replace(request, **changes)


def rows_of(folder: Path, split: str = "*") -> pl.DataFrame:
    return pl.read_parquet(folder / split / "*.parquet")


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*/*.parquet"))
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_folder_says_what_it_holds(cx: Path, tmp_path: Path, stage: str) -> None:
    out = tmp_path / stage
    content = mix(wanted(cx, out, stage))
    assert json.loads((out / "mix.json").read_text()) == json.loads(json.dumps(content))
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md", "croissant.json", "mix.json", "recipe.yaml", "test", "train", "val"
    ]  # fmt: skip
    rows = rows_of(out)
    assert sum(content["rows"].values()) == rows.height == sum(content["by_task"].values())
    assert {split: rows_of(out, split).height for split in ("train", "val", "test")} == content["rows"]
    assert {file["file"]: file["sha256"] for file in content["files"]} == hashes(out)
    assert rows["source"].unique().is_in(list(SLUGS)).all()
    if stage != "sft":
        assert set(rows["stage"]) == {stage}
        assert set(rows["gold_kind"]) == {"answer"}
    assert rows_of(out, "train")["curriculum_order"].is_sorted()


@pytest.mark.parametrize("stage", STAGES)
def test_no_patient_stands_in_two_splits_and_external_sources_are_test(cx: Path, tmp_path: Path, stage: str) -> None:
    out = tmp_path / stage
    mix(wanted(cx, out, stage))
    rows = rows_of(out).select("split", "source", patient="patient_keys").explode("patient")
    assert rows.group_by("patient").agg(pl.col("split").n_unique())["split"].max() == 1
    assert set(rows.filter(pl.col("source") == "openi")["split"]) == {"test"}
    assert split_check([out], sources()).ok


@pytest.mark.parametrize("images", ["embed", "path"])
def test_marks_equal_pictures_and_pictures_open(cx: Path, tmp_path: Path, images: str) -> None:
    out = tmp_path / images
    mix(wanted(cx, out, "closed", images=images))
    for row in rows_of(out).iter_rows(named=True):
        assert row["problem"].count("<image>") == len(row["images"]) > 0
        assert "<image>" not in row["answer"]
        for picture in row["images"]:
            with Image.open(io.BytesIO(picture["bytes"]) if images == "embed" else out / picture) as opened:
                assert max(opened.size) <= 64


def test_the_same_mix_gives_the_same_bytes_in_a_new_folder_and_in_the_same(cx: Path, tmp_path: Path) -> None:
    mix(wanted(cx, tmp_path / "one"))
    mix(wanted(cx, tmp_path / "two"))
    first = hashes(tmp_path / "one")
    assert first == hashes(tmp_path / "two")
    mix(wanted(cx, tmp_path / "one"))
    assert first == hashes(tmp_path / "one")


def test_pictures_by_path_and_in_rows_make_the_same_questions(cx: Path, tmp_path: Path) -> None:
    mix(wanted(cx, tmp_path / "path", images="path"))
    mix(wanted(cx, tmp_path / "embed"))
    assert rows_of(tmp_path / "path").drop("images").equals(rows_of(tmp_path / "embed").drop("images"))


def test_another_mix_in_the_folder_is_refused_by_name_and_nothing_is_lost(cx: Path, tmp_path: Path) -> None:
    out = tmp_path / "mix"
    mix(wanted(cx, out))
    before = hashes(out)
    with pytest.raises(RefusedError, match="seed is 0 there, 5 here"):
        mix(wanted(cx, out, config=mix_config("closed", seed=5)))
    assert hashes(out) == before


def test_a_mix_that_was_cut_off_goes_on_and_a_strange_folder_is_left_alone(cx: Path, tmp_path: Path) -> None:
    out = tmp_path / "mix"
    mix(wanted(cx, out))
    whole = hashes(out)
    (out / "mix.json").rename(out / ".mix.json")
    next((out / "train").iterdir()).unlink()
    mix(wanted(cx, out))
    assert hashes(out) == whole
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.txt").write_text("mine")
    with pytest.raises(RefusedError, match="no mix"):
        mix(wanted(cx, strange))
    assert (strange / "thesis.txt").read_text() == "mine"
    with pytest.raises(RefusedError, match="below the builds"):
        mix(wanted(cx, cx / "mix"))


def test_pictures_that_cannot_be_shown_drop_their_rows_by_code(cx: Path, tmp_path: Path) -> None:
    content = mix(wanted(cx, tmp_path / "mix", "open"))
    bad = pl.read_parquet(cx / "*/images/*.parquet").filter(pl.col("status") != "ok")
    assert bad.height > 0
    codes = {f"picture_{status}" for status in bad["status"]}
    dropped = {code: n for code, n in content["dropped"].items() if code.startswith("picture_")}
    assert set(dropped) <= codes
    gone = pl.scan_parquet(cx / "*/samples/disease_open-*.parquet").explode("image_ids").join(
        bad.lazy().select(image_ids="image_id"), on="image_ids", how="semi"
    ).select("sample_id", "population").unique().filter(pl.col("population") != "paediatric").collect()  # fmt: skip
    assert sum(dropped.values()) == gone.height
    assert not rows_of(tmp_path / "mix")["sample_id"].is_in(gone["sample_id"].implode()).any()


def test_a_mix_looks_at_pictures_that_no_build_looked_at(phantom_of: Callable[[Source], Path], tmp_path: Path) -> None:
    source = sources()["mimic"]
    build_source(source, phantom_of(source), tmp_path / "cx/mimic")
    build_source(source, phantom_of(source), tmp_path / "checked/mimic", images="path")
    told = mix(wanted(tmp_path / "cx", tmp_path / "mix", images="path"))
    beside = mix(wanted(tmp_path / "checked", tmp_path / "other", images="path"))
    assert told["rows"] == beside["rows"]
    assert told["dropped"] == beside["dropped"]
    roots = tmp_path / "cx/mimic/.cxdata/roots.json"
    roots.write_text(json.dumps(dict.fromkeys(json.loads(roots.read_text()), str(tmp_path / "gone"))))
    with pytest.raises(CxdataError, match="picture_missing"):
        mix(wanted(tmp_path / "cx", tmp_path / "none"))
    with pytest.raises(CxdataError, match="no row that the mix asks for"):
        mix(wanted(tmp_path / "cx", tmp_path / "none", config=mix_config("closed", sources=("openi",))))


def test_caps_and_sizes_hold_and_keep_sets_whole(cx: Path, tmp_path: Path) -> None:
    config = mix_config(
        "closed", caps={"task": {"disease_single_choice": 21}, "source": {"chestxray14": 40}}, val_rows=10,
        test_rows=15, order={"replay": 0},
    )  # fmt: skip
    content = mix(wanted(cx, tmp_path / "mix", config=config))
    assert content["rows"]["val"] <= 10
    assert content["rows"]["test"] <= 15
    train = rows_of(tmp_path / "mix", "train")
    assert train.filter(pl.col("task") == "disease_single_choice").height <= 21
    assert train.filter(pl.col("source") == "chestxray14").height <= 40
    samples = pl.scan_parquet(cx / "*/samples/*.parquet").select("sample_id", "set_id").collect()
    sets = train.join(samples, on="sample_id").drop_nulls("set_id").group_by("set_id").len()
    whole = samples.drop_nulls("set_id").group_by("set_id").len()
    assert sets.height > 0
    assert sets.join(whole, on=["set_id", "len"], how="anti").is_empty()


def test_a_mix_of_ones_own_is_checked_by_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("stage: closed\nstages: [closed]\nballance: {}\n")
    with pytest.raises(UsageError, match="ballance"):
        mix_config("closed", file)
    file.write_text("stage: open\nstages: [open]\n")
    with pytest.raises(UsageError, match="stage open"):
        mix_config("closed", file)
    file.write_text("- closed\n")
    with pytest.raises(UsageError, match="no mapping"):
        mix_config("closed", file)
