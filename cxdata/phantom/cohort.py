"""Who is in a synthetic cohort: splits, made-up numbers, and a mix of cases over CheXpert's fourteen labels.

Cases are dealt in turn, apart in each split, so that every finding is present, absent and uncertain somewhere and every
study with a finding states at least three unrelated ones absent (mostly four to six): questions with distractors exist
even in small cohorts.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cxdata.model.errors import UsageError
from cxdata.phantom.choice import Choice

FOURTEEN: Final = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
)  # fmt: skip
SALIENT: Final = ("Pneumothorax", "Pleural Effusion", "Edema", "Consolidation", "Pneumonia", "Lung Lesion", "Fracture")
LEAST_ABSENT: Final = 4

# is_a and overlaps of the vocabulary, as far as the fourteen go: an absence is not stated of a finding's relatives
_RELATED: Final = frozenset(
    frozenset(pair)
    for pair in (
        *(("Lung Opacity", child) for child in ("Consolidation", "Pneumonia", "Edema", "Atelectasis", "Lung Lesion")),
        ("Enlarged Cardiomediastinum", "Cardiomegaly"),
        ("Pneumonia", "Consolidation"),
        ("Consolidation", "Atelectasis"),
    )
)
_OTHER_ABSENCES: Final = {
    "Cardiomegaly": 0.5, "Enlarged Cardiomediastinum": 0.35, "Lung Opacity": 0.3, "Atelectasis": 0.25,
    "Pleural Other": 0.15, "Support Devices": 0.12,
}  # fmt: skip


class Case(NamedTuple):
    """What a study shows and what its report leaves open."""

    present: tuple[str, ...]
    uncertain: tuple[str, ...] = ()


CASES: Final = (
    Case(("Pleural Effusion", "Atelectasis")),
    Case(("Cardiomegaly",)),
    Case(("No Finding",)),
    Case(("Pneumothorax", "Support Devices")),
    Case(("Edema", "Cardiomegaly", "Support Devices"), ("Pleural Effusion",)),
    Case(("Pneumonia",), ("Consolidation",)),
    Case(("No Finding", "Support Devices")),
    Case(("Consolidation", "Lung Opacity"), ("Lung Lesion",)),
    Case(("Lung Lesion",), ("Lung Opacity",)),
    Case(("Fracture",), ("Pneumothorax",)),
    Case(("No Finding",)),
    Case(("Pleural Effusion", "Edema"), ("Support Devices",)),
    Case(("Pleural Other",), ("Atelectasis",)),
    Case(("Enlarged Cardiomediastinum", "Cardiomegaly"), ("Edema",)),
    Case(("Atelectasis", "Lung Opacity"), ("Pneumonia",)),
    Case(("Pneumothorax",), ("Fracture", "Pleural Other")),
    Case(("Pleural Effusion",), ("Cardiomegaly",)),
    Case(("Support Devices",), ("Enlarged Cardiomediastinum", "Pneumonia")),
    Case(("Edema",)),
)


def split_of(index: int) -> str:
    """train, val or test of the patient with that index: 70, 15 and 15 of a hundred, all among the first four."""
    place = index % 20
    return "val" if place in (2, 9, 15) else "test" if place in (3, 11, 18) else "train"


def case_states(number: int, choice: Choice) -> dict[str, str]:
    """The states of the `number`-th study of a split, in the order of FOURTEEN; what is not mentioned is left out."""
    case = CASES[number % len(CASES)]
    said = {**dict.fromkeys(case.present, "present"), **dict.fromkeys(case.uncertain, "uncertain")}
    said |= dict.fromkeys(_absences(number, said, choice), "absent")
    return {finding: said[finding] for finding in FOURTEEN if finding in said}


def _absences(number: int, said: dict[str, str], choice: Choice) -> list[str]:
    free = [finding for finding in FOURTEEN[1:] if not any(meet(finding, other) for other in said)]
    ranked = sorted((f for f in free if f in SALIENT), key=lambda finding: choice.number(f"absent {finding}"))
    many = LEAST_ABSENT + choice.number("absences") % 3
    others = [f for f in free if choice.chance(f"absent {f}", _OTHER_ABSENCES.get(f, 0.0))]
    in_turn = FOURTEEN[1:][number % 13]
    return [*ranked[:many], *others, *([in_turn] if in_turn in free else [])]


def meet(finding: str, other: str) -> bool:
    """Whether two of the fourteen are the same or related: an absence of one says something of the other."""
    return finding == other or frozenset((finding, other)) in _RELATED


class Numbers:
    """Made-up identifiers of one length, no two alike, that show what they are: all have 99 in the middle."""

    def __init__(self, first: int, seed: int, kind: str) -> None:
        self._first, self._choice, self._used = first, Choice(seed, f"{kind} numbers"), set[int]()

    def next(self, key: str) -> int:
        """The number of that key: eight digits, `first` and one by hash, 99, four by hash.

        Raises UsageError when half of the hundred thousand such numbers are used.
        """
        if len(self._used) >= 50_000:
            raise UsageError("a phantom cannot have more than 50,000 studies", mend="ask for fewer patients")
        for attempt in range(10_000):
            number = self._number(self._choice.number(f"{key} {attempt}"))
            if number not in self._used:
                break
        self._used.add(number)
        return number

    def _number(self, draw: int) -> int:
        return int(f"{self._first}{draw % 10}99{draw // 10 % 10_000:04d}")
