"""VQA-RAD as facet tables: OSF's file, or MEVF's two. What is peculiar to the dataset stands in NOTES.md."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE
from cxdata.model.hashing import hash_expr
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.facets import facet, images_facet, studies_facet
from cxdata.sources.reading import Desk, Part, Rows, put_aside
from cxdata.sources.records import as_table
from cxdata.sources.tables import ROW
from cxdata.sources.vqa_rad.answers import NO_ANSWER, told, with_options

VERSION: Final = 2

SLUG: Final = "vqa-rad"
BY: Final = "clinicians"
OSF: Final = ("questions",)
MEVF: Final = ("trainset", "testset")
MESSAGES: Final = {
    "other_organ": "the picture is of the head or the abdomen",
    "frame_row": "a template that MEVF made of another question, in part of one of the test part",
    "no_answer": "the answer is that it is not known",
    "same_question": "the same question about the picture is taken from another row, with the same answer",
    "conflicting_answers": "the question about the picture has another answer in another row; none is taken",
}


def read(context: ReadContext) -> Reading:
    """Read OSF's questions or, where they are not there, MEVF's two parts of them."""
    desk = Desk(context, MESSAGES)
    names = OSF if desk.has(OSF[0]) else MEVF
    rows = judged(pl.concat([_rows(desk, name) for name in names]).with_row_index("place"))
    used = with_options(rows.filter(pl.col("code").is_null()))
    parts = [_part(desk, name, used, rows) for name in names]
    return desk.reading([parts[0]._replace(facets=_facets(used, context.manifest.answerer(BY).reference)), *parts[1:]])


def judged(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with ids, words, split and `code` (null: good); of one question that stands twice, test goes first."""
    split = pl.col("phrase_type").str.starts_with("test_") | (pl.col("input") == MEVF[1])
    rows = rows.with_columns(
        stem=pl.col("image_name").str.extract(r"^(synpic\d+)\.jpg$"), question=told("question"), answer=told("answer"),
        kind=pl.col("answer_type").str.to_uppercase(), organ=pl.col("image_organ").str.to_uppercase(),
        split_official=pl.when(split).then(pl.lit("test")).otherwise(pl.lit("train")),
    )  # fmt: skip
    needed = ("organ", "question", "answer", "kind", "phrase_type")
    rows = rows.with_columns(asked=pl.col("question").str.to_lowercase(), code=(
        pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
        .when(pl.any_horizontal(pl.col(needed).is_null())).then(pl.lit("bad_record"))
        .when(pl.col("organ") != "CHEST").then(pl.lit("other_organ"))
        .when(pl.col("phrase_type") == "frame").then(pl.lit("frame_row"))
        .when(pl.col("answer").str.to_lowercase().is_in(NO_ANSWER)).then(pl.lit("no_answer"))
    ))  # fmt: skip
    return rows.with_columns(code=pl.coalesce("code", _repeated()))


def _repeated() -> pl.Expr:
    """The code of a row whose question about its picture stands more than once among the good ones."""
    same = ("stem", "asked", "code")
    nth = pl.struct(pl.col("split_official") == "train", "place").rank("ordinal").over(same)
    answers = pl.col("answer").str.to_lowercase().n_unique().over(same)
    code = pl.when(answers > 1).then(pl.lit("conflicting_answers")).when(nth > 1).then(pl.lit("same_question"))
    return pl.when(pl.col("code").is_null()).then(code)


def _rows(desk: Desk, name: str) -> pl.DataFrame:
    columns = desk.context.manifest.file(name).columns
    table = as_table(desk.records(name), columns).with_columns(input=pl.lit(name), origin_file=desk.origin(name))
    return table.with_columns(origin_row=pl.col(ROW))


def _part(desk: Desk, name: str, used: pl.DataFrame, rows: pl.DataFrame) -> Part:
    of_input = pl.col("input") == name
    aside = put_aside("qid", rows.filter(of_input, pl.col("code").is_not_null()))
    return desk.part(name, Rows(used.filter(of_input), aside))


def _facets(used: pl.DataFrame, reference: str) -> dict[str, pl.DataFrame]:
    pictures = used.unique("stem", keep="first", maintain_order=True).with_columns(patient_id="stem")
    key = hash_expr(0, pl.col("stem"), pl.concat_str(pl.lit("question:"), "asked")).cast(pl.String)
    path = pl.format("{}{}.jpg", pl.lit(ANYWHERE), "stem")
    image_id = pl.concat_str(pl.lit(f"{SLUG}:"), "stem")
    return {
        "images": images_facet(pictures, SLUG, "data", pl.col("origin_file"), path=path),
        "studies": studies_facet(pictures, split_official=pl.lit(None)),
        "questions": facet(
            "questions", used, question_id=pl.concat_str("stem", pl.lit(":"), key), image_ids=pl.concat_list(image_id),
            study_id=pl.col("stem"), category=pl.col("question_type"), answer_type=pl.lit(None),
            reference=pl.lit(reference),
        ),
    }  # fmt: skip
