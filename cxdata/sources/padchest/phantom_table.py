"""The one table of PadChest, with its 36 columns under the names and in the order of the real file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.pictures import Cohort, Picture
from cxdata.phantom.tree import comma_separated
from cxdata.sources.padchest.words import LABELS

HEADER: Final = (
    "", "ImageID", "ImageDir", "StudyDate_DICOM", "StudyID", "PatientID", "PatientBirth", "PatientSex_DICOM",
    "ViewPosition_DICOM", "Projection", "MethodProjection", "Pediatric", "Modality_DICOM", "Manufacturer_DICOM",
    "PhotometricInterpretation_DICOM", "PixelRepresentation_DICOM", "PixelAspectRatio_DICOM",
    "SpatialResolution_DICOM", "BitsStored_DICOM", "WindowCenter_DICOM", "WindowWidth_DICOM", "Rows_DICOM",
    "Columns_DICOM", "XRayTubeCurrent_DICOM", "Exposure_DICOM", "ExposureInuAs_DICOM", "ExposureTime",
    "RelativeXRayExposure_DICOM", "ReportID", "Report", "MethodLabel", "Labels", "Localizations",
    "LabelsLocalizationsBySentence", "labelCUIS", "LocalizationsCUIS",
)  # fmt: skip
STEMS: Final = {
    "No Finding": "sin alteracion pleuroparenquimatos", "Pleural Effusion": "derram pleural izquierd",
    "Cardiomegaly": "cardiomegali", "Consolidation": "consolid base derech", "Pneumonia": "compat neumoni",
    "Pneumothorax": "neumotorax apical", "Enteric Tube": "sond nasogastr", "Scoliosis": "escoliosis dorsal",
}  # fmt: skip
NATIVE: Final = {
    finding: [label for label, other in LABELS.findings.items() if other == finding] for finding in LABELS.canonical
}
LYING: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "Pleural Effusion": (("loc pleural", "loc left"), ("loc right costophrenic angle",), ("loc bilateral",), ()),
    "Consolidation": (("loc basal", "loc right"), ("loc left upper lobe",), ("loc middle lobe",), ()),
    "Pneumothorax": (("loc apical", "loc left"), ("loc right",)), "Fracture": (("loc rib", "loc right"), ()),
    "Rib Fracture": (("loc posterior rib", "loc left"), ("loc rib",)), "Cardiomegaly": (("loc cardiac",),),
    "Nodule": (("loc right upper lobe",), ("loc hilar", "loc left")), "Mass": (("loc left lower lobe",),),
    "Scoliosis": (("loc dorsal vertebrae",),), "Vertebral Compression": (("loc column",), ("loc lumbar vertebrae",)),
}  # fmt: skip
"""Where each finding may lie, as one sentence tells."""
FIRST_YEAR: Final = 2009
FOLDERS: Final = ("0", "1", "12", "54")


def table(cohort: Cohort) -> bytes:
    """A row a picture, and the rows that are wrong on purpose."""
    rows = [_row(cohort, picture) for picture in cohort.pictures]
    rows += _wrong(cohort, {str(row[1]).removesuffix(".png"): row for row in rows})
    return comma_separated([HEADER, *([k, *row[1:]] for k, row in enumerate(rows))])


def study(picture: Picture) -> str:
    """The study's number, with which the picture's name begins."""
    return picture.name.rpartition("_")[0]


def is_of_physician(picture: Picture) -> bool:
    """Whether physicians told the labels of the picture's study: of each third patient."""
    return picture.patient % 3 == 0


def folder(picture: Picture) -> str:
    """The archive that holds the picture."""
    return FOLDERS[picture.patient % len(FOLDERS)]


