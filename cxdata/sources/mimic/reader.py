"""MIMIC-CXR as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.facets import REJECTS, conform, empty
from cxdata.model.manifest import Annotator
from cxdata.sources.base import InputCount, Reading, ReadContext
from cxdata.sources.mimic import labels, pictures, reports
from cxdata.sources.mimic.ids import SLUG
from cxdata.sources.mimic.pictures import Sorted
from cxdata.sources.tables import read_table

VERSION: Final = 1

METADATA: Final = "mimic-cxr-2.0.0-metadata"
SPLIT: Final = "mimic-cxr-2.0.0-split"
TEST_SET: Final = "mimic-cxr-2.1.0-test-set-labeled"
LABELS: Final = {"chexpert": "mimic-cxr-2.0.0-chexpert", "negbio": "mimic-cxr-2.0.0-negbio", "radiologist": TEST_SET}
MESSAGES: Final = {
    "bad_id": "the id is not of the form that MIMIC-CXR uses",
    "duplicate_row": "the same row stands earlier in the file",
    "conflicting_rows": "several rows have this id and contradict each other; none is taken",
    "study_of_two_patients": "the study is given to two patients; none of its pictures is taken",
    "unknown_split": "the split is none of train, validate, test",
    "picture_not_in_metadata": "the metadata table has no such picture",
    "study_not_in_metadata": "the metadata table has no such study",
}


class Part(NamedTuple):
    """What one input gave: facet frames by name, its rejects and its count."""

    facets: dict[str, pl.DataFrame]
    rejects: pl.DataFrame
    tally: InputCount


def read(context: ReadContext) -> Reading:
    """Read tables, labels and, where they are there, reports."""
    rows = _sorted_metadata(context)
    studies = rows.used["study_id"].unique()
    parts = [*_pictures(context, rows), *_labels(context, studies), *_reports(context, studies)]
    facets = {name: _together(name, parts) for name in context.manifest.facets if name != "label_space"}
    facets["label_space"] = conform("label_space", labels.label_space_facet(_annotators(context)))
    return Reading(facets, pl.concat([part.rejects for part in parts]), [part.tally for part in parts])


def _sorted_metadata(context: ReadContext) -> Sorted:
    return pictures.metadata(_table(context, METADATA))


def _pictures(context: ReadContext, rows: Sorted) -> Iterator[Part]:
    split_rows = pictures.splits(_table(context, SPLIT), rows.used)
    origin = _path(context, METADATA).name
    facets = {
        "images": pictures.images_facet(rows.used, origin),
        "studies": pictures.studies_facet(rows.used, split_rows.used),
    }
    yield _part(context, METADATA, facets, rows)
    yield _part(context, SPLIT, {}, split_rows)


def _labels(context: ReadContext, studies: pl.Series) -> Iterator[Part]:
    for annotator in _annotators(context):
        rows = labels.label_rows(_table(context, LABELS[annotator.name]), studies)
        origin = _path(context, LABELS[annotator.name]).name
        facets = {
            "readings": labels.readings_facet(rows.used, annotator, origin),
            "findings": labels.findings_facet(rows.used, annotator, origin),
        }
        yield _part(context, LABELS[annotator.name], facets, rows)


def _reports(context: ReadContext, studies: pl.Series) -> Iterator[Part]:
    path = context.files.get(reports.FAMILY)
    if path is None:
        return
    texts = reports.read(context, path, studies)
    name, used, aside = context.display(reports.FAMILY), texts.used.height, texts.aside.height
    yield Part({"reports": texts.used}, _rejects(texts.aside, name), InputCount(name, used + aside, used, aside))


def _annotators(context: ReadContext) -> list[Annotator]:
    declared = context.manifest.labels.annotators if context.manifest.labels else ()
    chosen = [a for a in declared if all(context.options[key] == value for key, value in a.when.items())]
    return [annotator for annotator in chosen if context.files.get(LABELS[annotator.name]) is not None]


def _path(context: ReadContext, name: str) -> Path:
    path = context.files[name]
    assert path is not None, name  # noqa: S101  required files are checked before a reader runs
    return path


def _table(context: ReadContext, name: str) -> pl.DataFrame:
    return read_table(SLUG, context.manifest.file(name), _path(context, name))


def _part(context: ReadContext, name: str, facets: dict[str, pl.DataFrame], rows: Sorted) -> Part:
    file, used, aside = context.display(name), rows.used.height, rows.aside.height
    return Part(facets, _rejects(rows.aside, file), InputCount(file, used + aside, used, aside, rows.cells_nulled))


def _rejects(aside: pl.DataFrame, file: str) -> pl.DataFrame:
    message = pl.col("message") if "message" in aside.columns else _message()
    return aside.select(
        source=pl.lit(SLUG), file=pl.lit(file), key=pl.col("key").fill_null(""), stage=pl.lit("reader"), code="code",
        message=message,
    ).select(pl.col(list(REJECTS)).cast(pl.String))  # fmt: skip


def _message() -> pl.Expr:
    return pl.format("row {}: {}", pl.col("row"), pl.col("code").replace_strict(MESSAGES, return_dtype=pl.String))


def _together(name: str, parts: list[Part]) -> pl.DataFrame:
    frames = [conform(name, part.facets[name]) for part in parts if name in part.facets]
    return conform(name, pl.concat(frames)) if frames else empty(name)
