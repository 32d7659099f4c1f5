"""The rows of a mix in the columns that a trainer reads.

Every format keeps the columns of the contract at top level (`BASE`); what its trainer looks for beside them is made of
`problem`, `answer` and `images`. Which column is whose, and where that was read, stands in docs/stage-folders.md.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.errors import UsageError

FORMATS: Final = ("easyr1", "verl", "trl", "llamafactory")
MARK: Final = "<image>"
MIN_PIXELS: Final = 262_144
MAX_PIXELS: Final = 4_194_304
"""Pixels of a picture after the processor: the limits of the reference's launch."""
_STRINGS: Final = pl.List(pl.String)
PATHS: Final = pl.List(pl.String)
PICTURES: Final = pl.List(pl.Struct({"bytes": pl.Binary, "path": pl.String}))
LIMITED: Final = pl.List(pl.Struct({"image": pl.String, "min_pixels": pl.Int64, "max_pixels": pl.Int64}))
_MESSAGES: Final = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
_PARTS: Final = pl.List(pl.Struct({"type": pl.String, "text": pl.String}))
REST: Final[dict[str, pl.DataType]] = {
    "sample_id": pl.String(), "source": pl.String(), "task": pl.String(), "stage": pl.String(), "level": pl.String(),
    "difficulty": pl.Float64(), "curriculum_order": pl.Int64(), "patient_keys": _STRINGS, "split": pl.String(),
    "split_reason": pl.String(), "label_policy": pl.String(), "reference": pl.String(), "reward": pl.String(),
    "gold_kind": pl.String(),
    "scored_labels": _STRINGS, "ignored_labels": _STRINGS, "licence": pl.String(), "restricted": pl.Boolean(),
    "view": pl.String(), "sex": pl.String(), "age_band": pl.String(), "support_devices": pl.String(),
    "gold_basis": _STRINGS,
}  # fmt: skip
_TOLD: Final = (
    "split", "sample_id", "source", "task", "stage", "level", "reward", "gold_kind", "scored_labels", "ignored_labels",
)  # fmt: skip
_OWN: Final[dict[str, dict[str, pl.DataType]]] = {
    "easyr1": {},
    "verl": {
        "data_source": pl.String(), "prompt": _MESSAGES, "ability": pl.String(),
        "reward_model": pl.Struct({"style": pl.String, "ground_truth": pl.String}),
        "extra_info": pl.Struct({"index": pl.Int64, **{name: REST[name] for name in _TOLD}}),
    },
    "trl": {
        "prompt": pl.List(pl.Struct({"role": pl.String, "content": _PARTS})), "completion": _MESSAGES,
        "solution": pl.String(),
    },
    "llamafactory": {"messages": _MESSAGES},
}  # fmt: skip
_CUT: Final = "\x1f"  # between the parts of a prompt while it is cut; `validate` refuses it in texts


def columns_of(form: str, *, embedded: bool) -> dict[str, pl.DataType]:
    """Names and types of the columns of a format, in order. Raises UsageError for a format that is none."""
    base = {"problem": pl.String(), "answer": pl.String(), "images": pictures_type(form, embedded=embedded)}
    return {**base, **own_columns(form), **REST}


def own_columns(form: str) -> dict[str, pl.DataType]:
    """The columns that a format has beside those of the contract. Raises UsageError for a format that is none."""
    if form not in _OWN:
        raise UsageError(f"no format is called {form!r}", where=form, mend=f"take one of: {', '.join(FORMATS)}")
    return _OWN[form]


def pictures_type(form: str, *, embedded: bool) -> pl.DataType:
    """The type of `images`: stored pictures, or paths as the format's trainer takes them."""
    if embedded or form == "trl":
        return PICTURES
    return LIMITED if form == "verl" else PATHS


def shaped(rows: pl.DataFrame, form: str) -> pl.DataFrame:
    """The rows in the columns of a format, in the order of the rows.

    Needs `problem` (with `<image>`, one a picture), `answer`, `images` (paths relative to the stage folder, or structs
    of `bytes` and `path`) and the columns of REST. Raises UsageError for a format that is none.
    """
    kind = rows.schema["images"]
    embedded = isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)
    types = columns_of(form, embedded=embedded)
    images = pl.col("images") if embedded else _paths(form)
    made = rows.with_columns(images.cast(types["images"]), *(pl.col(name).cast(kind) for name, kind in REST.items()))
    return made.with_columns(own_expressions(form)).select(list(types))


def own_expressions(form: str) -> list[pl.Expr]:
    """The format's own columns, from those of the contract: what `shaped` writes and `validate` compares with."""
    problem, answer = pl.col("problem"), pl.col("answer")
    asked, told = _message("user", problem), _message("assistant", answer)
    made = {
        "easyr1": {},
        "verl": {
            "data_source": pl.col("source"), "prompt": pl.concat_list(asked), "ability": pl.col("task"),
            "reward_model": pl.struct(style=pl.lit("rule"), ground_truth=answer),
            "extra_info": pl.struct(pl.col("curriculum_order").alias("index"), *_TOLD),
        },
        "trl": {
            "prompt": pl.concat_list(_message("user", _parts(problem))), "completion": pl.concat_list(told),
            "solution": answer,
        },
        "llamafactory": {"messages": pl.concat_list(asked, told)},
    }  # fmt: skip
    return [made[form][name].cast(kind).alias(name) for name, kind in own_columns(form).items()]


def picture_paths(images: pl.Series) -> pl.Series:
    """The paths of a column `images` of any format; null where a stored picture has none."""
    kind = images.dtype
    if not isinstance(kind, pl.List) or not isinstance(kind.inner, pl.Struct):
        return images
    names = [field.name for field in kind.inner.fields]
    return images.list.eval(pl.element().struct.field("image" if "image" in names else "path"))


def _message(role: str, content: pl.Expr) -> pl.Expr:
    return pl.struct(role=pl.lit(role), content=content)


def _parts(problem: pl.Expr) -> pl.Expr:
    """A prompt as parts of text and places of pictures: TRL puts the pictures in front of a plain string."""
    cut = problem.str.replace_all(MARK, f"{_CUT}{MARK}{_CUT}", literal=True).str.split(_CUT)
    is_picture = pl.element() == MARK
    part = pl.struct(
        type=pl.when(is_picture).then(pl.lit("image")).otherwise(pl.lit("text")),
        text=pl.when(~is_picture).then(pl.element()),
    )
    return cut.list.eval(part.filter(pl.element() != ""))


def _paths(form: str) -> pl.Expr:
    images, path = pl.col("images"), pl.element()
    if form == "trl":
        return images.list.eval(pl.struct(bytes=pl.lit(None, pl.Binary), path=path))
    if form != "verl":
        return images
    low, high = pl.lit(MIN_PIXELS, pl.Int64), pl.lit(MAX_PIXELS, pl.Int64)
    return images.list.eval(pl.struct(image=path, min_pixels=low, max_pixels=high))