def _row(cohort: Cohort, picture: Picture) -> list[object]:
    choice = Choice(cohort.seed, f"row {study(picture)}")
    year, by_network = FIRST_YEAR + picture.order, choice.chance("network", 0.1)
    projection = {"LATERAL": "L", "AP": choice.pick("lies", ("AP", "AP_horizontal"))}.get(picture.view, picture.view)
    by_network &= projection in ("L", "PA")
    width, height = picture.size
    told = _labels(cohort, picture, choice)
    lying = [choice.pick(f"lying {label}", LYING.get(LABELS.findings.get(label.strip(), ""), ((),))) for label in told]
    cells: dict[str, object] = {
        "ImageID": f"{picture.name}.png", "ImageDir": folder(picture), "StudyDate_DICOM": f"{year}0203",
        "StudyID": study(picture), "PatientID": f"99990000{picture.patient:030d}",
        "PatientBirth": f"{year - picture.age}.0", "PatientSex_DICOM": picture.sex, "ViewPosition_DICOM": "nan",
        "Projection": projection,
        "MethodProjection": "resnet-50.t7" if by_network else "Manual review of DICOM fields",
        "Pediatric": "PED" if picture.age < 18 else "No", "PhotometricInterpretation_DICOM": "MONOCHROME2",
        "Rows_DICOM": height, "Columns_DICOM": width, "ReportID": 9_900_000 + picture.patient,
        "Report": _report(picture), "MethodLabel": "Physician" if is_of_physician(picture) else "RNN_model",
        "Labels": _list(told), "Localizations": _list(dict.fromkeys(loc for locs in lying for loc in locs)),
        "LabelsLocalizationsBySentence": _by_sentence(told, lying, nested=is_of_physician(picture)),
        "labelCUIS": "['C0018800'\n 'C2073625']", "LocalizationsCUIS": "['C0444532']",
    }  # fmt: skip
    return [cells.get(name, "None") for name in HEADER]


def _labels(cohort: Cohort, picture: Picture, choice: Choice) -> list[str]:
    """Native labels: the model's hold a space where a label goes on with a sentence; some more that are no findings."""
    told = [choice.pick(f"label {finding}", NATIVE[finding]) for finding in picture.case.present]
    told += [label for label in ("nipple shadow", "unchanged") if choice.chance(label, 0.06)]
    named = {study(cohort.hit(fault)): label for fault, label in _PLANTED.items()}
    told = named.get(study(picture), told)
    return told if is_of_physician(picture) else [f" {label}" if k == 1 else label for k, label in enumerate(told)]


_PLANTED: Final = {
    "no-label-found": [""], "sentence-without-label": ["cardiomegaly", ""], "not-to-be-used": ["exclude"],
    "label-twice": ["pleural effusion", "pleural effusion", "scoliosis"], "normal-and-not": ["normal", "infiltrates"],
    "strange-label": ["pleural effusion", "heart"],
}  # fmt: skip


def _by_sentence(labels: Sequence[str], lying: Sequence[Sequence[str]], *, nested: bool) -> str:
    """Physicians: a list a sentence, one of which says the side in its label. The model: one list, glued by spaces."""
    if not nested:
        groups = [(*labels[:2], *dict.fromkeys(loc for locs in lying[:2] for loc in locs))]
        groups += [(label, *locs) for label, locs in zip(labels[2:], lying[2:], strict=True)]
        return _list([word for group in groups for word in group])
    lists = [_list([label, *locs]) for label, locs in zip(labels, lying, strict=True)]
    sided = ["['pleural effusion left side']"] if "pleural effusion" in labels else []
    return f"[{', '.join([*lists, *sided, 'nan'])}]"


def _list(labels: Iterable[str]) -> str:
    return f"[{', '.join(repr(label) for label in labels)}]"


def _report(picture: Picture) -> str:
    told = [STEMS[finding] for finding in picture.case.present if finding in STEMS]
    return f" {' . '.join(told)} ." if told else " i ."


def _wrong(cohort: Cohort, rows: dict[str, list[object]]) -> Iterator[list[object]]:
    """Rows after the sound ones; and cells of sound rows that say nothing."""
    for fault, changes in (
        ("no-labels", {"Labels": "nan", "Report": "nan", "LabelsLocalizationsBySentence": "nan"}),
        ("other-sex", {"PatientSex_DICOM": "O"}),
        ("no-birth", {"PatientBirth": ""}), ("no-view", {"Projection": "UNK"}), ("ribs", {"Projection": "COSTAL"}),
    ):  # fmt: skip
        _change(rows[cohort.faults[fault]], changes)
    yield rows[cohort.faults["duplicate-row"]]
    one = rows[cohort.faults["contradicting-rows"]]
    yield _change([*one], {"Projection": "EXCLUDE"})
    yield _change([*one], {"ImageID": "picture.png"})
    yield _change([*one], {"ImageID": f"{cohort.stray}.png", "StudyID": "9" * 30})
    other = rows[cohort.faults["two-patients"]]
    yield _change([*other], {"ImageID": f"{other[4]}_zzzzz9.png", "PatientID": "9" * 38})


def _change(row: list[object], changes: dict[str, str]) -> list[object]:
    for name, cell in changes.items():
        row[HEADER.index(name)] = cell
    return row
