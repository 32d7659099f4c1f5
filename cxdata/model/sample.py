"""A sample: one question with its answer. The pydantic model is the one definition; schemas and docs follow."""

from __future__ import annotations

import typing
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from cxdata.model.facets import REFERENCES

SCHEMA_VERSION: Final = 2
LETTERS: Final = "ABCDEFG"

Domain = Literal["visual_understanding", "text_generation", "spatiotemporal_alignment", "language"]
AnswerType = Literal["binary", "single_choice", "multi_choice", "open_labels", "free_text", "boxes"]
Stage = Literal["closed", "open", "sft"]
Reward = Literal["closed", "open_labels", "free_text", "boxes", "none"]
Split = Literal["train", "val", "test"]
Population = Literal["adult", "paediatric", "unknown"]
Reference = Literal["R1", "R2", "R3", "R4", "R5"]
Language = Literal["en", "es", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = typing.get_args(Language)
Int32 = Annotated[int, "int32"]

assert typing.get_args(Reference) == REFERENCES  # noqa: S101  one list, two spellings


class Box(BaseModel):
    """A box in original pixels: x to the right, y down, corners x0 < x1 and y0 < y1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    x0: float
    y0: float
    x1: float
    y1: float


class Sample(BaseModel):
    """One row of `samples/*.parquet`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_id: str = Field(description="`<source>/<task>/<key>`, stable for ever; key matches `[A-Za-z0-9._:-]+`")
    source: str = Field(description="slug of the source")
    source_version: str = Field(description="version of the source as published")
    task: str = Field(description="name of the task")
    domain: Domain = Field(description="family of the task")
    language: Language = Field(description="language of question and answer")
    answer_type: AnswerType = Field(description="shape of the answer")
    question: str = Field(description="the question in words, without options and without `<image>` marks")
    context: str | None = Field(description="indication, findings to summarise, a report; null when none")
    asked_finding: str | None = Field(description="the finding that a binary or grounding question asks about")
    options: list[str] | None = Field(description="in order, without letters; null when not a choice")
    answer: str = Field(description="the answer in words; for open_labels the labels joined by `, `")
    answer_letter: str | None = Field(description="`B`, or `A, C` for multi_choice; null when not a choice")
    labels: list[str] | None = Field(description="canonical findings present by the policy that belong to the question")
    scored_labels: list[str] | None = Field(
        description="open rows: the labels that F1 runs over; with `ignored_labels`, sorted, the list in question"
    )
    ignored_labels: list[str] | None = Field(description="open rows: the labels that F1 leaves alone")
    boxes: list[Box] | None = Field(description="boxes of the answer, original pixels")
    image_ids: list[str] = Field(description="pictures of the question, into `images/`; empty for text alone")
    stage: Stage = Field(description="curriculum stage; sft is for instruction tuning only")
    level: str = Field(description="level within the stage: binary, single, multi, open, generation, …")
    difficulty: float | None = Field(description="0 easy to 1 hard; null until a rule has rated the row")
    difficulty_rule: str | None = Field(description="name and version of the rule that rated it")
    patient_key: str = Field(description="the patient, `<namespace>:<id>`")
    patient_keys: list[str] = Field(description="every patient whose picture or text is in the row, own first")
    study_key: str = Field(description="the study, `<namespace>:<id>`")
    population: Population = Field(description="adult, paediatric (under 18), unknown")
    split: Split = Field(description="the split the row belongs to")
    split_official: Split | None = Field(description="the split as published, in our words; null when none is")
    split_reason: str = Field(description="the rule that set `split`")
    set_id: str | None = Field(description="rows of one balanced set; null otherwise")
    evidence_ids: list[str] | None = Field(description="studies whose report sentences it may draw on; null when none")
    wording_id: str = Field(description="which wording asked the question")
    label_policy: str = Field(description="the policy that read the labels; `none` where no label was read")
    reference: Reference | None = Field(
        description="tier of who stated the answer: R1 several readers of the picture who agree, R2 one, R3 people who "
        "read reports, R4 a language tool that did, R5 an image model or other; null where no finding is stated"
    )
    reward: Reward = Field(description="the reward that scores an answer")
    origin_file: str = Field(description="the input it came from, relative to its root")
    origin_row: int | None = Field(description="row there, from 1, header excluded; null for files that are no tables")
    reader_version: Int32 = Field(description="VERSION of the source's reader")
    task_version: Int32 = Field(description="VERSION of the task")
    licence: str = Field(description="licence of the source")
    restricted: bool = Field(description="true when the row may not be shared")


class Column(NamedTuple):
    """One column of the samples table: its name, polars type, whether it may be null, and what it means."""

    name: str
    kind: pl.DataType
    nullable: bool
    description: str


@cache
def columns() -> tuple[Column, ...]:
    """Every column of the samples table, in order."""
    hints = typing.get_type_hints(Sample, include_extras=True)
    return tuple(
        Column(name, _polars_type(_without_none(hints[name])), _is_optional(hints[name]), field.description or "")
        for name, field in Sample.model_fields.items()
    )


@cache
def polars_schema() -> dict[str, pl.DataType]:
    """Column name to polars type, in order."""
    return {column.name: column.kind for column in columns()}


@cache
def arrow_schema() -> Any:
    """The pyarrow schema that every shard of samples is written with."""
    return to_arrow(polars_schema(), {column.name for column in columns() if column.nullable})


def to_arrow(schema: dict[str, pl.DataType], nullable: set[str] | None = None) -> Any:
    """A pyarrow schema of the plain types (string, not large_string) that every Parquet reader understands.

    Bytes alone are large_binary: pyarrow cannot sort or gather more than 2 GB of pictures otherwise.

    `nullable` names the columns that may hold nulls; None lets all of them.
    """
    import pyarrow as pa

    return pa.schema(
        pa.field(name, _arrow_type(kind), nullable=nullable is None or name in nullable)
        for name, kind in schema.items()
    )


def _is_optional(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)


def _without_none(hint: Any) -> Any:
    rest = [part for part in typing.get_args(hint) if part is not type(None)]
    return rest[0] if _is_optional(hint) and len(rest) == 1 else hint


def _polars_type(hint: Any) -> pl.DataType:
    if hint in _SCALARS:
        return _SCALARS[hint]
    if typing.get_origin(hint) is Annotated and "int32" in hint.__metadata__:
        return pl.Int32()
    if typing.get_origin(hint) is Literal:
        return pl.String()
    if typing.get_origin(hint) is list:
        return pl.List(_polars_type(typing.get_args(hint)[0]))
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return pl.Struct(
            {
                name: _polars_type(kind)
                for name, kind in typing.get_type_hints(hint).items()
                if name in hint.model_fields
            }
        )
    raise TypeError(f"no column type for {hint}")


_SCALARS: Final[dict[Any, pl.DataType]] = {str: pl.String(), int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean()}


def _arrow_type(kind: pl.DataType) -> Any:
    import pyarrow as pa

    if isinstance(kind, pl.List):
        return pa.list_(_arrow_type(typing.cast(pl.DataType, kind.inner)))
    if isinstance(kind, pl.Struct):
        return pa.struct([(field.name, _arrow_type(typing.cast(pl.DataType, field.dtype))) for field in kind.fields])
    names = {pl.String: pa.string(), pl.Int64: pa.int64(), pl.Int32: pa.int32(), pl.Float64: pa.float64(),
             pl.Float32: pa.float32(),
             pl.Boolean: pa.bool_(), pl.Binary: pa.large_binary(), pl.Datetime: pa.timestamp("us")}  # fmt: skip
    return names[type(kind)]


def letters_of(options: list[str], chosen: list[str]) -> str:
    """The letters of the chosen options, in order: `B`, or `A, C`."""
    return ", ".join(LETTERS[i] for i, option in enumerate(options) if option in chosen)
