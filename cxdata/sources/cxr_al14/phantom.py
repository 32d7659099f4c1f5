"""A synthetic CXR-AL14: a Pascal VOC file a picture, and the pictures, in every layout that the reader takes.

The real files were not seen: these are written as the authors' code reads them. Faults stand in `FAULTS`; `planted`
says which picture each befell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import jpeg_bytes
from cxdata.phantom.pictures import Cohort, Corners, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.cxr_al14.reader import LABELS

__all__ = ["FAULTS", "planted", "write"]

NATIVE: Final = {canonical: native for native, canonical in LABELS.findings.items()}
# What has no canonical name, and what is drawn for it.
DRAWN_AS: Final = {"Pneumatosis": "Subcutaneous Emphysema", "Venipuncture": "Central Venous Catheter"}
FOLDERS: Final = {"voc": "CXR-AL14-2022/", "folder": "", "annotations": "CXR_AL142022/"}
CASES: Final = tuple(
    Case(findings)
    for findings in (
        ("Pleural Effusion", "Atelectasis"), ("Nodule", "Calcification"), (), ("Pneumothorax",), ("Surgical Hardware",),
        ("Consolidation", "Pleural Effusion"), ("Mass",), ("Fracture", "Surgical Hardware"), ("Emphysema",),
        ("Fibrosis", "Pleural Thickening"), ("Subcutaneous Emphysema", "Pneumothorax"), ("Central Venous Catheter",),
    )
)  # fmt: skip
BOX: Final = (100.0, 120.0, 180.0, 190.0)
_WRONG: Final[dict[str, tuple[str, bytes]]] = {
    "broken-xml": ("a file that is cut off", b"<annotation><object><name>Mass</name>"),
    "entities": ("a file with a document type", b'<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>'),
    "other-xml": ("an XML that is no annotation", b"<html><body/></html>"),
    "nameless": ("an object without a name", b"<annotation><object><bndbox/></object></annotation>"),
    "no-box": ("an object without a box", b"<annotation><object><name>Mass</name></object></annotation>"),
    "huge-file": ("a file of more than a megabyte", b" " * ((1 << 20) + 1)),
}
FAULTS: Final = (
    *PICTURE_FAULTS,
    *(Fault(name, what) for name, (what, _) in _WRONG.items()),
    Fault("unknown-class", "an object that is none of the fourteen"),
    Fault("flat-box", "a picture with a box of no width beside a sound one"),
    Fault("wrong-size", "a picture whose size is smaller than its boxes reach"),
    Fault("no-size", "a picture of no size"),
)


def _name(_patient: int, _order: int, nth: int) -> str:
    return f"x{990_000 + nth}"


PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, splits=("train",))


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = _painted(spec.patients, spec.seed), spec.layout.name
    tree: Tree = {f"Annotations/{stem}.xml": body for stem, body in _annotations(cohort).items()}
    if name != "annotations":
        tree |= {f"JPEGImages/{p.name}.jpg": p.stored for p in cohort.pictures if p.stored is not None}
        stems = [picture.name for picture in cohort.pictures]
        lists = {"train": stems[1:], "val": stems[:1], "trainval": stems, "test": stems[-1:], "NC": stems[-1:]}
        tree |= {f"ImageSets/Main/{one}.txt": "".join(f"{s}\n" for s in told).encode() for one, told in lists.items()}
    save({f"{FOLDERS[name]}{path}": body for path, body in tree.items()}, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    cohort = _painted(patients, seed)
    _annotations(cohort)
    return cohort.faults


def _painted(patients: int, seed: int) -> Cohort:
    cohort = plan_pictures(PLAN, patients, seed)
    paint_all(cohort, _jpeg, scale=2.0)
    return cohort


def _annotations(cohort: Cohort) -> dict[str, bytes]:
    """Stem to file; what is wrong stands under numbers of its own."""
    told = {picture.name: _file(picture.name, picture.size, _objects(picture)) for picture in cohort.pictures}
    sized = [picture for picture in cohort.pictures if picture.boxes]
    for fault, picture, size in (("wrong-size", sized[0], (40, 40)), ("no-size", sized[-1], (0, 0))):
        cohort.faults[fault] = picture.name
        told[picture.name] = _file(picture.name, size, _objects(picture))
    wrong = {name: body for name, (_, body) in _WRONG.items()}
    wrong["unknown-class"] = _file("x", (512, 624), [("Cardiomegaly", BOX)])
    wrong["flat-box"] = _file("x", (512, 624), [("Mass", BOX), ("Nodule", (50.0, 50.0, 50.0, 90.0))])
    for nth, (fault, body) in enumerate(wrong.items()):
        cohort.faults[fault] = f"x{999_900 + nth}"
        told[f"x{999_900 + nth}"] = body
    return told


def _objects(picture: Picture) -> list[tuple[str, Corners]]:
    names = NATIVE | {drawn: native for native, drawn in DRAWN_AS.items()}
    return [(names[finding], box) for finding, boxes in picture.boxes.items() if finding in names for box in boxes]


def _file(stem: str, size: tuple[int, int], objects: Sequence[tuple[str, Corners]]) -> bytes:
    """Every third object has no `difficult`, and every second has its corners as fractions."""
    lines = [f"<annotation>\n <filename>{stem}.jpg</filename>",
             f" <size><width>{size[0]}</width><height>{size[1]}</height><depth>1</depth></size>"]  # fmt: skip
    for nth, (name, box) in enumerate(objects):
        corners = [f"{edge:.1f}" if nth % 2 else f"{round(edge)}" for edge in box]
        edges = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))
        difficult = "" if nth % 3 == 2 else "<difficult>0</difficult>"
        lines.append(f" <object><name>{name}</name>{difficult}<bndbox>{edges}</bndbox></object>")
    return "\n".join([*lines, "</annotation>\n"]).encode()


def _jpeg(_: Picture, image: Image.Image) -> bytes:
    return jpeg_bytes(image, 85)
