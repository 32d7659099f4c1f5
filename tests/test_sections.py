"""Sections of invented reports in every shape that the MIMIC-CXR sheet (section 5) names, and their properties."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxdata.reports.headers import heading_group, is_view_title
from cxdata.reports.sections import Report, normalise, section

TITLE = " " * 33 + "FINAL REPORT"
ADDENDUM = " " * 33 + "FINAL ADDENDUM"
RULE = " " + "_" * 78
FIELDS = ("indication", "comparison", "findings", "impression")


class Case(NamedTuple):
    """An invented text and the sections expected of it; a field that is not named is expected to be None."""

    name: str
    text: str
    expected: dict[str, str]


def shape(*lines: str, title: str = TITLE) -> str:
    """Lines in the shape of a file: a title, and a space before each line (so a blank line is a single space)."""
    return "\n".join([*([title] if title else []), *(" " + line for line in lines)]) + "\n"


CASES = [
    Case(
        "the usual form",
        shape(
            "EXAMINATION:  CHEST (PA AND LAT)",
            "",
            "INDICATION:  ___-year-old man with fever.  // Evaluate for pneumonia",
            "",
            "TECHNIQUE:  Chest PA and lateral",
            "",
            "COMPARISON:  ___",
            "",
            "FINDINGS: ",
            "",
            "The heart is large.  There is a small left",
            "pleural effusion.",
            "",
            "IMPRESSION: ",
            "",
            "1.  Large heart.",
            "2.  Small left pleural effusion.",
        ),
        {
            "indication": "___-year-old man with fever.  // Evaluate for pneumonia",
            "comparison": "___",
            "findings": "The heart is large.  There is a small left\n pleural effusion.",
            "impression": "1.  Large heart.\n 2.  Small left pleural effusion.",
        },
    ),
    Case(
        "old style: history, and a title inside the impression's line",
        shape("HISTORY:  Cough.", "", "IMPRESSION:  PA and lateral chest compared to ___:", "", "Lungs are clear."),
        {"indication": "Cough.", "impression": "PA and lateral chest compared to ___:\n \n Lungs are clear."},
    ),
    Case(
        "an impression that begins with a title on its own line",
        shape("IMPRESSION: ", "", "AP chest compared to ___:", "", "Mild edema."),
        {"impression": "AP chest compared to ___:\n \n Mild edema."},
    ),
    Case(
        "an impression that begins with a title in capitals",
        shape("IMPRESSION: ", "", "AP CHEST:", "", "Mild edema."),
        {"impression": "AP CHEST:\n \n Mild edema."},
    ),
    Case(
        "no headings, a portable",
        shape("AP chest compared to ___:", "", "Moderate edema is present.", "", "Tube ends above the carina."),
        {"findings": "Moderate edema is present.\n \n Tube ends above the carina."},
    ),
    Case(
        "no headings, text on the next line",
        shape("AP chest compared to ___:", "Moderate edema is present."),
        {"findings": "Moderate edema is present."},
    ),
    Case(
        "no headings, a title that ends with a full stop",
        shape("Portable AP chest radiograph.", "", "The left base is opaque."),
        {"findings": "The left base is opaque."},
    ),
    Case(
        "no headings, one paragraph",
        shape("The lungs are clear and the heart is normal."),
        {"findings": "The lungs are clear and the heart is normal."},
    ),
    Case("no title at all", shape("FINDINGS:  Clear.", title=""), {"findings": "Clear."}),
    Case("a heading on the very first line without a space", "IMPRESSION:  Clear.\n", {"impression": "Clear."}),
    Case(
        "first line, mixed case",
        "Findings: Clear lungs.\nImpression: Normal.",
        {"findings": "Clear lungs.", "impression": "Normal."},
    ),
    Case(
        "lower case",
        shape("findings:  Clear lungs.", "", "impression:  Normal."),
        {"findings": "Clear lungs.", "impression": "Normal."},
    ),
    Case(
        "glued to the text",
        shape("FINDINGS:Clear lungs.", "", "IMPRESSION:1. Normal."),
        {"findings": "Clear lungs.", "impression": "1. Normal."},
    ),
    Case("a heading right below an empty one", shape("FINDINGS:", "IMPRESSION:  Clear."), {"impression": "Clear."}),
    Case("an eaten newline", shape("FINDINGS: IMPRESSION:  Clear."), {"impression": "Clear."}),
    Case(
        "a heading in the middle of a line",
        shape("FINDINGS:  Lungs are clear. IMPRESSION: Normal."),
        {"findings": "Lungs are clear.", "impression": "Normal."},
    ),
    Case(
        "the word in a sentence",
        shape("FINDINGS:  Clear. See the IMPRESSION: below.", "", "IMPRESSION: Normal."),
        {"findings": "Clear. See the IMPRESSION: below.", "impression": "Normal."},
    ),
    Case(
        "all capitals",
        shape(
            "INDICATION:  FALL.",
            "",
            "FINDINGS:  NO FRACTURE IS SEEN.",
            "THE LUNGS ARE CLEAR.",
            "",
            "IMPRESSION:  NORMAL CHEST.",
        ),
        {
            "indication": "FALL.",
            "findings": "NO FRACTURE IS SEEN.\n THE LUNGS ARE CLEAR.",
            "impression": "NORMAL CHEST.",
        },
    ),
    Case(
        "a view title as heading",
        shape("HISTORY:  Fall.", "", "PA AND LATERAL VIEWS OF THE CHEST:  No fracture."),
        {"indication": "Fall.", "findings": "No fracture."},
    ),
    Case(
        "a view title and an impression",
        shape("PORTABLE AP CHEST RADIOGRAPH:  Low volumes.", "", "IMPRESSION:  No edema."),
        {"findings": "Low volumes.", "impression": "No edema."},
    ),
    Case(
        "a view title without colon",
        shape("CHEST, SINGLE AP PORTABLE VIEW.", "", "Low volumes.", "", "IMPRESSION:  No edema."),
        {"findings": "Low volumes.", "impression": "No edema."},
    ),
    Case(
        "a view title with a digit",
        shape("INDICATION:  Pain.", "", "CHEST 2 VIEWS:  Clear."),
        {"indication": "Pain.", "findings": "Clear."},
    ),
    Case("a view title with an ampersand", shape("CHEST, AP & LATERAL:  Clear."), {"findings": "Clear."}),
    Case(
        "a view title with full stops",
        shape("P.A. AND LATERAL CHEST X-RAY:  Clear lungs."),
        {"findings": "Clear lungs."},
    ),
    Case(
        "a view title with an apostrophe",
        shape("PATIENT'S PORTABLE CHEST:  Clear lungs."),
        {"findings": "Clear lungs."},
    ),
    Case("a view title with a time", shape("AP CHEST, 8:58 A.M. ON ___:  Clear lungs."), {"findings": "Clear lungs."}),
    Case(
        "a view title with a time and no colon",
        shape("AP CHEST, 8:58 A.M. ON ___.", "", "HISTORY:  Cough.", "", "IMPRESSION:  Clear lungs."),
        {"indication": "Cough.", "impression": "Clear lungs."},
    ),
    Case(
        "a title on top that tells only the technique",
        shape("CHEST, TWO VIEWS:  Erect films.", "", "FINDINGS:  Clear.", "", "IMPRESSION:  Normal."),
        {"findings": "Clear.", "impression": "Normal."},
    ),
    Case(
        "a title below an empty findings heading",
        shape("FINDINGS: ", "", "PORTABLE CHEST:", "", "Clear lungs."),
        {"findings": "Clear lungs."},
    ),
    Case(
        "a title of marks alone",
        shape("CHEST, PA AND LATERAL:  ___.", "", "IMPRESSION:  Normal."),
        {"impression": "Normal."},
    ),
    Case(
        "a findings paragraph without heading after the comparison",
        shape("INDICATION:  Cough.", "", "COMPARISON:  ___.", "", "Lungs are clear.", "", "IMPRESSION:  Normal."),
        {"indication": "Cough.", "comparison": "___.", "findings": "Lungs are clear.", "impression": "Normal."},
    ),
    Case(
        "the same without an impression",
        shape("COMPARISON:  None.", "", "Lungs are clear.", "", "Heart is normal."),
        {"comparison": "None.", "findings": "Lungs are clear.\n \n Heart is normal."},
    ),
    Case(
        "after any last heading, title and all",
        shape("PORTABLE CHEST:", "", "REASON FOR EXAM:  Line.", "", "AP view of the chest.", "", "Line in place."),
        {"indication": "Line.", "findings": "Line in place."},
    ),
    Case(
        "text before the impression",
        shape("The lungs are clear.", "", "IMPRESSION:  Normal."),
        {"findings": "The lungs are clear.", "impression": "Normal."},
    ),
    Case(
        "text before a notification",
        shape("The lungs are clear.", "", "NOTIFICATION:  Dr. ___ by phone."),
        {"findings": "The lungs are clear."},
    ),
    Case(
        "findings and impression in one",
        shape("INDICATION:  Pain.", "", "FINDINGS AND IMPRESSION:  Clear lungs."),
        {"indication": "Pain.", "impression": "Clear lungs."},
    ),
    Case("findings/impression", shape("FINDINGS/IMPRESSION:  Clear lungs."), {"impression": "Clear lungs."}),
    Case("conclusion", shape("CONCLUSION:  Clear lungs."), {"impression": "Clear lungs."}),
    Case(
        "opinion",
        shape("REPORT:  Clear lungs.", "", "OPINION:  Normal."),
        {"findings": "Clear lungs.", "impression": "Normal."},
    ),
    Case(
        "typos",
        shape("INDCATION:  Pain.", "", "COMPARISION:  None.", "", "FINDNINGS:  Clear.", "", "IMPRESSOIN:  Normal."),
        {"indication": "Pain.", "comparison": "None.", "findings": "Clear.", "impression": "Normal."},
    ),
    Case(
        "ndication is an indication",
        shape("NDICATION:  Pain.", "", "MPRESSION:  Normal."),
        {"indication": "Pain.", "impression": "Normal."},
    ),
    Case(
        "other names of the same",
        shape(
            "CLINICAL INFORMATION:  Pain.",
            "",
            "COMPARISON FILM:  ___.",
            "",
            "REASON FORE EXAM:  Fall.",
            "",
            "IMPRESSION:  Normal.",
        ),
        {"indication": "Pain.\n\nFall.", "comparison": "___.", "impression": "Normal."},
    ),
    Case(
        "an unknown heading keeps its text to itself",
        shape("FINDINGS:  Clear.", "", "SPECIAL REMARKS:  Film was lost.", "", "IMPRESSION:  Normal."),
        {"findings": "Clear.", "impression": "Normal."},
    ),
    Case(
        "an unknown heading that holds a known word",
        shape("IMPRESSION ON PORTABLE FILM:  Normal.", "", "RELEVANT HISTORY:  Asthma."),
        {"indication": "Asthma.", "impression": "Normal."},
    ),
    Case(
        "organs as small headings",
        shape("FINDINGS: ", "", "LUNGS:  Clear.", "", "HEART:  Normal size.", "", "IMPRESSION:  Normal."),
        {"findings": "LUNGS:  Clear.\n \n HEART:  Normal size.", "impression": "Normal."},
    ),
    Case(
        "colons that are no headings",
        shape(
            "FINDINGS:  Nodule.",
            "CT: advised. ",
            "CC: Dr. ___",
            "Time 9:14, ratio 1:2.",
            "NOTE: rotated.",
            "Surg: ___",
            "",
            "IMPRESSION:  Nodule.",
        ),
        {
            "findings": "Nodule.\n CT: advised. \n CC: Dr. ___\n Time 9:14, ratio 1:2.\n NOTE: rotated.\n Surg: ___",
            "impression": "Nodule.",
        },
    ),
    Case(
        "a label inside a paragraph is no heading",
        shape("FINDINGS:  Tube tip as follows,", "FRENCH SIZE: eight.", "", "IMPRESSION:  Tube."),
        {"findings": "Tube tip as follows,\n FRENCH SIZE: eight.", "impression": "Tube."},
    ),
    Case(
        "a wrapped history is no heading",
        shape("FINDINGS:  Seen given the", "history: pneumonia.", "", "IMPRESSION:  Pneumonia."),
        {"findings": "Seen given the\n history: pneumonia.", "impression": "Pneumonia."},
    ),
    Case(
        "small letters within a paragraph are no heading",
        shape(
            "TECHNIQUE:  Portable",
            "view: upright. With the",
            "findings: seen.",
            "",
            "IMPRESSION:  Wet lungs, see the",
            "WET READ on file.",
        ),
        {"impression": "Wet lungs, see the\n WET READ on file."},
    ),
    Case(
        "recommendations and notifications are not the impression",
        shape("IMPRESSION:  Nodule.", "", "RECOMMENDATION(S):  CT.", "", "NOTIFICATION:  Dr. ___ was told."),
        {"impression": "Nodule."},
    ),
    Case(
        "two impressions, both kept",
        shape("IMPRESSION:  Edema.", "", "FINDINGS:  Lines.", "", "IMPRESSION:  No air."),
        {"findings": "Lines.", "impression": "Edema.\n\nNo air."},
    ),
    Case(
        "unfilled template",
        shape("INDICATION:  <Clinical Indication><Reason For Exam>", "", "IMPRESSION:  Normal."),
        {"impression": "Normal."},
    ),
    Case(
        "unfilled procedure",
        shape("TECHNIQUE:  <Procedure Description>", "", "FINDINGS:  <Findings>", "", "IMPRESSION:  Clear."),
        {"impression": "Clear."},
    ),
    Case(
        "marks are no rules",
        shape("FINDINGS:  Since ___ ___", "___", "clear.", "", "IMPRESSION:  ___."),
        {"findings": "Since ___ ___\n ___\n clear.", "impression": "___."},
    ),
    Case(
        "a wet read before the final report",
        shape("WET READ: ___ ___ ___ 9:14 AM", "  Edema.", "  IMPRESSION: edema.", title="")
        + RULE
        + "\n"
        + shape("IMPRESSION:  No edema."),
        {"impression": "No edema."},
    ),
    Case(
        "wet reads in versions",
        shape(
            "WET READ VERSION #1 ___ ___ ___ 9:14 AM",
            "  Edema.",
            "RESIDENT WET READ: ___ 10:00",
            "  FINDINGS: more.",
            title="",
        )
        + RULE
        + "\n"
        + shape("FINDINGS:  No edema."),
        {"findings": "No edema."},
    ),
    Case(
        "a preliminary report before the final one",
        shape("PRELIMINARY REPORT", "Edema.", title="") + shape("FINDINGS:  None."),
        {"findings": "None."},
    ),
    Case(
        "a preliminary read inside, without rule",
        shape("WET READ: Edema.", "", "FINDINGS:  No edema."),
        {"findings": "No edema."},
    ),
    Case(
        "an addendum on top",
        shape("ADDENDUM:  The IMPRESSION should be read anew.", "", "IMPRESSION:  Anew.", title=ADDENDUM)
        + RULE
        + "\n"
        + shape("IMPRESSION:  Old."),
        {"impression": "Old."},
    ),
    Case(
        "an addendum in asterisks, then a rule",
        shape("*** ADDENDUM ***", "Told to Dr. ___.") + RULE + "\n" + shape("FINDINGS:  Old."),
        {"findings": "Old."},
    ),
    Case(
        "an addendum on top, without rule",
        shape("ADDENDUM:  Side was wrong.", "", "FINDINGS:  Left effusion."),
        {"findings": "Left effusion."},
    ),
    Case(
        "an addendum at the end",
        shape("IMPRESSION:  Old.", "", "ADDENDUM:  Anew.", "", "IMPRESSION:  Anew."),
        {"impression": "Old."},
    ),
    Case(
        "a whole report under an addendum's title",
        shape("FINDINGS:  Clear.", "", "IMPRESSION:  Normal.", title=ADDENDUM),
        {"findings": "Clear.", "impression": "Normal."},
    ),
    Case(
        "a rule inside the final report",
        shape("INDICATION:  Pain.", "_" * 70, "FINDINGS:  Clear."),
        {"indication": "Pain.", "findings": "Clear."},
    ),
    Case(
        "heading in capitals without colon",
        shape("FINDINGS", "", "Clear lungs.", "", "IMPRESSION", "", "Normal."),
        {"findings": "Clear lungs.", "impression": "Normal."},
    ),
    Case(
        "no break space, tabs",
        "\n\t FINDINGS:\tClear.\n\xa0IMPRESSION:\tNormal.",
        {"findings": "Clear.", "impression": "Normal."},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sections_of_every_shape(case: Case) -> None:
    report = section(case.text)
    assert {name: getattr(report, name) for name in FIELDS if getattr(report, name) is not None} == case.expected
    assert report.code is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "report_empty"),
        (" \n \r\n", "report_empty"),
        ("\ufeff", "report_empty"),
        (shape(""), "report_empty"),
        (RULE, "report_empty"),
        (shape("INDICATION:  <Clinical Indication>"), "report_empty"),
        (shape("PORTABLE AP CHEST."), "report_empty"),
        (shape("Portable AP chest of ___."), "report_without_sections"),
        (shape("INDICATION:  Pain.", "", "COMPARISON:  ___."), "report_without_sections"),
        (shape("NOTIFICATION:  Told."), "report_without_sections"),
        (shape("WET READ: ___ 9:14 AM", " Edema.", title=""), "report_preliminary_only"),
        (shape("Told to the ward.", title=ADDENDUM), "report_addendum_only"),
    ],
)
def test_what_has_no_report_says_why(text: str, code: str) -> None:
    assert section(text) == Report(
        indication="Pain." if "Pain" in text else None, comparison="___." if "COMPARISON" in text else None, code=code
    )


def test_the_addendum_is_kept_apart() -> None:
    text = shape("ADDENDUM:  Side was wrong.", title=ADDENDUM) + RULE + "\n" + shape("FINDINGS:  Left effusion.")
    assert section(text).addendum == "Side was wrong."
    assert section(shape("FINDINGS:  Left effusion.")).addendum is None


def test_offsets_of_several_occurrences_span_them() -> None:
    text = shape("IMPRESSION:  Edema.", "", "FINDINGS:  Lines.", "", "IMPRESSION:  No air.")
    report = section(text)
    assert text[report.impression_start : report.impression_end].startswith("Edema.")
    assert text[report.impression_start : report.impression_end].endswith("IMPRESSION:  No air.")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_newlines_and_byte_order_mark_change_nothing(newline: str, mark: str) -> None:
    for case in CASES:
        assert section(mark + case.text.replace("\n", newline)) == section(case.text), case.name


def test_a_conclusion_at_offsets_is_the_impression() -> None:
    text = shape("INDICATION:  Pain.", "", "Free text, no heading that helps.")
    start = text.index("Free")
    report = section(text, (start - 2, len(text)))
    assert (report.indication, report.findings) == ("Pain.", None)
    assert report.impression == "Free text, no heading that helps."
    assert (report.impression_start, report.impression_end) == (start, len(text) - 1)


def test_a_conclusion_in_a_misnamed_section() -> None:
    text = shape("INDICATION:  Pain.", "", "RECOMMENDATIONS:  1. No fracture.", "", "2. Clear.")
    report = section(text, "recommendation")
    assert (report.indication, report.findings, report.impression) == ("Pain.", None, "1. No fracture.\n \n 2. Clear.")
    history = section(shape("HISTORY:  Clear lungs.", "", "Normal heart."), "history")
    assert (history.indication, history.impression) == (None, "Clear lungs.\n \n Normal heart.")
    note = section(shape("COMPARISON:  None.", "NOTE:  Clear lungs."), "note")
    assert (note.comparison, note.impression) == ("None.", "Clear lungs.")


def test_a_conclusion_that_does_not_fit_is_ignored() -> None:
    text = shape("FINDINGS:  Clear.")
    assert section(text, (10, 10_000)) == section(text, "technique") == section(text)
    assert section(text, (0, 0)) == Report(code="report_no_text")


def test_headings_and_titles() -> None:
    assert heading_group("CHEST CT", colon=True) == "other"
    assert heading_group("Contact name", colon=True) is None
    assert heading_group("LEVEL T12", colon=True) is None
    assert is_view_title("PA and lateral chest radiographs compared to ___:")
    assert not is_view_title("The chest is clear")
    assert not is_view_title("compared to ___")


PARTS = [
    "FINDINGS:",
    "IMPRESSION:",
    "COMPARISON",
    "FINAL REPORT",
    "ADDENDUM:",
    "WET READ: 9:14",
    "AP CHEST",
    "_" * 40,
    "___",
    "\n",
    " ",
    "\r",
    "\r\n",
    ":",
    "<a>",
    "Clear.",
    "1. ",
    "\ufeff",
    "é",
    "\x00",
    "NOTE:",
    "*",
]
TEXTS = st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=25).map("".join)


@given(TEXTS, st.none() | st.tuples(st.integers(-5, 90), st.integers(-5, 90)) | st.sampled_from(["note", "history"]))
def test_never_raises_and_offsets_hold(text: str, conclusion: tuple[int, int] | str | None) -> None:
    report = section(text, conclusion)
    clean = normalise(text)
    for name in ("findings", "impression"):
        told, start, end = (getattr(report, name + tail) for tail in ("", "_start", "_end"))
        assert (told is None) == (start is None) == (end is None)
        if told is not None:
            whole = clean[start:end]
            assert told
            assert told == told.strip()
            assert whole == told or all(part in whole for part in told.split("\n\n"))
    assert (report.code is None) == bool(report.findings or report.impression)


@given(TEXTS.map(lambda text: text.replace("\r", "")))
def test_any_newline_gives_the_same_sections(text: str) -> None:
    assert section(text) == section(text.replace("\n", "\r\n")) == section(text.replace("\n", "\r"))
