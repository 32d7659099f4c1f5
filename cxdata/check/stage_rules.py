"""What the rows of a stage folder may say: rules over columns, beside those of gold and pictures."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.check.rule import Rule
from cxdata.export.formats import MARK, own_expressions
from cxdata.model.sample import LETTERS

SPECIAL: Final = (
    r"<\|[A-Za-z0-9_]+\|>", r"</?tool_(?:call|response)>", "<video>", "<audio>", r"[\x00\x1f]",
)  # fmt: skip
"""Words that a tokenizer or a loader takes for its own, and the characters that end a text or cut a prompt."""
BYTES_A_TOKEN: Final = 3
TOKENS_A_PICTURE_MARK: Final = 2
TOKENS_OF_TEMPLATE: Final = 32
FILLED: Final = (
    "problem", "answer", "images", "sample_id", "source", "task", "stage", "patient_keys", "split", "reward",
    "gold_kind", "curriculum_order", "licence", "restricted",
)  # fmt: skip
DIFFERS: Final = ("columns_differ", "the column does not say what problem, answer and the others say")
_OPTION: Final = r"(?m)^[ \t]*\(?([A-Z])[.):][ \t]"


def rules(split: str) -> list[Rule]:
    """Rules over the columns of the contract, for the rows of one split."""
    special = "|".join(SPECIAL)
    marks = pl.col("problem").str.count_matches(MARK, literal=True)
    return [
        *(Rule("null", name, pl.col(name).is_null(), "the column may not be null") for name in FILLED),
        Rule("empty", "problem", pl.col("problem").str.strip_chars() == "", "the prompt has no words"),
        Rule("empty", "patient_keys", pl.col("patient_keys").list.len() == 0, "a row belongs to a patient"),
        Rule("image_marks", "problem", marks != pl.col("images").list.len(), "there is not one <image> a picture"),
        Rule("special_token", "problem", pl.col("problem").str.contains(special),
             "the text holds a token of the trainer's, or a control character"),
        Rule("special_token", "answer", pl.col("answer").str.contains(f"{special}|{MARK}"),
             "the text holds a token of the trainer's, a mark of a picture, or a control character"),
        Rule("options", "problem", _is_choice() & options_wrong(), "the options are not A, B, ... in order, G at most"),
        Rule("options", "answer", _is_choice() & _key_not_shown(), "the answer is no option of the prompt"),
        Rule("split_differs", "split", pl.col("split") != split, "the row says another split than its folder"),
    ]  # fmt: skip


def has_options() -> pl.Expr:
    """True for a choice whose options stand in the prompt a line each, with their letters."""
    return _is_choice() & (_letters().str.len_bytes() >= 2)


def options_wrong() -> pl.Expr:
    """True where the letters of the lines are not the first of A to G, in order."""
    return (_letters().str.len_bytes() >= 2) & ~_letters().is_in([LETTERS[:n] for n in range(2, len(LETTERS) + 1)])


def text_tokens() -> pl.Expr:
    """Tokens of a prompt beside its pictures, estimated: one each three bytes, two a picture, 32 of the template.

    More than Qwen2.5's tokenizer makes of English (about four characters a token), so that no prompt seems to fit that
    does not.
    """
    words = (pl.col("problem").str.replace_all(MARK, "", literal=True).str.len_bytes() / BYTES_A_TOKEN).ceil()
    marks = pl.col("problem").str.count_matches(MARK, literal=True).cast(pl.Int64) * TOKENS_A_PICTURE_MARK
    return words.cast(pl.Int64) + marks + TOKENS_OF_TEMPLATE


def differing(frame: pl.DataFrame, form: str) -> dict[str, list[int]]:
    """Columns of the format that are not what `shaped` makes of the others, each with the rows."""
    wanted = frame.select(own_expressions(form))
    found = {name: _unequal(frame[name], wanted[name]) for name in wanted.columns}
    return {name: rows for name, rows in found.items() if rows}


def _unequal(column: pl.Series, wanted: pl.Series) -> list[int]:
    if column.equals(wanted, null_equal=True):
        return []
    pairs = zip(column.to_list(), wanted.to_list(), strict=True)
    return [row for row, (one, other) in enumerate(pairs) if one != other]


def _is_choice() -> pl.Expr:
    return pl.col("reward") == "closed"


def _letters() -> pl.Expr:
    """Letters of the lines of the last list that begins with A, else of all lines that look like options."""
    found = pl.col("problem").str.extract_all(_OPTION).list.eval(pl.element().str.extract(r"([A-Z])")).list.join("")
    return pl.coalesce(found.str.extract(r"(A[^A]*)$"), found)


def _key_not_shown() -> pl.Expr:
    """The last answer block's letters, or those that begin the lines of an answer in words."""
    block = pl.col("answer").str.extract(r"(?s).*<answer>(.*?)</answer>").str.extract_all(r"\b[A-Z]\b")
    lines = pl.col("answer").str.extract_all(r"(?m)^[A-Z]\)").list.eval(pl.element().str.head(1))
    keys = pl.coalesce(block, lines)
    return (_letters().str.len_bytes() >= 2) & (keys.list.set_difference(_letters().str.split("")).list.len() > 0)
