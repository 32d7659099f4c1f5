"""Questions and answers in their own words: lost commas put back, and the options of a closed question.

No options are stored: a closed question that is no Yes or No names them itself ("solid or cystic").
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import polars as pl

from cxdata.reports.sentences import unwrap_expr

YES_NO: Final = ("yes", "no")
NO_ANSWER: Final = ("not sure", "maybe")
_OR: Final = re.compile(r"([\w-]+)(?:, ([\w-]+))?,? (?:or|vs\.?) (?:the )?([\w-]+(?: [\w-]+)?)")
_SIDE: Final = re.compile(r" sides?$")


class Choice(NamedTuple):
    """The options that a question names, in its order and spelling, and which of them is the answer."""

    options: tuple[str, ...]
    answer: str


def told(column: str) -> pl.Expr:
    """The text of a cell as one line.

    The public file has a tab for a comma, the last letter of the word before it on its own (`bladde r<tab>or`), and
    double quotes that stand alone.
    """
    text = pl.col(column).str.replace_all(r" (\w)\t", "${1}\t").str.replace_all(r" *\t *", ", ")
    return unwrap_expr(text.str.replace_all('"', "", literal=True))


def choice(question: str, answer: str) -> Choice | None:
    """The options of a question of the form "A or B" or "A, B, or C" whose answer is one of them; else None.

    Options are words; the last may be two where the answer says so ("pneumonia or pleural effusion").
    """
    given = answer.lower()
    for first, second, last in _OR.findall(question):
        names = [name for name in (first, second) if name]
        for end in (last.split()[0], last):
            options = (*names, end)
            right = [name for name in options if name.lower() in (given, _SIDE.sub("", given))]
            is_whole = " " not in end or end.lower() == given
            if len(right) == 1 and is_whole:
                return Choice(options, right[0])
    return None


def with_options(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `options`, null where the question names none, and `answer` as the option that it is."""
    closed = rows.filter(pl.col("kind") == "CLOSED", ~pl.col("answer").str.to_lowercase().is_in(YES_NO))
    pairs = closed.select("question", "answer", "kind").unique(maintain_order=True)
    found = [choice(question, answer) for question, answer, _ in pairs.iter_rows()]
    options = pl.Series("options", [one and list(one.options) for one in found], pl.List(pl.String))
    chosen = pl.Series("chosen", [one and one.answer for one in found], pl.String)
    told = rows.join(
        pairs.with_columns(options, chosen), on=["question", "answer", "kind"], how="left", maintain_order="left"
    )
    return told.with_columns(answer=pl.coalesce("chosen", "answer")).drop("chosen")
