"""The synthetic patients, studies and pictures of MIMIC-CXR: who, when, which views, and what is broken on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import Numbers, case_states, split_of
from cxdata.phantom.courses import NOUNS, Course, resized
from cxdata.phantom.faults import Fault
from cxdata.phantom.signs import Sign, place
from cxdata.sources.mimic.phantom_follow_ups import Dealer, FollowUp

SPLIT_NAMES: Final = {"train": "train", "val": "validate", "test": "test"}


FAULTS: Final = (
    Fault("missing-image", "a picture that every table lists and that is not there"),
    Fault("truncated-image", "a JPEG cut in half"),
    Fault("empty-image", "a JPEG of zero bytes"),
    Fault("black-image", "a sound JPEG that is black all over"),
    Fault("unlabelled-study", "a study without a row in either label table, its report a title only"),
    Fault("blank-study", "a study whose label row is all blank, its report without any section"),
    Fault("duplicate-row", "a row that stands twice, word for word, in the CheXpert table"),
    Fault("bad-cell", "a CheXpert cell of 2.0"),
    Fault("not-utf8", "a report with one byte that is not UTF-8"),
    Fault("stray-split-row", "a split row whose picture no other table knows"),
    Fault("stray-report", "a report whose study no table knows"),
    Fault("contradicting-row", "a second CheXpert row of a study that says otherwise", 40),
)
_STUDY_FAULTS: Final = tuple(fault.name for fault in FAULTS[:6])
_ROW_FAULTS: Final = {
    "duplicate-row": 1,
    "bad-cell": 2,
    "not-utf8": 3,
    "stray-split-row": 0,
    "stray-report": 0,
    "contradicting-row": 20,
}


class Look(NamedTuple):
    """How a picture is taken and what the metadata table says of it."""

    paint: str
    position: str
    code: str
    orientation: str
    procedure: str


_PA: Final = Look("PA", "PA", "postero-anterior", "Erect", "CHEST (PA AND LAT)")
_AP: Final = Look("AP", "AP", "antero-posterior", "", "CHEST (PORTABLE AP)")
_LATERAL: Final = Look("LATERAL", "LATERAL", "lateral", "Erect", "CHEST (PA AND LAT)")
_LL: Final = Look("LATERAL", "LL", "left lateral", "Erect", "CHEST (PA AND LAT)")

# One more picture for some studies of the train split, by their number; they come again every twenty studies.
_EXTRA: Final = {
    0: Look("AP", "", "", "", "CHEST (PORTABLE AP)"),
    1: Look("PA", "LAO", "left anterior oblique", "Erect", "CHEST (PA AND LAT)"),
    2: Look("DECUBITUS", "AP LLD", "antero-posterior", "Recumbent", "CHEST (LAT DECUB ONLY)"),
    3: Look("LATERAL", "SWIMMERS", "", "", "CHEST (PORTABLE AP)"),
    4: Look("ABDOMEN", "", "", "", "PORTABLE ABDOMEN"),
    7: Look("AP", "", "Recumbent", "", "CHEST (SINGLE VIEW)"),
    9: Look("LATERAL", "", "lateral", "Erect", "CHEST (PA AND LAT)"),
}
# The frontal itself, written down otherwise: a view that only its code tells, and an orientation in the code's column.
_INSTEAD: Final = {
    5: Look("AP", "", "antero-posterior", "", "CHEST (PORTABLE AP)"),
    6: Look("PA", "PA", "Erect", "", "CHEST (PA AND LAT)"),
}
_LATERAL_ONLY: Final = 8
_OTHER_VIEW: Final = {"PA": _AP, "AP": _PA}
_MOST_FOLLOW_UPS: Final = 2
_FAULT_CASE: Final = 54


@dataclass
class Picture:
    """One picture. `rows` and `columns` are those of the sound file; `stored` is what lies on disk (None: nothing)."""

    dicom_id: str
    look: Look
    rows: int = 0
    columns: int = 0
    sound: bytes = b""
    stored: bytes | None = b""


@dataclass
class Study:
    """One study: `number` counts the studies of its split; `states` maps findings to present, absent, uncertain."""

    study_id: int
    subject_id: int
    split: str
    number: int
    date: int
    time: str
    states: dict[str, str]
    has_prior: bool
    sex: str
    fault: str = ""
    pictures: list[Picture] = field(default_factory=list)
    report: bytes = b""
    after: Study | None = None
    course: Course | None = None
    trap: str = ""

    def signs(self, seed: int) -> dict[str, Sign]:
        """Where and how large each finding is: in a follow-up where it was, and as large as its course has made it."""
        said = [finding for finding, state in self.states.items() if state != "absent"]
        own = place(said, f"study {self.study_id}", seed)
        if self.after is None or self.course is None:
            return own
        then, course = self.after.signs(seed), self.course
        now = {finding: then.get(finding, sign) for finding, sign in own.items()}
        grown = resized(then[course.finding], course.told) if course.finding in then else None
        return now if grown is None else {**now, course.finding: grown}

    @property
    def folder(self) -> str:
        """`p10/p10990001`, below files/."""
        return f"p{str(self.subject_id)[:2]}/p{self.subject_id}"

    @property
    def portable(self) -> bool:
        """Taken at the bedside."""
        return self.pictures[0].look.paint == "AP"


@dataclass
class Cohort:
    """All studies, and the fault's name to the id (of a study or a picture) that it befell."""

    seed: int
    studies: list[Study]
    faults: dict[str, str]
    stray_dicom: str = ""
    stray_report: Study | None = None

    def of(self, split: str) -> list[Study]:
        """The studies of a split, in the order in which they were made."""
        return [study for study in self.studies if study.split == split]


