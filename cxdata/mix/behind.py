"""The studies and pictures behind the rows of a mix: age, sex and view, as the sources state them and never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build

NOT_STATED: Final = "not stated"
NOT_KNOWN: Final = "not known: facets/ is gone"
BANDS: Final = ("under 18", "18 to 39", "40 to 59", "60 to 79", "80 or more", NOT_STATED)
_EDGES: Final = ((18, BANDS[0]), (40, BANDS[1]), (60, BANDS[2]), (80, BANDS[3]))
COLUMNS: Final = {"source": pl.String(), "is": pl.String(), "n": pl.Int64()}


class Behind(NamedTuple):
    """Columns source, is, n: how many studies of each age band and sex, how many pictures of each view."""

    age: pl.DataFrame
    sex: pl.DataFrame
    view: pl.DataFrame


def behind(studies: pl.DataFrame, pictures: pl.DataFrame, found: Sequence[Build]) -> Behind:
    """Count. `studies` has source and study_key, `pictures` source and image_id, each once."""
    told = pl.concat([_told(build) for build in found]).unique(["source", "study_id"])
    native = pl.col("study_key").str.split_exact(":", 1).struct.field("field_1")
    known = studies.lazy().with_columns(study_id=native).join(told, on=["source", "study_id"], how="left")
    known = known.with_columns(pl.col("age", "sex").fill_null(NOT_KNOWN))
    views = [
        pl.scan_parquet(path, glob=False).select("image_id", "view")
        for build in found
        for path in build.shards("images")
    ]
    nothing = pl.LazyFrame(schema={"image_id": pl.String, "view": pl.String})
    seen = pictures.lazy().join(pl.concat([nothing, *views]).unique("image_id"), on="image_id", how="left")
    return Behind(_counts(known, pl.col("age")), _counts(known, pl.col("sex")), _counts(seen, _view()))


def _told(build: Build) -> pl.LazyFrame:
    """source, study_id, age in bands, sex."""
    path = build.home / "facets/studies.parquet"
    if not path.is_file():
        return pl.LazyFrame(schema={"source": pl.String, "study_id": pl.String, "age": pl.String, "sex": pl.String})
    source = str((build.record() or {}).get("source"))
    return pl.scan_parquet(path, glob=False).select(
        pl.lit(source).alias("source"), "study_id", age=age_band().fill_null(NOT_STATED),
        sex=pl.col("sex").fill_null(NOT_STATED),
    )  # fmt: skip


def age_band() -> pl.Expr:
    """The band of BANDS that `age` (years) is in; null where it is."""
    age = pl.col("age")
    under = pl.coalesce(pl.when(age < edge).then(pl.lit(band)) for edge, band in _EDGES)
    return pl.when(age.is_not_null()).then(pl.coalesce(under, pl.lit(BANDS[4])))


def _view() -> pl.Expr:
    return pl.col("view").replace({"UNKNOWN": NOT_STATED}).fill_null(NOT_STATED)


def _counts(rows: pl.LazyFrame, what: pl.Expr) -> pl.DataFrame:
    counted = rows.group_by("source", what.alias("is")).agg(n=pl.len().cast(pl.Int64))
    return counted.sort("source", "is").collect().cast(COLUMNS)  # type: ignore[arg-type]
