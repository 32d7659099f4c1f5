"""What a model reads and is to answer: marks of pictures, question, context, options, and how to answer."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, Literal

import polars as pl

from cxdata.export.formats import MARK
from cxdata.model.sample import LETTERS
from cxdata.model.yaml_text import parsed
from cxdata.reasoning.render import closed_expr, open_expr, trace_expr

GAP: Final = "\n\n"
WIDE: Final = (
    "sample_id", "question", "context", "options", "answer", "answer_letter", "answer_type", "labels", "scored_labels",
    "ignored_labels", "image_ids", "boxes", "stage", "label_policy", "reward", "licence", "restricted", "source",
    "task", "level", "difficulty", "patient_keys", "study_key", "reference",
)  # fmt: skip
"""The columns of samples that prompts are made of, and those that go with them into a stage folder."""
Prompt = Literal["interleaved", "plain", "traced"]
BOXES_TOLD: Final = "boxes_told"
BOXES_GOLD: Final = "boxes_gold"
BOXES_PROMPT: Final = "boxes.1"
_NO_BASIS: Final = pl.lit(None, pl.List(pl.String))


@cache
def wordings() -> dict[str, str]:
    """Instructions by id."""
    table: dict[str, str] = parsed(files("cxdata.mix").joinpath("wording.yaml").read_text("utf-8"))
    return table


def prompted(rows: pl.LazyFrame, prompt: Prompt) -> pl.LazyFrame:
    """The rows with `problem`, `gold`, `gold_kind`, `gold_basis`, `prompt_id`; `rows` has WIDE and `boxed`'s columns.

    `problem` holds one mark a picture, each on a line, then the question, the context, the options by letter and, in
    an interleaved prompt, how to answer; an open one ends with the list in question. `gold` is the answer as its reward
    wants it in an interleaved prompt, in words in a plain one; with a column `steps`, the trace where that is not null,
    whose steps' bases are then `gold_basis` (null: candidates and closing step).
    Boxes are asked for and given alike in both. `traced` is interleaved for rows with a trace, plain for the others.
    """
    if prompt == "traced":
        return _by_trace(prompted(rows, "plain"), prompted(rows, "interleaved"))
    marks = pl.lit(f"{MARK}\n").repeat_by(pl.col("image_ids").list.len()).list.join("")
    parts = pl.concat_str("question", "context", _options(), separator=GAP, ignore_nulls=True)
    if prompt == "plain":
        return rows.with_columns(
            problem=pl.concat_str(marks, pl.concat_str(parts, BOXES_TOLD, separator=GAP, ignore_nulls=True)),
            gold=pl.coalesce(BOXES_GOLD, _in_words()), gold_kind=pl.lit("answer"), gold_basis=_NO_BASIS,
            prompt_id=_prompt_id(pl.lit("plain.1")),
        )  # fmt: skip
    told = pl.when(pl.col("stage") == "open").then(_open_end()).otherwise(pl.lit(wordings()["interleaved.closed.1"]))
    prompt_id = pl.when(pl.col("stage") == "open").then(pl.lit("interleaved.open.1"))
    gold, kind, basis = _rewarded(), pl.lit("answer"), _NO_BASIS
    if "steps" in rows.collect_schema():
        is_trace = _traced().is_not_null()
        gold, kind = pl.coalesce(_traced(), gold), pl.when(is_trace).then(pl.lit("trace")).otherwise(kind)
        basis = pl.when(is_trace).then(pl.col("steps").list.eval(pl.element().struct.field("basis")))
    return rows.with_columns(
        problem=pl.concat_str(marks, parts, pl.lit(GAP), pl.coalesce(BOXES_TOLD, told)),
        gold=pl.coalesce(BOXES_GOLD, gold), gold_kind=kind, gold_basis=basis,
        prompt_id=_prompt_id(prompt_id.otherwise(pl.lit("interleaved.closed.1"))),
    )  # fmt: skip


def _by_trace(plain: pl.LazyFrame, interleaved: pl.LazyFrame) -> pl.LazyFrame:
    """The interleaved form of rows with a trace, the plain form of the others; both have the rows in one order."""
    made = ("problem", "gold", "gold_kind", "gold_basis", "prompt_id")
    both = pl.concat([plain, interleaved.select(pl.col(made).name.suffix("_traced"))], how="horizontal")
    is_trace = pl.col("gold_kind_traced") == "trace"
    chosen = [pl.when(is_trace).then(f"{name}_traced").otherwise(name).alias(name) for name in made]
    return both.with_columns(chosen).drop(f"{name}_traced" for name in made)


def _prompt_id(other: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(BOXES_TOLD).is_not_null()).then(pl.lit(BOXES_PROMPT)).otherwise(other)


def _options() -> pl.Expr:
    """`A) Edema` and so on, a line each; null where there are none."""
    lines = [
        pl.concat_str(pl.lit(f"{letter}) "), pl.col("options").list.get(place, null_on_oob=True))
        for place, letter in enumerate(LETTERS)
    ]
    joined = pl.concat_str(lines, separator="\n", ignore_nulls=True)
    return pl.when(pl.col("options").is_not_null()).then(joined)


def _open_end() -> pl.Expr:
    space = pl.concat_list(pl.col("scored_labels"), pl.col("ignored_labels")).list.sort().list.join(", ")
    return pl.concat_str(pl.lit(wordings()["interleaved.open.1"] + " "), space, pl.lit("."))


def _rewarded() -> pl.Expr:
    return (
        pl.when(pl.col("reward") == "closed").then(closed_expr("answer_letter"))
        .when(pl.col("reward") == "open_labels").then(open_expr("labels")).otherwise("answer")
    )  # fmt: skip


def _traced() -> pl.Expr:
    """The gold of a trace, null where there is none or the reward takes none."""
    return (
        pl.when(pl.col("reward") == "closed").then(trace_expr("steps", "closed"))
        .when(pl.col("reward") == "open_labels").then(trace_expr("steps", "open"))
    )  # fmt: skip


def _in_words() -> pl.Expr:
    """An option with its letter, `B) Edema`; several on a line each; else the answer as it stands."""
    letters = pl.col("answer_letter").str.split(", ")
    chosen = [
        pl.when(letters.list.contains(letter)).then(
            pl.concat_str(pl.lit(f"{letter}) "), pl.col("options").list.get(place, null_on_oob=True))
        )
        for place, letter in enumerate(LETTERS)
    ]
    return pl.when(pl.col("answer_letter").is_not_null()).then(
        pl.concat_str(chosen, separator="\n", ignore_nulls=True)
    ).otherwise("answer")  # fmt: skip
