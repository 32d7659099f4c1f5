"""A synthetic copy of SIIM-ACR's challenge: the table of masks and the pictures, in every layout that users have.

No real picture or id goes in: the ids carry a time of 2023, where the real ones were made in 2018. A mask is the
ellipse that fills the box of what was drawn. Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.dicom_file import Text, jpeg_dicom_bytes
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import coarse_png
from cxdata.phantom.masks import relative_runs
from cxdata.phantom.pictures import Cohort, Corners, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, comma_separated, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.masks import NOTHING, SIDE_PX

__all__ = ["FAULTS", "planted", "write"]

FINDING: Final = "Pneumothorax"
SHOWN: Final = Case((FINDING,))
CASES: Final = (
    SHOWN, Case(()), Case((FINDING, "Chest Tube")), Case(("Pleural Effusion",)), Case(("Cardiomegaly",)), SHOWN,
    Case(("Consolidation",)), Case(()), Case((FINDING, "Pleural Effusion")), Case(("Chest Tube",)), Case(("Nodule",)),
)  # fmt: skip
ROOT: Final = "1.2.276.0.7230010.3.1"
MASK: Final = "307200 40 984 40 984 40"
_WRONG: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    # what is wrong: the masks of one picture more
    "absolute-mask": (
        "a mask whose runs have absolute starts",
        (" ".join(f"{307_201 + 1024 * k} 40" for k in range(6)),),
    ),
    "odd-mask": ("a mask that ends in a gap", (f"{MASK} 17",)),
    "half-read": ("a picture of two masks, one of which leaves the picture", (MASK, "1048570 7")),
    "blank-mask": ("a row without a mask that does not say so", ("",)),
    "mask-and-none": ("a picture with a mask and a row that says there is none", (MASK, NOTHING)),
}
FAULTS: Final = (
    *PICTURE_FAULTS,
    *(Fault(name, what) for name, (what, _) in _WRONG.items()),
    Fault("bad-id", "a row with the name of another source's picture for an id"),
    Fault("duplicate-row", "a mask that stands twice, word for word"),
    Fault("two-masks", "two masks over one place"),
    Fault("slip", "a mask with a slip of the brush in a far corner"),
)


def _name(patient: int, order: int, nth: int) -> str:
    return f"{ROOT}.4.8323329.{nth + 1}.1699000000.{patient}{order}"


PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, splits=("train",), fault_case=SHOWN, views={"PA": 0.6, "AP": 0.4})


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = plan_pictures(PLAN, spec.patients, spec.seed), spec.layout.name
    paint_all(cohort, _png if name == "png" else _dicom, square_px=SIDE_PX)
    rows = _rows(cohort)
    if name == "stage-1":  # a space before the second name, and before each of its cells
        tree: Tree = {"train-rle.csv": comma_separated((one, f" {other}") for one, other in rows)}
    else:
        tree = {"stage_2_train.csv": comma_separated(rows)}
    if name != "table":
        tree |= {_place(p, name, nth): p.stored for nth, p in enumerate(cohort.pictures) if p.stored is not None}
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    cohort = plan_pictures(PLAN, patients, seed)
    paint_all(cohort, lambda _, __: b"", square_px=SIDE_PX)
    _rows(cohort)
    return cohort.faults


def _place(picture: Picture, layout: str, nth: int) -> str:
    """Studies and series have a folder each; one in seven pictures lies in the test part, which is labelled too."""
    if layout == "png":
        return f"png/{picture.name}.png"
    study, series = (picture.name.replace(f"{ROOT}.4", f"{ROOT}.{kind}") for kind in (2, 3))
    return f"dicom-images-{'test' if nth % 7 == 6 else 'train'}/{study}/{series}/{picture.name}.dcm"


def _rows(cohort: Cohort) -> list[tuple[str, str]]:
    """The header, a row a mask (or a picture without one), and what is wrong; a picture's masks do not lie together."""
    drawn = {p.name: [relative_runs([box], SIDE_PX) for box in p.boxes.get(FINDING, ())] for p in cohort.pictures}
    positive = [p for p in cohort.pictures if drawn[p.name]]
    doubled, slipped = positive[0], positive[-1]
    cohort.faults |= {
        "two-masks": doubled.name,
        "slip": slipped.name,
        "duplicate-row": positive[1 % len(positive)].name,
    }
    drawn[doubled.name].append(relative_runs([_shifted(doubled.boxes[FINDING][0])], SIDE_PX))
    drawn[slipped.name] = [relative_runs([*slipped.boxes[FINDING], (1, 1, 4, 3)], SIDE_PX)]
    rows = [(name, masks[0] if masks else NOTHING) for name, masks in drawn.items()]
    rows += [(name, code) for name, masks in drawn.items() for code in masks[1:]]
    rows.append(next(row for row in rows if row[0] == cohort.faults["duplicate-row"]))
    for nth, (fault, (_, masks)) in enumerate(_WRONG.items()):
        cohort.faults[fault] = _name(99_000_000, nth, 90_000 + nth)
        rows += [(cohort.faults[fault], code) for code in masks]
    cohort.faults["bad-id"] = "00000001_000.png"
    return [("ImageId", "EncodedPixels"), *rows, ("00000001_000.png", NOTHING)]


def _shifted(box: Corners) -> Corners:
    x0, y0, x1, y1 = box
    return x0 + (x1 - x0) / 4, y0 + (y1 - y0) / 4, x1, y1


def _dicom(picture: Picture, image: Image.Image) -> bytes:
    """The header is made like RSNA's: an id a picture as the patient's, the age without a unit."""
    guid = f"fade{picture.patient:08d}"
    header = {
        (0x0008, 0x0064): Text("CS", "WSD"), (0x0008, 0x103E): Text("LO", f"view: {picture.view}"),
        (0x0010, 0x0010): Text("PN", guid), (0x0010, 0x0020): Text("LO", guid),
        (0x0010, 0x0040): Text("CS", picture.sex), (0x0010, 0x1010): Text("AS", f"{picture.age}"),
        (0x0018, 0x0015): Text("CS", "CHEST"), (0x0018, 0x5101): Text("CS", picture.view),
    }  # fmt: skip
    return jpeg_dicom_bytes(image, picture.name, header)


def _png(_: Picture, image: Image.Image) -> bytes:
    return coarse_png(image)
