"""Pictures, studies and sizes: each picture is a study and a patient of its own."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.reading import Rows, sort_rows
from cxdata.sources.vindr_cxr.ids import image_id, stem

ROOT: Final = "data"
VIEW_SOURCE: Final = "every picture of the collection is PA"
_SIZES: Final = {"stem": pl.String, "width": pl.Int32, "height": pl.Int32}


def no_sizes() -> pl.DataFrame:
    """Nothing is known of any size: stem, width, height."""
    return pl.DataFrame(schema=_SIZES)


def sizes(rows: pl.DataFrame, meta: pl.DataFrame | None) -> tuple[pl.DataFrame, Rows | None]:
    """Sizes of the original pictures (stem, width, height), by the table's own columns, else by train_meta.csv.

    And what became of the rows of the latter (None: it is not there).
    """
    own = rows.select("stem", width=_whole("width"), height=_whole("height")).drop_nulls().unique("stem", keep="first")
    own = own.sort("stem")
    if meta is None:
        return own, None
    judged = meta.with_columns(stem=stem(), width=_whole("dim1"), height=_whole("dim0"))
    code = (
        pl.when(pl.col("stem").is_null()).then(pl.lit("bad_id"))
        .when(~pl.col("stem").is_in(rows["stem"].implode())).then(pl.lit("picture_not_in_labels"))
        .when(pl.col("width").is_null() | pl.col("height").is_null()).then(pl.lit("bad_size"))
    )  # fmt: skip
    kept = sort_rows(judged, "stem", "image_id", code)
    more = kept.used.select(list(_SIZES)).join(own, on="stem", how="anti")
    return pl.concat([own, more]), kept


def images_facet(shown: pl.DataFrame, sizes: pl.DataFrame, folder: str, ending: str, origin: pl.Expr) -> pl.DataFrame:
    """The `images` facet; in: stem and row. Where no size is told, the file tells it when it is looked at."""
    return shown.join(sizes, on="stem", how="left").select(
        "width", "height", image_id=image_id(pl.col("stem")), study_id="stem", patient_id="stem", root_id=pl.lit(ROOT),
        path=pl.concat_str(pl.lit(folder), "stem", pl.lit(f".{ending}")), member=pl.lit(None, pl.String),
        view=pl.lit("PA"), view_source=pl.lit(VIEW_SOURCE), origin_file=origin, origin_row="row",
    )  # fmt: skip


def studies_facet(shown: pl.DataFrame, split: str) -> pl.DataFrame:
    """The `studies` facet: no time, age or sex stands in the tables."""
    return shown.select(
        study_id="stem", patient_id="stem", split_official=pl.lit(split), taken_at=pl.lit(None, pl.Datetime("us")),
        age=pl.lit(None, pl.Float64), sex=pl.lit(None, pl.String),
    )  # fmt: skip


def _whole(column: str) -> pl.Expr:
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number.is_between(1, 100_000)).then(number).cast(pl.Int32)
