"""The tables of MIMIC-CXR-JPG and the lists of MIMIC-CXR, with their official names, columns and order of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import FOURTEEN
from cxdata.sources.mimic.phantom_cohort import Cohort, Study

LABELS: Final = tuple(sorted(FOURTEEN))
METADATA: Final = (
    "dicom_id", "subject_id", "study_id", "PerformedProcedureStepDescription", "ViewPosition", "Rows", "Columns",
    "StudyDate", "StudyTime", "ProcedureCodeSequence_CodeMeaning", "ViewCodeSequence_CodeMeaning",
    "PatientOrientationCodeSequence_CodeMeaning",
)  # fmt: skip
SPLIT: Final = ("dicom_id", "study_id", "subject_id", "split")
LABEL_TABLE: Final = ("subject_id", "study_id", *LABELS)
READ: Final = (*FOURTEEN[:3], "Lung Lesion", "Lung Opacity", *FOURTEEN[5:])
RADIOLOGIST: Final = ("study_id", *("Airspace Opacity" if name == "Lung Opacity" else name for name in READ))
RECORDS: Final = ("subject_id", "study_id", "dicom_id", "path")
STUDIES: Final = ("subject_id", "study_id", "path")
PROVIDERS: Final = ("subject_id", "study_id", "ordering_provider_id", "attending_provider_id", "resident_provider_id")
_CELL: Final = {"present": "1.0", "absent": "0.0", "uncertain": "-1.0"}

Row = Sequence[object]


def table(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A comma-separated table with LF line ends."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def in_order(studies: Iterable[Study]) -> list[Study]:
    """By subject, then study number, as the official tables are."""
    return sorted(studies, key=lambda study: (study.subject_id, study.study_id))


def image_path(study: Study, dicom_id: str, suffix: str = "jpg") -> str:
    """`files/p10/p10990001/s50990001/<dicom_id>.jpg`."""
    return f"files/{study.folder}/s{study.study_id}/{dicom_id}.{suffix}"


def report_path(study: Study) -> str:
    """`files/p10/p10990001/s50990001.txt`."""
    return f"files/{study.folder}/s{study.study_id}.txt"


def metadata(cohort: Cohort) -> bytes:
    """One row per picture."""
    rows = [
        (p.dicom_id, s.subject_id, s.study_id, p.look.procedure, p.look.position, p.rows, p.columns, s.date, s.time,
         p.look.procedure, p.look.code, p.look.orientation)
        for s in in_order(cohort.studies) for p in s.pictures
    ]  # fmt: skip
    return table(METADATA, rows)


def split(cohort: Cohort) -> bytes:
    """One row per picture, and one of a picture that does not exist."""
    rows = [(p.dicom_id, s.study_id, s.subject_id, s.split) for s in in_order(cohort.studies) for p in s.pictures]
    first = cohort.of("train")[0]
    return table(SPLIT, [*rows, (cohort.stray_dicom, first.study_id, first.subject_id, first.split)])


def chexpert(cohort: Cohort) -> bytes:
    """One row per study, with the planted slips: a doubled row, a bad cell, a row that contradicts another."""
    rows: list[Row] = []
    for study in in_order(cohort.studies):
        if study.fault == "unlabelled-study":
            continue
        cells = _cells(study)
        hit = {name for name, key in cohort.faults.items() if key == str(study.study_id)}
        if "bad-cell" in hit:
            cells[LABELS.index(next(name for name in LABELS if name not in study.states))] = "2.0"
        rows.append((study.subject_id, study.study_id, *cells))
        if "duplicate-row" in hit:
            rows.append(rows[-1])
        if "contradicting-row" in hit:
            rows.append((study.subject_id, study.study_id, *map(_turned, cells)))
    return table(LABEL_TABLE, rows)


def negbio(cohort: Cohort) -> bytes:
    """The other tool's table: the same but for one cell of every seventh study; no row of it is blank."""
    rows: list[Row] = []
    for i, study in enumerate(in_order(cohort.studies)):
        if study.fault == "unlabelled-study":
            continue
        cells = _cells(study)
        if not any(cells):
            cells[LABELS.index("No Finding")] = "1.0"
        elif i % 7 == 3:
            doubted = next((k for k, cell in enumerate(cells) if cell == "0.0"), 0)
            cells[doubted] = "-1.0"
        rows.append((study.subject_id, study.study_id, *cells))
    return table(LABEL_TABLE, rows)


def radiologist(cohort: Cohort) -> bytes:
    """A person's labels of every other test study; they differ from the tools' now and then."""
    rows: list[Row] = []
    for i, study in enumerate(cohort.of("test")[::2]):
        states = {finding: _CELL[state].removesuffix(".0") for finding, state in study.states.items()}
        if i % 3 == 1:
            states |= {finding: "1" for finding, state in study.states.items() if state == "uncertain"}
            states["No Finding"] = "-1"
        rows.append((study.study_id, *(states.get(finding, "") for finding in READ)))
    return table(RADIOLOGIST, sorted(rows, key=lambda row: str(row[0])))


def records(cohort: Cohort) -> bytes:
    """Every DICOM of the other project."""
    rows = [
        (s.subject_id, s.study_id, p.dicom_id, image_path(s, p.dicom_id, "dcm"))
        for s in in_order(cohort.studies) for p in s.pictures
    ]  # fmt: skip
    return table(RECORDS, rows)


def study_list(cohort: Cohort) -> bytes:
    """Every report of the other project."""
    return table(STUDIES, [(s.subject_id, s.study_id, report_path(s)) for s in in_order(cohort.studies)])


def providers(cohort: Cohort) -> bytes:
    """Who ordered, read and signed, as made-up codes."""
    rows = []
    for study in in_order(cohort.studies):
        choice = Choice(cohort.seed, f"providers {study.study_id}")
        codes = [f"P99{choice.number(role) % 0x1000:03X}" for role in ("ordering", "attending", "resident")]
        rows.append((study.subject_id, study.study_id, *codes[:2], codes[2] if choice.chance("resident", 0.6) else ""))
    return table(PROVIDERS, rows)


def _cells(study: Study) -> list[str]:
    return [_CELL[study.states[name]] if name in study.states else "" for name in LABELS]


def _turned(cell: str) -> str:
    return {"1.0": "0.0", "0.0": "1.0"}.get(cell, cell)
