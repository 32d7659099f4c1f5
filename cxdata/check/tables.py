"""The tables of a build beside the samples: their schemas, and the rules over their rows."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from cxdata.build.pictures import IMAGES, UNCHECKED
from cxdata.build.units import PATIENTS
from cxdata.check.identity import KEY
from cxdata.check.rule import Rule
from cxdata.images.probe import MESSAGES
from cxdata.model.facets import REJECTS, SPLITS, VIEWS
from cxdata.model.sample import arrow_schema, to_arrow

PATIENTS_FILE: Final = "patients.parquet"
STATUSES: Final = ("ok", UNCHECKED, *MESSAGES)
# Each table's columns and those that may be null (None: all); as `cxdata.build.units` writes them.
_SCHEMAS: Final[dict[str, tuple[dict[str, pl.DataType], set[str] | None]]] = {
    "images": (IMAGES, None),
    "patients": (PATIENTS, {"split_official"}),
    "rejects": (dict(REJECTS), set()),
}
SCALE_OFF: Final = 1e-6
SIZES: Final = ("width", "height", "stored_width", "stored_height", "scale")


def schema_of(file: str) -> Any:
    """The pyarrow schema that a file of a build must have; None for a file of no known table."""
    table = table_of(file)
    if table == "samples":
        return arrow_schema()
    return to_arrow(*_SCHEMAS[table]) if table in _SCHEMAS else None


def table_of(file: str) -> str:
    """The table of a file of a build: `samples`, `images`, `rejects`, `patients`, else the name of its folder."""
    return "patients" if file == PATIENTS_FILE else file.partition("/")[0]


def table_rules() -> dict[str, list[Rule]]:
    """The rules over `images`, `patients` and `rejects`, by table."""
    return {"images": _images(), "patients": _patients(), "rejects": _rejects()}


def _images() -> list[Rule]:
    names = ("image_id", "source", "study_key", "patient_key", "view", "status")
    nowhere = pl.col("path").is_null() & pl.col("bytes").is_null()
    is_stored, sha256 = pl.col("bytes").is_not_null(), pl.col("content_sha256")
    scale = pl.col("stored_width") / pl.col("width")
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
        Rule("missing", "path", nowhere, "neither where the picture lies nor its bytes"),
        Rule("missing", "width", (pl.col("status") == "ok") & unsized, "a picture that is ok has a size"),
        Rule("missing", "bytes", ~is_stored & sha256.is_not_null(), "the hash of bytes that are not there"),
        Rule("missing", "content_sha256", is_stored & sha256.is_null(), "bytes without their hash"),
        Rule("missing", "render_profile", is_stored & pl.col("render_profile").is_null(), "bytes without a recipe"),
        Rule("not_ok", "bytes", is_stored & (pl.col("status") != "ok"), "bytes of a picture that is not ok"),
        Rule("sha256_form", "content_sha256", ~sha256.str.contains("^[0-9a-f]{64}$"), "no sha256 in hex"),
        Rule("scale", "scale", (pl.col("scale") - scale).abs() > SCALE_OFF, "not stored_width divided by width"),
    ]


def _patients() -> list[Rule]:
    key = pl.col("patient_key")
    return [
        Rule("null", "patient_key", key.is_null(), "the column may not be null"),
        Rule("repeated", "patient_key", key.is_duplicated(), "the patient stands twice"),
        Rule("key_form", "patient_key", ~key.str.contains(KEY), "not <namespace>:<id>"),
        Rule(
            "unknown_value",
            "split_official",
            ~pl.col("split_official").is_in(list(SPLITS)),
            f"not one of: {', '.join(SPLITS)}",
        ),
    ]


def _rejects() -> list[Rule]:
    names = ("source", "file", "stage", "code", "message")
    return [
        Rule("empty", name, ~pl.col(name).str.contains(r"\S").fill_null(False), "a reject says it all")
        for name in names
    ]
