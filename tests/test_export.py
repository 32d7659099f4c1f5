"""The formats: their columns, their recipes, and what the trainers' own loaders make of the files."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from stage_folders import BINARY, frame, standard_rows, write_stage

from cxdata.export.formats import FORMATS, MAX_PIXELS, MIN_PIXELS, PICTURES, REST, columns_of, own_columns, shaped
from cxdata.export.recipes import LAUNCHES, beside, recipe
from cxdata.export.schemas import schema_of
from cxdata.model.errors import UsageError

BOTH = pytest.mark.parametrize("embedded", [False, True], ids=["path", "embed"])
EACH = pytest.mark.parametrize("form", FORMATS)
FILES = {"train": ["train/rows-00000.parquet", "train/rows-00001.parquet"], "val": ["val/rows-00000.parquet"]}


def loaded(folder: Path, split: str, cache: Path) -> Any:
    """A folder of files, read as EasyR1 and TRL read it."""
    return datasets.load_dataset("parquet", data_dir=str(folder / split), split="train", cache_dir=str(cache))


@pytest.fixture(autouse=True)
def _within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes are run in their stage folder."""
    monkeypatch.chdir(tmp_path)
    datasets.disable_progress_bars()


@EACH
@BOTH
def test_every_format_keeps_the_columns_of_the_contract(form: str, embedded: bool) -> None:
    rows = frame(standard_rows(), embedded=embedded)
    made = shaped(rows, form)
    assert made.schema == pl.Schema(columns_of(form, embedded=embedded))
    assert made.columns[:3] == ["problem", "answer", "images"]
    kept = ["problem", "answer", *REST]
    assert made.select(kept).equals(rows.select(kept))


@EACH
@BOTH
def test_files_hold_the_schema_and_the_note_where_pictures_are_structs(
    form: str, embedded: bool, tmp_path: Path
) -> None:
    write_stage(tmp_path, form, embedded=embedded)
    schema = pq.read_schema(tmp_path / "train" / "rows-00000.parquet")
    assert schema.equals(schema_of(form, embedded=embedded))
    has_note = b"huggingface" in (schema.metadata or {})
    assert has_note == (columns_of(form, embedded=embedded)["images"] == PICTURES)


@EACH
def test_embedded_pictures_are_decoded_by_datasets(form: str, tmp_path: Path) -> None:
    write_stage(tmp_path, form, embedded=True)
    for split in ("train", "val"):
        row = loaded(tmp_path, split, tmp_path / "cache")[1]
        assert [picture.size for picture in row["images"]] == [(60, 40)] * 2
        assert all(isinstance(picture, Image.Image) for picture in row["images"])


def test_names_of_files_decide_what_datasets_calls_the_rows(tmp_path: Path) -> None:
    """Why `validate` refuses val/val-00000.parquet: EasyR1 asks for the rows called train of any folder."""
    write_stage(tmp_path, "easyr1")
    assert len(loaded(tmp_path, "val", tmp_path / "cache")) == 5
    (tmp_path / "val" / "rows-00000.parquet").rename(tmp_path / "val" / "val-00000-of-00001.parquet")
    with pytest.raises(ValueError, match="train"):
        loaded(tmp_path, "val", tmp_path / "cache")


def test_trl_opens_pictures_by_path(tmp_path: Path) -> None:
    write_stage(tmp_path, "trl")
    assert [picture.size for picture in loaded(tmp_path, "train", tmp_path / "cache")[1]["images"]] == [(60, 40)] * 2


def test_a_format_that_is_none_is_refused() -> None:
    for call in (lambda: shaped(frame([], embedded=False), "csv"), lambda: own_columns("csv"),
                 lambda: recipe("csv", "closed", embedded=False, files=FILES),
                 lambda: recipe("trl", "third", embedded=False, files=FILES)):  # fmt: skip
        with pytest.raises(UsageError):
            call()


