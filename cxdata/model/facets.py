"""Facet tables: what a reader returns and a task sees. Column names are the contract between sources and tasks.

A frame may lack a facet whole, never a column of one. Ids: `image_id` is `<slug>:<native stem>`; `study_id` and
`patient_id` are native. `origin_file` and `origin_row` say where a row came from (row from 1, header excluded).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.model.errors import CxdataError

VIEWS: Final = ("PA", "AP", "FRONTAL", "LATERAL", "OTHER", "UNKNOWN")
FRONTAL_VIEWS: Final = ("PA", "AP", "FRONTAL")
STATES: Final = ("present", "absent", "uncertain")
REFERENCES: Final = ("R1", "R2", "R3", "R4", "R5")
SPLITS: Final = ("train", "val", "test")
CHANGES: Final = ("improving", "stable", "worsening")
MEANINGS: Final = ("paraphrase", "contradiction")
SIDES: Final = ("left", "right", "both")
"""Sides of the patient."""
SITES: Final = (
    "upper lobe", "middle lobe", "lower lobe", "lingula", "upper zone", "mid zone", "lower zone", "apex", "base",
    "retrocardiac", "hilum", "costophrenic angle", "rib", "clavicle", "humerus", "scapula", "spine", "lumbar spine",
    "sternum",
)  # fmt: skip
"""Where in the chest a finding may be said to lie."""

_ORIGIN: Final = {"origin_file": pl.String(), "origin_row": pl.Int64()}
ENTITIES: Final = ("anatomy", "present", "uncertain", "absent")
RELATIONS: Final = ("modify", "located at", "suggestive of")
ENTITY: Final = pl.Struct({"words": pl.String(), "kind": pl.String()})
"""Words of a text and what they name: one of ENTITIES, an anatomy or an observation in that state."""
RELATION: Final = pl.Struct({"subject": pl.Int32(), "kind": pl.String(), "object": pl.Int32()})
"""One of RELATIONS from one entity to another."""
_BOX: Final = {"x0": pl.Float64(), "y0": pl.Float64(), "x1": pl.Float64(), "y1": pl.Float64()}

FACETS: Final[dict[str, dict[str, pl.DataType]]] = {
    # one image; path is relative to the root `root_id`, or `**/name` where the file lies anywhere below it; member is a
    # name inside an archive, or `**/archive::name inside` beside a path by name; width and height in pixels
    "images": {
        "image_id": pl.String(), "study_id": pl.String(), "patient_id": pl.String(), "root_id": pl.String(),
        "path": pl.String(), "member": pl.String(), "view": pl.String(), "view_source": pl.String(),
        "width": pl.Int32(), "height": pl.Int32(), **_ORIGIN,
    },
    # one study (one per image where a source has none); taken_at orders studies of one patient, no more; age in years
    "studies": {
        "study_id": pl.String(), "patient_id": pl.String(), "split_official": pl.String(),
        "taken_at": pl.Datetime("us"), "age": pl.Float64(), "sex": pl.String(),
    },
    # one study (or image) that an annotator has read, whatever was found: a reading without findings states nothing
    "readings": {"study_id": pl.String(), "image_id": pl.String(), "annotator": pl.String(), **_ORIGIN},
    # one stated label; image_id null means the whole study, finding null a label that the vocabulary does not name
    "findings": {
        "study_id": pl.String(), "image_id": pl.String(), "finding": pl.String(), "state": pl.String(),
        "native_label": pl.String(), "annotator": pl.String(), "reference": pl.String(), **_ORIGIN,
    },
    # one place that a source states of a stated finding, in its own words (location), and as side and site where a
    # reviewed table maps them; rows of a study with one number were told in one sentence, which is `shared` where it
    # names other findings too: whose place it is, is not said then
    "locations": {
        "study_id": pl.String(), "image_id": pl.String(), "finding": pl.String(), "native_label": pl.String(),
        "location": pl.String(), "side": pl.String(), "site": pl.String(), "sentence": pl.Int32(),
        "shared": pl.Boolean(), "annotator": pl.String(), "reference": pl.String(), **_ORIGIN,
    },
    # one finding that an annotator looked for; how: every case, positives only
    "label_space": {"annotator": pl.String(), "finding": pl.String(), "how": pl.String()},
    # one report; sections word for word, null when it has none; offsets count characters of the file's text without
    # its BOM and with LF for every line end (`reports.sections.normalise`); a joined section spans all its parts
    "reports": {
        "study_id": pl.String(), "language": pl.String(), "indication": pl.String(), "comparison": pl.String(),
        "findings": pl.String(), "impression": pl.String(),
        "findings_start": pl.Int32(), "findings_end": pl.Int32(),
        "impression_start": pl.Int32(), "impression_end": pl.Int32(), **_ORIGIN,
    },
    # one box; corners in original pixels, frame in pixels; kind: abnormality, phrase, anatomy, device. outline: the
    # polygons `x, y, x, y, …` in the same pixels, where the source has a mask or polygon, else null; a point is inside
    # where an odd number of them goes round it (holes and parts that lie apart are polygons too)
    "regions": {
        "image_id": pl.String(), "kind": pl.String(), "finding": pl.String(), "phrase": pl.String(), **_BOX,
        "outline": pl.List(pl.List(pl.Float32())), "frame_width": pl.Int32(), "frame_height": pl.Int32(),
        "annotator": pl.String(), **_ORIGIN,
    },
    # one finding between two pictures of one patient, `prior` the earlier, and who says so: `reader` where the change
    # was read in the later study's report (see `tasks/follow_ups.py`), else who looked at both
    "changes": {
        "study_id": pl.String(), "prior_study_id": pl.String(), "image_id": pl.String(), "prior_image_id": pl.String(),
        "finding": pl.String(), "change": pl.String(), "annotator": pl.String(), "reference": pl.String(), **_ORIGIN,
    },
    # two sentences on how a finding goes on: meaning is paraphrase (the same) or contradiction
    "sentence_pairs": {
        "pair_id": pl.String(), "study_id": pl.String(), "first": pl.String(), "second": pl.String(),
        "meaning": pl.String(), **_ORIGIN,
    },
    # one native question; reference: the tier of its answer
    "questions": {
        "question_id": pl.String(), "study_id": pl.String(), "image_ids": pl.List(pl.String()), "question": pl.String(),
        "options": pl.List(pl.String()), "answer": pl.String(), "answer_type": pl.String(), "category": pl.String(),
        "split_official": pl.String(), "reference": pl.String(), **_ORIGIN,
    },
    # one sentence (or whole text) with meaning: the canonical findings that it explains and those that it gives as
    # evidence, each joined by `, `; or its entities and the relations between them, by their places in the list, from 0
    "statements": {
        "study_id": pl.String(), "sentence": pl.String(), "diagnosis": pl.String(), "evidence": pl.String(),
        "statement_id": pl.String(), "reference": pl.String(), "entities": pl.List(ENTITY),
        "relations": pl.List(RELATION),
        **_ORIGIN,
    },
}  # fmt: skip

FACET_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "images": ("image_id",),
    "studies": ("study_id",),
    "readings": ("study_id", "image_id", "annotator"),
    "findings": ("study_id", "image_id", "annotator", "finding", "native_label"),
    "locations": ("study_id", "image_id", "annotator", "native_label", "sentence", "location"),
    "label_space": ("annotator", "finding"),
    "reports": ("study_id",),
    "regions": ("image_id", "origin_row", "x0", "y0", "x1", "y1", "finding", "phrase", "annotator", "outline"),
    "changes": ("study_id", "prior_study_id", "image_id", "prior_image_id", "finding"),
    "sentence_pairs": ("pair_id",),
    "questions": ("question_id",),
    "statements": ("study_id", "sentence"),
}

MAY_REPEAT: Final = frozenset({"regions"})
"""Facets of which two rows may be alike: one record of a source may hold a box twice, word for word."""

REJECTS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(), "file": pl.String(), "key": pl.String(), "stage": pl.String(), "code": pl.String(),
    "message": pl.String(),
}  # fmt: skip


def conform(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the facet's columns, in order and type, sorted by its key.

    Raises CxdataError when a column is missing: a reader's mistake, not the user's.
    """
    schema = FACETS[name]
    missing = [column for column in schema if column not in frame.columns]
    if missing:
        raise CxdataError(
            f"facet {name} lacks {', '.join(missing)}", mend="the reader must return every column of the facet"
        )
    return frame.select(pl.col(column).cast(kind) for column, kind in schema.items()).sort(
        FACET_KEYS[name], nulls_last=True
    )


def empty(name: str) -> pl.DataFrame:
    """The facet's table without rows."""
    return pl.DataFrame(schema=FACETS[name])
