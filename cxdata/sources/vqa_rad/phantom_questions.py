"""The synthetic questions of VQA-RAD: what a film shows, in words of our own, and what is broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from cxdata.phantom.pictures import Cohort, Picture
from cxdata.phantom.signs import place

TEST: Final = "test_"
FRAME: Final = "frame"
ASKED: Final = ("Pneumothorax", "Pleural Effusion", "Cardiomegaly", "Atelectasis", "Edema", "Fracture")
SIDED: Final = ("Pneumothorax", "Pleural Effusion", "Atelectasis", "Fracture")


class Row(NamedTuple):
    """One question, as both distributions tell it."""

    image_name: str
    image_organ: str
    question: str
    question_type: str
    answer: str | int
    answer_type: str
    phrase_type: str


def ask(cohort: Cohort, others: Mapping[str, str]) -> list[Row]:
    """Every question, by picture; `others` names a picture of each other organ.

    A picture of test has questions of train too, as most real ones have.
    """
    rows: list[Row] = []
    for picture in cohort.pictures:
        told = list(_about(picture, cohort.seed))
        test = TEST if picture.split == "test" else ""
        kinds = ("freeform", f"{test}freeform", f"{test}para")
        rows += [row._replace(phrase_type=kinds[(nth > 0) * (1 + nth % 2)]) for nth, row in enumerate(told)]
        rows.append(told[0]._replace(question=f"Frame: {told[0].question}", phrase_type=FRAME))
    for organ, name in others.items():
        rows.append(Row(name, organ, "Is this film of the chest?", "ORGAN", "No", "CLOSED", "freeform"))
        rows.append(Row(name, organ, "Which part of the body is shown?", "ORGAN", "Not the chest", "OPEN", "para"))
    return rows + list(_faults(cohort))


def _about(picture: Picture, seed: int) -> Iterator[Row]:
    name = f"{picture.name}.jpg"
    present = [finding for finding in picture.case.present if finding != "No Finding"]
    signs = place({*picture.case.present, *picture.case.uncertain}, f"picture {picture.name}", seed)

    def row(question: str, kind: str, answer: str, answer_type: str = "OPEN") -> Row:
        return Row(name, "CHEST", question, kind, answer, answer_type, "")

    for finding in (one for one in ASKED if one not in picture.case.uncertain):
        seen = "Yes" if finding in present else "No"
        yield row(f"Does this film show {finding.lower()}?", "PRES", seen, "CLOSED")
    yield row("What stands out on this film?", "ABN", ", ".join(present).lower() or "Nothing abnormal")
    yield row("Was this film taken PA or AP?", "PLANE", picture.view, "CLOSED")
    yield row("How was this picture made?", "MODALITY", "Plain film of the chest")
    for finding in (one for one in present if one in SIDED):
        side = signs[finding].side
        yield row(f"Where is the {finding.lower()}?", "POS", "On both sides" if side == "both" else f"{side} side")
        if side != "both":
            yield row(
                f"Is the {finding.lower()} on the left or the right side?", "POS", f"{side.title()} side", "CLOSED"
            )


def _faults(cohort: Cohort) -> Iterator[Row]:
    """The questions that are broken, or not what they seem, about the picture that the fault befell."""
    name = {fault: f"{stem}.jpg" for fault, stem in cohort.faults.items()}

    def row(fault: str, question: str, answer: str | int, answer_type: str = "OPEN", phrase: str = "freeform") -> Row:
        return Row(name[fault], "CHEST", question, "OTHER", answer, answer_type, phrase)

    yield row("bad-name", "Is the film rotated?", "No", "CLOSED")._replace(image_name="synpic.jpg")
    yield row("lost-commas", "Which organs can be judged here?", "Hear t\tlungs \tribs")
    yield row("number", "How many ribs are seen above the diaphragm?", 9)
    yield row("trailing-blank", "Is the whole chest on the film?", "yes", "CLOSED ")
    yield row("blank-answer", "Who asked for this film?", " ")
    yield row("not-sure", "Will the lung heal?", "Not sure", "CLOSED")
    yield row("same-question", "Is the film sharp?", "Yes", "CLOSED")
    yield row("same-question", "is the film sharp? ", "yes", "CLOSED", f"{TEST}para")
    yield row("conflicting-answers", "Is the film rotated?", "Yes", "CLOSED")
    yield row("conflicting-answers", "Is the film rotated?", "No", "CLOSED", "para")
