"""A synthetic MIMIC-Diff-VQA: questions about the studies of MIMIC-CXR's phantom, alone and beside the one before.

The answers fit what the pictures show. Faults stand in `FAULTS`; each is a row of its own at the end of a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import polars as pl

from cxdata.phantom.cohort import FOURTEEN
from cxdata.phantom.faults import Fault
from cxdata.phantom.tree import Tree, comma_separated, gzipped, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.mimic_diff_vqa.phantom_questions import Study, about, changed

__all__ = ["FAULTS", "write"]

FAULTS: Final = (
    Fault("bad-id", "a study number of other digits"),
    Fault("odd-type", "a type of question that there is not"),
    Fault("odd-split", "a split that there is not"),
    Fault("blank-answer", "a question without an answer"),
    Fault("stray-study", "a study that MIMIC-CXR does not have"),
    Fault("reversed-pair", "a reference study that is later than the main one"),
    Fault("half-level", "a level that has changed from nothing"),
    Fault("said-twice", "a question that stands twice, with one answer"),
    Fault("conflicting-answers", "a question that stands twice, with two answers"),
    Fault("other-patient", "a reference study of another patient", 2),
    Fault("stray-picture", "a row of the table of studies whose picture MIMIC-CXR does not have"),
)
HEADER: Final = ("study_id", "subject_id", "ref_id", "question_type", "question", "answer", "split")
SPLITS: Final = ("train", "train", "train", "val", "test")


class Row(NamedTuple):
    """One row of the table of questions."""

    study_id: str
    subject_id: str
    ref_id: str
    question_type: str
    question: str
    answer: str
    split: str


def write(spec: PhantomSpec) -> None:
    """Write the tables; the same spec gives the same bytes. OSError as `open`."""
    studies = list(_studies(spec))
    rows = list(_rows(studies, spec.seed))
    rows += _faults(rows, studies)
    tree: Tree = {
        "mimic_pair_questions.csv": comma_separated([HEADER, *rows]),
        "mimic_all.csv": comma_separated(_all(studies)),
    }
    if spec.layout.name == "files":
        tree = {f"{name}.gz": gzipped(body) for name, body in tree.items()}
    else:
        tree["all_diseases.json"] = b"[]"
    save(tree, spec.out / spec.layout.parts["data"])


def _studies(spec: PhantomSpec) -> Iterator[Study]:
    """The studies of the parent with their first frontal picture, in order of patient and time."""
    parent = spec.parents["mimic"]
    told = parent["findings"].filter(pl.col("annotator") == "chexpert").drop_nulls("state")
    states: dict[str, dict[str, str]] = {}
    for study, finding, state in told.sort("study_id", "finding").select("study_id", "finding", "state").iter_rows():
        states.setdefault(study, {}).setdefault(finding, state)
    films = parent["images"].sort(pl.col("view").is_in(["PA", "AP"]).not_(), "image_id")
    first = films.unique("study_id", keep="first", maintain_order=True).select("study_id", "image_id", "view")
    rows = parent["studies"].join(first, on="study_id").sort("patient_id", "taken_at", "study_id")
    for row in rows.iter_rows(named=True):
        dicom = row["image_id"].removeprefix("mimic:")
        name = row["study_id"]
        yield Study(name, row["patient_id"], dicom, row["view"], row["taken_at"], states.get(name, {}))


def _rows(studies: list[Study], seed: int) -> Iterator[Row]:
    """Each study with a frontal picture beside the one of the patient before it, a split for each pair of them.

    The splits of a patient's pairs differ, as those of the real table do.
    """
    patients = list(dict.fromkeys(study.patient_id for study in studies))
    for nth, (before, study) in enumerate(pairwise(studies)):
        is_pair = before.patient_id == study.patient_id and {before.view, study.view} <= {"PA", "AP"}
        if not is_pair or before.taken_at == study.taken_at:
            continue
        split = SPLITS[(patients.index(study.patient_id) + (nth % 7 == 0)) % len(SPLITS)]
        for kind, question, answer in (*about(study, seed), *changed(before, study, seed)):
            yield Row(study.number, study.patient_id, before.number, kind, question, answer, split)


def _faults(rows: list[Row], studies: list[Study]) -> list[Row]:
    pair = next(row for row in rows if row.question_type == "difference")
    single = next(row for row in rows if row.question_type != "difference")
    faults = [
        single._replace(study_id="123"), single._replace(question_type="guess", question="what is it?"),
        single._replace(split="spare", question="is the film sharp?"),
        single._replace(question="is it old?", answer=""),
        single._replace(study_id="59990001"),
        pair._replace(study_id=pair.ref_id, ref_id=pair.study_id),
        pair._replace(question="what has changed in the left lung area?",
                      answer="the level of edema has changed from  to mild. "),
        single, single._replace(question="is it bright?", answer="yes"),
        single._replace(question="is it bright?", answer="no"),
    ]  # fmt: skip
    others = [one for one in studies if one.patient_id != pair.subject_id and one.view in ("PA", "AP")]
    return faults + [pair._replace(ref_id=one.number) for one in others[:1]]


def _all(studies: list[Study]) -> Iterator[tuple[str, ...]]:
    """The table of all studies: labels as in CheXpert's table, date, and place among the patient's dates."""
    cells = {"present": "1.0", "absent": "0.0", "uncertain": "-1.0"}
    labels = sorted(FOURTEEN)
    yield ("subject_id", "study_id", *labels, "dicom_id", "view", "split", "study_date", "study_order")
    codes = {"PA": "postero-anterior", "AP": "antero-posterior", "LATERAL": "lateral"}
    orders: dict[str, int] = {}
    for one in studies:
        orders[one.patient_id] = orders.get(one.patient_id, 0) + 1
        told = (cells.get(one.states.get(label, ""), "") for label in labels)
        order = f"{orders[one.patient_id]}.0"
        date = f"{one.taken_at:%Y%m%d}"
        yield (one.patient_id, one.number, *told, one.dicom_id, codes.get(one.view, ""), "train", date, order)
    yield ("19990001", "59990001", *[""] * len(labels), "-".join(["0a1b2c3d"] * 5), "", "train", "21050101", "1.0")
