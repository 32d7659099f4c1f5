"""MIMIC-NLE as facet tables; pictures and patients are MIMIC-CXR's. What is peculiar to it stands in NOTES.md."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.errors import CxdataError, Where
from cxdata.reports.sentences import unwrap_expr
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.facets import facet
from cxdata.sources.reading import Desk, Rows, sort_rows
from cxdata.sources.records import as_table
from cxdata.sources.tables import ROW

VERSION: Final = 1

SPLITS: Final = {"test": "test", "dev": "val", "train": "train"}
"""Of a sentence in two files the one in the first is taken."""
LABELS: Final = (
    "Atelectasis", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Lung Lesion", "Lung Opacity",
    "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax",
)  # fmt: skip
"""The places of the label lists (encodings.py of the repository)."""
CUES: Final = (
    r"(?i)\b(?:likely|may|might|could|can|suggest\w*|represent\w*|reflect\w*|consistent|compatible|concern\w*|worris\w*|"
    r"suspicious|suspect\w*|possib\w+|probab\w+|due to|because|secondary|related|attribut\w+|indicat\w+|presum\w+|"
    r"favou?r\w*|"
    r"in keeping|versus|vs|question\w*|exclude\w*|appear\w*|thought|raise\w*|evidence of|differential|would)\b"
)
"""Words by one of which a sentence explains; nearly every sentence of MIMIC-NLE has one."""
LEAST_SENTENCES: Final = 20
LEAST_SHARE: Final = 0.5
MESSAGES: Final = {
    "no_diagnosis": "no diagnosis is marked that the sentence could explain",
    "no_sentence": "the sentence is missing: it is a row of a query file",
    "same_sentence": "the same sentence of the report is taken from another row",
}


def read(context: ReadContext) -> Reading:
    """Read the three files. CxdataError where the sentences of one are cut at the wrong places."""
    desk = Desk(context, MESSAGES)
    known = context.parents["mimic"]["studies"].select("study_id", "patient_id", is_known=True)
    rows: dict[str, Rows] = {}
    for name in SPLITS:
        taken = [one.used for one in rows.values()]
        rows[name] = _rows(desk, name, known, taken)
    used = pl.concat([one.used for one in rows.values()])
    parts = [desk.part(name, one) for name, one in rows.items()]
    return desk.reading([parts[0]._replace(facets=_facets(desk, used)), *parts[1:]])


def _rows(desk: Desk, name: str, known: pl.DataFrame, taken: list[pl.DataFrame]) -> Rows:
    table = as_table(desk.records(name), desk.context.manifest.file(name).columns).with_columns(
        study_id="s" + pl.col("report_ID").str.extract(r"^s?(5\d{7})$"),
        patient_id=pl.col("patient_ID").str.extract(r"^p?(1\d{7})$"),
        number=pl.col("sentence_ID").str.extract(r"^s?5\d{7}#(\d+)$"), sentence=unwrap_expr("nle"),
        diagnosis=_named("diagnosis_label"), evidence=_named("evidence_label"), split_official=pl.lit(SPLITS[name]),
        origin_file=desk.origin(name), origin_row=pl.col(ROW),
    )  # fmt: skip
    _check_cut(desk, name, table)
    table = table.join(known, on=["study_id", "patient_id"], how="left", maintain_order="left")
    said = pl.struct("study_id", pl.col("sentence").str.to_lowercase())
    earlier = [frame.select(said.alias("said"))["said"] for frame in taken]
    is_earlier = said.is_in(pl.concat(earlier).implode()) if earlier else pl.lit(False)
    code = (
        pl.when(pl.any_horizontal(pl.col("study_id", "patient_id", "number").is_null())).then(pl.lit("bad_id"))
        .when(pl.col("is_known").is_null()).then(pl.lit("study_not_in_parent"))
        .when(pl.col("sentence").is_null()).then(pl.lit("no_sentence"))
        .when(pl.any_horizontal(pl.col("diagnosis", "evidence").is_null())).then(pl.lit("bad_record"))
        .when(pl.col("diagnosis") == "").then(pl.lit("no_diagnosis"))
    )  # fmt: skip
    table = table.with_columns(code=code)
    is_again = is_earlier | (pl.int_range(pl.len()).over("study_id", pl.col("sentence").str.to_lowercase(), "code") > 0)
    again = pl.when(pl.col("code").is_null() & is_again).then(pl.lit("same_sentence"))
    table = table.with_columns(code=pl.coalesce("code", again)).drop("is_known")
    return sort_rows(table, "sentence_ID", "sentence_ID", pl.col("code"))


def _named(column: str) -> pl.Expr:
    """The findings that a list of ten 0 and 1 marks, joined by `, `; null where it is no such list."""
    digits = (
        pl.col(column).str.replace_all(r"\.0\b", "").str.extract(r"^\[([01](?:, ?[01]){9})\]$").str.extract_all("[01]")
    )
    marked = [
        pl.when(digits.list.get(place, null_on_oob=True) == "1").then(pl.lit(name)) for place, name in enumerate(LABELS)
    ]
    return pl.when(digits.list.len() == len(LABELS)).then(pl.concat_list(marked).list.drop_nulls().list.join(", "))


def _check_cut(desk: Desk, name: str, table: pl.DataFrame) -> None:
    """Raises CxdataError where most sentences explain nothing: another splitter numbers sentences otherwise."""
    told = table["sentence"].drop_nulls()
    share = told.str.contains(CUES).mean()
    if told.len() >= LEAST_SENTENCES and isinstance(share, float) and share < LEAST_SHARE:
        file = desk.path(name).name
        raise CxdataError(
            f"only {share:.0%} of the sentences of {file} hold a word that explains (likely, may, suggests, …)",
            where=Where("mimic-nle", file),
            mend="make the files again with the repository's environment.yml: a newer spaCy counts sentences otherwise",
        )


def _facets(desk: Desk, used: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parent = desk.context.parents["mimic"]
    split = (
        pl.col("split_official")
        .sort_by(pl.col("split_official").replace_strict({"train": 0, "val": 1, "test": 2}))
        .last()
    )
    studies = used.group_by("study_id", "patient_id", maintain_order=True).agg(split)
    statement_id = pl.concat_str("study_id", "number", separator=":")
    return {
        "images": parent["images"].filter(pl.col("study_id").is_in(studies["study_id"].implode())),
        "studies": facet("studies", studies),
        "statements": facet("statements", used, statement_id=statement_id, reference=pl.lit("R4")),
    }
