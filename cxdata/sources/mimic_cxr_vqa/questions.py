"""Questions as rows: what a template asks for, the answers that it can have, and which of them is given.

A `verify` question is answered by Yes or No. A `choose` question names two things, of which one, both or neither may be
right; of views and sexes one is. A `query` question asks for all that apply, out of what its template is answered by
anywhere; nothing may apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from cxdata.reports.sentences import unwrap_expr
from cxdata.sources.records import Record, as_table

TEXTS: Final = (
    "idx", "subject_id", "study_id", "image_id", "question", "semantic_type", "content_type", "template_program",
)  # fmt: skip
ARGUMENTS: Final = ("object", "attribute", "category", "viewpos", "gender")
KINDS: Final = ("verify", "choose", "query")
EXCLUSIVE: Final = ("plane", "gender")
WORDS: Final = {"m": "male", "f": "female", "ap": "AP", "pa": "PA"}
BOTH: Final = "both"
NEITHER: Final = "neither"
NONE: Final = "none"
_LIST: Final = pl.List(pl.String)


def table_of(records: Iterable[Record]) -> pl.DataFrame:
    """The records with text cells, `answers` (null: none is given, empty: nothing applies) and `named`.

    `named` holds the two things between which a question lets choose, null where there are not two.
    """
    rows = list(records)
    answers = pl.Series("answers", [_answers(record.get("answer")) for record in rows], _LIST)
    named = pl.Series("named", [_named(record.get("template_arguments")) for record in rows], _LIST)
    return as_table(rows, TEXTS).with_columns(answers, named)


def with_answers(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `kind`, `options`, `answer`, `answer_type` and `fault`, the code of what is wrong with the answer.

    The options of a query are drawn from all rows: pass those of all files together.
    """
    content = pl.col("content_type").str.to_lowercase()
    is_exclusive = content.is_in(EXCLUSIVE)
    plain = pl.col("answers").list.eval(_plain(pl.element())).list.unique(maintain_order=True)
    named = pl.col("named").list.eval(_plain(pl.element()))
    spoken = pl.element().replace(WORDS)
    rows = rows.with_columns(
        question=unwrap_expr("question"), kind=pl.col("semantic_type").str.to_lowercase(), exclusive=is_exclusive,
        answers=pl.when(is_exclusive).then(plain.list.eval(spoken)).otherwise(plain),
        named=pl.when(is_exclusive).then(named.list.eval(spoken)).otherwise(named),
    )  # fmt: skip
    own = rows.filter(pl.col("kind") == "query").group_by("content_type", "template_program").agg(
        own=pl.col("answers").explode(empty_as_null=False).drop_nulls().unique().sort()
    )  # fmt: skip
    rows = rows.join(own, on=["content_type", "template_program"], how="left", maintain_order="left")
    return rows.with_columns(options=_options(), answer=_answer(), answer_type=_answer_type(), fault=_fault())


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.to_lowercase()


def _options() -> pl.Expr:
    exclusive, kind = pl.col("exclusive"), pl.col("kind")
    more = pl.lit([BOTH, NEITHER])
    return (
        pl.when(kind == "choose", exclusive).then("named")
        .when(kind == "choose").then(pl.col("named").list.concat(more))
        .when(kind == "query", exclusive).then("own")
        .when(kind == "query").then(pl.col("own").list.concat(pl.lit([NONE])))
    )  # fmt: skip


def _answer() -> pl.Expr:
    number, joined = pl.col("answers").list.len(), pl.col("answers").list.join(", ")
    choose = pl.col("kind") == "choose"
    return (
        pl.when(choose & (number == 0)).then(pl.lit(NEITHER)).when(choose & (number == 2)).then(pl.lit(BOTH))
        .when(number == 0).then(pl.lit(NONE)).otherwise(joined)
    )  # fmt: skip


def _answer_type() -> pl.Expr:
    return pl.when(pl.col("kind") == "query", ~pl.col("exclusive")).then(pl.lit("open_labels"))


def _fault() -> pl.Expr:
    """The code of what is wrong with an answer; null where it is good."""
    kind, answers, number = pl.col("kind"), pl.col("answers"), pl.col("answers").list.len()
    is_yes_no = (number == 1) & answers.list.first().is_in(["yes", "no"])
    strange = answers.list.set_difference("named").list.len() > 0
    one = pl.col("exclusive") & (number != 1) & (kind != "verify")
    return (
        pl.when(answers.is_null()).then(pl.lit("no_answer"))
        .when((kind == "verify") & ~is_yes_no).then(pl.lit("bad_answer"))
        .when((kind == "choose") & (pl.col("named").is_null() | strange.fill_null(value=False)))
        .then(pl.lit("bad_answer"))
        .when(one).then(pl.lit("bad_answer"))
    )  # fmt: skip


def _answers(value: Any) -> list[str] | None:
    """The list of answers; a single text is a list of one, as in copies in which the lists were taken apart."""
    if isinstance(value, str):
        return [value] if value.strip() else None
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return value if is_list else None


def _named(arguments: Any) -> list[str] | None:
    """The two values of the first argument of the template that has two."""
    if not isinstance(arguments, Mapping):
        return None
    for name in ARGUMENTS:
        values = arguments.get(name)
        told = [*values.values()] if isinstance(values, Mapping) else []
        if len(told) == 2 and all(isinstance(one, str) for one in told) and told[0] != told[1]:
            return told
    return None
