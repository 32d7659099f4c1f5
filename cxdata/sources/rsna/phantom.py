"""A synthetic copy of RSNA's challenge: both tables and the pictures, in every layout that users have on disk.

No real picture or id goes in. Pictures are 1024 x 1024, squeezed to a square as ChestX-ray14's are; DICOM files hold a
lossy JPEG and a header like the real ones. Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.dicom_file import Text, jpeg_dicom_bytes, uid_of
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import coarse_png, jpeg_bytes
from cxdata.phantom.pictures import Cohort, Corners, Encode, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, comma_separated, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.rsna.rows import BETWEEN, NORMAL, OPACITY, SIDE_PX

__all__ = ["FAULTS", "planted", "write"]

Row = tuple[str, ...]

FOLDERS: Final = {"kaggle": "stage_2_train_images", "jpeg": "pictures", "png": "pictures"}
SHOWN: Final = Case((OPACITY,))
HEALTHY: Final = Case(("No Finding",))
CASES: Final = (
    SHOWN, HEALTHY, Case(("Cardiomegaly",)), SHOWN, Case(("Pleural Effusion",)), HEALTHY,
    Case((OPACITY, "Cardiomegaly")), Case(("Nodule",)), HEALTHY, SHOWN, Case(("Pneumothorax",)),
    Case((OPACITY, "Pleural Effusion")),
)  # fmt: skip
NONE: Final[Row] = ("", "", "", "", "0")
BOX: Final[Row] = ("210.0", "300.0", "240.0", "310.0", "1")
_WRONG: Final[dict[str, tuple[str, list[Row], list[str]]]] = {
    # what is wrong: the rows of boxes and the classes of one picture more
    "bad-target": ("a row with a Target of 2", [(*NONE[:4], "2")], [NORMAL]),
    "box-without-target": ("a box on a picture whose Target is 0", [(*BOX[:4], "0")], [BETWEEN]),
    "bad-box": ("a picture of two boxes, one of which ends beyond it", [BOX, ("900.0", *BOX[1:])], [OPACITY] * 2),
    "unknown-class": ("a picture whose class is none of the three", [NONE], ["Pneumonia"]),
    "class-disagrees": ("a picture with a box whose class is Normal", [BOX], [NORMAL]),
    "no-class": ("a picture without a class", [NONE], []),
    "no-rows": ("a class of a picture that the other table does not have", [], [NORMAL]),
    "both-targets": ("a picture with a box and a row that says there is none", [BOX, NONE], [OPACITY] * 2),
}
FAULTS: Final = (
    *PICTURE_FAULTS,
    *(Fault(name, what) for name, (what, _, _) in _WRONG.items()),
    Fault("bad-id", "rows with the name of another source's picture for an id"),
    Fault("duplicate-row", "a row of a box that stands twice, word for word"),
)


def _name(patient: int, _order: int, nth: int) -> str:
    return f"fade{nth:04x}-0000-4000-8000-{patient:012d}"


VIEWS: Final = {"PA": 0.55, "AP": 0.45}
PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, splits=("train",), fault_case=SHOWN, views=VIEWS)


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = plan_pictures(PLAN, spec.patients, spec.seed), spec.layout.name
    paint_all(cohort, _ENCODERS.get(name, _jpeg), square_px=SIDE_PX)
    boxes, classes = _tables(cohort)
    tree: Tree = {
        "stage_2_train_labels.csv": comma_separated(boxes),
        "stage_2_detailed_class_info.csv": comma_separated(classes),
    }
    if name in FOLDERS:
        ending = {"kaggle": "dcm", "jpeg": "jpg"}.get(name, name)
        tree |= {f"{FOLDERS[name]}/{p.name}.{ending}": p.stored for p in cohort.pictures if p.stored is not None}
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    cohort = plan_pictures(PLAN, patients, seed)
    _tables(cohort)
    return cohort.faults


def _tables(cohort: Cohort) -> tuple[list[Row], list[Row]]:
    """Rows of boxes and of classes, headers first; what is wrong stands after what is sound."""
    boxes: list[Row] = [("patientId", "x", "y", "width", "height", "Target")]
    classes: list[Row] = [("patientId", "class")]
    for picture in cohort.pictures:
        drawn = [(*_sized(box), "1") for box in picture.boxes.get(OPACITY, ())] or [NONE]
        boxes += [(picture.name, *row) for row in drawn]
        classes += [(picture.name, _class(picture))] * len(drawn)
    for nth, (fault, (_, rows, named)) in enumerate(_WRONG.items()):
        stem = cohort.faults[fault] = _name(99_000_000 + nth, 0, 0xF000 + nth)
        boxes += [(stem, *row) for row in rows]
        classes += [(stem, label) for label in named]
    twice = next(row for row in boxes[1:] if row[-1] == "1")
    cohort.faults |= {"bad-id": "00000001_000.png", "duplicate-row": twice[0]}
    return [*boxes, twice, ("00000001_000.png", *NONE)], [*classes, ("00000001_000.png", NORMAL)]


def _class(picture: Picture) -> str:
    if OPACITY in picture.boxes:
        return OPACITY
    return NORMAL if picture.case.present == HEALTHY.present else BETWEEN


def _sized(box: Corners) -> tuple[str, ...]:
    """Left, top, width and height as the real table writes them: whole numbers with `.0`."""
    x0, y0, x1, y1 = (min(max(round(edge), 0), SIDE_PX) for edge in box)
    return tuple(f"{number}.0" for number in (x0, y0, max(x1 - x0, 1), max(y1 - y0, 1)))


def _dicom(picture: Picture, image: Image.Image) -> bytes:
    """The id of the picture stands as the patient's, the age without a unit, and the view, as in the real headers."""
    header = {
        (0x0008, 0x0064): Text("CS", "WSD"), (0x0008, 0x103E): Text("LO", f"view: {picture.view}"),
        (0x0010, 0x0010): Text("PN", picture.name), (0x0010, 0x0020): Text("LO", picture.name),
        (0x0010, 0x0040): Text("CS", picture.sex), (0x0010, 0x1010): Text("AS", f"{picture.age}"),
        (0x0018, 0x0015): Text("CS", "CHEST"), (0x0018, 0x5101): Text("CS", picture.view),
    }  # fmt: skip
    return jpeg_dicom_bytes(image, uid_of(picture.name), header)


def _jpeg(_: Picture, image: Image.Image) -> bytes:
    return jpeg_bytes(image, 85)


def _png(_: Picture, image: Image.Image) -> bytes:
    return coarse_png(image)


_ENCODERS: Final[dict[str, Encode]] = {"kaggle": _dicom, "png": _png}
