"""The tables of VinDr-CXR with their official headers, in PhysioNet's form and in Kaggle's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cxdata.sources.vindr_cxr.names import IN_KAGGLE, LOCAL, NO_FINDING, OTHER_DISEASE, OTHER_LESION
from cxdata.sources.vindr_cxr.phantom_cohort import Cohort, Corners, Picture

_ALL: Final = (*sorted(set(LOCAL) - {OTHER_LESION}), OTHER_LESION, "COPD", "Lung tumor", "Pneumonia", "Tuberculosis")
CLASS_IDS: Final = {name: number for number, name in enumerate(sorted(IN_KAGGLE))} | {NO_FINDING: len(IN_KAGGLE)}
BOX_HEADER: Final = ("class_name", "x_min", "y_min", "x_max", "y_max")
KAGGLE_HEADER: Final = ("image_id", "class_name", "class_id", "rad_id", *BOX_HEADER[1:])

Row = Sequence[object]


def image_labels(cohort: Cohort, split: str) -> bytes:
    """One row a picture and reader (in test, a picture), 0 or 1 for each of the 28 labels."""
    other = OTHER_DISEASE[split == "test"]
    labels = (*_ALL, other, NO_FINDING)
    readers = ("rad_id",) if split == "train" else ()
    rows = [row for picture in cohort.of(split) for row in _readings(picture, labels, split)]
    if split == "train":
        first = next(row for row in rows if row[0] == cohort.faults["duplicate-row"])
        rows.insert(rows.index(first) + 1, first)
        rows.append([f"{first[0]}"[:-3] + "xyz", *first[1:]])
    return _lines([("image_id", *readers, *labels), *rows])


def drawn_boxes(cohort: Cohort, split: str) -> bytes:
    """One row a box of a reader, and a row without corners for a reader who found nothing."""
    is_train = split == "train"
    rows: list[Row] = [
        (picture.stem, *((reader,) if is_train else ()), label, *corners)
        for picture in cohort.of(split) for reader in picture.readers for label, corners in _drawn(picture, reader)
    ]  # fmt: skip
    rows += [(stem, "R8", label, *corners) for stem, label, corners in _faulty(cohort)] if is_train else []
    return _lines([("image_id", *(("rad_id",) if is_train else ()), *BOX_HEADER), *rows])


def kaggle(cohort: Cohort) -> bytes:
    """The boxes of 14 classes.

    What Kaggle did with boxes of the other eight is not known; here they are other lesions, so that `No finding` means
    the same as at PhysioNet.
    """
    rows: list[Row] = []
    for picture in cohort.of("train"):
        for reader in _read_by(picture):
            cells = [(label if label in CLASS_IDS else OTHER_LESION, box) for label, box in _drawn(picture, reader)]
            rows += [(picture.stem, label, CLASS_IDS[label], reader, *corners) for label, corners in cells]
    faults = [(stem, label, CLASS_IDS.get(label, 15), "R8", *corners) for stem, label, corners in _faulty(cohort)]
    return _lines([KAGGLE_HEADER, *rows, rows[0], *faults])


def sample_submission(cohort: Cohort) -> bytes:
    """The test pictures of the competition, with the answer that says nothing."""
    return _lines([("image_id", "PredictionString"), *((p.stem, "14 1 0 0 1 1") for p in cohort.of("test"))])


def train_meta(cohort: Cohort) -> bytes:
    """Rows and columns of each original train picture, and of one that the table does not have."""
    sizes = [(picture.stem, picture.size[1], picture.size[0]) for picture in cohort.of("train")]
    return _lines([("image_id", "dim0", "dim1"), *sizes, (cohort.stray, 2048, 2048)])


_BLANK: Final = ("", "", "", "")


def _readings(picture: Picture, labels: Sequence[str], split: str) -> list[list[object]]:
    rows: list[list[object]] = []
    for number, reader in enumerate(_read_by(picture)):
        cells: list[object] = [int(label in picture.seen[reader]) for label in labels]
        if picture.fault == "bad-cell" and number == 0:
            cells[labels.index("Edema")] = "?"
        rows.append([picture.stem, *((reader,) if split == "train" else ()), *cells])
    return rows


def _read_by(picture: Picture) -> tuple[str, ...]:
    return picture.readers[:-1] if picture.fault == "two-readers" else picture.readers


def _drawn(picture: Picture, reader: str) -> Iterable[tuple[str, tuple[object, ...]]]:
    if NO_FINDING in picture.seen[reader]:
        return [(NO_FINDING, _BLANK)]
    return picture.boxes[reader]


def _faulty(cohort: Cohort) -> list[tuple[str, str, Corners]]:
    where = cohort.faults
    return [
        (where["stray-box"], "Cardiomegaly", (10.0, 20.0, 60.0, 80.0)),
        (where["bad-box"], "Cardiomegaly", (90.0, 20.0, 60.0, 80.0)),
        (where["unknown-class"], "Something new", (10.0, 20.0, 60.0, 80.0)),
    ]


def _lines(rows: Iterable[Row]) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()
