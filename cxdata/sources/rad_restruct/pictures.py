"""Which picture a report's questions are about: the first of the frontal ones that the list names and OpenI has."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from cxdata.sources.facets import facet
from cxdata.sources.reading import Desk, Rows, put_aside
from cxdata.sources.tables import ROW

PARENT: Final = "openi"
MAPPING: Final = "id_to_img_mapping_frontal_reports"
SAYS: Final = "Rad-ReStruct's list of frontal pictures"
_LISTED: Final = {"report": pl.String(), "stems": pl.List(pl.String()), ROW: pl.Int64()}


def study_id() -> pl.Expr:
    """OpenI's id of a report's study, `CXR1`."""
    return pl.concat_str(pl.lit("CXR"), "report")


def listed(desk: Desk) -> Rows:
    """The reports with the names of their pictures; put aside are those whose number or list is none."""
    (content, *_) = desk.records(MAPPING)
    items = [(key, _names(value), row) for row, (key, value) in enumerate(_own(content), start=1)]
    rows = pl.DataFrame(items, schema=_LISTED, orient="row")
    good = rows["report"].str.contains(r"^\d+$") & (rows["stems"].list.len() > 0).fill_null(value=False)
    return Rows(rows.filter(good), put_aside("report", rows.filter(~good).with_columns(code=pl.lit("bad_id"))))


def first_pictures(desk: Desk, rows: Rows) -> Rows:
    """The reports with `image_id`; put aside are those none of whose pictures OpenI has.

    Without OpenI's files each name counts.
    """
    names = rows.used.explode("stems").with_columns(image_id=pl.concat_str(pl.lit(f"{PARENT}:"), "stems"))
    if PARENT in desk.context.parents:
        images = desk.context.parents[PARENT]["images"].select("image_id", known="study_id")
        names = names.join(images, on="image_id", how="left", maintain_order="left")
        names = names.filter(pl.col("known") == study_id())
    first = names.unique("report", keep="first", maintain_order=True).select("report", "image_id", ROW)
    lost = rows.used.join(first, on="report", how="anti").with_columns(code=pl.lit("picture_not_in_parent"))
    return Rows(first.with_columns(study_id=study_id()), pl.concat([rows.aside, put_aside("report", lost)]))


def own_images(desk: Desk, pictures: pl.DataFrame, parents: pl.DataFrame | None) -> pl.DataFrame:
    """The `images` facet: as OpenI has them, else by their names in `images/`, where the README says to copy them.

    All are frontal, by the list: without Kaggle's table OpenI has but a rule for views, which is now and then wrong.
    """
    view = {"view": pl.lit("FRONTAL"), "view_source": pl.lit(SAYS)}
    if parents is not None:
        return parents.with_columns(**view)
    path = pl.format("images/{}.png", pl.col("image_id").str.strip_prefix(f"{PARENT}:"))
    where = {"path": path, "root_id": pl.lit("data"), "patient_id": pl.col("report")}
    return facet("images", pictures, desk.origin(MAPPING), **view, **where)


def _own(content: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in content.items() if key != ROW]


def _names(value: Any) -> list[str] | None:
    good = isinstance(value, list) and all(isinstance(name, str) and name for name in value)
    return value if good else None
