"""The synthetic patients, studies and pictures of CheXpert: who, in which split, which views, and what is broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cxdata.model.errors import UsageError
from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import FOURTEEN, case_states, split_of
from cxdata.phantom.faults import Fault

FIRST: Final = 70_000  # the real numbers end at 65,240
NUMBERS: Final = 30_000
_STRIDE: Final = 7_919  # a prime, so that no two patients share a number
FOLDERS: Final = {"train": "train", "val": "valid", "test": "test"}
_CHILDREN: Final = ("Consolidation", "Pneumonia", "Edema", "Atelectasis", "Lung Lesion")
_FAULT_CASE: Final = 0


FAULTS: Final = (
    Fault("missing-image", "a picture that the table lists and that is not there"),
    Fault("truncated-image", "a picture cut in half"),
    Fault("empty-image", "a picture of zero bytes"),
    Fault("black-image", "a sound picture that is black all over"),
    Fault("blank-study", "a study whose fourteen labels are blank, its report without findings and impression"),
    Fault("odd-view", "a frontal picture whose position is LL"),
    Fault("no-view", "a frontal picture whose position is blank"),
    Fault("lateral-only", "a study that is one lateral"),
    Fault("torn-labels", "a study whose two pictures have different labels in one cell"),
    Fault("not-in-plus", "a study that CheXpert Plus does not have"),
    Fault("unknown-person", "a study without a known age or sex: 0 and Unknown in v1.0"),
    Fault("bad-cell", "a label of 2.0"),
    Fault("contradicting-rows", "two rows of one picture of train with different labels", 40),
    Fault("duplicate-row", "a row of train that stands twice, word for word"),
    Fault("bad-path", "a row of train whose path names no view"),
    Fault("two-splits", "a picture of valid that stands in train.csv too"),
    Fault("stray-truth", "a study of groundtruth.csv that has no picture"),
    Fault(
        "other-patient", "a row of CheXpert Plus with the number of another patient; both patients' rows are lost", 40
    ),
    Fault("addendum", "an impression in CheXpert Plus with an addendum and a second heading inside"),
)
_STUDY_FAULTS: Final = tuple(fault.name for fault in FAULTS[:13])
"""Faults with a study of their own, at the end of some patient of train."""


@dataclass
class Picture:
    """One picture: its place in the study, the view that is painted, and the cell `AP/PA`."""

    name: str
    paint: str
    position: str
    fault: str = ""

    @property
    def plane(self) -> str:
        """Frontal or Lateral."""
        return "Lateral" if self.name.endswith("lateral") else "Frontal"


@dataclass
class Study:
    """One study: `number` counts within the patient, `turn` within the split; `states` is what is true of it."""

    patient: int
    number: int
    split: str
    turn: int
    states: dict[str, str]
    age: int
    sex: str
    fault: str = ""
    pictures: list[Picture] = field(default_factory=list)

    @property
    def patient_id(self) -> str:
        """`patient70001`."""
        return f"patient{self.patient:05d}"

    @property
    def key(self) -> str:
        """`patient70001_study2`."""
        return f"{self.patient_id}_study{self.number}"

    @property
    def folder(self) -> str:
        """`train/patient70001/study2`."""
        return f"{FOLDERS[self.split]}/{self.patient_id}/study{self.number}"

    @property
    def below(self) -> str:
        """`patient70001/study2`."""
        return self.folder.partition("/")[2]


@dataclass
class Cohort:
    """All studies, and the fault's name to the study (`patient70001_study2`) that it befell."""

    seed: int
    studies: list[Study]
    faults: dict[str, str]
    stray: str

    def of(self, *splits: str) -> list[Study]:
        """The studies of these splits, by patient and number."""
        chosen = [study for study in self.studies if study.split in splits]
        return sorted(chosen, key=lambda study: (study.patient, study.number))

    def befell(self, fault: str, study: Study) -> bool:
        """True where that fault befell that study."""
        return self.faults.get(fault) == study.key


