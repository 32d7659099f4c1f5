"""Pictures, studies and official splits, from the label table and the two lists."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.chestxray14.ids import image_id, patient_id, stem
from cxdata.sources.chestxray14.labels import LABELS
from cxdata.sources.chestxray14.places import ROOT, archive_number
from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.tables import ROW

SIDE_PX: Final = 1024  # every PNG; the sizes in the label table are those of films that were never published
OLDEST: Final = 120
VIEWS: Final = ("PA", "AP")
SEXES: Final = ("F", "M")
_YEARS: Final = {"Y": 1.0, "M": 1 / 12, "D": 1 / 365.25}


def label_table(table: pl.DataFrame) -> Rows:
    """The label table with ids, labels, age, sex, view and archive; one row a picture."""
    rows = table.with_columns(stem=stem("Image Index")).with_columns(
        patient_id=patient_id(pl.col("stem")), number=pl.col("Patient ID").cast(pl.Int64, strict=False).cast(pl.String),
        labels=LABELS.listed("Finding Labels"), age=_age(), sex=_one_of("Patient Gender", SEXES),
        view=_one_of("View Position", VIEWS),
    )  # fmt: skip
    named = pl.col("stem").drop_nulls()
    place = pl.col("stem").rank("dense").cast(pl.Int64) - 1
    rows = rows.with_columns(archive=archive_number(place, named.n_unique()))
    code = (
        pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
        .when(pl.col("number").ne_missing(pl.col("patient_id"))).then(pl.lit("other_patient"))
    )  # fmt: skip
    kept, aside, _ = sort_rows(rows, "stem", "Image Index", code)
    nulled = kept.select(pl.sum_horizontal(pl.col("labels", "age", "sex", "view").null_count())).item()
    return Rows(kept, aside, int(nulled))


def split_list(table: pl.DataFrame, pictures: pl.DataFrame) -> Rows:
    """The names of one list that the label table holds."""
    rows = table.with_columns(stem=stem("Image Index"))
    code = (
        pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
        .when(~pl.col("stem").is_in(pictures["stem"].implode())).then(pl.lit("picture_not_in_table"))
    )  # fmt: skip
    return sort_rows(rows, "stem", "Image Index", code)


def images_facet(pictures: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """The `images` facet from placed rows; width and height are those of the PNG."""
    return pictures.select(
        "patient_id", "path", "member", image_id=image_id(pl.col("stem")), study_id="stem", root_id=pl.lit(ROOT),
        view=pl.col("view").fill_null("UNKNOWN"),
        view_source=pl.when(pl.col("view").is_not_null()).then(pl.lit("View Position")),
        width=pl.lit(SIDE_PX), height=pl.lit(SIDE_PX), origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def studies_facet(pictures: pl.DataFrame, train: pl.DataFrame, test: pl.DataFrame) -> pl.DataFrame:
    """The `studies` facet, one a picture: split (test where both lists have it), age and sex; no time is published."""
    split = (
        pl.when(pl.col("stem").is_in(test["stem"].implode())).then(pl.lit("test"))
        .when(pl.col("stem").is_in(train["stem"].implode())).then(pl.lit("train"))
    )  # fmt: skip
    return pictures.select(
        "patient_id", "age", "sex", study_id="stem", split_official=split, taken_at=pl.lit(None, pl.Datetime("us"))
    )


def _age() -> pl.Expr:
    """Years, from `63`, `063Y`, `006M` or `365D`; null above 120, of which the table of 2017 has some."""
    parts = pl.col("Patient Age").str.extract_groups(r"^(?<n>\d{1,3})(?<unit>[YMD]?)$")
    unit = parts.struct.field("unit").replace_strict(_YEARS, default=1.0, return_dtype=pl.Float64)
    years = parts.struct.field("n").cast(pl.Float64) * unit
    return pl.when(years <= OLDEST).then(years)


def _one_of(column: str, values: tuple[str, ...]) -> pl.Expr:
    cell = pl.col(column).str.to_uppercase()
    return pl.when(cell.is_in(values)).then(cell)
