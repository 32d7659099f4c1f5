"""A synthetic VinDr-PCXR: tables of labels and boxes, and DICOM pictures, in every layout that users have on disk.

No real picture or number goes in: names begin with 99. The films are those of the painter, whose patients are grown up.
Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.dicom_file import Look, dicom_bytes, uid_of
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, comma_separated, gzipped, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.vindr_pcxr.reader import DISEASES, LABELS, NO_FINDING

__all__ = ["FAULTS", "planted", "write"]

HEADER: Final = ("image_id", "rad_ID", NO_FINDING, *DISEASES)
BOX_HEADER: Final = ("image_id", "rad_ID", "class_name", "x_min", "y_min", "x_max", "y_max")
SHOWN: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    ("Brocho-pneumonia",): ("Consolidation", "Bronchial Wall Thickening"), (NO_FINDING,): (),
    ("Bronchitis",): ("Bronchial Wall Thickening",), ("Pneumonia",): ("Consolidation",),
    ("Bronchiolitis",): ("Hyperinflation",), ("Other disease",): ("Cardiomegaly",),
    ("Pleuro-pneumonia",): ("Pleural Effusion", "Consolidation"), ("Situs inversus",): ("Dextrocardia",),
    ("Tuberculosis",): ("Cavitation",), ("Lung tumor",): ("Lung Lesion",), ("CPAM",): ("Lung Cyst",),
    ("Mediastinal tumor",): ("Mediastinal Mass",), ("Hyaline membrane disease",): ("Lung Opacity",),
    ("Pneumonia", "Bronchitis"): ("Consolidation", "Atelectasis"),
}  # fmt: skip
"""What a reader calls a picture, and what is boxed on it."""
CASES: Final = tuple(Case(findings) for findings in (*SHOWN.values(), (), ("Consolidation",), ()))
NATIVE: Final = {finding: label for label, finding in LABELS.findings.items() if label not in (NO_FINDING, *DISEASES)}
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("no-label", "a picture with a 0 for every label"),
    Fault("strange-label", "a cell that is neither 0 nor 1"),
    Fault("unknown-class", "a box of a class that the source does not have"),
    Fault("bad-box", "a box of no width"),
    Fault("box-of-stranger", "a box on a picture that no table lists"),
    Fault("unnamed-class", "a box of a class that the vocabulary does not name"),
    Fault("bad-name", "a picture whose name is none"),
    Fault("in-both-parts", "a test picture that stands among those of train too"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
)
PLAN: Final = Plan(
    CASES, name=lambda _patient, _order, nth: f"99{nth:030x}", faults=FAULTS, fault_case=Case(("Consolidation",)),
    splits=("train", "test"), ages=(0, 10), most=2,
)  # fmt: skip


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = plan_pictures(PLAN, spec.patients, spec.seed)
    paint_all(cohort, _dicom)
    tree: Tree = {}
    for split in PLAN.splits:
        tree[f"image_labels_{split}.csv"] = comma_separated([HEADER, *_labels(cohort, split)])
        tree[f"annotations_{split}.csv"] = comma_separated([BOX_HEADER, *_boxes(cohort, split)])
    if spec.layout.name == "tables":
        tree = {f"{name}.gz": gzipped(body) for name, body in tree.items()}
    else:
        tree |= {f"{p.split}/{p.name}.dicom": p.stored for p in cohort.pictures if p.stored is not None}
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    return plan_pictures(PLAN, patients, seed).faults


def _dicom(picture: Picture, image: Image.Image) -> bytes:
    return dicom_bytes(image.convert("L"), uid_of(picture.name), Look(inverted=int(picture.name, 16) % 3 == 0))


def _diseases(picture: Picture) -> tuple[str, ...]:
    return next(labels for labels, findings in SHOWN.items() if findings == picture.case.present)


def _reader(picture: Picture) -> str:
    return f"R{picture.patient % 3 + 1}"


def _row(picture: Picture) -> list[str]:
    told = _diseases(picture)
    return [picture.name, _reader(picture), *("1.0" if label in told else "0.0" for label in HEADER[2:])]


def _labels(cohort: Cohort, split: str) -> Iterator[list[str]]:
    rows = {picture.name: _row(picture) for picture in cohort.of(split)}
    if split == "train":
        rows[cohort.faults["no-label"]][2:] = ["0.0"] * (len(HEADER) - 2)
        rows[cohort.faults["strange-label"]][3] = "yes"
    yield from rows.values()
    if split == "train":
        first = next(iter(rows.values()))
        yield ["picture", *first[1:]]
        yield from [_row(picture) for picture in cohort.of("test")[:1]]
        yield rows[cohort.faults["duplicate-row"]]


def _boxes(cohort: Cohort, split: str) -> Iterator[list[object]]:
    """Boxes of what was drawn, rows of No finding without corners, and rows that are wrong."""
    for picture in cohort.of(split):
        head, drawn = [picture.name, _reader(picture)], [
            [NATIVE[finding], *(round(edge, 1) for edge in box)]
            for finding, boxes in picture.boxes.items() if finding in NATIVE for box in boxes
        ]  # fmt: skip
        yield from [[*head, *one] for one in drawn] or [[*head, NO_FINDING, "", "", "", ""]]
    if split == "train":
        box = [10.0, 20.0, 60.0, 70.0]
        yield [cohort.faults["unknown-class"], "R1", "Heart", *box]
        yield [cohort.faults["bad-box"], "R1", "Consolidation", 10.0, 20.0, 10.0, 70.0]
        yield [cohort.stray, "R1", "Consolidation", *box]
        yield [cohort.faults["unnamed-class"], "R1", "Other opacity", *box]
