"""The tables of a build beside the samples: their schemas, and the rules over their rows."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from cxdata.build.pictures import IMAGES, UNCHECKED
from cxdata.check.identity import KEY
from cxdata.check.rule import Rule
from cxdata.images.probe import MESSAGES
from cxdata.model.facets import REJECTS, SPLITS, VIEWS
from cxdata.model.sample import arrow_schema, to_arrow

PATIENTS: Final[dict[str, pl.DataType]] = {"patient_key": pl.String(), "split_official": pl.String()}
STATUSES: Final = ("ok", UNCHECKED, *MESSAGES)
SIZES: Final = ("width", "height", "stored_width", "stored_height", "scale")


def schema_of(file: str) -> Any:
    """The pyarrow schema that a file of a build must have; None for a file of no known table."""
    known = {"samples": arrow_schema, "images": lambda: to_arrow(IMAGES), "rejects": lambda: to_arrow(dict(REJECTS))}
    if file == "patients.parquet":
        return to_arrow(PATIENTS)
    make = known.get(file.partition("/")[0])
    return None if make is None else make()


def table_rules() -> dict[str, list[Rule]]:
    """The rules over `images`, `patients` and `rejects`, by table."""
    return {"images": _images(), "patients": _patients(), "rejects": _rejects()}


def _images() -> list[Rule]:
    names = ("image_id", "source", "study_key", "patient_key", "view", "status")
    stored = pl.col("path").is_null() & pl.col("bytes").is_null()
    unsized = pl.any_horizontal(pl.col("width", "height").is_null())
    return [
        *(Rule("null", name, pl.col(name).is_null(), "the column may not be null") for name in names),
        *(Rule("out_of_range", name, pl.col(name) <= 0, "not above 0") for name in SIZES),
        Rule("repeated", "image_id", pl.col("image_id").is_duplicated(), "the picture stands twice in the shard"),
        Rule("key_form", "image_id", ~pl.col("image_id").str.contains(KEY), "not <source>:<stem>"),
        Rule("key_form", "study_key", ~pl.col("study_key").str.contains(KEY), "not <namespace>:<id>"),
        Rule("key_form", "patient_key", ~pl.col("patient_key").str.contains(KEY), "not <namespace>:<id>"),
        Rule("unknown_value", "view", ~pl.col("view").is_in(list(VIEWS)), f"not one of: {', '.join(VIEWS)}"),
        Rule("unknown_value", "status", ~pl.col("status").is_in(list(STATUSES)), f"not one of: {', '.join(STATUSES)}"),
        Rule("missing", "path", stored, "neither where the picture lies nor its bytes"),
        Rule("missing", "width", (pl.col("status") == "ok") & unsized, "a picture that is ok has a size"),
    ]


def _patients() -> list[Rule]:
    key = pl.col("patient_key")
    return [
        Rule("null", "patient_key", key.is_null(), "the column may not be null"),
        Rule("repeated", "patient_key", key.is_duplicated(), "the patient stands twice"),
        Rule("key_form", "patient_key", ~key.str.contains(KEY), "not <namespace>:<id>"),
        Rule("unknown_value", "split_official", ~pl.col("split_official").is_in(list(SPLITS)), f"not one of: {', '.join(SPLITS)}"),
    ]


def _rejects() -> list[Rule]:
    names = ("source", "file", "stage", "code", "message")
    return [Rule("empty", name, ~pl.col(name).str.contains(r"\S").fill_null(False), "a reject says it all") for name in names]
