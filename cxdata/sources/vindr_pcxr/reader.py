"""VinDr-PCXR as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cells import corners, is_bad_box, matched, text
from cxdata.sources.facets import images_facet, regions_facet, studies_facet
from cxdata.sources.native import STATES, findings_facet, native_labels, readings_facet
from cxdata.sources.reading import Desk, Part, Rows, rows_of
from cxdata.sources.tables import ROW

VERSION: Final = 1

SLUG: Final = "vindr-pcxr"
SPLITS: Final = ("test", "train")
LABELS: Final = native_labels(__file__)
NO_FINDING: Final = "No finding"
DISEASES: Final = (
    "Bronchitis", "Brocho-pneumonia", "Other disease", "Bronchiolitis", "Situs inversus", "Pneumonia",
    "Pleuro-pneumonia", "Diagphramatic hernia", "Tuberculosis", "Congenital emphysema", "CPAM",
    "Hyaline membrane disease", "Mediastinal tumor", "Lung tumor",
)  # fmt: skip
KINDS: Final = {"Pneumonia": ("Brocho-pneumonia", "Pleuro-pneumonia")}
"""A disease, and its kinds: beside one of them its 0 does not mean that it is absent."""
VIEW_SOURCE: Final = "every picture of the collection is PA"
MESSAGES: Final = {
    "picture_in_test": "the picture stands among those of the test part too, and counts as one of them",
    "no_box": "the row says that the picture has no box",
}
_STEM: Final = r"([0-9a-f]{32})"


def read(context: ReadContext) -> Reading:
    """Read the tables of both parts, and the boxes where they are there."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    known = pl.Series([], dtype=pl.String)
    parts: list[Part] = []
    for split in SPLITS:
        rows = _rows(desk, split, known)
        parts.append(_labels(desk, split, rows, annotator))
        parts += _boxes(desk, split, rows.used, annotator)
        known = pl.concat([known, rows.used["stem"]])
    return desk.reading(parts, [annotator])


def _rows(desk: Desk, split: str, stricter: pl.Series) -> Rows:
    table = desk.table(f"image_labels_{split}")
    refused = {"picture_in_test": pl.col("stem").is_in(stricter.implode())}
    return rows_of(table, {"stem": matched("image_id", _STEM)}, refused, named="image_id")


def _labels(desk: Desk, split: str, rows: Rows, annotator: Annotator) -> Part:
    """Pictures and labels; a picture without any label, or of which one cell cannot be read, has no reading."""
    name = f"image_labels_{split}"
    origin, states = desk.origin(name), {label: _state(label) for label in (NO_FINDING, *DISEASES)}
    unread = {label: (pl.col(label).is_not_null() & state.is_null()) for label, state in states.items()}
    nulled = int(rows.used.select(pl.sum_horizontal(test.sum() for test in unread.values())).item())
    is_read = ~pl.any_horizontal(unread.values()) & pl.any_horizontal(s == "present" for s in states.values())
    read_ones = rows.used.filter(is_read.fill_null(value=False)).with_columns(**states)
    shown = rows.used.with_columns(patient_id="stem", path=pl.format(f"{split}/{{}}.dicom", "stem"))
    facets = {
        "images": images_facet(shown, SLUG, "data", origin, view=pl.lit("PA"), view_source=pl.lit(VIEW_SOURCE)),
        "studies": studies_facet(shown, split_official=pl.lit(split)),
        "readings": readings_facet(read_ones, annotator, origin),
        "findings": findings_facet(_told(read_ones), LABELS, annotator, origin),
    }
    return desk.part(name, rows._replace(cells_nulled=nulled), facets)


def _state(label: str) -> pl.Expr:
    return pl.col(label).replace_strict(STATES, default=None, return_dtype=pl.String).replace("uncertain", None)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a stated label; No finding and a disease without a name state nothing where they are 0."""
    has_kind = {name: pl.any_horizontal(pl.col(kind) == "present" for kind in kinds) for name, kinds in KINDS.items()}
    denied = {name: test.fill_null(value=False) & (pl.col(name) == "absent") for name, test in has_kind.items()}
    named = rows.with_columns(pl.when(~test).then(name).alias(name) for name, test in denied.items())
    long = named.unpivot(
        [NO_FINDING, *DISEASES], index=["stem", ROW], variable_name="native_label", value_name="state"
    ).drop_nulls("state")
    says_nothing = pl.col("native_label").is_in([NO_FINDING, *LABELS.kept]) & (pl.col("state") == "absent")
    return long.filter(~says_nothing)


def _boxes(desk: Desk, split: str, pictures: pl.DataFrame, annotator: Annotator) -> Iterator[Part]:
    """The boxes; rows of No finding have none, and say so."""
    name = f"annotations_{split}"
    if not desk.has(name):
        return
    cells = {
        "stem": matched("image_id", _STEM), "native_label": text("class_name"),
        **corners("x_min", "y_min", "x_max", "y_max"),
    }  # fmt: skip
    refused = {
        "picture_not_in_table": ~pl.col("stem").is_in(pictures["stem"].implode()),
        "no_box": pl.col("class_name") == NO_FINDING, "unknown_finding": LABELS.is_unknown("class_name"),
        "bad_box": is_bad_box(),
    }  # fmt: skip
    rows = rows_of(desk.table(name), cells, refused, named="image_id", key=("stem", "row"))
    found = rows.used.with_columns(finding=LABELS.finding())
    yield desk.part(
        name, rows, {"regions": regions_facet(found, SLUG, desk.origin(name), annotator=pl.lit(annotator.name))}
    )
