"""A planned cohort of pictures, for sources of labels and boxes: who, in which split, what is seen, what is broken.

A source says in a `Plan` what is its own (cases, names, faults); `plan_pictures` deals cases and faults out and
`paint_all` draws what was planned and notes where. The source itself writes its tables and names its files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import Case, Numbers, split_of
from cxdata.phantom.faults import PICTURE_FAULTS, Fault, damaged
from cxdata.phantom.jpeg import black_like
from cxdata.phantom.radiograph import paint

Corners = tuple[float, float, float, float]
Encode = Callable[["Picture", Image.Image], bytes]

FAULT_CASE: Final = Case(("Pleural Effusion",))
ADULT: Final = (20, 88)  # years: the youngest, and the first that is too old
_OF_TEST: Final = 2  # a split of few pictures begins with another case, so that it has more of them


@dataclass
class Picture:
    """One picture of a patient: `order` counts within the patient, `stored` is what lies on disk (None: nothing).

    `boxes` holds corners (x0, y0, x1, y1) in pixels of the stored picture, whose `size` is width and height, for each
    canonical finding that was drawn. `name` is the native stem.
    """

    name: str
    patient: int
    order: int
    split: str
    case: Case
    view: str
    age: int
    sex: str
    fault: str = ""
    size: tuple[int, int] = (0, 0)
    stored: bytes | None = b""
    boxes: dict[str, tuple[Corners, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a source's cohort is made of.

    `cases` are dealt in turn, apart in each split; `name` makes a native stem from the patient's number, the picture's
    place among the patient's and its place among all. The faults named in `own` befall a picture of their own, of a
    patient of train, that shows `fault_case`; all others are the tables' to plant. `most` is how many sound pictures a
    patient has at most (1, 2, … in turn); `splits` names the splits that are published: a patient of one that is not is
    train.
    """

    cases: Sequence[Case]
    name: Callable[[int, int, int], str]
    faults: Sequence[Fault] = PICTURE_FAULTS
    own: Sequence[str] = tuple(fault.name for fault in PICTURE_FAULTS)
    fault_case: Case = FAULT_CASE
    splits: Sequence[str] = ("train", "val", "test")
    views: Mapping[str, float] = field(default_factory=lambda: {"PA": 1.0})
    ages: tuple[int, int] = ADULT
    most: int = 3
    first_digit: int = 0


@dataclass
class Cohort:
    """All pictures, by patient and order; `faults` maps each fault's name to the stem of the picture it befell.

    `stray` is the stem of a picture that no table lists.
    """

    seed: int
    pictures: list[Picture]
    faults: dict[str, str]
    stray: str

    def of(self, *splits: str) -> list[Picture]:
        """The pictures of these splits."""
        return [picture for picture in self.pictures if picture.split in splits]

    def hit(self, fault: str) -> Picture:
        """The picture that a fault befell. KeyError where the cohort is too small for it."""
        return next(picture for picture in self.pictures if picture.name == self.faults[fault])


def plan_pictures(plan: Plan, patients: int, seed: int) -> Cohort:
    """Plan a cohort of at least two patients; no picture is painted yet.

    Every fault but those of `plan.own` befalls a sound picture of train, in turn, so that the tables can plant it.
    """
    patients = max(patients, 2)
    numbers = Numbers(plan.first_digit, seed, "patient")
    splits = [_split(plan, index, patients) for index in range(patients)]
    trains = [index for index, split in enumerate(splits) if split == "train"]
    there = [fault.name for fault in plan.faults if patients >= fault.least_patients]
    own = [name for name in there if name in plan.own]
    turns = {split: _OF_TEST * (split != "train") for split in plan.splits}
    pictures: list[Picture] = []
    for index, split in enumerate(splits):
        faults = [name for k, name in enumerate(own) if trains[k % len(trains)] == index]
        cases = [plan.cases[(turns[split] + k) % len(plan.cases)] for k in range(1 + index % plan.most)]
        turns[split] += len(cases)
        number, choice = numbers.next(f"patient {index}"), Choice(seed, f"patient {index}")
        told = [*((case, "") for case in cases), *((plan.fault_case, name) for name in faults)]
        start = len(pictures)
        pictures += [
            _picture(plan, plan.name(number, order, start + order), number, split, order, one, choice)
            for order, one in enumerate(told)
        ]
    befallen = {picture.fault: picture.name for picture in pictures if picture.fault}
    sound = [picture.name for picture in pictures if picture.split == "train" and not picture.fault]
    rest = [name for name in there if name not in plan.own]
    befallen |= {name: sound[k % len(sound)] for k, name in enumerate(rest)}
    return Cohort(seed, sorted(pictures, key=lambda p: (p.patient, p.order)), befallen,
                  plan.name(numbers.next("stray"), 0, len(pictures)))  # fmt: skip


def paint_all(cohort: Cohort, encode: Encode, *, scale: float = 1.0, square_px: int | None = None) -> None:
    """Paint every picture, note its size and boxes, and store it as `encode` makes it, or as its fault left it.

    A film of about 256 x 312 pixels is enlarged by `scale`, or squeezed to a square of `square_px`.
    """
    for picture in cohort.pictures:
        film = paint(
            [name for name in picture.case.present if name != "No Finding"], picture.view,
            f"picture {picture.name}", seed=cohort.seed, uncertain=picture.case.uncertain,
            patient=f"patient {picture.patient}",
        )  # fmt: skip
        width, height = film.image.size
        picture.size = (square_px, square_px) if square_px else (round(width * scale), round(height * scale))
        across, down = picture.size[0] / width, picture.size[1] / height
        picture.boxes = {
            finding: tuple((x0 * across, y0 * down, x1 * across, y1 * down) for x0, y0, x1, y1 in boxes)
            for finding, boxes in film.boxes.items()
        }
        image = film.image.resize(picture.size, Image.Resampling.BILINEAR)
        image = black_like(image) if picture.fault == "black-image" else image
        picture.stored = damaged(picture.fault, encode(picture, image))


def _split(plan: Plan, index: int, patients: int) -> str:
    """By the rule of all cohorts; the last of two or three patients is of test, so that both sides are there."""
    split = "test" if patients < 4 and index == patients - 1 else split_of(index)
    return split if split in plan.splits else "train"


def _picture(
    plan: Plan, name: str, number: int, split: str, order: int, told: tuple[Case, str], of_patient: Choice
) -> Picture:
    case, fault = told
    view = _share(plan.views, Choice(of_patient.seed, f"{of_patient.key} picture {order}").unit("view"))
    low, high = plan.ages
    age = low + of_patient.number("age") % (high - low)
    return Picture(name, number, order, split, case, view, age, of_patient.pick("sex", ("F", "M")), fault)


def _share(shares: Mapping[str, float], place: float) -> str:
    """The name whose share of the whole, in order, holds a place from 0 to 1."""
    left = place * sum(shares.values())
    for name, share in shares.items():
        left -= share
        if left < 0:
            return name
    return list(shares)[-1]
