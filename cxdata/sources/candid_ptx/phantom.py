"""A synthetic CANDID-PTX: reports, the three tables of masks and the pictures, in every layout that users have.

No real picture, word or id goes in. Ids have the form of the scrambled ones. A mask is the ellipse that fills the box
of what was drawn. Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.dicom_file import jpeg_dicom_bytes
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.masks import relative_runs
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, comma_separated, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.candid_ptx.phantom_texts import report
from cxdata.sources.masks import NOTHING, SIDE_PX

__all__ = ["FAULTS", "planted", "write"]

Row = tuple[str, ...]

LUNG, RIB, TUBE = "Pneumothorax", "Rib Fracture", "Chest Tube"
CASES: Final = (
    Case((LUNG,)), Case(()), Case((LUNG, TUBE)), Case(("Pleural Effusion",)), Case((RIB,)), Case(("Consolidation",)),
    Case((TUBE, "Pleural Effusion")), Case((LUNG, RIB)), Case(("Cardiomegaly",)), Case(()), Case((RIB, LUNG, TUBE)),
)  # fmt: skip
MASK: Final = "307200 40 984 40 984 40"
BEYOND: Final = "1048570 7"
HEADER: Final[Row] = ("filename", "StudyInstanceUID", "SOPInstanceUID", "EncodedPixels", "Report")
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("bad-patient", "a file name that names no patient"),
    Fault("other-patient", "a picture that stands under two patients"),
    Fault("bad-study", "a picture without a study"),
    Fault("half-read", "a picture of two masks, one of which leaves the picture"),
    Fault("mask-and-none", "a picture with a mask and a row that says there is none"),
    Fault("blank-mask", "a picture of which the cell of the mask is blank"),
    Fault("two-texts", "a study whose rows give two reports"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
    Fault("tube-without-mask", "a row of -1 in the list of chest tubes"),
    Fault("tube-in-doubt", "a chest tube whose mask leaves the picture"),
    Fault("stranger", "a rib fracture on a picture that the table of reports does not have"),
)


def _name(patient: int, order: int, nth: int) -> str:
    return f"3.1.222.111111.2.333.4.{patient}.{order}.{nth}"


PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, splits=("train",), fault_case=Case((LUNG,)))


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = _painted(spec.patients, spec.seed), spec.layout.name
    ribs, tubes = _lists(cohort)
    rib_table = "acute_rib_fracture.csv" if name == "dataset1" else "Rib_fracture_mask_rle.csv"
    tree: Tree = {
        "Pneumothorax_reports.csv": comma_separated(_reports(cohort)), "chest_tube.csv": comma_separated(tubes),
        rib_table: comma_separated(ribs),
    }  # fmt: skip
    folder = {"dataset1": "dataset1/dataset", "dataset": "dataset"}.get(name)
    if folder:
        tree |= {f"{folder}/{p.name}": p.stored for p in cohort.pictures if p.stored is not None}
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    cohort = _painted(patients, seed)
    _lists(cohort)
    _reports(cohort)
    return cohort.faults


def study_of(picture: Picture) -> str:
    """Patients of even numbers have two pictures a study, the others one."""
    study = picture.order // 2 if picture.patient % 2 == 0 else picture.order
    return f"4.2.333.222222.3.444.5.{picture.patient}.{study}"


def _painted(patients: int, seed: int) -> Cohort:
    cohort = plan_pictures(PLAN, patients, seed)
    paint_all(cohort, _dicom, square_px=SIDE_PX)
    return cohort


def _reports(cohort: Cohort) -> list[Row]:
    """Header, a row a mask (or a picture without one), and after them what is wrong."""
    studies: dict[str, list[Picture]] = {}
    for picture in cohort.pictures:
        studies.setdefault(study_of(picture), []).append(picture)
    texts = {study: report(shown, cohort.seed) for study, shown in studies.items()}
    rows = [
        (f"P{p.patient}_{p.order:03d}_CR", study_of(p), p.name, code, texts[study_of(p)])
        for p in cohort.pictures
        for code in _masks(p, LUNG) or [NOTHING]
    ]
    cohort.faults["duplicate-row"] = rows[0][2]
    wrong = {name: (_name(99_000_000 + nth, 0, 90_000 + nth), f"4.2.333.222222.3.444.5.{99_000_000 + nth}.0")
             for nth, name in enumerate(_WRONG)}  # fmt: skip
    cohort.faults |= {name: stem for name, (stem, _) in wrong.items()}
    more = [
        (file, study if has_study else "", stem, code, text)
        for name, (stem, study) in wrong.items()
        for file, has_study, code, text in _WRONG[name]
    ]
    return [HEADER, *rows, *more, rows[0]]


_TEXT: Final = "CHEST:\nThere is a small right apical pneumothorax."
_WRONG: Final[dict[str, tuple[tuple[str, bool, str, str], ...]]] = {
    # file name, whether a study is named, mask and text of each row of a picture more
    "bad-patient": (("CR_001", True, MASK, _TEXT),),
    "other-patient": (("P99000001_001_CR", True, MASK, _TEXT), ("P99000002_001_CR", True, "409600 20", _TEXT)),
    "bad-study": (("P99000003_001_CR", False, MASK, _TEXT),),
    "half-read": (("P99000004_001_CR", True, MASK, _TEXT), ("P99000004_001_CR", True, BEYOND, _TEXT)),
    "mask-and-none": (("P99000005_001_CR", True, MASK, _TEXT), ("P99000005_001_CR", True, NOTHING, _TEXT)),
    "blank-mask": (("P99000006_001_CR", True, "", _TEXT),),
    "two-texts": (("P99000007_001_CR", True, MASK, _TEXT), ("P99000007_001_CR", True, "409600 20", f"{_TEXT} Again.")),
}


def _lists(cohort: Cohort) -> tuple[list[Row], list[Row]]:
    """The lists of rib fractures and of chest tubes, each with a column between that only the real ones explain."""
    header: Row = ("anon_SOPUID", "annotation", "mask_rle")
    ribs, tubes = (
        [header, *((p.name, f"{nth}", code) for nth, p in enumerate(cohort.pictures) for code in _masks(p, finding))]
        for finding in (RIB, TUBE)
    )
    cohort.faults |= {"stranger": cohort.stray, "tube-without-mask": cohort.pictures[0].name}
    ribs.append((cohort.stray, "0", MASK))
    tubes.append((cohort.pictures[0].name, "0", NOTHING))
    free = next(p for p in cohort.pictures if TUBE not in p.case.present)
    cohort.faults["tube-in-doubt"] = free.name
    tubes.append((free.name, "0", BEYOND))
    return ribs, tubes


def _masks(picture: Picture, finding: str) -> list[str]:
    return [relative_runs([box], SIDE_PX) for box in picture.boxes.get(finding, ())]


def _dicom(picture: Picture, image: Image.Image) -> bytes:
    return jpeg_dicom_bytes(image, picture.name)
