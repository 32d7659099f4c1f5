"""SLAKE as facet tables: the three files of questions. What is peculiar to the dataset stands in NOTES.md."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE, INSIDE
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.facets import facet, images_facet, studies_facet
from cxdata.sources.reading import Desk, Part, Rows, put_aside
from cxdata.sources.records import as_table
from cxdata.sources.slake.answers import mended, told, with_options
from cxdata.sources.tables import ROW

VERSION: Final = 2

SLUG: Final = "slake"
BY: Final = "physicians"
SPLITS: Final = {"train": "train", "validate": "val", "test": "test"}
CHEST: Final = r"^(?:lung|chest)"
SIDES_MIXED: Final = r"(?i)^(?:(?:left|right) lung, ?\S|[左右]肺[,\x{ff0c}] ?\S)"  # see NOTES.md: "Left Lung, Right"
HEART_IN_LUNG: Final = r"(?i)cardiomegaly .* on the .*lung|[左右][上下]?(?:肺|胸腔).*心脏肥大"
MESSAGES: Final = {
    "other_modality": "the picture is no radiograph: CT or MRI",
    "other_body_part": "the radiograph is not of the chest",
    "other_language": "the question is in the other language, whose splits are others",
    "knowledge_question": "asks what is known of an organ or disease, not what the picture shows",
    "no_answer": "the question has no answer",
    "sides_mixed": "the answer names the lung by the patient's side and the place by the picture's, without saying so",
    "heart_in_lung": "asks whether an enlarged heart lies in a part of a lung",
    "duplicate_question": "a question of this number stands earlier",
}


def read(context: ReadContext) -> Reading:
    """Read the questions of the three splits in the language that the option `language` names."""
    desk = Desk(context, MESSAGES)
    table = pl.concat([_rows(desk, name) for name in SPLITS])
    rows = judged(with_options(table), context.options["language"], knowledge=context.options["knowledge"] == "ask")
    used = rows.filter(pl.col("code").is_null())
    parts = [_part(desk, name, used, rows) for name in SPLITS]
    return desk.reading([parts[0]._replace(facets=_facets(used, context.manifest.answerer(BY).reference)), *parts[1:]])


def judged(rows: pl.DataFrame, language: str, *, knowledge: bool) -> pl.DataFrame:
    """The rows with `code` (null: good)."""
    needed = ("qid", "question", "modality", "location", "kind", "language")
    code = (
        pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
        .when(pl.any_horizontal(pl.col(needed).is_null())).then(pl.lit("bad_record"))
        .when(~pl.col("modality").str.contains(r"(?i)^x-?ray$")).then(pl.lit("other_modality"))
        .when(~pl.col("location").str.to_lowercase().str.contains(CHEST)).then(pl.lit("other_body_part"))
        .when(pl.col("language") != language).then(pl.lit("other_language"))
        .when(pl.col("answer").is_null()).then(pl.lit("no_answer"))
        .when((pl.col("base_type") == "kvqa").fill_null(value=False) & (not knowledge))
        .then(pl.lit("knowledge_question"))
        .when(pl.col("answer").str.contains(SIDES_MIXED)).then(pl.lit("sides_mixed"))
        .when(pl.col("question").str.contains(HEART_IN_LUNG)).then(pl.lit("heart_in_lung"))
    )  # fmt: skip
    rows = rows.with_columns(code=code)
    repeated = pl.when(pl.col("code").is_null(), pl.int_range(pl.len()).over("qid", "code") > 0)
    return rows.with_columns(code=pl.coalesce("code", repeated.then(pl.lit("duplicate_question"))))


def _rows(desk: Desk, name: str) -> pl.DataFrame:
    """The rows of one file with ids and words; `stem` is null where number and name of the picture differ."""
    table = as_table(desk.records(name), desk.context.manifest.file(name).columns)
    number, stem = pl.col("img_id"), pl.col("img_name").str.extract(r"^(xmlab\d+)/source\.jpg$")
    return table.with_columns(
        stem=pl.when(stem == pl.concat_str(pl.lit("xmlab"), number)).then(stem), question=told("question"),
        answer=mended(told("answer")), kind=pl.col("answer_type").str.to_uppercase(),
        language=pl.col("q_lang").str.to_lowercase(), split_official=pl.lit(SPLITS[name]), input=pl.lit(name),
        origin_file=desk.origin(name), origin_row=pl.col(ROW),
    )  # fmt: skip


def _part(desk: Desk, name: str, used: pl.DataFrame, rows: pl.DataFrame) -> Part:
    of_input = pl.col("input") == name
    aside = put_aside("qid", rows.filter(of_input, pl.col("code").is_not_null()))
    return desk.part(name, Rows(used.filter(of_input), aside))


def _facets(used: pl.DataFrame, reference: str) -> dict[str, pl.DataFrame]:
    pictures = used.unique("stem", keep="first", maintain_order=True).with_columns(patient_id="stem")
    path = pl.format("{}{}/source.jpg", pl.lit(ANYWHERE), "stem")
    member = pl.format("{}imgs.zip{}imgs/{}/source.jpg", pl.lit(ANYWHERE), pl.lit(INSIDE), "stem")
    view = {"view": pl.lit("FRONTAL"), "view_source": pl.lit("ChestX-ray8 holds frontal pictures alone")}
    image_id = pl.concat_str(pl.lit(f"{SLUG}:"), "stem")
    return {
        "images": images_facet(pictures, SLUG, "data", pl.col("origin_file"), path=path, member=member, **view),
        "studies": studies_facet(pictures, split_official=pl.lit(None)),
        "questions": facet(
            "questions", used, question_id=pl.col("qid"), image_ids=pl.concat_list(image_id), study_id=pl.col("stem"),
            category=pl.col("content_type"), answer_type=pl.lit(None), reference=pl.lit(reference),
        ),
    }  # fmt: skip
