"""Native questions of a source, in their own words.

What shape a row has follows from the answers that the question can have:

* Yes and No are `binary`;
* a finite list of two to seven answers is a choice with letters: `single_choice`, or `multi_choice` where the source
  says that several may be right;
* a longer list is `open_labels` over that list;
* all else is `free_text`, as is a list with a comma in a name where several answers are joined by commas.

Options stand in an order chosen by hash, unless one speaks of the others by their place ("all of the above", "both A
and B"). A question whose answer is not in its own list is left out, as is one that holds a mark of a picture or of a
chat template. A question's split is the strictest of its patient (`cases.py`). Questions about a change between two
pictures (answer type `difference`) are another task's.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.sample import LETTERS
from cxdata.reports.sentences import unwrap_expr
from cxdata.tasks.base import Asked, Material, Task

NAME: Final = "visual_question_answering"
MARKS: Final = r"<image>|<video>|<\|[A-Za-z_]+\|>"
BY_PLACE: Final = r"(?i)\b(?:of (?:the above|these|them)|above|below|both a|neither a)\b|^[A-G] (?:and|or) [A-G]$"
SHAPES: Final = {  # answer_type: stage, level, reward
    "binary": ("closed", "binary", "closed"), "single_choice": ("closed", "single", "closed"),
    "multi_choice": ("closed", "multi", "closed"), "open_labels": ("open", "open", "open_labels"),
    "free_text": ("sft", "answer", "free_text"),
}  # fmt: skip


def ask(material: Material) -> Asked:
    """One row a native question with an answer, whose study has a split, about at least one picture."""
    native = material.facets["questions"].filter(pl.col("answer_type").ne_missing("difference"))
    cases = material.cases.lazy().select("study_id", "split", "split_reason", case_images="image_ids")
    own = pl.col("image_ids").list.drop_nulls().list.unique(maintain_order=True)
    own = pl.when(own.list.len() > 0).then(own).otherwise("case_images")
    questions = native.join(cases, on="study_id").with_columns(*_one_line(), image_ids=own)
    told = questions.filter(~_marked()).drop_nulls(["question", "answer"])
    seen = told.filter(pl.col("image_ids").list.len() > 0).with_row_index("row")
    shaped = (
        seen.with_columns(_answer_type()).with_columns(_given(), sample_id=native_id(material, NAME)).collect().lazy()
    )
    rows = _answered(shaped, material.seed).with_columns(_by_row()).select(
        "study_id", "image_ids", "sample_id", "origin_file", "origin_row", "question", "answer", "answer_type",
        "options", "answer_letter", "labels", "scored_labels", "ignored_labels", "stage", "level", "reward",
        "split_official", "split_reason", "reference", wording_id=pl.lit(f"{NAME}.native"),
    ).collect()  # fmt: skip
    counts = pl.collect_all([frame.select(pl.len()) for frame in (native, told, shaped)])
    steps = ("native questions", "with an answer, of a study with a split", "about a picture")
    funnel = [(step, int(count.item()), "questions") for step, count in zip(steps, counts, strict=True)]
    return Asked(rows, [*funnel, ("whose answer is among its own", rows.height, "questions")])


def _one_line() -> list[pl.Expr]:
    """Question, answer and options as one line each; options once, in order, null where there are not two."""
    options = pl.col("options").list.eval(unwrap_expr(pl.element())).list.drop_nulls().list.unique(maintain_order=True)
    return [unwrap_expr("question"), unwrap_expr("answer"), pl.when(options.list.len() > 1).then(options)]


def _marked() -> pl.Expr:
    options = pl.col("options").list.eval(pl.element().str.contains(MARKS)).list.any()
    return pl.any_horizontal(pl.col("question", "answer").str.contains(MARKS), options).fill_null(False)


def _answer_type() -> pl.Expr:
    options, answer = pl.col("options"), pl.col("answer").str.to_lowercase()
    lower = options.list.eval(pl.element().str.to_lowercase()).list.sort().list.join("|")
    yes_no = (options.is_null() & answer.is_in(["yes", "no"])) | (lower == "no|yes")
    several = pl.col("answer_type").is_in(["multi_choice", "open_labels"])
    many = options.list.len() > len(LETTERS)
    comma = options.list.eval(pl.element().str.contains(",", literal=True)).list.any()
    return (
        pl.when(yes_no).then(pl.lit("binary")).when(options.is_null() | ((several | many) & comma))
        .then(pl.lit("free_text")).when(many).then(pl.lit("open_labels")).when(several).then(pl.lit("multi_choice"))
        .otherwise(pl.lit("single_choice")).alias("answer_type")
    )  # fmt: skip


def _given() -> list[pl.Expr]:
    """`given`, the answers in small letters, and `options`, both null for free text."""
    kind, answer = pl.col("answer_type"), pl.col("answer").str.to_lowercase()
    several = pl.when(kind.is_in(["multi_choice", "open_labels"])).then(answer.str.split(", "))
    given = several.otherwise(pl.concat_list(answer)).list.unique()
    options = pl.when(kind == "binary").then(pl.lit(["Yes", "No"])).otherwise("options")
    is_free = kind == "free_text"
    return [pl.when(~is_free).then(given).alias("given"), pl.when(~is_free).then(options).alias("options")]


def native_id(material: Material, task: str) -> pl.Expr:
    """The sample id of a native question: with its own id where that may stand in one, else with its hash."""
    hashed = hash_expr(0, pl.col("question_id"), "native question").cast(pl.String)
    fits = pl.col("question_id").str.contains(r"^[A-Za-z0-9._:-]+$")
    return material.sample_id(task, pl.when(fits).then("question_id").otherwise(hashed))


def _answered(rows: pl.LazyFrame, seed: int) -> pl.LazyFrame:
    """The rows with options in order, letters and labels; out are those whose answer is not among their options."""
    found = _judged(rows, seed).group_by("row").agg(
        answers=pl.col("option"), keys=pl.col("option").filter("is_key"), letters=pl.col("letter").filter("is_key")
    )  # fmt: skip
    rows = rows.drop("options").join(found, on="row", how="left", maintain_order="left")
    whole = rows.filter(pl.col("given").is_null() | (pl.col("given").list.len() == pl.col("keys").list.len()))
    kind, nothing = pl.col("answer_type"), pl.lit([], pl.List(pl.String))
    is_open, is_choice = kind == "open_labels", ~kind.is_in(["open_labels", "free_text"])
    letters = pl.col("letters").list.join(", ")
    return whole.with_columns(
        answer=pl.when(kind == "free_text").then("answer").otherwise(pl.col("keys").list.join(", ")),
        options=pl.when(is_choice).then("answers"), answer_letter=pl.when(is_choice).then(letters),
        labels=pl.when(is_open).then("keys"), scored_labels=pl.when(is_open).then("answers"),
        ignored_labels=pl.when(is_open).then(nothing),
    )  # fmt: skip


def _judged(rows: pl.LazyFrame, seed: int) -> pl.LazyFrame:
    """One row an option of a question, in the order of its letters: whether it is an answer, and its letter."""
    by_place = pl.col("options").list.eval(pl.element().str.contains(BY_PLACE)).list.any()
    places = pl.int_ranges(pl.col("options").list.len())
    listed = rows.filter(pl.col("options").is_not_null())
    long = listed.select("row", "sample_id", "given", by_place=by_place, option="options", native=places)
    long = long.explode("option", "native")
    hashed = hash_expr(seed, pl.col("sample_id"), pl.concat_str(pl.lit("order:"), "option"))
    order = pl.when("by_place").then(pl.col("native").cast(pl.UInt64)).otherwise(hashed)
    place = pl.int_range(pl.len()).over("row")
    letter = place.replace_strict(range(len(LETTERS)), list(LETTERS), default=None, return_dtype=pl.String)
    return long.with_columns(order=order).sort("row", "order", "option").with_columns(
        is_key=pl.col("option").str.to_lowercase().is_in(pl.col("given")), letter=letter
    )  # fmt: skip


def _by_row() -> list[pl.Expr]:
    """What follows from the shape, and the split as published: the question's own where it has one."""
    kinds = list(SHAPES)
    names = ("stage", "level", "reward")
    kind = pl.col("answer_type")
    shape = [
        kind.replace_strict(kinds, [SHAPES[each][i] for each in kinds], return_dtype=pl.String).alias(name)
        for i, name in enumerate(names)
    ]
    return [*shape, split_reason()]


def split_reason() -> pl.Expr:
    """The rule that set the split of a native question: the study's, or the patient's where its own is another."""
    stricter = pl.lit("strictest official split of the patient")
    is_moved = pl.col("split_official") != pl.col("split")
    return pl.when(is_moved).then(stricter).otherwise("split_reason").alias("split_reason")


TASKS: Final = (
    Task(
        name=NAME, version=3, domain="visual_understanding", answer_type="free_text", stage="sft", level="answer",
        reward="free_text", facets=("studies", "images", "questions"), ask=ask,
        by_row=("answer_type", "stage", "level", "reward"),
    ),
)  # fmt: skip
