"""The synthetic pictures of VinDr-CXR: who read them, what each reader saw and boxed, and what is broken on purpose."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.faults import Fault
from cxdata.sources.vindr_cxr.names import CANONICAL, GLOBAL, NO_FINDING, OTHER_LESION

BUSY: Final = ("R8", "R9", "R10")  # who read nearly all abnormal pictures of the real collection
OTHERS: Final = ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R11", "R12", "R13", "R14", "R15", "R16", "R17")
READERS: Final = 3
Corners = tuple[float, float, float, float]

# Labels of a picture, and how many of the three readers saw each.
CASES: Final[tuple[Mapping[str, int], ...]] = (
    {"Aortic enlargement": 3, "Cardiomegaly": 3},
    {},
    {"Pleural effusion": 3, "Cardiomegaly": 2, "Lung Opacity": 1},
    {"Nodule/Mass": 3, "Lung tumor": 2},
    {"Pneumothorax": 3},
    {},
    {"Consolidation": 2, "Pneumonia": 2, "Infiltration": 1},
    {"Pulmonary fibrosis": 3, "Pleural thickening": 2, "Tuberculosis": 2},
    {"Rib fracture": 2, "Clavicle fracture": 1, OTHER_LESION: 2},
    {"Lung Opacity": 3, "Calcification": 1},
    {},
    {"Cardiomegaly": 3, "Pleural effusion": 2},
    {"Emphysema": 3, "COPD": 2, "Lung cyst": 1},
    {"ILD": 3, "Aortic enlargement": 2},
    {"Atelectasis": 2, "Mediastinal shift": 2},
    {"Nodule/Mass": 2, "Aortic enlargement": 1},
    {},
    {"Calcification": 3, OTHER_LESION: 1},
    {"Lung cavity": 2, "Infiltration": 2, "Other diseases": 2},
    {"Edema": 3, "Enlarged PA": 2},
    {"Clavicle fracture": 3},
    {"Pneumothorax": 2, "Pleural effusion": 1},
)


FAULTS: Final = (
    Fault("missing-image", "a picture that the tables list and that is not there"),
    Fault("truncated-image", "a DICOM file cut in half"),
    Fault("empty-image", "a file of zero bytes"),
    Fault("black-image", "a sound DICOM file that is black all over"),
    Fault("two-readers", "a picture of which the row of one reader is gone"),
    Fault("bad-cell", "a label of a reader that is neither 0 nor 1"),
    Fault("apart", "a finding that two readers boxed in one place and the third in another"),
    Fault("no-agreement", "a finding that two readers boxed in two places"),
    Fault("bad-id", "a row whose picture has no proper name"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
    Fault("stray-box", "a box on a picture that the labels do not have"),
    Fault("bad-box", "a box that ends before it begins"),
    Fault("unknown-class", "a box of a class that the source does not have"),
)
_OF_PICTURES: Final = FAULTS[:6]


@dataclass
class Picture:
    """One picture. `seen` maps each reader to the labels it saw; `boxes` those that have boxes to corners, by reader.

    A test picture has one reader, the consensus, called by the empty string.
    """

    stem: str
    split: str
    case: Mapping[str, int]
    readers: tuple[str, ...]
    seen: dict[str, list[str]]
    fault: str = ""
    size: tuple[int, int] = (0, 0)
    boxes: dict[str, list[tuple[str, Corners]]] = field(default_factory=dict)
    stored: bytes | None = b""

    @property
    def present(self) -> list[str]:
        """Canonical names of what most readers saw."""
        return self._named(2, READERS)

    @property
    def uncertain(self) -> list[str]:
        """Canonical names of what one reader saw."""
        return self._named(1, 1)

    def _named(self, least: int, most: int) -> list[str]:
        votes = {label: n for label, n in self.case.items() if least <= n <= most}
        return [painted(label) for label in votes if painted(label)]


@dataclass
class Cohort:
    """All pictures; `faults` maps each fault to the picture it befell; `stray` is the name of none of them."""

    seed: int
    pictures: list[Picture]
    faults: dict[str, str]
    stray: str

    def of(self, split: str) -> list[Picture]:
        """The pictures of one split."""
        return [picture for picture in self.pictures if picture.split == split]


def painted(label: str) -> str:
    """What is painted for a label, if anything: an `other lesion` is one of a bone.

    A tumor or a pneumonia is diagnosed from the nodule or consolidation that stands beside it in every case: painted on
    its own it would be a second one without a box.
    """
    if label in ("Lung tumor", "Pneumonia"):
        return ""
    return "Bone Lesion" if label == OTHER_LESION else CANONICAL[label] or ""


def make_cohort(patients: int, seed: int) -> Cohort:
    """Plan a cohort of `patients` pictures (two at least: one of each split), each of a patient of its own.

    No picture is painted yet.
    """
    patients = max(patients, 2)
    pictures: list[Picture] = []
    counts = {"train": 0, "test": 0}
    for index in range(patients):
        split = "test" if index % 5 == 3 or (patients <= 3 and index == patients - 1) else "train"
        pictures.append(_picture(index, split, counts[split], seed))
        counts[split] += 1
    cohort = Cohort(seed, pictures, {}, _stem("stray", seed))
    _befall(cohort)
    return cohort


def _stem(key: str, seed: int) -> str:
    """Thirty-two hexadecimal characters that show what they are: all begin with eight zeros."""
    return "0" * 8 + hashlib.blake2b(f"{seed} {key}".encode(), digest_size=12).hexdigest()


def _picture(index: int, split: str, nth: int, seed: int) -> Picture:
    choice = Choice(seed, f"picture {index}")
    # Test pictures begin with another case, so that a small cohort has more of them.
    case = CASES[(nth + 2 * (split == "test")) % len(CASES)]
    readers = _readers(case, choice) if split == "train" else ("",)
    return Picture(_stem(f"picture {index}", seed), split, case, readers, _seen(case, readers, choice))


def _readers(case: Mapping[str, int], choice: Choice) -> tuple[str, ...]:
    """R8, R9 and R10 read what is abnormal, and an eighth of what is not."""
    if case or choice.chance("busy", 0.125):
        return BUSY
    first = choice.number("readers") % len(OTHERS)
    return tuple(OTHERS[(first + 3 * k) % len(OTHERS)] for k in range(READERS))


def _seen(case: Mapping[str, int], readers: tuple[str, ...], choice: Choice) -> dict[str, list[str]]:
    """Who saw what: of three readers as many as the case says; a consensus sees what two or three would."""
    seen: dict[str, list[str]] = {reader: [] for reader in readers}
    for label, votes in case.items():
        first = choice.number(f"who {label}") % len(readers)
        many = votes if len(readers) > 1 else int(votes > 1)
        who = [readers[(first + k) % len(readers)] for k in range(many)]
        for reader in who:
            seen[reader].append(label)
    # No picture is normal for one reader and abnormal for another: whoever saw nothing there saw some opacity.
    if len(readers) == 1 or not case:
        return {reader: labels or [NO_FINDING] for reader, labels in seen.items()}
    return {reader: labels or ["Lung Opacity"] for reader, labels in seen.items()}


def _befall(cohort: Cohort) -> None:
    train = cohort.of("train")
    for fault, picture in zip(_OF_PICTURES, reversed(train), strict=False):
        picture.fault, cohort.faults[fault.name] = fault.name, picture.stem
    sound = [picture for picture in train if not picture.fault] or train
    cohort.faults |= dict.fromkeys(("bad-id", "duplicate-row", "bad-box", "unknown-class"), sound[0].stem)
    cohort.faults["stray-box"] = cohort.stray
    for name, votes in (("apart", 3), ("no-agreement", 2)):
        picture = next((p for p in reversed(sound) if boxed_label(p, votes)), sound[-1])
        cohort.faults[name] = picture.stem


def boxed_label(picture: Picture, votes: int) -> str | None:
    """The first label with a box that so many readers saw."""
    return next((label for label, n in picture.case.items() if n == votes and label not in GLOBAL), None)
