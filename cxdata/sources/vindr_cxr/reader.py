"""VinDr-CXR as facet tables. What is peculiar to the dataset stands in NOTES.md, with where it was seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.manifest import Annotator
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.reading import Desk
from cxdata.sources.vindr_cxr import kaggle, pictures, votes
from cxdata.sources.vindr_cxr.boxes import regions_facet
from cxdata.sources.vindr_cxr.places import Boxes, judge, test_boxes, train_boxes
from cxdata.sources.vindr_cxr.rules import Rule, rule

VERSION: Final = 1

TRAIN_LABELS: Final = "image_labels_train"
TEST_LABELS: Final = "image_labels_test"
TRAIN_BOXES: Final = "annotations_train"
TEST_BOXES: Final = "annotations_test"
KAGGLE: Final = "train"
META: Final = "train_meta"
CONSENSUS: Final = "consensus"
MESSAGES: Final = {
    "picture_in_test": "the picture stands among those of the test part too, and counts as one of them",
    "other_reader": "a reader whom the option `readers` leaves out",
    "not_three_readers": "the picture was not read by three readers",
    "picture_not_in_labels": "the table of labels has no such picture that can be used",
    "unknown_finding": "the box is of no finding that the source knows",
    "bad_box": "the box has no size, begins outside of the picture, or is one of No finding",
    "too_few_readers": "not enough readers drew a box there",
    "place_in_doubt": "elsewhere on the picture too few readers drew a box of the same finding",
    "finding_not_present": "the labels do not say that the finding is present",
    "bad_size": "rows and columns of the picture are no numbers",
}


class Split(NamedTuple):
    """What one part of the data gave: its states by picture and label, its boxes, and who says so."""

    states: pl.DataFrame
    boxes: Boxes | None


def read(context: ReadContext) -> Reading:
    """Read PhysioNet's four tables or, where these are not there, Kaggle's."""
    desk = Desk(context, MESSAGES)
    annotators = desk.annotators()
    is_kaggle = not desk.has(TRAIN_LABELS)
    chosen = rule(context.options["readers"], annotators, kaggle=is_kaggle)
    return _kaggle(desk, chosen) if is_kaggle else _physionet(desk, chosen, annotators)


def _physionet(desk: Desk, chosen: Rule, annotators: Sequence[Annotator]) -> Reading:
    consensus = next(annotator for annotator in annotators if annotator.name == CONSENSUS)
    test = votes.test_rows(desk.table(TEST_LABELS))
    train = votes.train_rows(desk.table(TRAIN_LABELS), test.used["stem"], chosen)
    parts, funnel, sizes = [], list[tuple[str, int, str]](), pictures.no_sizes()
    for split, labels, name, boxes, annotator, least in (
        ("train", train, TRAIN_LABELS, TRAIN_BOXES, chosen.labels, chosen.least),
        ("test", test, TEST_LABELS, TEST_BOXES, consensus, 1),
    ):
        states = votes.states(votes.ballots(labels.used), least)
        parts.append(desk.part(name, labels, _facets(desk, name, split, states, annotator, sizes)))
        if desk.has(boxes):
            table = desk.table(boxes)
            found = train_boxes(table, states, chosen) if split == "train" else test_boxes(table, states)
            who = chosen.boxes if split == "train" else consensus
            regions = regions_facet(found.places, sizes, who, desk.origin(boxes))
            parts.append(desk.part(boxes, found.rows, {"regions": regions}))
            funnel += [(f"{split}: {step}", count, unit) for step, count, unit in found.funnel]
    reading = desk.reading(parts, [consensus, chosen.labels])
    return dataclasses.replace(reading, funnel=funnel)


def _kaggle(desk: Desk, chosen: Rule) -> Reading:
    rows, spoilt = kaggle.box_rows(desk.table(KAGGLE), chosen)
    states = votes.states(kaggle.ballots(rows.used, spoilt), chosen.least)
    sizes, meta = pictures.sizes(rows.used, desk.table(META) if desk.has(META) else None)
    found = judge(rows.used, states, chosen)
    facets = {
        **_facets(desk, KAGGLE, "train", states, chosen.labels, sizes),
        "regions": regions_facet(found.places, sizes, chosen.boxes, desk.origin(KAGGLE)),
    }
    parts = [desk.part(KAGGLE, rows, facets), *([] if meta is None else [desk.part(META, meta)])]
    # No row is put aside for its place: it was a vote.
    return dataclasses.replace(desk.reading(parts, [chosen.labels]), funnel=found.funnel)


def _facets(
    desk: Desk, name: str, split: str, states: pl.DataFrame, annotator: Annotator, sizes: pl.DataFrame
) -> Mapping[str, pl.DataFrame]:
    """All facets but the boxes of the pictures of one split."""
    origin = desk.origin(name)
    shown = states.group_by("stem").agg(pl.col("row").min())
    ending = "png" if desk.has("png") and not desk.has("dicom") else "dicom"
    return {
        "images": pictures.images_facet(shown, sizes, f"{split}/", ending, origin),
        "studies": pictures.studies_facet(shown, split),
        "readings": votes.readings_facet(states, annotator, origin),
        "findings": votes.findings_facet(states, annotator, origin),
    }