def make_cohort(patients: int, seed: int) -> Cohort:
    """Plan a cohort: no picture is painted and no report written yet. UsageError for more than 30,000 patients."""
    if patients >= NUMBERS:
        raise UsageError(f"a phantom of chexpert has fewer than {NUMBERS:,} patients", mend="ask for fewer patients")
    shift = Choice(seed, "patient numbers").number("shift") % NUMBERS
    trains = [index for index in range(patients) if split_of(index) == "train"]
    least = {fault.name: fault.least_patients for fault in FAULTS}
    dealt = [name for name in _STUDY_FAULTS if patients >= least[name]]
    turns = {"train": 0, "val": 0, "test": 2}
    studies: list[Study] = []
    for index in range(patients):
        own = [name for k, name in enumerate(dealt) if trains[k % len(trains)] == index]
        studies += _patient(index, FIRST + (shift + index * _STRIDE) % NUMBERS, seed, turns, own)
    stray = f"patient{FIRST + (shift + patients * _STRIDE) % NUMBERS:05d}"
    cohort = Cohort(seed, studies, {study.fault: study.key for study in studies if study.fault}, stray)
    _row_faults(cohort, patients, least)
    return cohort


def _patient(index: int, number: int, seed: int, turns: dict[str, int], faults: list[str]) -> list[Study]:
    """The studies of one patient in order of time, those with a fault last; one alone in valid and test."""
    choice, split = Choice(seed, f"patient {index}"), split_of(index)
    age, sex = _first_age(index, choice), choice.pick("sex", ("Female", "Male"))
    many = 2 + index % 2 if split == "train" else 1
    studies = []
    for k, fault in enumerate([""] * many + faults):
        own = Choice(seed, f"patient {index} study {k}")
        age = min(90, age + (own.number("gap") % 2 if k else 0))
        study = Study(number, k + 1, split, turns[split], _states(split, turns[split], own, fault), age, sex, fault)
        study.pictures = _pictures(study, own)
        turns[split] += not fault
        studies.append(study)
    return studies


def _first_age(index: int, choice: Choice) -> int:
    """Three of four patients are of one age band, so that studies can be crossed even in small cohorts."""
    return 20 + choice.number("age") % 68 if index % 4 == 3 else 42 + choice.number("age") % 14


def _states(split: str, turn: int, choice: Choice, fault: str) -> dict[str, str]:
    if fault:
        return {} if fault == "blank-study" else case_states(_FAULT_CASE, choice)
    return case_states(turn, choice) if split == "train" else _by_radiologists(case_states(turn, choice))


def _by_radiologists(states: dict[str, str]) -> dict[str, str]:
    """Every finding stated: what a doubt is about is there, what is above a finding that is there is there too."""
    seen = {finding for finding, state in states.items() if state != "absent" and finding != "No Finding"}
    seen |= {"Lung Opacity"} if seen & set(_CHILDREN) else set()
    seen |= {"Enlarged Cardiomediastinum"} if "Cardiomegaly" in seen else set()
    seen |= {"No Finding"} if seen <= {"Support Devices"} else set()
    return {finding: "present" if finding in seen else "absent" for finding in FOURTEEN}


def _pictures(study: Study, choice: Choice) -> list[Picture]:
    bedside = choice.chance("bedside", 0.85 if study.states.get("Support Devices") == "present" else 0.6)
    view = "AP" if bedside else "PA"
    pictures = [Picture("view1_frontal", view, view)]
    if study.fault == "lateral-only":
        return [Picture("view1_lateral", "LATERAL", "")]
    if (not bedside and choice.chance("lateral", 0.8)) or study.fault == "torn-labels":
        pictures.append(Picture("view2_lateral", "LATERAL", ""))
    elif bedside and choice.chance("again", 0.12):
        pictures.append(Picture("view2_frontal", view, view))
    if study.fault in ("odd-view", "no-view"):
        pictures[0].position = "LL" if study.fault == "odd-view" else ""
    if study.fault.endswith("image"):
        pictures[0].fault = study.fault
    return pictures


def _row_faults(cohort: Cohort, patients: int, least: dict[str, int]) -> None:
    healthy = [study for study in cohort.of("train") if not study.fault]
    for k, name in enumerate(("duplicate-row", "bad-path", "addendum")):
        cohort.faults[name] = healthy[k % len(healthy)].key
    valid = cohort.of("val")
    if valid:
        cohort.faults["two-splits"] = valid[0].key
    cohort.faults["stray-truth"] = f"{cohort.stray}_study1"
    if patients >= least["other-patient"]:
        cohort.faults["other-patient"] = healthy[-1].key
