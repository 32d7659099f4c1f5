"""CXR-LT as facet tables, on the pictures of MIMIC-CXR-JPG. What is peculiar to it stands in NOTES.md."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import Cell
from cxdata.sources.native import findings_facet, native_labels, readings_facet
from cxdata.sources.reading import Desk, Part, Rows, rows_of
from cxdata.sources.tables import ROW

VERSION: Final = 1

PARENT: Final = "mimic"
MESSAGES: Final = {"other_study": "the picture is of another study in MIMIC-CXR-JPG"}
LABELS: Final = native_labels(__file__)
PRESENT: Final = ("1", "1.0")
NOT_LISTED: Final = ("0", "0.0")
_DICOM: Final = r"^([0-9a-f]{8}(?:-[0-9a-f]{8}){4})(?:\.jpg|\.dcm)?$"
_STUDY: Final = r"^s?(5\d{7})(?:\.0)?$"


def read(context: ReadContext) -> Reading:
    """Read the widest table of labels that is there and, where it is there, the one made by hand."""
    desk = Desk(context, MESSAGES)
    by_hand, miner = desk.annotators()
    images = context.parents[PARENT]["images"]
    rows, space = _rows(desk, "labels", images)
    shown = desk.of_parent(PARENT, rows.used["image_id"])
    parts, annotators = [_part(desk, "labels", rows, space, miner)], [_of(miner, space)]
    if desk.has("gold"):
        gold, asked = _rows(desk, "gold", images)
        parts.append(_part(desk, "gold", gold, asked, by_hand))
        annotators.insert(0, _of(by_hand, asked))
        shown = _with_test(shown, desk.of_parent(PARENT, gold.used["image_id"]))
    parts[0] = parts[0]._replace(facets={**parts[0].facets, **{name: shown[name] for name in ("images", "studies")}})
    return desk.reading(parts, annotators)


def _rows(desk: Desk, name: str, images: pl.DataFrame) -> tuple[Rows, list[str]]:
    """The pictures that the parent has, with its study, and the labels that this table has columns for."""
    table = desk.table(name)
    cells = {
        "dicom": Cell("dicom_id", pl.col("dicom_id").str.extract(_DICOM)),
        "stated": Cell("study_id", "s" + pl.col("study_id").str.extract(_STUDY)),
    }
    known = images.select("study_id", image_id="image_id").rename({"study_id": "of_parent"})
    table = table.with_columns(
        image_id=pl.concat_str(pl.lit(f"{PARENT}:"), pl.col("dicom_id").str.extract(_DICOM))
    ).join(known, on="image_id", how="left", maintain_order="left")
    refused = {
        "picture_not_in_parent": pl.col("of_parent").is_null(), "other_study": pl.col("stated") != pl.col("of_parent"),
    }  # fmt: skip
    rows = rows_of(table, cells, refused, named="dicom_id", key=("dicom",))
    space = [label for label in LABELS.all if table[label].null_count() < table.height]
    unread = sum(int(rows.used.select(_is_unread(label).sum()).item()) for label in space)
    used = rows.used.drop("study_id").rename({"of_parent": "study_id"})
    return rows._replace(used=used, cells_nulled=rows.cells_nulled + unread), space


def _part(desk: Desk, name: str, rows: Rows, space: list[str], annotator: Annotator) -> Part:
    """Labels of studies, each once; a study of which one cell cannot be read has no reading."""
    origin = desk.origin(name)
    whole = rows.used.filter(~pl.any_horizontal(_is_unread(label) for label in space).any().over("study_id"))
    first = whole.unique("study_id", keep="first", maintain_order=True)
    told = [
        rows.used.filter(pl.col(label).is_in(PRESENT)).select("study_id", ROW, native_label=pl.lit(label))
        for label in space
    ]
    stated = pl.concat(told).unique(["study_id", "native_label"], keep="first", maintain_order=True)
    stated = stated.with_columns(state=pl.lit("present"))
    facets = {
        "readings": readings_facet(first, annotator, origin),
        "findings": findings_facet(stated, LABELS, annotator, origin),
    }
    return desk.part(name, rows, facets)


def _is_unread(label: str) -> pl.Expr:
    return ~pl.col(label).is_in([*PRESENT, *NOT_LISTED]).fill_null(value=False)


def _of(annotator: Annotator, space: list[str]) -> Annotator:
    """The annotator with the findings of that table alone."""
    looked_for = {LABELS.findings[label] for label in space if label in LABELS.findings}
    findings = tuple(name for name in annotator.findings if name in looked_for)
    return annotator.model_copy(update={"findings": findings})


def _with_test(shown: dict[str, pl.DataFrame], gold: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """All pictures and studies; those that were labelled by hand are test."""
    images = pl.concat([shown["images"], gold["images"]]).unique("image_id", maintain_order=True)
    studies = pl.concat([shown["studies"], gold["studies"]]).unique("study_id", maintain_order=True)
    by_hand = pl.col("study_id").is_in(gold["studies"]["study_id"].implode())
    split = pl.when(by_hand).then(pl.lit("test")).otherwise("split_official").alias("split_official")
    return {"images": images, "studies": studies.with_columns(split)}
