"""The synthetic reports of OpenI: numbers, pictures with names and views, states, and what is broken on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import Numbers, case_states
from cxdata.phantom.faults import Fault

FAULTS: Final = (
    Fault("missing-image", "a picture that the report lists and that is not there"),
    Fault("truncated-image", "a PNG cut in half"),
    Fault("empty-image", "a PNG of zero bytes"),
    Fault("black-image", "a sound PNG that is black all over"),
    Fault("no-view", "a picture that Kaggle's table does not list"),
    Fault("bad-view", "a picture whose projection is no word that the table uses"),
    Fault("stray-view", "a row of Kaggle's table whose picture no report lists"),
    Fault("garbage", "a report whose findings are one word that tells nothing"),
    Fault("no-indexing", "a report that nobody could index"),
    Fault("bad-quality", "a report whose index terms say, before others, that the picture is poor"),
    Fault("no-text", "a report with pictures and without findings and impression, indexed as normal"),
    Fault("broken-xml", "an XML file cut in half"),
    Fault("entities", "an XML file that declares an entity"),
    Fault("other-report", "an XML file with the report of another number"),
)
_PICTURE_FAULTS: Final = tuple(fault.name for fault in FAULTS[:6])
_TEXT_FAULTS: Final = {"garbage": 1, "no-indexing": 6, "bad-quality": 3}
UNUSABLE: Final = ("no-text", "broken-xml", "entities", "other-report")

# Last block of a picture's name, and its view; the kinds come in turn. The first five have names that tell the view.
_KINDS: Final = (
    (("1001", "PA"), ("2001", "LATERAL")),
    (("1001", "PA"), ("1002", "LATERAL")),
    (("1001", "LATERAL"), ("4004", "PA")),
    (("1001", "PA"), ("2001", "LATERAL"), ("3001", "PA")),
    (("2002", "PA"), ("3003", "LATERAL")),
    (("0001-0001", "LATERAL"), ("0001-0002", "PA")),
    (),
    (("2001", "LATERAL"),),
    (("1001", "PA"),),
)


@dataclass
class Picture:
    """One picture: its name in the XML, its view, the projection in Kaggle's table (empty: not listed)."""

    stem: str
    view: str
    projection: str
    fault: str = ""

    @property
    def dicom_stem(self) -> str:
        """Its name in the DICOM archive and at Kaggle."""
        return self.stem.removeprefix("CXR")


@dataclass
class Case:
    """One report. `nth` counts the usable ones; `states` maps findings to present, absent, uncertain."""

    number: int
    nth: int
    states: dict[str, str]
    pictures: list[Picture] = field(default_factory=list)
    fault: str = ""

    @property
    def key(self) -> str:
        """What its choices hang on."""
        return f"report {self.number}"


@dataclass
class Cohort:
    """Usable reports, then those that are rejected; `faults` maps each fault to the number or picture it befell."""

    seed: int
    cases: list[Case]
    faults: dict[str, str]
    stray: str

    @property
    def usable(self) -> list[Case]:
        """The reports that can be read: one a patient."""
        return [case for case in self.cases if case.fault not in UNUSABLE]


def make_cohort(patients: int, seed: int) -> Cohort:
    """Plan `patients` reports and four that cannot be used: no picture is painted and no text written yet."""
    numbers = Numbers(9, seed, "report")
    cases = [_case(numbers.next(f"report {nth}"), nth, seed) for nth in range(patients)]
    cases += [_case(numbers.next(fault), 0, seed, fault) for fault in UNUSABLE]
    cohort = Cohort(seed, cases, {case.fault: str(case.number) for case in cases if case.fault}, "")
    _befall(cohort, patients)
    cohort.stray = f"{numbers.next('stray')}_IM-0001-1001"
    cohort.faults["stray-view"] = cohort.stray
    return cohort


def _case(number: int, nth: int, seed: int, fault: str = "") -> Case:
    kind = _KINDS[nth % len(_KINDS)]
    series = Choice(seed, f"report {number}").number("series") % 9000 + 1000
    pictures = [
        Picture(f"CXR{number}_IM-{series:04d}-{block}", view, "Lateral" if view == "LATERAL" else "Frontal")
        for block, view in kind
    ]
    return Case(number, nth, case_states(nth, Choice(seed, f"report {number}")), pictures, fault)


def _befall(cohort: Cohort, patients: int) -> None:
    for fault, nth in _TEXT_FAULTS.items():
        case = cohort.cases[nth % patients]
        if not case.fault:
            case.fault, cohort.faults[fault] = fault, str(case.number)
    shown = [picture for case in cohort.usable for picture in case.pictures]
    for fault, picture in zip(_PICTURE_FAULTS, reversed(shown), strict=False):
        picture.fault, cohort.faults[fault] = fault, picture.stem
        if fault in ("no-view", "bad-view"):
            picture.projection = "" if fault == "no-view" else "Oblique"
