"""The synthetic patients and pictures of ChestX-ray14: who, when, from which side, and what is broken on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import Numbers, split_of
from cxdata.phantom.faults import Fault
from cxdata.sources.chestxray14.labels import CANONICAL

NATIVE: Final = {canonical: native for native, canonical in CANONICAL.items()}
CASES: Final = (
    ("No Finding",), ("Infiltration",), ("Pleural Effusion", "Atelectasis"), ("Pneumothorax",), ("Mass", "Fibrosis"),
    ("Cardiomegaly", "Edema"), ("No Finding",), ("Nodule",), ("Consolidation", "Pleural Thickening"), ("Pneumonia",),
    ("Emphysema", "Pneumothorax"), ("Atelectasis",), ("No Finding",), ("Pleural Effusion", "Cardiomegaly"),
    ("Hernia",), ("Infiltration", "Mass", "Pleural Effusion"), ("Edema",), ("Pleural Thickening",), ("Fibrosis",),
)  # fmt: skip


FAULTS: Final = (
    Fault("missing-image", "a picture that the table lists and that is not there"),
    Fault("truncated-image", "a PNG cut in half"),
    Fault("empty-image", "a PNG of zero bytes"),
    Fault("black-image", "a sound PNG that is black all over"),
    Fault("unknown-label", "a picture with a label that the source does not have"),
    Fault("no-view", "a picture whose view is blank"),
    Fault("other-patient", "a row whose patient is not the one of the picture's name"),
    Fault("unlisted", "a picture in neither list, of a patient with others that are listed"),
    Fault("contradicting-rows", "two rows of one picture with different labels", 40),
    Fault("old-age", "in the table of 2017, an age of 411 years"),
    Fault("rgba-image", "a PNG of four channels, of which the real download holds 519"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
    Fault("bad-name", "a row whose picture's name has letters for its number"),
    Fault("stray-list-row", "a name in the train_val list that the table does not have"),
    Fault("stray-box", "a box on a picture that the table does not have"),
    Fault("bad-box", "a box of negative width"),
    Fault("double-box", "a box that stands twice"),
)
_OWN_PICTURE: Final = tuple(fault for fault in FAULTS[:9])


@dataclass
class Picture:
    """One picture: `nnn` is the number in its name, `order` its place in time, `stored` what lies on disk, if any."""

    patient: int
    nnn: int
    order: int
    split: str
    findings: tuple[str, ...]
    view: str
    age: int
    sex: str
    original: tuple[int, int]
    fault: str = ""
    stored: bytes | None = b""
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """`01990123_004`."""
        return f"{self.patient:08d}_{self.nnn:03d}"

    @property
    def name(self) -> str:
        """`01990123_004.png`."""
        return f"{self.stem}.png"

    @property
    def labels(self) -> str:
        """The cell `Finding Labels`."""
        words = [NATIVE[finding] for finding in self.findings]
        return "|".join(sorted([*words, "Sternotomy"] if self.fault == "unknown-label" else words))


@dataclass
class Cohort:
    """All pictures by patient and time, and the fault's name to the stem that it befell."""

    seed: int
    pictures: list[Picture]
    faults: dict[str, str]
    stray: str

    def of(self, split: str) -> list[Picture]:
        """The pictures of a split, without those that are in no list."""
        return [p for p in self.pictures if p.split == split and p.fault != "unlisted"]

    def hit(self, fault: str) -> Picture:
        """The picture that a fault befell."""
        return next(p for p in self.pictures if p.stem == self.faults[fault])


def make_cohort(patients: int, seed: int) -> Cohort:
    """Plan a cohort: no picture is painted yet."""
    numbers = Numbers(0, seed, "patient")
    trains = [index for index in range(patients) if _split(index, patients) == "train"]
    counts = {"train": 0, "test": 2}
    pictures: list[Picture] = []
    for index in range(patients):
        own = [fault.name for k, fault in enumerate(_OWN_PICTURE) if trains[k % len(trains)] == index]
        pictures += _patient(index, numbers.next(f"patient {index}"), seed, counts, own, patients)
    pictures.sort(key=lambda p: (p.patient, p.order))
    cohort = Cohort(seed, pictures, {p.fault: p.stem for p in pictures if p.fault}, "")
    _row_faults(cohort, numbers)
    return cohort


def _split(index: int, patients: int) -> str:
    """Test for those of every cohort's test split, and for the last of two or three patients."""
    is_last_of_few = 1 < patients < 4 and index == patients - 1
    return "test" if split_of(index) == "test" or is_last_of_few else "train"


def _patient(
    index: int, number: int, seed: int, counts: dict[str, int], own_faults: list[str], patients: int
) -> list[Picture]:
    """The pictures of one patient in order of time, those with a fault last; no age falls from one to the next."""
    choice, split = Choice(seed, f"patient {index}"), _split(index, patients)
    many = 2 + choice.number("many") % 2 if split == "test" else 1 + index % 3
    least = {fault.name: fault.least_patients for fault in FAULTS}
    faults = [""] * many + [name for name in own_faults if patients >= least[name]]
    age, sex = _first_age(index, choice), choice.pick("sex", ("F", "M"))
    turned = index % 2 == 1 and many == len(faults)  # names of some patients are not in order of time
    pictures = []
    for order, fault in enumerate(faults):
        one = Choice(seed, f"patient {index} picture {order}")
        age += one.number("gap") % 2 if order else 0
        case = CASES[counts[split] % len(CASES)] if not fault else ("Pleural Effusion",)
        pictures.append(
            Picture(
                patient=number,
                nnn=(order + 1) % len(faults) if turned else order,
                order=order,
                split=split,
                findings=case,
                view="AP" if one.chance("bedside", 0.6 if "Edema" in case else 0.35) else "PA",
                age=age,
                sex=sex,
                original=one.pick("size", ((2500, 2048), (2048, 2500), (2992, 2991), (3056, 2544))),
                fault=fault,
            )
        )
        counts[split] += not fault
    return pictures


def _first_age(index: int, choice: Choice) -> int:
    """Every sixth patient is a child."""
    return choice.number("age") % 15 + 2 if index % 6 == 4 else choice.number("age") % 68 + 20


def _row_faults(cohort: Cohort, numbers: Numbers) -> None:
    healthy = [p for p in cohort.of("train") if not p.fault]
    boxed = next(p for p in cohort.of("test") if not p.fault) if cohort.of("test") else healthy[0]
    for i, name in enumerate(("old-age", "rgba-image", "duplicate-row")):
        cohort.faults[name] = healthy[i % len(healthy)].stem
    cohort.stray = f"{numbers.next('stray'):08d}_000"
    cohort.faults |= dict.fromkeys(("stray-list-row", "stray-box"), cohort.stray)
    cohort.faults |= {"bad-name": healthy[0].stem, "bad-box": boxed.stem, "double-box": boxed.stem}
