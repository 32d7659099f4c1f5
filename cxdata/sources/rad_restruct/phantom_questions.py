"""The synthetic questionnaire: a small one of the same build, filled in from what a study shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from cxdata.phantom.choice import Choice

YES_NO: Final = ("yes", "no")
NONE: Final = "no selection"


class Item(NamedTuple):
    """One entry of an area: what it is called, the canonical findings that it stands for, and the article before it."""

    name: str
    findings: tuple[str, ...]
    article: str = ""


AREAS: Final[dict[str, dict[str, tuple[Item, ...]]]] = {
    "lung": {
        "signs": (
            Item("opacity", ("Lung Opacity", "Consolidation", "Infiltration"), "a "),
            Item("density", (), "an "), Item("markings", ("Interstitial Opacity",), "an "),
        ),
        "diseases": (
            Item("pulmonary atelectasis", ("Atelectasis",)), Item("pneumonia", ("Pneumonia",)),
            Item("nodule", ("Nodule", "Lung Lesion")), Item("pulmonary edema", ("Edema",)),
            Item("pulmonary disease, chronic obstructive", ("COPD",)),
        ),
    },
    "pleura": {
        "diseases": (Item("pleural effusion", ("Pleural Effusion",)), Item("pneumothorax", ("Pneumothorax",))),
    },
    "cardiovascular system": {"diseases": (Item("cardiomegaly", ("Cardiomegaly",)),)},
    "skeletal system": {"diseases": (Item("fractures, bone", ("Fracture", "Rib Fracture")),)},
}  # fmt: skip
PLACES: Final = (
    "apex", "left hilum", "left lower lobe", "left upper lobe", "middle lobe", "right hilum", "right lower lobe",
    "right upper lobe", "unspecified",
)  # fmt: skip

History = list[list[Any]]


def questionnaire(report: str, states: Mapping[str, str], seed: int) -> list[list[Any]]:
    """Every question about a report: `[question, answers, history, meta]`, in order."""
    choice = Choice(seed, f"questions {report}")
    asked = [_question("Are there any foreign objects?", "no", [], "foreign objects_objects")]
    for area, groups in AREAS.items():
        for group, items in groups.items():
            asked += _group(area, group, items, states, choice)
    return asked


def _group(
    area: str, group: str, items: tuple[Item, ...], states: Mapping[str, str], choice: Choice
) -> Iterator[list[Any]]:
    """Is there anything of this group in the area? Then each entry, and the attributes of those that are there."""
    there = {item.name for item in items if any(states.get(finding) == "present" for finding in item.findings)}
    first = f"Are there any {group} in the {area}?"
    yield _question(first, "yes" if there else "no", [], f"{area}_{group}")
    for item in items if there else ():
        question = f"Is there {item.article}{item.name} in the {area}?"
        path, history = f"{area}_{group}_{item.name}", [[first, ["yes"]]]
        yield _question(question, "yes" if item.name in there else "no", history, path)
        if item.name in there:
            yield from _attributes(area, item, [*history, [question, ["yes"]]], path, choice)


def _attributes(area: str, item: Item, history: History, path: str, choice: Choice) -> Iterator[list[Any]]:
    place = choice.pick(f"{item.name} place", PLACES)
    where = ("In which part of the body?", [place], PLACES, "body_region", "multi_choice")
    several = ["multiple", "small"] if choice.chance(f"{item.name} several", 0.5) else [NONE]
    what = ("What are the attributes?", several, ("focal", "multiple", NONE, "small"), "attributes", "multi_choice")
    degree = choice.pick(f"{item.name} degree", ("mild", "severe", NONE))
    how = ("What is the degree?", [degree], ("mild", NONE, "severe"), "degree", "single_choice")
    for question, answers, options, name, kind in (where, what, how):
        yield [
            question,
            answers,
            list(history),
            {"answer_type": kind, "options": list(options), "path": f"{path}_{name}"},
        ]
        history = [*history, [question, answers]]
    case = f"{item.name}" if item.article else f"case of {item.name}"
    yield _question(f"Is there another {case} in the {area}?", "no", history, path)


def _question(question: str, answer: str, history: History, path: str) -> list[Any]:
    meta = {"answer_type": "single_choice", "options": list(YES_NO), "path": path}
    return [question, [answer], list(history), meta]
