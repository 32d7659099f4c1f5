"""The words and index terms of the synthetic reports, as XML files and as rows of Kaggle's tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from cxdata.phantom.choice import Choice
from cxdata.phantom.reporter import DEGREES, narrate
from cxdata.phantom.signs import Sign, place
from cxdata.sources.openi.phantom_cohort import Case, Cohort

MARK: Final = "XXXX"
REPORTS: Final = ("uid", "MeSH", "Problems", "image", "indication", "comparison", "findings", "impression")
VIEWS: Final = ("uid", "filename", "projection")
_TERMS: Final = {
    "Cardiomegaly": "Cardiomegaly/{degree}", "Enlarged Cardiomediastinum": "Mediastinum/enlarged/{degree}",
    "Lung Opacity": "Opacity/lung/base/{side}", "Lung Lesion": "Nodule/lung/{lobe} lobe/{side}",
    "Edema": "Pulmonary Edema/interstitial/{degree}", "Consolidation": "Consolidation/lung/{lobe} lobe/{side}",
    "Pneumonia": "Pneumonia/{lobe} lobe/{side}", "Atelectasis": "Pulmonary Atelectasis/base/{side}",
    "Pneumothorax": "Pneumothorax/{side}/{size}", "Pleural Effusion": "Pleural Effusion/{side}/{size}",
    "Pleural Other": "Thickening/pleura/{side}", "Fracture": "Fractures, Bone/ribs/{side}",
    "Support Devices": "Catheters, Indwelling/{side}",
}  # fmt: skip
_DOUBTFUL: Final = {"Cardiomegaly": "Cardiomegaly/borderline", "Lung Opacity": "Density/lung/base/{side}"}
_INDICATIONS: Final = ("cough, XXXX", "XXXX", "Dyspnea.", "Chest pain for 3 days", "XXXX-year-old with fever", "")
_COMPARISONS: Final = ("None.", "XXXX", "", "XXXX, XXXX.")


class Told(NamedTuple):
    """A report's sections (empty: none), index terms, and the title of its pictures."""

    indication: str
    comparison: str
    findings: str
    impression: str
    terms: tuple[str, ...]
    caption: str


def tell(case: Case, seed: int) -> Told:
    """What the report of a case says."""
    choice = Choice(seed, f"{case.key} words of its own")
    said = narrate(case.states, case.key, seed, choice.chance("prior", 0.3))
    findings, impression = " ".join(said.findings), _numbered(said.impression)
    if case.nth % 9 == 4:
        findings = ""
    elif case.nth % 9 == 7:
        impression = ""
    if case.nth % 9 == 2:
        findings, impression = f"{findings} No nodule > 5 mm & no mass.", f"{impression} END OF REPORT."
    if case.fault == "no-text":
        findings = impression = ""
    return Told(
        choice.pick("indication", _INDICATIONS), choice.pick("comparison", _COMPARISONS),
        "Please" if case.fault == "garbage" else findings.replace("___", MARK), impression.replace("___", MARK),
        _terms(case, seed), "PA and lateral views of the chest XXXX",
    )  # fmt: skip


def xml_bytes(case: Case, told: Told, written: int) -> bytes:
    """The report as an XML file; `written` is the number that stands in it."""
    texts = [(name, getattr(told, name.lower())) for name in ("COMPARISON", "INDICATION", "FINDINGS", "IMPRESSION")]
    abstract = "".join(f"         {_labelled(label, text)}\n" for label, text in texts)
    majors = "".join(f"      <major>{escape(term)}</major>\n" for term in told.terms)
    images = "".join(_image(i, picture.stem, told.caption) for i, picture in enumerate(case.pictures, 1))
    doctype = '<!DOCTYPE eCitation [<!ENTITY name "text">]>\n' if case.fault == "entities" else ""
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n{doctype}<eCitation>\n   <meta type="rr"/>\n'
        f'   <uId id="CXR{written}"/>\n   <pmcId id="{written}"/>\n   <docSource>CXR</docSource>\n'
        f'   <IUXRId id="{written}"/>\n   <licenseType>synthetic</licenseType>\n   <MedlineCitation>\n      <Article>\n'
        f"         <Abstract>\n{abstract}         </Abstract>\n      </Article>\n   </MedlineCitation>\n"
        f"   <MeSH>\n{majors}   </MeSH>\n{images}</eCitation>\n"
    )
    body = text.encode()
    return body[: len(body) // 2] if case.fault == "broken-xml" else body


def reports_csv(cases: Iterable[tuple[Case, Told]]) -> bytes:
    """Kaggle's indiana_reports.csv: the reports that have pictures."""
    rows = [
        (case.number, ";".join(told.terms), ";".join(dict.fromkeys(term.split("/")[0] for term in told.terms)),
         told.caption, told.indication, told.comparison, told.findings, told.impression)
        for case, told in cases if case.pictures
    ]  # fmt: skip
    return _table(REPORTS, rows)


def projections_csv(cohort: Cohort) -> bytes:
    """Kaggle's indiana_projections.csv: every picture but one, and one that no report knows."""
    rows = [
        (case.number, f"{picture.dicom_stem}.dcm.png", picture.projection)
        for case in cohort.cases for picture in case.pictures if picture.projection
    ]  # fmt: skip
    stray = (cohort.stray.split("_")[0], f"{cohort.stray}.dcm.png", "Frontal")
    return _table(VIEWS, [*rows, stray])


def _terms(case: Case, seed: int) -> tuple[str, ...]:
    signs = place(case.states, case.key, seed)
    named = [_TERMS.get(f, "") for f, state in case.states.items() if state == "present"]
    doubted = [_DOUBTFUL.get(f, "") for f, state in case.states.items() if state == "uncertain"]
    owners = [f for wanted in ("present", "uncertain") for f, state in case.states.items() if state == wanted]
    filled = [_filled(term, signs[owner]) for term, owner in zip(named + doubted, owners, strict=True) if term]
    if case.fault == "no-text":
        return ("normal",)
    if case.fault == "no-indexing":
        return ("No Indexing",)
    if case.fault == "bad-quality":
        return ("Technical Quality of Image Unsatisfactory ", *filled)
    return tuple(filled) or (("normal",) if "No Finding" in case.states else ("No Indexing",))


def _filled(term: str, sign: Sign) -> str:
    side = "bilateral" if sign.side == "both" else sign.side
    lobe = "middle" if sign.zone == "mid" else sign.zone
    return term.format(side=side, lobe=lobe, size=sign.size, degree=DEGREES[sign.scale])


def _numbered(lines: Sequence[str]) -> str:
    return " ".join(f"{i}. {line}" for i, line in enumerate(lines, 1)) if len(lines) > 1 else " ".join(lines)


def _labelled(label: str, text: str) -> str:
    return (
        f'<AbstractText Label="{label}">{escape(text)}</AbstractText>' if text else f'<AbstractText Label="{label}"/>'
    )


def _image(number: int, stem: str, caption: str) -> str:
    lines = (
        f'   <parentImage id="{stem}">', f"      <figureId>F{number}</figureId>",
        f"      <caption>{escape(caption)}</caption>", '      <panel type="single">',
        f"         <url>/hadoop/storage/radiology/extract/{stem}.jpg</url>", "      </panel>", "   </parentImage>",
    )  # fmt: skip
    return "".join(f"{line}\n" for line in lines)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
