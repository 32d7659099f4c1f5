from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import build_source
from facets_for_tests import Study, asked, material
from pydantic import ValidationError

from cxdata.model.sample import (
    SCHEMA_VERSION,
    Sample,
    arrow_schema,
    columns,
    letters_of,
    polars_schema,
    to_arrow,
)
from cxdata.sources.base import Source
from cxdata.tasks.base import tasks

TEXT, TEXTS = pl.String(), pl.List(pl.String())
BOX = pl.Struct({"label": TEXT, "x0": pl.Float64(), "y0": pl.Float64(), "x1": pl.Float64(), "y1": pl.Float64()})

# The public list of columns, in order. It changes only with SCHEMA_VERSION.
PUBLIC: dict[str, pl.DataType] = {
    "sample_id": TEXT,
    "source": TEXT, "source_version": TEXT, "task": TEXT, "domain": TEXT,
    "language": TEXT,
    "answer_type": TEXT,
    "question": TEXT, "context": TEXT,
    "asked_finding": TEXT,
    "options": TEXTS,
    "answer": TEXT,
    "answer_letter": TEXT,
    "labels": TEXTS,
    "scored_labels": TEXTS, "ignored_labels": TEXTS,
    "boxes": pl.List(BOX),
    "image_ids": TEXTS,
    "stage": TEXT, "level": TEXT,
    "difficulty": pl.Float64(), "difficulty_rule": TEXT,
    "patient_key": TEXT, "patient_keys": TEXTS, "study_key": TEXT,
    "population": TEXT,
    "split": TEXT, "split_official": TEXT, "split_reason": TEXT,
    "set_id": TEXT,
    "evidence_ids": TEXTS,
    "wording_id": TEXT, "label_policy": TEXT, "reference": TEXT,
    "reward": TEXT,
    "origin_file": TEXT, "origin_row": pl.Int64(),
    "reader_version": pl.Int32(), "task_version": pl.Int32(),
    "licence": TEXT, "restricted": pl.Boolean(),
}  # fmt: skip
MAY_BE_NULL = {
    "context", "asked_finding", "options", "answer_letter", "labels", "scored_labels", "ignored_labels", "boxes",
    "difficulty", "difficulty_rule", "split_official", "set_id", "evidence_ids", "reference",
    "origin_row",
}  # fmt: skip
VALUES = {
    "domain": ("visual_understanding", "text_generation", "spatiotemporal_alignment", "language"),
    "language": ("en", "es", "zh"),
    "answer_type": ("binary", "single_choice", "multi_choice", "open_labels", "free_text", "boxes"),
    "stage": ("closed", "open", "sft"),
    "population": ("adult", "paediatric", "unknown"),
    "split": ("train", "val", "test"),
    "split_official": ("train", "val", "test", None),
    "reference": ("R1", "R2", "R3", "R4", "R5", None),
    "reward": ("closed", "open_labels", "free_text", "boxes", "none"),
}


def test_model_polars_and_arrow_agree_with_the_public_list() -> None:
    assert SCHEMA_VERSION == 2
    assert list(Sample.model_fields) == list(PUBLIC) == list(polars_schema()) == arrow_schema().names
    assert polars_schema() == PUBLIC
    assert {column.name for column in columns() if column.nullable} == MAY_BE_NULL
    assert {field.name for field in arrow_schema() if field.nullable} == MAY_BE_NULL
    assert [(column.name, column.kind) for column in columns()] == list(PUBLIC.items())
    assert all(column.description for column in columns())


def test_arrow_types_are_plain() -> None:
    box = pa.struct([("label", pa.string()), *((side, pa.float64()) for side in ("x0", "y0", "x1", "y1"))])
    assert {str(field.type) for field in arrow_schema()} == {
        "string", "double", "int64", "int32", "bool", "list<item: string>", str(pa.list_(box)),
    }  # fmt: skip
    assert to_arrow({"day": pl.Datetime("us"), "bytes": pl.Binary()}).types == [pa.timestamp("us"), pa.large_binary()]
    assert all(field.nullable for field in to_arrow({"a": pl.String(), "b": pl.Int64()}))


def test_a_polars_frame_becomes_a_table_of_the_schema_without_loss() -> None:
    frame = sample_frame().with_columns(boxes=pl.Series([[{"label": "Mass", "x0": 1, "y0": 2, "x1": 3.5, "y1": 4}]]))
    frame = frame.cast(polars_schema())  # type: ignore[arg-type]
    table = frame.to_arrow().cast(arrow_schema())
    back = pl.from_arrow(table)
    assert isinstance(back, pl.DataFrame)
    assert back.equals(frame)


def sample_frame() -> pl.DataFrame:
    return asked("disease_binary", material([Study("s1", {"tool": {"Edema": "present"}})])).head(1)


def sample_row(**changes: Any) -> dict[str, Any]:
    return {**sample_frame().row(0, named=True), **changes}


@pytest.mark.parametrize("column", VALUES)
def test_columns_of_few_values_take_these_alone(column: str) -> None:
    for value in VALUES[column]:
        assert getattr(Sample.model_validate(sample_row(**{column: value})), column) == value
    with pytest.raises(ValidationError, match=column):
        Sample.model_validate(sample_row(**{column: "other"}))


@pytest.mark.parametrize("column", PUBLIC)
def test_null_and_missing_values(column: str) -> None:
    if column in MAY_BE_NULL:
        assert getattr(Sample.model_validate(sample_row(**{column: None})), column) is None
    else:
        with pytest.raises(ValidationError, match=column):
            Sample.model_validate(sample_row(**{column: None}))
    row = sample_row()
    del row[column]
    with pytest.raises(ValidationError, match=column):
        Sample.model_validate(row)


def test_unknown_columns_and_changes_are_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Sample.model_validate(sample_row(extra=1))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Sample.model_validate(sample_row()), "split", "test")  # noqa: B010  a type checker refuses it too


def test_every_task_says_what_the_model_allows() -> None:
    for name, task in tasks().items():
        said = {"task": name, "domain": task.domain, "answer_type": task.answer_type, "stage": task.stage,
                "reward": task.reward, "level": task.level}  # fmt: skip
        assert Sample.model_validate(sample_row(**said)).task == name


def test_rows_of_a_build_are_samples(mimic: Source, phantom_of: Callable[[Source], Path], tmp_path: Path) -> None:
    build_source(mimic, phantom_of(mimic), tmp_path / "b")
    files = sorted((tmp_path / "b" / "samples").glob("*.parquet"))
    assert files
    for file in files:
        assert pq.read_schema(file).remove_metadata() == arrow_schema(), file.name
        rows = pl.read_parquet(file)
        assert dict(rows.schema) == PUBLIC
        for row in rows.iter_rows(named=True):
            assert Sample.model_validate(row).model_dump() == row


@pytest.mark.parametrize(
    ("chosen", "letters"), [(["b"], "B"), (["c", "a"], "A, C"), ([], ""), (["a", "b", "c"], "A, B, C")]
)
def test_letters_of_the_chosen_options(chosen: list[str], letters: str) -> None:
    assert letters_of(["a", "b", "c"], chosen) == letters
