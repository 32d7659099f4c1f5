"""A synthetic copy: metadata.csv with the final table's thirty columns, and pictures as JPEG and PNG.

No real picture, word or number goes in: file names begin with case-99, and patients' numbers hold 99 in the middle.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import jpeg_bytes, png_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, comma_separated, save
from cxdata.sources.base import PhantomSpec

__all__ = ["FAULTS", "planted", "write"]

HEADER: Final = (
    "patientid", "offset", "sex", "age", "finding", "RT_PCR_positive", "survival", "intubated", "intubation_present",
    "went_icu", "in_icu", "needed_supplemental_O2", "extubated", "temperature", "pO2_saturation", "leukocyte_count",
    "neutrophil_count", "lymphocyte_count", "view", "modality", "date", "location", "folder", "filename", "doi", "url",
    "license", "clinical_notes", "other_notes", "",
)  # fmt: skip
PATHS: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    ("COVID-19",): ("Pneumonia/Viral/COVID-19", "COVID-19, ARDS"),
    ("Pneumonia",): ("Pneumonia/Bacterial/Streptococcus", "Pneumonia/Fungal/Pneumocystis", "Pneumonia"),
    ("Tuberculosis",): ("Tuberculosis",),
    ("No Finding",): ("No Finding",),
}
"""What stands in the column finding for what a picture is of, in turn."""
CASES: Final = tuple(
    map(Case, (("COVID-19",), ("Pneumonia",), ("No Finding",), ("COVID-19",), ("Tuberculosis",), ("Pneumonia",)))
)
SPOKEN: Final = {"LATERAL": "L", "AP": "AP Supine"}
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("ct-slice", "a row of a CT slice"),
    Fault("ct-volume", "a row of a CT volume"),
    Fault("bad-name", "a row whose file name holds a blank in its middle"),
    Fault("undecided", "a picture whose finding is still to be told"),
    Fault("two-patients", "a file that stands under two patients"),
    Fault("contradicting-rows", "a file with two diagnoses"),
)


def _name(_patient: int, _order: int, nth: int) -> str:
    return f"case-99-{nth:04d}.{'png' if nth % 3 == 0 else 'jpg'}"


PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, fault_case=CASES[0], views={"PA": 3, "AP": 2, "LATERAL": 1})


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = plan_pictures(PLAN, spec.patients, spec.seed)
    paint_all(cohort, _encoded)
    rows = [_row(picture, nth) for nth, picture in enumerate(cohort.pictures)]
    tree: Tree = {"metadata.csv": comma_separated([HEADER, *rows, *_wrong(cohort)])}
    for picture in cohort.pictures if spec.layout.name == "repository" else ():
        if picture.stored is not None:
            tree[f"images/{picture.name}"] = picture.stored
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    return plan_pictures(PLAN, patients, seed).faults


def _encoded(picture: Picture, image: Image.Image) -> bytes:
    """PNG or JPEG, grey or of three channels; one JPEG in seven is a PNG by its bytes, as some real ones are."""
    nth = int(picture.name.split("-")[2].split(".")[0])
    image = image.convert("RGB") if nth % 2 else image
    return png_bytes(image) if picture.name.endswith("png") or nth % 7 == 0 else jpeg_bytes(image)


def _row(picture: Picture, nth: int) -> list[str]:
    paths = PATHS[picture.case.present]
    told = {
        "patientid": str(picture.patient), "offset": str(nth % 9 - 2), "sex": picture.sex,
        "age": str(picture.age) if nth % 4 else "", "finding": paths[nth % len(paths)],
        "view": SPOKEN.get(picture.view, picture.view), "modality": "X-ray", "date": "2020", "folder": "images",
        "filename": picture.name, "license": "CC0", "clinical_notes": "Made up.\nNo person is meant.",
    }  # fmt: skip
    return [told.get(column, "") for column in HEADER]


def _changed(row: list[str], **cells: str) -> list[str]:
    return [cells.get(column, cell) for column, cell in zip(HEADER, row, strict=True)]


def _wrong(cohort: Cohort) -> list[list[str]]:
    """Rows after the sound ones, each wrong or odd in one way."""
    twice, torn, plain = (
        _row(cohort.hit(fault), 1) for fault in ("two-patients", "contradicting-rows", "undecided")
    )  # fmt: skip
    return [
        _changed(plain, filename="case-98-0001.jpg", modality="CT", view="Axial"),
        _changed(plain, filename="case-98-0002.nii.gz", modality="CT", view="Axial", folder="volumes"),
        _changed(plain, filename="case 98 0003.jpg"),
        _changed(plain, filename="case-98-0004.jpg", finding="todo"),
        _changed(twice, patientid="990001"),
        _changed(torn, finding="Tuberculosis"),
    ]