def make_cohort(patients: int, seed: int) -> Cohort:
    """Plan a cohort: no picture is painted and no report written yet."""
    ids = _Ids(Numbers(1, seed, "subject"), Numbers(5, seed, "study"), seed, Dealer())
    studies: list[Study] = []
    counts = {"train": 0, "val": 0, "test": 3}
    trains = [index for index in range(patients) if split_of(index) == "train"]
    for index in range(patients):
        faults = [
            name
            for k, name in enumerate(_STUDY_FAULTS)
            if split_of(index) == "train" and trains[k % len(trains)] == index
        ]
        studies += _patient(index, ids, counts, faults)
    cohort = Cohort(seed, studies, {study.fault: _befallen(study) for study in studies if study.fault})
    _row_faults(cohort, patients, ids)
    return cohort


class _Ids(NamedTuple):
    subjects: Numbers
    studies: Numbers
    seed: int
    dealer: Dealer

    def dicom(self, key: str) -> str:
        text = Choice(self.seed, key).noise("dicom", 20).hex()
        return "-".join(text[i : i + 8] for i in range(0, 40, 8))


def _patient(index: int, ids: _Ids, counts: dict[str, int], faults: list[str]) -> list[Study]:
    """The studies of one patient, in order of time; those with a fault are added at the end."""
    choice, split = Choice(ids.seed, f"patient {index}"), split_of(index)
    subject, sex = ids.subjects.next(f"patient {index}"), choice.pick("sex", ("woman", "man"))
    many = 1 + (index % 2 == 0) if split == "train" else 2 + (index < 20 or choice.chance("third", 0.5))
    day, studies = choice.number("day") % 36_000, list[Study]()
    for k, fault in enumerate([""] * many + faults):
        day += 3 + choice.number(f"gap {k}") % 300
        own = Choice(ids.seed, f"patient {index} study {k}")
        study = Study(
            study_id=ids.studies.next(own.key),
            subject_id=subject,
            split=SPLIT_NAMES[split],
            number=-1 if fault else counts[split],
            date=_date(day),
            time=_time(own),
            states=_states(split, counts[split], own, fault),
            has_prior=bool(studies),
            sex=sex,
            fault=fault,
        )
        study.pictures = _pictures(study, ids)
        counts[split] += not fault
        studies.append(study)
        if split == "train" and k == many - 1:
            studies += _follow_ups(study, day, ids, index)
    return studies


