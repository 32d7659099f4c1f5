"""A synthetic BRAX: the spreadsheet and the pictures as PNG or DICOM, in every layout that users have on disk.

No real picture or number goes in: ids are made up of 99 and a count. Paths are as long as the real ones, so that cut
names can be tried. Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from PIL import Image

from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import CASES, FOURTEEN, case_states
from cxdata.phantom.dicom_file import Look, dicom_bytes, uid_of
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import png_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, comma_separated, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.brax.places import CUT

__all__ = ["FAULTS", "planted", "write"]

HEADER: Final = (
    "", "DicomPath", "PngPath", "PatientID", "PatientSex", "PatientAge", "AccessionNumber", "StudyDate", "No Finding",
    "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Lesion", "Lung Opacity", "Edema", "Consolidation", "Pneumonia",
    "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices", "ViewPosition",
    "Rows", "Columns", "Manufacturer",
)  # fmt: skip
CODES: Final = {"present": "1.0", "absent": "0.0", "uncertain": "-1.0"}
OLDEST_GROUP: Final = 85
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("no-view", "a picture without a view"),
    Fault("decubitus", "a picture of a patient who lies on the left side"),
    Fault("oblique", "an oblique picture"),
    Fault("other-sex", "a patient whose sex is O"),
    Fault("strange-label", "a label that is no state"),
    Fault("labels-differ", "a study whose two pictures have different labels"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
    Fault("contradicting-rows", "a picture with two rows that contradict each other"),
    Fault("bad-name", "a row whose path is no path of the source"),
    Fault("other-patient", "a picture in the folder of another patient"),
    Fault("two-patients", "a study that stands under two patients"),
)
PLAN: Final = Plan(
    CASES, name=lambda patient, order, nth: f"{uid_of(f'{patient} {order} {nth}')}.9900{nth:04d}", faults=FAULTS,
    fault_case=CASES[0], splits=("train",), views={"PA": 0.6, "AP": 0.4}, ages=(3, 95),
)  # fmt: skip


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = _cohort(spec.patients, spec.seed), spec.layout.name
    is_dicom = name.startswith("dicom")
    paint_all(cohort, _dicom if is_dicom else _png)
    table = "master_spreadsheet.csv" if name == "first-version" else "master_spreadsheet_update.csv"
    tree: Tree = {table: _table(cohort)}
    for picture in cohort.pictures if name != "table" else ():
        path = _path(picture, dicom=is_dicom)
        path = path[:CUT] if name.endswith("-cut") else path
        tree |= {} if picture.stored is None else {path: picture.stored}
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    return _cohort(patients, seed).faults


def _cohort(patients: int, seed: int) -> Cohort:
    """The planned pictures, and a lateral of every second study."""
    cohort = plan_pictures(PLAN, patients, seed)
    spared = {cohort.faults[fault] for fault in cohort.faults if fault != "labels-differ"}
    both = [one for k, one in enumerate(cohort.pictures) if one.name not in spared and k % 2 == 0]
    both += [one for one in cohort.pictures if one.name == cohort.faults["labels-differ"] and one not in both]
    cohort.pictures += [replace(one, name=f"{one.name}.2", view="LATERAL") for one in both]
    cohort.pictures.sort(key=lambda picture: (picture.patient, picture.order, picture.view == "LATERAL"))
    return cohort


def _png(_: Picture, image: Image.Image) -> bytes:
    return png_bytes(image)


def _dicom(picture: Picture, image: Image.Image) -> bytes:
    return dicom_bytes(image.convert("L"), picture.name, Look(inverted=picture.order % 2 == 1))


def _study(picture: Picture) -> str:
    return f"{9_900_000_000 + 100 * picture.patient + picture.order}"


def _path(picture: Picture, *, dicom: bool) -> str:
    top, ending = ("Anonymized_DICOMs", "dcm") if dicom else ("images", "png")
    patient, study = f"{picture.patient:032d}", _study(picture)
    folders = f"{top}/id_{patient}/Study_{uid_of(study)[:39]}/Series_{uid_of(f'series {picture.name}')[:39]}"
    return f"{folders}/image-{picture.name}.{ending}"


def _table(cohort: Cohort) -> bytes:
    rows = {picture.name: _row(cohort, picture, nth) for nth, picture in enumerate(cohort.pictures)}
    return comma_separated([HEADER, *rows.values(), *_wrong(cohort, rows)])


def _row(cohort: Cohort, picture: Picture, nth: int) -> list[str]:
    number: int = CASES.index(picture.case) + len(CASES) * (picture.patient % 7)
    states = case_states(number, Choice(cohort.seed, f"study {_study(picture)}"))
    group = picture.age - picture.age % 5
    cells: dict[str, str] = {
        "": str(nth), "DicomPath": _path(picture, dicom=True), "PngPath": _path(picture, dicom=False),
        "PatientID": f"{picture.patient:032d}", "PatientSex": picture.sex,
        "PatientAge": str(group) if group < OLDEST_GROUP else "85 or more", "AccessionNumber": _study(picture),
        "StudyDate": f"20{picture.order + 10}0203", "ViewPosition": "L" if picture.view == "LATERAL" else picture.view,
        "Rows": str(picture.size[1]), "Columns": str(picture.size[0]), "Manufacturer": "2",
        **{finding: CODES[states[finding]] for finding in FOURTEEN if finding in states},
    }  # fmt: skip
    return [cells.get(name, "") for name in HEADER]


def _wrong(cohort: Cohort, rows: dict[str, list[str]]) -> Iterator[list[str]]:
    """Rows after the sound ones; and cells of sound rows that are not."""
    for fault, column, cell in (
        ("no-view", "ViewPosition", ""), ("decubitus", "ViewPosition", "AP LLD"), ("oblique", "ViewPosition", "RLO"),
        ("other-sex", "PatientSex", "O"), ("strange-label", "Edema", "yes"), ("labels-differ", "Pneumonia", "-1.0"),
    ):  # fmt: skip
        _change(rows[cohort.faults[fault]], {column: cell})
    yield rows[cohort.faults["duplicate-row"]]
    one = rows[cohort.faults["contradicting-rows"]]
    yield _change(one, {"ViewPosition": "RL"}, copied=True)
    yield _change(one, {"PngPath": "image-1.png"}, copied=True)
    patient = f"{cohort.pictures[0].patient:032d}"
    path = one[HEADER.index("PngPath")]
    elsewhere = {"PngPath": path.replace("image-", "image-9900"), "PatientID": f"99{patient[2:]}"}
    yield _change(one, elsewhere, copied=True)
    two = rows[cohort.faults["two-patients"]]
    own = two[HEADER.index("PatientID")]
    path = two[HEADER.index("PngPath")].replace(f"id_{own}", f"id_99{own[2:]}").replace("image-", "image-9901")
    yield _change(two, {"PngPath": path, "PatientID": f"99{own[2:]}"}, copied=True)


def _change(row: list[str], cells: dict[str, str], *, copied: bool = False) -> list[str]:
    row = [*row] if copied else row
    for name, cell in cells.items():
        row[HEADER.index(name)] = cell
    return row
