"""MS-CXR as facet tables: boxes of phrases on MIMIC's pictures. What is peculiar to the dataset stands in NOTES.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.model.patients import split_of, split_rank
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import is_bad_box, matched, one_of, sized_box, text, whole
from cxdata.sources.facets import facet
from cxdata.sources.native import findings_facet, native_labels, readings_facet
from cxdata.sources.reading import Desk, Rows, rows_of

VERSION: Final = 1

PARENT: Final = "mimic"
BOXES: Final = "boxes"
LABELS: Final = native_labels(__file__)
SPLITS: Final = {"train": "train", "val": "val", "validate": "val", "validation": "val", "test": "test"}
LARGEST_PX: Final = 100_000
DICOM: Final = r"((?:[0-9a-f]{8}-){4}[0-9a-f]{8})(?:\.jpg|\.dcm)?"
MESSAGES: Final = {
    "no_phrase": "the box has no phrase",
    "other_study": "the path names another study than MIMIC's table of pictures does",
}


def read(context: ReadContext) -> Reading:
    """Read the boxes whose picture MIMIC has."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    rows = _rows(desk)
    return desk.reading([desk.part(BOXES, rows, _facets(desk, rows, annotator))], [annotator])


def _rows(desk: Desk) -> Rows:
    cells = {
        "dicom": matched("dicom_id", DICOM),
        "finding": one_of("category_name", LABELS.findings),
        "phrase": text("label_text"),
        "path_study": matched("path", r"(?:.*/)?(s5\d{7})/[^/]+"),
        **sized_box("x", "y", "w", "h"),
        "frame_width": whole("image_width", 1, LARGEST_PX),
        "frame_height": whole("image_height", 1, LARGEST_PX),
        "split_official": one_of("split", SPLITS),
    }
    studies = desk.context.parents[PARENT]["images"].select("study_id", dicom_id=_stem())
    table = desk.table(BOXES).with_columns(_dicom=pl.col("dicom_id").str.extract(f"^{DICOM}$"))
    table = table.join(studies, left_on="_dicom", right_on="dicom_id", how="left", maintain_order="left")
    refused = {
        "picture_not_in_parent": pl.col("study_id").is_null(),
        "other_study": (pl.col("path_study") != pl.col("study_id")).fill_null(value=False),
        "unknown_finding": pl.col("finding").is_null(),
        "no_phrase": pl.col("phrase").is_null(),
        "bad_box": is_bad_box(pl.col("frame_width"), pl.col("frame_height")),
    }
    return rows_of(table, cells, refused, named="dicom_id", key=("dicom", "finding", "phrase", "x0", "y0", "x1", "y1"))


def _facets(desk: Desk, rows: Rows, annotator: Annotator) -> Mapping[str, pl.DataFrame]:
    used, origin = rows.used.with_columns(image_id=pl.concat_str(pl.lit(f"{PARENT}:"), "dicom")), desk.origin(BOXES)
    shown = desk.of_parent(PARENT, used["image_id"])
    told = used.unique(["study_id", "finding"], keep="first", maintain_order=True)
    told = told.with_columns(native_label="category_name", state=pl.lit("present"))
    read_once = used.unique("study_id", keep="first", maintain_order=True)
    boxes = {"kind": pl.lit("phrase"), "annotator": pl.lit(annotator.name)}
    return {
        "images": shown["images"],
        "studies": _with_split(shown["studies"], used),
        "readings": readings_facet(read_once, annotator, origin),
        "findings": findings_facet(told, LABELS, annotator, origin),
        "regions": facet("regions", used, origin, **boxes),
    }


def _with_split(studies: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """MIMIC's studies with the table's split, the strictest of their rows; where it has none, MIMIC's stays."""
    own = used.group_by("study_id").agg(own=split_of(split_rank("split_official").max()))
    joined = studies.join(own, on="study_id", how="left", maintain_order="left")
    return joined.with_columns(split_official=pl.coalesce("own", "split_official")).drop("own")


def _stem() -> pl.Expr:
    return pl.col("image_id").str.strip_prefix(f"{PARENT}:")
