"""Boxes of a mix lie where the source drew them, in pixels of the picture that the row shows, whatever its size."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from PIL import Image

from cxdata.answers.boxes import read_final_boxes
from cxdata.check.stage import validate_stage
from cxdata.mix.config import mix_config
from cxdata.mix.run import MixRequest, mix
from cxdata.sources.discovery import sources

SIZE = re.compile(r"The picture is (\d+) pixels wide and (\d+) pixels high\.$")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VinDr-CXR as Kaggle's smaller copies: pictures squeezed to a square, boxes in pixels of the original."""
    source = sources()["vindr-cxr"]
    layout = next(one for one in source.manifest.layouts if one.name == "kaggle-png")
    return write_phantom(source, tmp_path_factory.mktemp("vindr"), 60, layout)


def size_of(folder: Path, picture: Any) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture["bytes"]) if isinstance(picture, dict) else folder / picture) as opened:
        return opened.size


@pytest.mark.parametrize("images", ["path", "embed"])
@pytest.mark.parametrize("prompt", ["plain", "interleaved"])
def test_each_box_is_that_of_the_source_by_the_scale_of_each_axis(
    root: Path, tmp_path: Path, images: str, prompt: str
) -> None:
    wanted = {"images": images, **({"max_side": 128} if images == "embed" else {})}
    build_source(sources()["vindr-cxr"], root, tmp_path / "cx/vindr-cxr", **wanted)
    config = mix_config("sft", prompt=prompt, tasks=["abnormality_grounding", "abnormality_detection"])
    out = tmp_path / "mix"
    request = MixRequest(tmp_path / "cx", out, config, "easyr1", images, "keep", sources(), lambda text: None)  # type: ignore[arg-type]
    content = mix(request)
    assert "boxes" not in content["dropped"]
    assert set(content["by_task"]) == {"abnormality_grounding", "abnormality_detection"}
    samples = pl.read_parquet(tmp_path / "cx/vindr-cxr/samples/*.parquet").rows_by_key(
        "sample_id", named=True, unique=True
    )
    pictures = pl.read_parquet(tmp_path / "cx/vindr-cxr/images/*.parquet").rows_by_key(
        "image_id", named=True, unique=True
    )
    squeezed = 0
    for row in pl.read_parquet(out / "*/*.parquet").iter_rows(named=True):
        sample = samples[row["sample_id"]]
        frame = pictures[sample["image_ids"][0]]
        width, height = size_of(out, row["images"][0])
        told = SIZE.search(row["problem"])
        assert told is not None
        assert (int(told[1]), int(told[2])) == (width, height)
        boxes = read_final_boxes(row["answer"])
        assert boxes is not None
        assert [box.label for box in boxes] == [box["label"] for box in sample["boxes"]]
        across, down = width / frame["width"], height / frame["height"]
        squeezed += abs(across - down) > 0.01
        for box, drawn in zip(boxes, sample["boxes"], strict=True):
            assert 0 <= box.x0 < box.x1 <= width
            assert 0 <= box.y0 < box.y1 <= height
            for found, corner, scale in zip(box[1:], ("x0", "y0", "x1", "y1"), (across, down) * 2, strict=True):
                assert abs(found - drawn[corner] * scale) <= 1
    assert squeezed > 10
    verdict = validate_stage(out)
    assert verdict.ok, verdict.problems[:3]
