"""A synthetic copy: the table and the pictures, in every layout of the manifest, with faults as real downloads have."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import png_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, comma_separated, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.native import native_labels

HEADER: Final = ("image", "patient", "view", "age", "sex", "split", "findings")
NATIVE: Final = {canonical: native for native, canonical in native_labels(__file__).findings.items()}
CASES: Final = tuple(
    Case(findings)
    for findings in (
        ("Pleural Effusion", "Atelectasis"), ("No Finding",), ("Cardiomegaly",), ("Pneumothorax",), ("Nodule",),
        ("Consolidation", "Pleural Effusion"), ("No Finding",), ("Cardiomegaly", "Nodule"), ("Atelectasis",),
    )
)  # fmt: skip
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("bad-name", "a row whose picture is no PNG"),
    Fault("no-split", "a row without a split"),
    Fault("unread-cell", "a row with a word among its findings that is no label"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
    Fault("contradicting-rows", "a picture with two rows that contradict each other"),
)


def _name(_patient: int, _order: int, nth: int) -> str:
    return f"one-table_{99_000 + nth}"


PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, views={"PA": 3, "AP": 2, "LATERAL": 1})


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = plan_pictures(PLAN, spec.patients, spec.seed)
    paint_all(cohort, _png)
    rows = [_row(picture) for picture in cohort.pictures]
    tree: Tree = {"one-table.csv": comma_separated([HEADER, *rows, *_wrong(cohort)])}
    for picture in cohort.pictures if spec.layout.name == "unpacked" else ():
        if picture.stored is not None:
            tree[f"images/{picture.name}.png"] = picture.stored
    save(tree, spec.out / Path(spec.layout.parts["data"]))


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    return plan_pictures(PLAN, patients, seed).faults


def _png(_: Picture, image: Image.Image) -> bytes:
    return png_bytes(image)


def _row(picture: Picture) -> list[str]:
    told = "|".join(NATIVE[name] for name in picture.case.present)
    return [
        f"{picture.name}.png", str(picture.patient), picture.view, str(picture.age), picture.sex, picture.split, told
    ]  # fmt: skip


def _wrong(cohort: Cohort) -> list[list[str]]:
    """Rows after the sound ones, each wrong in one way."""
    twice, torn = (_row(cohort.hit(fault)) for fault in ("duplicate-row", "contradicting-rows"))
    return [
        ["one-table_98000.tiff", "990001", "PA", "50", "F", "train", "normal"],
        ["one-table_98001.png", "990002", "PA", "50", "F", "", "normal"],
        ["one-table_98002.png", "990003", "PA", "50", "F", "train", "normal|a word"],
        twice,
        [*torn[:-1], "follow-up"],
    ]
