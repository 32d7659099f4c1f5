"""Pictures and studies from the tables that list them: train, valid, the test labels and CheXpert Plus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import polars as pl

from cxdata.sources.chexpert.ids import image_id, with_picture_ids
from cxdata.sources.chexpert.views import unread_views, view_columns
from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.tables import ROW

OLDEST: Final = 120
SEXES: Final = {"male": "M", "female": "F"}
STRICTEST_LAST: Final = ("train", "val", "test")
SHARED: Final = ("stem", "study_id", "patient_id", "split_official", "view", "view_source", "age", "sex")
"""Columns that the rows of every table have, beside `folder`, `study`, `view_name` and `row`."""


class Columns(NamedTuple):
    """What a table calls its columns; None where it has no such column."""

    path: str
    plane: str | None = None
    position: str | None = None
    age: str | None = None
    sex: str | None = None


ORIGINAL: Final = Columns("Path", "Frontal/Lateral", "AP/PA", "Age", "Sex")
TEST: Final = Columns("Path")
PLUS: Final = Columns("path_to_image", "frontal_lateral", "ap_pa", "age", "sex")


def listed(table: pl.DataFrame, columns: Columns, elsewhere: Iterable[pl.Series] = ()) -> Rows:
    """The rows of a table of pictures with ids, view, age and sex; one row a picture.

    `elsewhere` holds the stems that stricter splits list: a picture of val or test is none of train.
    """
    rows = with_picture_ids(table, columns.path).with_columns(view_columns(columns.plane, columns.position))
    rows = rows.with_columns(age=_age(columns.age), sex=_sex(columns.sex))
    taken = pl.concat([pl.Series("stem", [], pl.String), *elsewhere])
    code = (
        pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
        .when(pl.col("stem").is_in(taken.implode())).then(pl.lit("picture_of_two_splits"))
    )  # fmt: skip
    kept, aside, _ = sort_rows(rows, "stem", columns.path, code)
    return Rows(kept, aside, _unread(kept, columns))


def images_facet(rows: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """The `images` facet from placed rows; no table tells the size of a picture."""
    return rows.select(
        "study_id", "patient_id", "root_id", "path", "view", "view_source", image_id=image_id(pl.col("stem")),
        member=pl.lit(None, pl.String), width=pl.lit(None, pl.Int32), height=pl.lit(None, pl.Int32),
        origin_file=origin, origin_row=pl.col(ROW),
    )  # fmt: skip


def studies_facet(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The `studies` facet: strictest split of a study's pictures, age and sex by the first table that tells them.

    Study numbers follow time, but no date is published: `taken_at` stays empty.
    """
    rank = pl.col("split_official").replace_strict(STRICTEST_LAST, range(3), default=None, return_dtype=pl.Int8)
    rows = pl.concat([table.select(SHARED) for table in tables])
    studies = rows.group_by("study_id", maintain_order=True).agg(
        pl.col("patient_id").first(), rank.max().alias("rank"), pl.col("age", "sex").drop_nulls().first()
    )
    split = pl.col("rank").replace_strict(range(3), STRICTEST_LAST, default=None, return_dtype=pl.String)
    return studies.select(
        "study_id", "patient_id", "age", "sex", split_official=split, taken_at=pl.lit(None, pl.Datetime("us"))
    )


def _age(column: str | None) -> pl.Expr:
    """Years; 0 stands for an age that is not known, and what is above 120 is none."""
    if column is None:
        return pl.lit(None, pl.Float64)
    years = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when((years > 0) & (years <= OLDEST)).then(years)


def _sex(column: str | None) -> pl.Expr:
    if column is None:
        return pl.lit(None, pl.String)
    return pl.col(column).str.to_lowercase().replace_strict(SEXES, default=None, return_dtype=pl.String)


def _unread(rows: pl.DataFrame, columns: Columns) -> int:
    """Cells of age, sex and view that hold something and tell nothing; `0` and `Unknown` tell that it is not known."""
    if columns.age is None or columns.sex is None or columns.plane is None or columns.position is None:
        return 0
    age = pl.col(columns.age).is_not_null() & pl.col("age").is_null()
    age &= pl.col(columns.age).cast(pl.Float64, strict=False).fill_null(-1) != 0
    sex = pl.col(columns.sex).is_not_null() & pl.col("sex").is_null()
    sex &= pl.col(columns.sex).str.to_lowercase() != "unknown"
    views = unread_views(columns.plane, columns.position)
    return int(rows.select(age.sum() + sex.sum() + views.sum()).item())