def _follow_ups(last: Study, day: int, ids: _Ids, index: int) -> list[Study]:
    """Up to two studies on the days after a frontal one: of a finding that it has, or now and then of a new one."""
    found: list[Study] = []
    if last.pictures[0].look.paint not in _OTHER_VIEW or not (_has_course(last) or index % 4 == 0):
        return found
    for k in range(_MOST_FOLLOW_UPS):
        told = ids.dealer.deal(last.states, last.signs(ids.seed))
        if told is not None:
            last = _follow_up(last, told, Choice(ids.seed, f"patient {index} follow-up {k}"), day + 1 + k, ids)
            found.append(last)
    return found


def _has_course(study: Study) -> bool:
    return any(study.states.get(name) == "present" for name in NOUNS)


def _follow_up(last: Study, told: FollowUp, own: Choice, day: int, ids: _Ids) -> Study:
    before = last.pictures[0].look.paint
    look = _OTHER_VIEW[before] if told.trap == "other view" else {"PA": _PA, "AP": _AP}[before]
    study_id = ids.studies.next(own.key)
    return replace(
        last, study_id=study_id, number=-1, date=_date(day), time=_time(own), states=told.states, has_prior=True,
        pictures=[Picture(ids.dicom(f"study {study_id} picture 0"), look)], after=last, course=told.course,
        trap=told.trap,
    )  # fmt: skip


def _states(split: str, number: int, choice: Choice, fault: str) -> dict[str, str]:
    """The case's states, now and then as a tool that reads reports gets them wrong."""
    if fault:
        return {} if fault in ("unlabelled-study", "blank-study") else case_states(_FAULT_CASE, choice)
    states = case_states(number, choice)
    if split == "train" and number in (4, 23):  # a parent denied beside its child
        states["Lung Opacity"] = "absent"
    if split == "train" and number in (16, 35):  # a disease beside "no finding"
        states = {"No Finding": "present", **states}
    return states


def _pictures(study: Study, ids: _Ids) -> list[Picture]:
    choice = Choice(ids.seed, f"study {study.study_id}")
    portable = choice.chance("portable", 0.7 if "Support Devices" in study.states else 0.4)
    place = study.number % 20 if study.split == "train" else -1
    looks = [_AP if portable or study.fault else _INSTEAD.get(place, _PA)]
    if place in _INSTEAD:
        looks = [_INSTEAD[place]]
    if looks[0].paint == "PA" and choice.chance("lateral", 0.85):
        looks.append(choice.pick("side", (_LATERAL, _LL)))
    if looks[0].paint == "AP" and not study.fault and choice.chance("again", 0.12):
        looks.append(_AP)
    if place == _LATERAL_ONLY:
        looks = [_LL]
    looks += [_EXTRA[place]] if place in _EXTRA else []
    return [Picture(ids.dicom(f"study {study.study_id} picture {i}"), look) for i, look in enumerate(looks)]


def _befallen(study: Study) -> str:
    return study.pictures[0].dicom_id if study.fault.endswith("image") else str(study.study_id)


def _row_faults(cohort: Cohort, patients: int, ids: _Ids) -> None:
    least = {fault.name: fault.least_patients for fault in FAULTS}
    healthy = {study.number: study for study in cohort.of("train") if not study.fault}
    for name, number in _ROW_FAULTS.items():
        if patients >= least[name]:
            cohort.faults[name] = str(healthy[number if number in healthy else 0].study_id)
    cohort.stray_dicom = cohort.faults["stray-split-row"] = ids.dicom("stray picture")
    first = healthy[0]
    cohort.stray_report = replace(first, study_id=ids.studies.next("stray report"), states=dict(first.states))
    cohort.faults["stray-report"] = str(cohort.stray_report.study_id)


def _date(day: int) -> int:
    """A day of the shifted calendar, 2105 on, as YYYYMMDD."""
    from datetime import date, timedelta

    return int((date(2105, 1, 1) + timedelta(days=day)).strftime("%Y%m%d"))


def _time(choice: Choice) -> str:
    """HHMMSS.fff as a float writes it: no zeros in front, none at the end."""
    hour = choice.pick("hour", (0, 5, 8, 9, 10, 13, 15, 17, 21, 23))
    whole = hour * 10_000 + choice.number("minute") % 60 * 100 + choice.number("second") % 60
    part = f"{choice.number('ms') % 1000:03d}".rstrip("0") or "0"
    return f"{whole}.{part}"
