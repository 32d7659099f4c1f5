"""Synthetic reports as CheXpert Plus has them: the whole text, and its sections in columns of their own.

Impressions are numbered lists, mostly in capitals, with the signature sentence and the consult line that the real ones
carry now and then, here in words of our own. Dates are surrogates: they differ between the rows of one study.
"""

from __future__ import annotations

from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.reporter import narrate
from cxdata.sources.chexpert.phantom_cohort import Picture, Study

SECTIONS: Final = (
    "report", "section_narrative", "section_clinical_history", "section_history", "section_comparison",
    "section_technique", "section_procedure_comments", "section_findings", "section_impression",
    "section_end_of_impression", "section_summary", "section_accession_number",
)  # fmt: skip
_COMPLAINTS: Final = ("Cough.", "Fever and chills.", "Chest pain.", "Shortness of breath.", "Line placement.", "Fall.")
_SIGNED: Final = "I have looked at the pictures of this examination myself and agree with the report dictated above."
_CONSULT: Final = "Radiology consult line for physicians: 555-0199."


def sections(study: Study, picture: Picture, seed: int, *, has_addendum: bool) -> dict[str, str]:
    """The cells of one row by column, those that are not blank; the same study has other dates in each row."""
    choice = Choice(seed, f"report {study.key}")
    day = Choice(seed, f"report {study.key} {picture.name}")
    date = f"{1 + day.number('month') % 12}/{1 + day.number('day') % 28}/20{day.number('year') % 18:02d}"
    told = {"section_narrative": f"\nCHEST 1 VIEW: {date}", "section_accession_number": "990000000"}
    told |= _history(choice) | ({"section_comparison": f" {date}."} if study.number > 1 else {})
    if study.fault != "blank-study":
        told |= _body(study, choice, seed, has_addendum=has_addendum)
    return {"report": _whole(told), **told}


def _history(choice: Choice) -> dict[str, str]:
    draw = choice.number("history") % 10
    column = "section_clinical_history" if draw < 6 else "section_history" if draw < 8 else ""
    return {column: f" {choice.pick('complaint', _COMPLAINTS)}"} if column else {}


def _body(study: Study, choice: Choice, seed: int, *, has_addendum: bool) -> dict[str, str]:
    said = narrate(study.states, study.key, seed, study.number > 1)
    lines = [f"{i}.  {line}" for i, line in enumerate(said.impression or ("Limited study.",), 1)]
    impression = "\n".join(lines)
    impression = impression.upper() if choice.chance("capitals", 0.7) else impression
    if choice.chance("signed", 0.15):
        impression += f"\n{_SIGNED}"
    if choice.chance("consult", 0.1):
        impression += f"\n{_CONSULT}"
    if has_addendum:
        impression += "\nADDENDUM: read again.\nIMPRESSION:\n1. Nothing to add."
    told = {"section_impression": f"\n{impression}\n"}
    if study.turn < 4 or choice.chance("findings", 0.6):
        told["section_findings"] = f"\n{'  '.join(said.findings)}\n"
    return told


def _whole(told: dict[str, str]) -> str:
    heads = {name: name.removeprefix("section_").replace("_", " ").upper() for name in SECTIONS}
    return "\n".join(f"{heads[name]}:{told[name]}" for name in SECTIONS if name in told)
