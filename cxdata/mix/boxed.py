"""Answers in boxes: what the prompt says of their form, and the boxes in pixels of the picture that the row shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from cxdata.answers.boxes import AnswerBox, render_boxes
from cxdata.images.boxes import Size, whole_rescaled
from cxdata.mix.prompts import BOXES_GOLD, BOXES_PROMPT, BOXES_TOLD, wordings
from cxdata.mix.shown import SIZES
from cxdata.model.errors import CxdataError


def boxed(rows: pl.DataFrame, pictures: pl.DataFrame) -> pl.DataFrame:
    """The rows with `boxes_told` and `boxes_gold`, null where the answer is none in boxes.

    `rows` has sample_id, answer_type, boxes (pixels of the original) and image_ids; `pictures` image_id and SIZES. A
    copy may be squeezed on one side more than on the other: each axis has its own scale. Raises CxdataError for a
    picture whose size is not known.
    """
    is_boxes = pl.col("answer_type") == "boxes"
    asked = rows.select("sample_id", "boxes", image_id=pl.col("image_ids").list.first()).filter(
        rows.select(is_boxes).to_series()
    )
    sized = asked.unique("sample_id").join(pictures.select("image_id", *SIZES), on="image_id", how="left")
    told = [(row["sample_id"], *_written(row)) for row in sized.iter_rows(named=True)]
    table = pl.DataFrame(told, {"sample_id": pl.String, BOXES_TOLD: pl.String, BOXES_GOLD: pl.String}, orient="row")
    return rows.join(table, on="sample_id", how="left", maintain_order="left")


def _written(row: Mapping[str, Any]) -> tuple[str, str]:
    """How the prompt asks, and the gold."""
    if any(row[name] is None for name in SIZES):
        raise CxdataError(
            "the size of a picture is not known, so that its boxes have no place", where=str(row["image_id"]),
            mend="run its `cxdata build` again with --images path or embed",
        )  # fmt: skip
    frame, stored = (row["width"], row["height"]), (row["stored_width"], row["stored_height"])
    told = wordings()[BOXES_PROMPT].replace("{width}", str(stored[0])).replace("{height}", str(stored[1]))
    return told, f"<answer>{_gold(row['boxes'] or (), frame, stored)}</answer>"


def _gold(boxes: Sequence[Mapping[str, Any]], frame: Size, stored: Size) -> str:
    corners = [whole_rescaled((box["x0"], box["y0"], box["x1"], box["y1"]), frame, stored) for box in boxes]
    return render_boxes(AnswerBox(box["label"], *at) for box, at in zip(boxes, corners, strict=True))
