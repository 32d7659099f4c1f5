"""Questions and answers in their own words, slips of the pen aside, and the options of a closed question.

No options are stored. A closed question has a finite set of answers: those that the source gives to the same words,
whatever the picture. In Chinese a Yes or No is said with the verb of the question; both become one word.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.reports.sentences import unwrap_expr

SLIPS: Final = {"Noudle": "Nodule", "Cardiomegal": "Cardiomegaly", "Cardiomega": "Cardiomegaly"}
YES: Final = "是"
NO: Final = "否"
POLAR: Final = {
    **dict.fromkeys(("是", "是的", "可以", "有", "存在"), YES),
    **dict.fromkeys(("否", "不是", "不可以", "没有", "不存在", "不正常"), NO),
}


def told(column: str) -> pl.Expr:
    """The text of a cell as one line, with a blank after each comma of English words."""
    return unwrap_expr(pl.col(column).str.replace_all(r"([A-Za-z]),([A-Za-z])", "${1}, ${2}"))


def mended(answer: pl.Expr) -> pl.Expr:
    """The answer without the slips of the pen that were seen, each a word."""
    for slip, word in SLIPS.items():
        answer = answer.str.replace_all(rf"\b{slip}\b", word)
    return answer


def with_options(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `options`: of a closed question the answers that it gets anywhere, null where that is one alone.

    Yes and No need none. Takes `kind`, `language`, `question` and `answer`.
    """
    polar = pl.when(pl.col("kind") == "CLOSED", pl.col("language") == "zh").then(
        pl.col("answer").replace_strict(POLAR, default=None, return_dtype=pl.String)
    )
    rows = rows.with_columns(answer=pl.coalesce(polar, "answer"), _polar=polar.is_not_null())
    asked = ["kind", "language", "question"]
    sets = rows.filter(pl.col("kind") == "CLOSED").group_by(asked).agg(
        options=pl.col("answer").drop_nulls().unique().sort(), _all_polar=pl.col("_polar").all()
    )  # fmt: skip
    several = (
        pl.when(pl.col("_all_polar")).then(pl.lit([YES, NO])).when(pl.col("options").list.len() > 1).then("options")
    )
    told = rows.join(sets, on=asked, how="left", maintain_order="left").with_columns(options=several)
    return told.drop("_polar", "_all_polar")