@EACH
@pytest.mark.parametrize("stage", LAUNCHES)
def test_recipes_are_yaml_without_shuffling_or_paths_of_a_machine(form: str, stage: str) -> None:
    text = recipe(form, stage, embedded=False, files=FILES)
    told = yaml.safe_load(text)
    flat = dict(_flat(told))
    off = {"easyr1": "data.shuffle", "verl": "data.shuffle", "trl": "shuffle_dataset"}.get(form)
    assert flat[off] is False if off else flat["disable_shuffling"] is True
    assert 1e-6 in flat.values()
    assert LAUNCHES[stage].epochs in flat.values()
    assert not re.search(r"(?m)(?:^|[\s'\"])/", text)


def test_recipes_name_what_the_trainers_look_for() -> None:
    easyr1 = yaml.safe_load(recipe("easyr1", "closed", embedded=False, files=FILES))
    assert easyr1["data"]["train_files"] == "train@train"
    assert easyr1["data"]["val_files"] == "val@train"
    assert easyr1["data"]["image_dir"] == "."
    assert yaml.safe_load(recipe("easyr1", "open", embedded=True, files=FILES))["data"]["image_dir"] is None
    verl = yaml.safe_load(recipe("verl", "open", embedded=True, files=FILES))
    assert verl["data"]["train_files"] == FILES["train"]
    assert verl["trainer"]["n_gpus_per_node"] == 8
    trl = yaml.safe_load(recipe("trl", "closed", embedded=True, files=FILES))
    update = trl["per_device_train_batch_size"] * trl["gradient_accumulation_steps"] * LAUNCHES["closed"].gpus
    assert update == 16 * trl["num_generations"]
    assert trl["generation_batch_size"] == 64 * trl["num_generations"]


def test_llamafactory_finds_folders_and_tags_by_its_list(tmp_path: Path) -> None:
    """As `SharegptDatasetConverter` does (hiyouga/LLaMA-Factory 02e2fb34, src/llamafactory/data/converter.py)."""
    write_stage(tmp_path, "llamafactory")
    told = json.loads((tmp_path / "dataset_info.json").read_text())
    assert beside("easyr1", ["train"]) == {}
    for name in ("cxdata_train", "cxdata_val"):
        entry = told[name]
        rows = loaded(tmp_path, entry["file_name"], tmp_path / "cache")
        for row in rows:
            asked, answered = row[entry["columns"]["messages"]]
            tags = entry["tags"]
            assert [one[tags["role_tag"]] for one in (asked, answered)] == [tags["user_tag"], tags["assistant_tag"]]
            pictures = row[entry["columns"]["images"]]
            assert asked[tags["content_tag"]].count("<image>") == len(pictures)
            assert all((tmp_path / picture).is_file() for picture in pictures)


@BOTH
def test_easyr1_reads_the_folder(embedded: bool, tmp_path: Path) -> None:
    """What `RLHFDataset` does with a row, written anew (hiyouga/EasyR1 b44b311, verl/utils/dataset.py).

    The file type comes from the first name in the folder; the prompt is cut at `<image>`, each cut a place of a
    picture; paths are joined with `image_dir`; pictures are PIL, dict, bytes or a path, brought within the limits.
    """
    folder = write_stage(tmp_path, "easyr1", embedded=embedded)
    told = yaml.safe_load((folder / "recipe.yaml").read_text())["data"]
    for source in (told["train_files"], told["val_files"]):
        path, split = source.split("@")
        kind = next(Path(path).iterdir()).suffix[1:]
        rows = datasets.load_dataset(kind, data_dir=path, split=split, cache_dir=str(tmp_path / "cache"))
        assert len(rows) == 5
        for row in rows:
            places = [i for i, _ in enumerate(row[told["prompt_key"]].split("<image>")) if i != 0]
            images = row[told["image_key"]]
            if told["image_dir"] is not None and images and isinstance(images[0], str):
                images = [Path(told["image_dir"], image) for image in images]
            pictures = [_easyr1_picture(image) for image in images]
            assert len(pictures) == len(places)
            assert all(p.mode == "RGB" and p.width * p.height <= MAX_PIXELS for p in pictures)
            assert isinstance(row[told["answer_key"]], str)


