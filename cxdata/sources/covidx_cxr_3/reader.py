"""COVIDx CXR-3 as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.covidx_cxr_3 import lines
from cxdata.sources.facets import images_facet, studies_facet
from cxdata.sources.native import findings_facet, readings_facet
from cxdata.sources.reading import Desk, Part, Rows, rows_of

VERSION: Final = 1

SLUG: Final = "covidx-cxr-3"
SPLITS: Final = ("test", "val", "train")
"""The strictest first: it keeps a picture that stands in two lists."""
MESSAGES: Final = {
    "no_collection": "the line does not say which collection the picture is from",
    "not_a_chest": "the picture's name says that it shows the abdomen",
    "picture_in_stricter_split": "the picture stands in the list of a stricter split, which keeps it",
}


def read(context: ReadContext) -> Reading:
    """Read the lists that are there."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    stricter = pl.Series([], dtype=pl.String)
    parts: list[Part] = []
    for split in SPLITS:
        if desk.has(split):
            rows = _rows(desk, split, stricter)
            stricter = pl.concat([stricter, rows.used["stem"]])
            parts.append(desk.part(split, rows, _facets(desk, split, rows.used, annotator)))
    return desk.reading(parts, [annotator])


def _rows(desk: Desk, split: str, stricter: pl.Series) -> Rows:
    refused = {
        "bad_id": pl.col("stem").is_null() & ~lines.has_no_collection(), "no_collection": lines.has_no_collection(),
        "unknown_finding": lines.LABELS.is_unknown("label"), "not_a_chest": lines.shows_other_part(),
        "picture_in_stricter_split": pl.col("stem").is_in(stricter.implode()),
    }  # fmt: skip
    return rows_of(desk.table(split), lines.cells(), refused, named="line")


def _facets(desk: Desk, split: str, rows: pl.DataFrame, annotator: Annotator) -> dict[str, pl.DataFrame]:
    """Pictures and labels of all collections; readings, which alone are asked about, of those with both classes."""
    origin = desk.origin(split)
    told = rows.with_columns(
        native_label="label", state=pl.col("label").replace_strict(lines.STATES, default=None, return_dtype=pl.String)
    )
    both = rows.filter(pl.col("label").n_unique().over("collection") > 1)
    shown = lines.with_view(rows).with_columns(path=pl.format(f"{split}/{{}}", "stem"))
    return {
        "images": images_facet(shown, SLUG, "data", origin),
        "studies": studies_facet(rows, split_official=pl.lit(split)),
        "readings": readings_facet(both, annotator, origin),
        "findings": findings_facet(told, lines.LABELS, annotator, origin),
    }
