"""CXR-AL14 as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

import polars as pl

from cxdata.images.named import ANYWHERE
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.access import readable
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.cxr_al14.voc import ENDING, Annotation, batches, read_batch
from cxdata.sources.facets import images_facet, regions_facet, studies_facet
from cxdata.sources.native import findings_facet, native_labels, readings_facet
from cxdata.sources.reading import Desk, Rows
from cxdata.sources.tables import ROW

VERSION: Final = 1

SLUG: Final = "cxr-al14"
FILES: Final = "Annotations"
LABELS: Final = native_labels(__file__)
SPELT: Final = {label.lower(): label for label in LABELS.all}
VIEW_SOURCE: Final = "the paper's pictures are frontal"
MESSAGES: Final = {
    "file_unreadable": "the file cannot be read, or is too large to be an annotation",
    "xml_broken": "the XML is not well formed",
    "xml_entities": "the XML declares a document type or entities, which no annotation needs",
    "bad_record": "the XML is no annotation, or an object has no name",
    "bad_box": "a box that is not four numbers, or has no size",
    "unknown_finding": "an object that is none of the fourteen: what else the picture shows is not known either",
}
_CORNERS: Final = ("x0", "y0", "x1", "y1")


def read(context: ReadContext) -> Reading:
    """Read the file of each picture, in worker processes."""
    desk = Desk(context, MESSAGES)
    (annotator,) = desk.annotators()
    with readable(SLUG, desk.path(FILES)):
        found = chain.from_iterable(context.run(read_batch, batches(desk.path(FILES))))
        rows = picture_rows(found)
    origin = pl.format("{}/{}{}", pl.lit(desk.path(FILES).name), "stem", pl.lit(ENDING))
    places = rows.used.select("stem", ROW, "places", frame_width="width", frame_height="height").explode("places")
    places = places.drop_nulls("places").unnest("places").with_columns(finding=LABELS.finding())
    present = places.unique(["stem", "native_label"], keep="first", maintain_order=True)
    shown = rows.used.with_columns(
        path=pl.format("{}{}.jpg", pl.lit(ANYWHERE), "stem"), patient_id="stem", view=pl.lit("FRONTAL"),
        view_source=pl.lit(VIEW_SOURCE), width=pl.lit(None, pl.Int32), height=pl.lit(None, pl.Int32),
    )  # fmt: skip
    devices = [name for name in LABELS.canonical if vocabulary().finding(name).kind == "device"]
    kind = pl.when(pl.col("finding").is_in(devices)).then(pl.lit("device")).otherwise(pl.lit("abnormality"))
    facets = {
        "images": images_facet(shown, SLUG, "data", origin),
        "studies": studies_facet(shown),
        "readings": readings_facet(rows.used, annotator, origin),
        "findings": findings_facet(present.with_columns(state=pl.lit("present")), LABELS, annotator, origin),
        "regions": regions_facet(places, SLUG, origin, kind=kind, annotator=pl.lit(annotator.name)),
    }
    return desk.reading([desk.part(FILES, rows, facets)], [annotator])


def picture_rows(found: Iterable[Annotation]) -> Rows:
    """One row a picture that can be used: stem, width, height, places, row (null: a file is no table).

    A picture with an object that cannot be read is put aside whole: what it shows would be known in part.
    """
    told = [_named(one) for one in found]
    place = pl.Struct({"native_label": pl.String, **dict.fromkeys(_CORNERS, pl.Float64)})
    used = pl.DataFrame(
        [(one.stem, *(one.size or (None, None)), _as_structs(one), None) for one in told if one.code is None],
        schema={"stem": pl.String, "width": pl.Int32, "height": pl.Int32, "places": pl.List(place), ROW: pl.Int64},
        orient="row",
    )
    aside = [(one.stem + ENDING, one.code, MESSAGES[one.code]) for one in told if one.code is not None]
    schema = {"key": pl.String(), "code": pl.String(), "message": pl.String()}
    return Rows(used, pl.DataFrame(aside, schema=schema, orient="row"), sum(one.nulled for one in told))


def _named(one: Annotation) -> Annotation:
    """The same with the labels in the source's own spelling, or put aside where one is none of them."""
    if any(label not in SPELT for label, *_ in one.places):
        return Annotation(one.stem, code="unknown_finding")
    return one._replace(places=tuple((SPELT[label], x0, y0, x1, y1) for label, x0, y0, x1, y1 in one.places))


def _as_structs(one: Annotation) -> list[dict[str, object]]:
    return [{"native_label": label, **dict(zip(_CORNERS, corners, strict=True))} for label, *corners in one.places]
