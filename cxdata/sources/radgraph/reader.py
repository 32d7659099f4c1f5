"""RadGraph as facet tables; pictures, patients and the splits of what a model marked are MIMIC-CXR's. See NOTES.md."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.base import InputCount, ReadContext, Reading
from cxdata.sources.facets import facet
from cxdata.sources.native import findings_facet, readings_facet
from cxdata.sources.radgraph.findings import LABELS, agreed, stated
from cxdata.sources.radgraph.graphs import Graphs, tables
from cxdata.sources.reading import Desk, Part, Rows, sort_rows
from cxdata.sources.records import KEY
from cxdata.sources.tables import ROW

VERSION: Final = 2

SPLITS: Final = {"test": "test", "dev": "val", "train": "train"}
"""Of the radiologists' files: of a report in two of them the first is taken."""
NONE: Final = pl.Series("study_id", [], pl.String)
GRAPHS: Final = "graphs"
REPORT: Final = r"^(?:files/)?p1\d/p(1\d{7})/s(5\d{7})(?:\.txt)?$"
CHEXPERT: Final = "chexpert-"
MESSAGES: Final = {
    "bad_graph": "the graph is not of the form that RadGraph has: a field, label or relation is missing or unknown",
    "not_of_text": "the words of an entity do not stand where it says that they do",
    "no_entity": "nothing is marked in the report",
    "marked_elsewhere": "the graph of this report is taken from another file: test before dev before train",
}


class Taken(NamedTuple):
    """What one file gives: its part without facets, and what is used of it.

    `reports` has study_id, patient_id, split_official, row, file and annotator.
    """

    part: Part
    reports: pl.DataFrame
    statements: pl.DataFrame
    findings: pl.DataFrame


def read(context: ReadContext) -> Reading:
    """Read the radiologists' files and, where it is there and asked for, the model's."""
    desk = Desk(context, MESSAGES)
    annotators = desk.annotators()
    taken: list[Taken] = []
    for name in (*SPLITS, GRAPHS):
        if desk.has(name):
            marked = pl.concat([NONE, *(one.reports["study_id"] for one in taken)])
            taken.append(_of_file(desk, name, annotators[0 if name in SPLITS else -1], marked))
    first = taken[0].part._replace(facets=_facets(desk, taken, annotators))
    return desk.reading([first, *(one.part for one in taken[1:])], annotators)


def _of_file(desk: Desk, name: str, annotator: Annotator, marked: pl.Series) -> Taken:
    """A part of the file in memory at a time: the model's holds millions of entities."""
    parts: list[Taken] = []
    for records in desk.record_parts(name):
        seen = pl.concat([marked, *(one.reports["study_id"] for one in parts)])
        parts.append(_taken(desk, name, tables(records, labelled_twice=name == "test"), annotator, seen))
    tallies = [one.part.tally for one in parts]
    tally = InputCount(
        tallies[0].file, sum(one.rows_read for one in tallies), sum(one.rows_used for one in tallies),
        sum(one.rows_rejected for one in tallies),
    )  # fmt: skip
    return Taken(
        Part({}, pl.concat([one.part.rejects for one in parts]), tally),
        pl.concat([one.reports for one in parts]),
        pl.concat([one.statements for one in parts]),
        pl.concat([one.findings for one in parts]),
    )


def _taken(desk: Desk, name: str, graphs: Graphs, annotator: Annotator, marked: pl.Series) -> Taken:
    rows = _judged(graphs.reports, desk.context.parents["mimic"]["studies"], marked, SPLITS.get(name))
    used, origin = rows.used, desk.origin(name)
    statements = facet(
        "statements", _with_graph(used, graphs), origin, statement_id=pl.col("study_id"),
        reference=pl.lit(annotator.reference),
    )  # fmt: skip
    told = stated(graphs.entities, graphs.links)
    told = agreed(told, stated(*graphs.second)) if graphs.second else told
    findings = findings_facet(used.select(ROW, "study_id").join(told, on=ROW), LABELS, annotator, origin)
    reports = used.select(
        "study_id", "patient_id", "split_official", ROW, file=origin, annotator=pl.lit(annotator.name)
    )
    return Taken(desk.part(name, rows), reports, statements, findings)


def _judged(reports: pl.DataFrame, known: pl.DataFrame, marked: pl.Series, split: str | None) -> Rows:
    """The reports with study_id, patient_id and split; a report of CheXpert is a study and a patient of its own."""
    is_chexpert = (pl.col("data_source").str.to_lowercase() == "chexpert").fill_null(value=False)
    own = pl.lit(CHEXPERT) + pl.col(KEY).str.replace(r"\.txt$", "").str.replace_all(r"[^A-Za-z0-9._-]+", "-")
    patient, study = (pl.col(KEY).str.extract(REPORT, group) for group in (1, 2))
    rows = reports.with_columns(
        patient_id=pl.when(is_chexpert).then(own).otherwise(patient),
        study_id=pl.when(is_chexpert).then(own).otherwise("s" + study),
    ).join(
        known.select("study_id", "patient_id", of_parent="split_official", is_known=True),
        on=["study_id", "patient_id"], how="left", maintain_order="left",
    )  # fmt: skip
    code = (
        pl.when(pl.col("study_id").is_null()).then(pl.lit("bad_id"))
        .when(pl.col("is_known").is_null() & ~is_chexpert).then(pl.lit("study_not_in_parent"))
        .when(pl.col("study_id").is_in(marked.implode())).then(pl.lit("marked_elsewhere"))
        .when(pl.col("fault").is_not_null()).then(pl.col("fault"))
    )  # fmt: skip
    official = pl.lit(split) if split else pl.col("of_parent")
    told = rows.with_columns(split_official=official, code=code).drop("is_known", "of_parent")
    return sort_rows(told, "study_id", KEY, pl.col("code"))


def _with_graph(used: pl.DataFrame, graphs: Graphs) -> pl.DataFrame:
    """The reports with `entities` and `relations` as the facet `statements` has them."""
    entities = graphs.entities.group_by(ROW, maintain_order=True).agg(entities=pl.struct("words", "kind"))
    links = graphs.links.rename({"relation": "kind"}).group_by(ROW, maintain_order=True)
    relations = links.agg(relations=pl.struct("subject", "kind", "object"))
    rows = used.join(entities, on=ROW, how="left", maintain_order="left")
    rows = rows.join(relations, on=ROW, how="left", maintain_order="left")
    return rows.with_columns(pl.col("relations").fill_null([]))


def _facets(desk: Desk, taken: list[Taken], annotators: list[Annotator]) -> dict[str, pl.DataFrame]:
    reports = pl.concat([one.reports for one in taken])
    images = desk.context.parents["mimic"]["images"]
    of_annotator = [
        readings_facet(reports.filter(annotator=one.name), one, pl.col("file")) for one in annotators
    ]  # fmt: skip
    return {
        "images": images.filter(pl.col("study_id").is_in(reports["study_id"].implode())),
        "studies": facet("studies", reports),
        "readings": pl.concat(of_annotator),
        "findings": pl.concat([one.findings for one in taken]),
        "statements": pl.concat([one.statements for one in taken]),
    }
