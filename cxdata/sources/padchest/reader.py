"""PadChest as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE, INSIDE
from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import born, matched, one_of, sex, view, whole
from cxdata.sources.facets import facet, images_facet, studies_facet
from cxdata.sources.native import findings_facet, from_lists, readings_facet, said_by
from cxdata.sources.padchest import places, words
from cxdata.sources.reading import Desk, Rows, rows_of

VERSION: Final = 2

SLUG: Final = "padchest"
TABLE: Final = "labels"
SENTENCES: Final = "LabelsLocalizationsBySentence"
MESSAGES: Final = {
    "other_study": "the picture's name does not begin with its study",
    "study_of_two_patients": "the study stands under two patients; whose it is cannot be known",
}
VIEWS: Final = {
    "AP_horizontal": "AP", "L": "LATERAL", "COSTAL": "OTHER", "EXCLUDE": "OTHER", "UNK": "UNKNOWN",
}  # fmt: skip
PREDICTED: Final = "resnet-50.t7"
SIDES: Final = ("PA", "AP")
LONGEST_PX: Final = 20_000
NAME: Final = r"(\d[\d_-]*_[0-9A-Za-z-]+)\.png"
Made = Callable[[pl.DataFrame, Annotator], pl.DataFrame]
METHODS: Final = {"Physician": "physicians", "RNN_model": "model"}
_CELLS: Final = {
    "stem": matched("ImageID", NAME), "patient_id": matched("PatientID", r"(\d+)"),
    "folder": matched("ImageDir", r"(\d+)"),
    "age": born("PatientBirth", "StudyDate_DICOM"), "sex": sex("PatientSex_DICOM"), "view": view("Projection", VIEWS),
    "width": whole("Columns_DICOM", 1, LONGEST_PX), "height": whole("Rows_DICOM", 1, LONGEST_PX),
    "method": one_of("MethodLabel", METHODS), "labels": words.labels("Labels"),
    "sentences": places.sentences(SENTENCES),
}  # fmt: skip


def read(context: ReadContext) -> Reading:
    """Read the one table."""
    desk = Desk(context, MESSAGES)
    annotators = desk.annotators()
    rows, origin = _rows(desk), desk.origin(TABLE)
    shown = _shown(rows.used)
    clear = rows.used.filter(words.is_clear("labels").all().over("study_id"))
    readings = clear.unique("study_id", keep="first", maintain_order=True)
    told = from_lists(rows.used).filter(pl.col("native_label") != words.NOT_LABELLED)
    told = told.unique(["study_id", "native_label"], keep="first", maintain_order=True)
    stated = told.select("study_id", "native_label")
    lying = places.places(rows.used).join(stated, on=["study_id", "native_label"], how="semi", maintain_order="left")
    facets = {
        "images": images_facet(shown, SLUG, "data", origin),
        "studies": studies_facet(shown, taken_at=pl.col("StudyDate_DICOM").str.to_datetime("%Y%m%d", strict=False)),
        "readings": _by_method(readings, annotators, lambda part, one: readings_facet(part, one, origin)),
        "findings": _by_method(told, annotators, lambda part, one: findings_facet(part, words.LABELS, one, origin)),
        "locations": _by_method(lying, annotators, lambda part, one: _locations(part, one, origin)),
        "reports": _reports(rows.used, origin),
    }
    reading = desk.reading([desk.part(TABLE, rows, facets)], annotators)
    return replace(reading, funnel=list(_left_open(rows.used, readings)))


def _rows(desk: Desk) -> Rows:
    table = words.said(desk.table(TABLE), ("PatientBirth", "PatientSex_DICOM", "Labels", SENTENCES))
    refused = {
        "bad_id": pl.col("stem").is_null() | pl.col("patient_id").is_null() | pl.col("StudyID").is_null(),
        "other_study": ~pl.col("ImageID").str.starts_with(pl.concat_str("StudyID", pl.lit("_"))),
        "study_of_two_patients": pl.col("patient_id").n_unique().over("StudyID") > 1,
    }
    rows = rows_of(table, _CELLS, refused, named="ImageID")
    return rows._replace(used=rows.used.with_columns(study_id="StudyID"))


def _shown(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with path, member and view; of a view that a network told, PA and AP are frontal and no more."""
    told = pl.col("MethodProjection").eq_missing(PREDICTED)
    member = pl.format(f"{ANYWHERE}{{}}.zip{INSIDE}{{}}.png", "folder", "stem")
    return rows.with_columns(
        view=pl.when(told & pl.col("view").is_in(SIDES)).then(pl.lit("FRONTAL")).otherwise("view"),
        view_source=pl.format("Projection: {}", "MethodProjection"),
        path=pl.format("{}{}.png", pl.lit(ANYWHERE), "stem"), member=member,
    )  # fmt: skip


def _by_method(rows: pl.DataFrame, annotators: Sequence[Annotator], made: Made) -> pl.DataFrame:
    """The rows of each annotator as a facet, one below the other."""
    return pl.concat([made(rows.filter(pl.col("method") == one.name), one) for one in annotators])


def _locations(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    return facet("locations", rows, origin, finding=words.LABELS.finding(), **said_by(annotator))


def _reports(rows: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """One report a study: stems of Spanish words, which no heading divides."""
    told = rows.with_columns(findings=words.report("Report")).filter(pl.col("findings").is_not_null())
    told = told.unique("study_id", keep="first", maintain_order=True)
    return facet("reports", told, origin, language=pl.lit("es"))


def _left_open(rows: pl.DataFrame, readings: pl.DataFrame) -> Iterator[tuple[str, int, str]]:
    studies = rows["study_id"].n_unique()
    yield "of PadChest", studies, "studies"
    yield "whose labels leave nothing open", readings.height, "studies"
