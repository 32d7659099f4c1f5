"""A synthetic ChestX-Det: both files of annotations and the pictures, in every layout that users have on disk.

No real picture or number goes in: the numbers begin at 71000, where the real ones end at 70958. Pictures are 1024 x
1024, squeezed to a square as ChestX-ray14's are. Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

import json
from typing import Any, Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import png_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, save, zipped
from cxdata.sources.base import PhantomSpec
from cxdata.sources.chestx_det.records import LABELS, SIDE_PX

__all__ = ["FAULTS", "planted", "write"]

NATIVE: Final = {canonical: native for native, canonical in LABELS.findings.items()}
DRAWN_PX: Final = 256  # a film is drawn at this size and enlarged by four without smoothing, which packs well
CASES: Final = tuple(
    Case(findings)
    for findings in (
        ("Pleural Effusion", "Consolidation"), ("Cardiomegaly",), (), ("Nodule", "Calcification"), ("Pneumothorax",),
        ("Fibrosis", "Pleural Thickening"), ("Mass",), ("Fracture",), (), ("Diffuse Nodules",),
        ("Emphysema", "Fracture"), ("Atelectasis", "Pleural Effusion"), ("Consolidation",),
        ("Cardiomegaly", "Pleural Effusion"), ("Pneumothorax",),
    )
)  # fmt: skip
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("torn-lists", "a record with more findings than boxes"),
    Fault("unknown-class", "a record with a finding that the source does not have"),
    Fault("bad-box", "a record with a box of no width"),
    Fault("bad-name", "a record whose picture has letters for its number"),
    Fault("in-both-files", "a test picture that stands among those of train too"),
    Fault("duplicate-row", "a record that stands twice, word for word"),
    Fault("double-box", "a box that one record holds twice"),
)


def _name(_patient: int, _order: int, nth: int) -> str:
    return f"{71_000 + nth}"


PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, splits=("train", "test"))

Record = dict[str, Any]


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = plan_pictures(PLAN, spec.patients, spec.seed), spec.layout.name
    paint_all(cohort, _png, square_px=SIDE_PX)
    tree: Tree = {f"ChestX_Det_{split}.json": _annotations(cohort, split) for split in ("train", "test")}
    for split in ("train", "test") if name != "annotations" else ():
        pictures = {f"{split}/{p.name}.png": p.stored for p in cohort.of(split) if p.stored is not None}
        below = f"{split}_data/" if name == "in-folders" else ""
        tree |= {f"{split}_data.zip": zipped(pictures)} if name == "archives" else _below(below, pictures)
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    return plan_pictures(PLAN, patients, seed).faults


def _below(folder: str, tree: Tree) -> Tree:
    return {f"{folder}{name}": body for name, body in tree.items()}


def _png(_: Picture, image: Image.Image) -> bytes:
    drawn = image.resize((DRAWN_PX, DRAWN_PX), Image.Resampling.BOX)
    return png_bytes(drawn.resize(image.size, Image.Resampling.NEAREST))


def _annotations(cohort: Cohort, split: str) -> bytes:
    """A list on one line, without a line's end."""
    records = {picture.name: _record(picture) for picture in cohort.of(split)}
    told = list(records.values())
    if split == "train":
        told += _wrong(cohort, records)
    return json.dumps(told).encode()


def _record(picture: Picture) -> Record:
    """The findings that were drawn, with the box of each place and the same as an outline."""
    drawn = [
        (NATIVE[finding], _whole(box)) for finding, boxes in picture.boxes.items() if finding in NATIVE for box in boxes
    ]
    return {
        "file_name": f"{picture.name}.png", "syms": [label for label, _ in drawn], "boxes": [box for _, box in drawn],
        "polygons": [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]] for _, (x0, y0, x1, y1) in drawn],
    }  # fmt: skip


def _whole(box: tuple[float, float, float, float]) -> list[int]:
    x0, y0, x1, y1 = (min(max(round(edge), 1), SIDE_PX - 2) for edge in box)
    return [x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)]


def _wrong(cohort: Cohort, records: dict[str, Record]) -> list[Record]:
    """Records after the sound ones, each broken in one way; a box that stands twice is put into its own record."""
    boxed = next(record for record in records.values() if record["boxes"])
    for key in ("syms", "boxes", "polygons"):
        boxed[key].append(boxed[key][0])
    cohort.faults["double-box"] = boxed["file_name"].removesuffix(".png")
    numbers = [f"9999{k}.png" for k in range(3)]
    box = [400, 300, 500, 420]
    wrong = [
        {"syms": ["Mass", "Nodule"], "boxes": [box]},
        {"syms": ["Hernia"], "boxes": [box]},
        {"syms": ["Mass"], "boxes": [[400, 300, 400, 420]]},
    ]
    told = [{"file_name": name, **one, "polygons": []} for name, one in zip(numbers, wrong, strict=True)]
    first = next(iter(records.values()))
    told.append({**first, "file_name": f"{first['file_name'][:3]}ab.png"})
    told += [_record(picture) for picture in cohort.of("test")[:1]]
    return [*told, first]
