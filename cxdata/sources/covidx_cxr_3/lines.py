"""Lines of COVIDx's lists: patient, picture, class and collection between single spaces, in four forms."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.cells import Cell
from cxdata.sources.native import native_labels

LABELS: Final = native_labels(__file__)
COLLECTIONS: Final = ("rsna", "rnsa", "ricord", "stonybrook", "sirm", "cohen", "bimcv", "actmed", "fig1")
SPELT: Final = {"rnsa": "rsna"}
"""The lists spell RSNA in two ways, of other patients each."""
STATES: Final = {"positive": "present", "negative": "absent"}
FRONTAL: Final = {
    "cohen": "the lists' makers took PA and AP pictures alone of this collection",
    "rsna": "every picture of RSNA's challenge is frontal",
}
"""Collections that hold frontal pictures alone, and why. Of the rest the file name tells, or nothing."""
_LINE: Final = rf"^(?<pid>.+) (?<file>\S+\.\w+) (?<label>\S+) (?<collection>{'|'.join(COLLECTIONS)})$"
_BODY: Final = r"ABD|KUB"
_VIEW: Final = r"_vp-([a-z]+)[_.]|-(AP|PA|LATERAL)-\d"
_VIEWS: Final = {"ap": "AP", "pa": "PA", "lateral": "LATERAL", "ll": "LATERAL"}


def cells() -> dict[str, Cell]:
    """What a line says: stem (the file's name), patient_id, collection, label and view."""
    parts = pl.col("line").str.extract_groups(_LINE)
    collection = parts.struct.field("collection").replace(SPELT)
    patient = parts.struct.field("pid").str.replace_all(" ", "_")
    values = {
        "stem": parts.struct.field("file"), "label": parts.struct.field("label"), "collection": collection,
        "patient_id": pl.concat_str(collection, pl.lit(":"), patient),
    }  # fmt: skip
    return {name: Cell("line", value) for name, value in values.items()}


def has_no_collection() -> pl.Expr:
    """True for a line of the three fields of older lists, which do not say where a picture is from."""
    return pl.col("line").str.contains(rf"^\S+ \S+\.\w+ (?:{'|'.join(STATES)})$")


def shows_other_part() -> pl.Expr:
    """True for a file name that says abdomen."""
    return pl.col("stem").str.contains(_BODY) & (pl.col("collection") == "stonybrook")


def with_view(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with view and view_source, by the collection or the file's name."""
    said = pl.coalesce(pl.col("stem").str.extract(_VIEW, 1), pl.col("stem").str.extract(_VIEW, 2)).str.to_lowercase()
    named = said.replace_strict(_VIEWS, default=None, return_dtype=pl.String)
    of_all = pl.col("collection").replace_strict(FRONTAL, default=None, return_dtype=pl.String)
    source = pl.when(named.is_not_null()).then(pl.lit("file name")).otherwise(of_all)
    frontal = pl.when(of_all.is_not_null()).then(pl.lit("FRONTAL"))
    return rows.with_columns(view=pl.coalesce(named, frontal), view_source=source)
