"""The tables of CheXpert, its test set and CheXpert Plus, with their official names, columns and order of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import FOURTEEN
from cxdata.sources.chexpert.phantom_cohort import Cohort, Picture, Study
from cxdata.sources.chexpert.phantom_reports import SECTIONS, sections

V1: Final = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *FOURTEEN)
PLUS: Final = (
    "path_to_image", "path_to_dcm", "frontal_lateral", "ap_pa", "deid_patient_id", "patient_report_date_order",
    *SECTIONS, "age", "sex", "race", "ethnicity", "interpreter_needed", "insurance_type", "recent_bmi", "deceased",
    "split",
)  # fmt: skip
_CELL: Final = {"present": "1.0", "absent": "0.0", "uncertain": "-1.0"}
_RACES: Final = ("White", "Asian", "Black", "Other", "Unknown")

Row = Sequence[object]


def table(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A comma-separated table with LF line ends; a cell of several lines is quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def train(cohort: Cohort, prefix: str) -> bytes:
    """A row for each picture of train, and the planted slips."""
    rows: list[list[str]] = []
    for study in cohort.of("train"):
        for i, picture in enumerate(study.pictures):
            rows.append(_row(study, picture, prefix))
            if i and study.fault == "torn-labels":
                rows[-1][V1.index("Pleural Effusion")] = "0.0"
        if study.fault == "contradicting-rows":
            rows.append([*rows[-1][:-1], "1.0"])
        if cohort.befell("duplicate-row", study):
            rows.append(rows[-1])
        if cohort.befell("bad-path", study):
            rows.append([f"{prefix}{study.folder}/frontal.jpg", *rows[-1][1:]])
    for study in cohort.of("val"):
        if cohort.befell("two-splits", study):
            rows.append(_row(study, study.pictures[0], prefix))
    return table(V1, rows)


def valid(cohort: Cohort, prefix: str) -> bytes:
    """A row for each picture of valid, no cell of the fourteen blank."""
    return table(V1, [_row(study, picture, prefix) for study in cohort.of("val") for picture in study.pictures])


def test_labels(cohort: Cohort) -> bytes:
    """A row for each picture of the test set, with labels and nothing else."""
    rows = [
        (f"{study.folder}/{picture.name}.jpg", *_cells(study))
        for study in cohort.of("test") for picture in study.pictures
    ]  # fmt: skip
    return table(("Path", *FOURTEEN), rows)


def groundtruth(cohort: Cohort) -> bytes:
    """A row for each study of the test set, labels as 0 and 1, and one of a study without pictures."""
    rows = [(f"CheXpert-v1.0/{s.folder}", *(cell[0] for cell in _cells(s))) for s in cohort.of("test")]
    stray = (f"CheXpert-v1.0/test/{cohort.stray}/study1", *("0" for _ in FOURTEEN))
    return table(("Study", *FOURTEEN), [*rows, stray])


def plus(cohort: Cohort) -> bytes:
    """A row for each picture of train and valid; the surrogates in a report differ from row to row."""
    rows = [
        _plus_row(cohort, study, picture)
        for study in cohort.of("train", "val") if study.fault != "not-in-plus" for picture in study.pictures
    ]  # fmt: skip
    return table(PLUS, rows)


def _row(study: Study, picture: Picture, prefix: str) -> list[str]:
    unknown = study.fault == "unknown-person"
    person = ["Unknown", "0"] if unknown else [study.sex, str(study.age)]
    path = f"{prefix}{study.folder}/{picture.name}.jpg"
    return [path, *person, picture.plane, picture.position, *_cells(study)]


def _cells(study: Study) -> list[str]:
    cells = [_CELL[study.states[name]] if name in study.states else "" for name in FOURTEEN]
    if study.fault == "bad-cell":
        cells[cells.index("")] = "2.0"
    return cells


def _plus_row(cohort: Cohort, study: Study, picture: Picture) -> list[str]:
    person = Choice(cohort.seed, study.patient_id)
    path = f"{study.folder}/{picture.name}"
    number = cohort.of("train")[0].patient if cohort.befell("other-patient", study) else study.patient
    unknown = study.fault == "unknown-person"
    told = sections(study, picture, cohort.seed, has_addendum=cohort.befell("addendum", study))
    return [
        f"{path}.jpg", f"{path}.dcm", picture.plane, picture.position, f"patient{number:05d}", str(study.number),
        *(told.get(name, "") for name in SECTIONS), "" if unknown else f"{min(study.age, 89)}.0",
        "Unknown" if unknown else study.sex, person.pick("race", _RACES),
        person.pick("ethnicity", ("Non-Hispanic/Non-Latino", "Hispanic/Latino", "Unknown")), "No",
        person.pick("insurance", ("Private Insurance", "Medicare", "Medicaid", "Unknown")),
        f"{person.span('bmi', 19, 38):.1f}", person.pick("deceased", ("No", "Yes")), study.folder.split("/")[0],
    ]  # fmt: skip
