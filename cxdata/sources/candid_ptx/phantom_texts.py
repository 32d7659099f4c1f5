"""Synthetic reports as CANDID-PTX has them: one body, headings of many kinds or none, a sign-off, marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.pictures import Picture
from cxdata.phantom.reporter import narrate

MARKED: Final = "<###>"
_COMPLAINTS: Final = ("Fall with chest wall pain.", "Short of breath.", "Drain check.", "Cough.", "Trauma call.")
_HEADS: Final = (
    "CLINICAL DATA: {complaint}\nCHEST:\n",
    "Clinical Details: {complaint}\n\nCXR\n",
    "{complaint}\nPA CHEST:\n",
    "",
)
_SIGNED: Final = (
    "Transcribed by: !PERSONALNAME!",
    "Reported in consultation with Dr !PERSONALNAME!.",
    "Dr !PERSONALNAME!",
)


def report(pictures: Sequence[Picture], seed: int) -> str:
    """The text of a study: what any of its pictures shows, and that there is no pneumothorax where none does."""
    first = pictures[0]
    choice = Choice(seed, f"report {first.name}")
    states = {finding: "present" for picture in pictures for finding in picture.case.present}
    states.setdefault("Pneumothorax", "absent")
    if not any(picture.case.present for picture in pictures):
        states["No Finding"] = "present"
    said = narrate(states, f"picture {first.name}", seed, has_prior=first.order > 0)
    head = choice.pick("head", _HEADS).format(complaint=choice.pick("complaint", _COMPLAINTS))
    body = " ".join(said.findings)
    if choice.chance("comment", 0.4) and said.impression:
        body += f"\n\nCOMMENT:\n{' '.join(said.impression)}"
    signed = f"\n\n{choice.pick('signed', _SIGNED)}" if choice.chance("is signed", 0.8) else ""
    return f"{head}{body}{signed}".replace("___", MARKED)