@BOTH
def test_verl_reads_the_files(embedded: bool, tmp_path: Path) -> None:
    """What `RLHFDataset` does with a row, written anew (volcengine/verl b178a3c, verl/utils/dataset/rl_dataset.py).

    Files are read one by one; each `<image>` of a message takes the next picture, which must be PIL or a dict: a dict
    becomes the part itself, for qwen_vl_utils, which reads `image`, `min_pixels` and `max_pixels` from it. All
    pictures must be used up; `extra_info.index` is the row's.
    """
    folder = write_stage(tmp_path, "verl", embedded=embedded)
    told = yaml.safe_load((folder / "recipe.yaml").read_text())["data"]
    for file in [*told["train_files"], *told["val_files"]]:
        rows = datasets.load_dataset("parquet", data_files=file, cache_dir=str(tmp_path / "cache"))["train"]
        for number, row in enumerate(rows):
            parts = _verl_parts(row[told["prompt_key"]], row[told["image_key"]])
            words = "".join(part["text"] if part["type"] == "text" else "<image>" for part in parts)
            assert words == row["problem"]
            assert row["extra_info"]["index"] == number
            assert row["reward_model"]["ground_truth"] == row["answer"]
            assert row[told["reward_fn_key"]] == "openi"
            for part in (part for part in parts if part["type"] == "image"):
                assert embedded or (part["min_pixels"], part["max_pixels"]) == (MIN_PIXELS, MAX_PIXELS)
                if embedded:
                    assert part["image"].size == (60, 40)
                else:
                    with Image.open(part["image"]) as picture:
                        assert picture.size == (60, 40)


@BOTH
def test_trl_fills_the_places_of_pictures(embedded: bool, tmp_path: Path) -> None:
    """What `prepare_multimodal_messages` counts and fills (huggingface/trl f2cd577, trl/data_utils.py)."""
    write_stage(tmp_path, "trl", embedded=embedded)
    for row in loaded(tmp_path, "train", tmp_path / "cache"):
        (message,) = row["prompt"]
        places = [part for part in message["content"] if part["type"] == "image" and "image" not in part]
        assert len(places) == len(row["images"])
        assert "".join(part["text"] or "<image>" for part in message["content"]) == row["problem"]
        assert row["completion"] == [{"role": "assistant", "content": row["solution"]}]
        # The trainer hands every column to the reward function beside these names of its own.
        assert not {"prompts", "completions", "completion_ids", "trainer_state", "log_metric"} & set(row)


def test_trl_keeps_pictures_where_the_prompt_has_them() -> None:
    made = shaped(frame(standard_rows(), embedded=False), "trl")
    assert made["problem"][1] == BINARY
    kinds = [(part["type"], part["text"]) for part in made["prompt"][1][0]["content"]]
    assert kinds[:4] == [("text", "Before: "), ("image", None), ("text", "\nNow: "), ("image", None)]


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield name, value if not isinstance(value, list) else tuple(map(str, value))
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{name}.{key}" if name else key)


def _easyr1_picture(image: Any) -> Image.Image:
    if isinstance(image, dict):
        image = Image.open(io.BytesIO(image["bytes"]))
    elif isinstance(image, bytes):
        image = Image.open(io.BytesIO(image))
    elif not isinstance(image, Image.Image):
        image = Image.open(image)
    image.load()
    for limit, is_out in ((MAX_PIXELS, int.__gt__), (MIN_PIXELS, int.__lt__)):
        if is_out(image.width * image.height, limit):
            factor = math.sqrt(limit / (image.width * image.height))
            image = image.resize((int(image.width * factor), int(image.height * factor)))
    return image.convert("RGB")


def _verl_parts(messages: list[dict[str, Any]], images: list[Any]) -> list[dict[str, Any]]:
    left, parts = list(images), []
    for segment in re.split("(<image>|<video>)", messages[0]["content"]):
        if segment == "<image>":
            image = left.pop(0)
            assert isinstance(image, (dict, Image.Image))
            parts.append({"type": "image", **image} if isinstance(image, dict) else {"type": "image", "image": image})
        elif segment:
            parts.append({"type": "text", "text": segment})
    assert not left
    return parts
