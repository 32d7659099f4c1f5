"""A synthetic CXR-LT on the phantom of MIMIC-CXR-JPG: its tables in both versions, labels that fit the pictures.

Nothing real goes in: ids are those of the parent's phantom. Faults stand in `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from cxdata.phantom.choice import Choice
from cxdata.phantom.faults import Fault
from cxdata.phantom.tree import Tree, comma_separated, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.cxr_lt.reader import LABELS, PARENT

__all__ = ["FAULTS", "write"]

META: Final = ("dicom_id", "subject_id", "study_id", "ViewPosition", "ViewCodeSequence_CodeMeaning", "fpath")
OF_TASK_3: Final = ("Bulla", "Cardiomyopathy", "Hilum", "Osteopenia", "Scoliosis")
NEW_IN_2023: Final = (
    "Calcification of the Aorta", "Emphysema", "Fibrosis", "Hernia", "Infiltration", "Mass", "Nodule",
    "Pleural Thickening", "Pneumomediastinum", "Pneumoperitoneum", "Subcutaneous Emphysema", "Tortuous Aorta",
)  # fmt: skip
CHEXPERT: Final = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture", "Lung Lesion",
    "Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax", "Support Devices",
)  # fmt: skip
OF_2023: Final = tuple(sorted((*CHEXPERT, *NEW_IN_2023)))
OF_2024: Final = tuple(sorted(label for label in LABELS.all if label != "No Finding"))
RARER: Final = {
    "Fracture": "Rib Fracture", "Lung Lesion": "Nodule", "Pleural Other": "Pleural Thickening",
    "Atelectasis": "Lobar Atelectasis", "Cardiomegaly": "Tortuous Aorta", "Edema": "Fissure", "Pneumothorax": "Bulla",
}  # fmt: skip
"""What a study with a common label may show besides, or more exactly."""
FAULTS: Final = (
    Fault("bad-name", "a row whose picture is none"),
    Fault("not-in-mimic", "a picture that MIMIC-CXR-JPG does not have"),
    Fault("other-study", "a picture under another study"),
    Fault("strange-label", "a label that is neither 0 nor 1"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
)

Row = dict[str, str]


def write(spec: PhantomSpec) -> None:
    """Write the widest table of the layout, and the one made by hand, below `spec.out`; always the same bytes."""
    rows = list(_rows(spec))
    forty = [label for label in OF_2024 if label not in OF_TASK_3]
    by_hand = ["Normal" if label == "No Finding" else label for label in OF_2023]
    tree: Tree = {
        "whole": {"cxr-lt-2024/labels.csv": _table(rows, META, [*OF_2024, "split"])},
        "forty": {"cxr-lt-2024/train_labeled.csv": _table(rows, META, forty)},
        "2023": {"cxr-lt-2023/train.csv": _table(rows, [*META[:5], "path"], OF_2023)},
    }[spec.layout.name]
    if "gold" not in spec.layout.lacks:
        tree["cxr-lt-2024/test_labeled_task2.csv"] = _table(rows[::9], META, by_hand)
    save(tree, spec.out / spec.layout.parts["data"])


def _rows(spec: PhantomSpec) -> Iterator[Row]:
    """One row a picture of the parent, then those that are wrong."""
    facets = spec.parents[PARENT]
    present = facets["findings"].filter(pl.col("state") == "present").group_by("study_id").agg("finding")
    of_study = dict(present.rows())
    pictures = facets["images"].with_columns(pl.col("image_id").str.strip_prefix(f"{PARENT}:"))
    told = pictures.select("image_id", "patient_id", "study_id", "view").iter_rows()
    rows = [_row(spec, dicom, patient, study, view, of_study) for dicom, patient, study, view in told]
    rows[1]["Edema"] = "yes"
    yield from rows
    first = rows[0]
    yield {**first, "dicom_id": "99"}
    yield {**first, "dicom_id": "-".join(["99999999"] * 5)}
    yield {**rows[2], "study_id": "s59999999"} if len(rows) > 2 else {**first, "dicom_id": "98"}
    yield first


def _row(spec: PhantomSpec, dicom: str, patient: str, study: str, view: str, of_study: dict[str, list[str]]) -> Row:
    choice, told = Choice(spec.seed, f"study {study}"), set(of_study.get(study, []))
    told |= {rarer for common, rarer in RARER.items() if common in told and choice.chance(rarer, 0.5)}
    told |= {"Azygos Lobe"} if choice.chance("variant", 0.05) else set()
    told = {"Normal" if label == "No Finding" else label for label in told} | (told & {"No Finding"})
    path = f"files/p{patient[:2]}/p{patient}/{study}/{dicom}.jpg"
    meta = dict(zip(META, (dicom, patient, study, view, "", path), strict=True))
    return {**meta, "path": path, "split": "train", **{label: str(int(label in told)) for label in LABELS.all}}


def _table(rows: Sequence[Row], meta: Sequence[str], labels: Sequence[str]) -> bytes:
    header = [*meta, *labels]
    return comma_separated([header, *([row[name] for name in header] for row in rows)])
