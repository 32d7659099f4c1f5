"""Synthetic reports in every shape that section parsers of MIMIC-CXR must know.

The layout is the official one: 33 spaces before the title, one space before each line, lines of 79 characters at most,
paragraphs parted by a line of one space. Shapes are dealt in turn, so that a small cohort shows most of them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.courses import ALONG, line, sentence
from cxdata.phantom.reporter import Narrative, narrate
from cxdata.sources.mimic.phantom_cohort import Study

TITLE: Final = " " * 33 + "FINAL REPORT"
RULE: Final = " " + "_" * 78
BREAK: Final = "\n \n"
_COMPLAINTS: Final = ("cough", "fever", "chest pain", "shortness of breath", "a fall", "weakness")
_QUESTIONS: Final = ("Evaluate for acute process", "Interval check", "Please assess", "Evaluate the chest")


@dataclass(frozen=True)
class Draft:
    """What a report says, before it takes a shape."""

    findings: str
    impression: tuple[str, ...]
    indication: str
    question: str
    comparison: str
    portable: bool
    choice: Choice

    @property
    def exam(self) -> str:
        """The name of the examination."""
        return "CHEST (PORTABLE AP)" if self.portable else "CHEST (PA AND LAT)"

    @property
    def technique(self) -> str:
        """How it was taken."""
        return "Portable AP view of the chest." if self.portable else "Chest PA and lateral."

    @property
    def view_title(self) -> str:
        """A view title that serves as a heading."""
        return "PORTABLE AP CHEST RADIOGRAPH" if self.portable else "PA AND LATERAL VIEWS OF THE CHEST"

    @property
    def summary(self) -> str:
        """The impression as running text."""
        return "  ".join(self.impression)

    @property
    def opening(self) -> str:
        """How a report without headings begins."""
        return f"{'AP' if self.portable else 'PA and lateral'} chest compared to ___:"


def draft(study: Study, seed: int) -> Draft:
    """The words of one study's report."""
    key = f"study {study.study_id}"
    choice = Choice(seed, f"{key} report")
    said = _narrative(study, key, seed)
    titled = [f"{'Portable AP view' if study.portable else 'PA and lateral views'} of the chest provided."]
    sentences = [*(titled if choice.chance("titled", 0.2) else []), *said.findings]
    return Draft(
        findings=choice.pick("gap", ("  ", " ")).join(sentences),
        impression=said.impression or ("Limited study.",),
        indication=f"___-year-old {study.sex} with {choice.pick('complaint', _COMPLAINTS)}.",
        question=choice.pick("question", _QUESTIONS),
        comparison="Radiograph from ___."
        if study.has_prior
        else choice.pick("comparison", ("None.", "None available.")),
        portable=study.portable,
        choice=choice,
    )


def _narrative(study: Study, key: str, seed: int) -> Narrative:
    """What the states say; a follow-up tells the course of a finding first."""
    signs, course = study.signs(seed), study.course
    if course is None or study.after is None:
        return narrate(study.states, key, seed, study.has_prior, signs)
    choice = Choice(seed, f"{key} course")
    again = course.told in ALONG and choice.chance("again", 0.4)
    others = {finding: state for finding, state in study.states.items() if again or finding != course.finding}
    said = narrate(others, key, seed, False, signs)
    sign = signs.get(course.finding) or study.after.signs(seed)[course.finding]
    lines = () if course.older or again else (line(course, sign, choice),)
    return Narrative((sentence(course, sign, choice), *said.findings), (*lines, *said.impression))


def lay(blocks: Sequence[str], title: str = TITLE) -> str:
    """Blocks as paragraphs below the title. A block of several lines is wrapped line by line."""
    return title + "\n" + BREAK.join("\n".join(map(_wrapped, block.split("\n"))) for block in blocks) + "\n"


def _wrapped(line: str) -> str:
    if line.endswith(": ") or len(line) < 79:
        return " " + line
    return "\n".join(" " + piece for piece in textwrap.wrap(line, 78, break_long_words=False, break_on_hyphens=False))


def _head(d: Draft) -> list[str]:
    indication = f"{d.indication}  // {d.question}" if d.choice.chance("slashes", 0.5) else d.indication
    return [
        f"EXAMINATION:  {d.exam}",
        f"INDICATION:  {indication}",
        f"TECHNIQUE:  {d.technique}",
        f"COMPARISON:  {d.comparison}",
    ]


def _sections(d: Draft) -> list[str]:
    return ["FINDINGS: ", d.findings, "IMPRESSION: ", d.summary]


def _numbered(d: Draft) -> str:
    lines = d.impression if len(d.impression) > 1 else (*d.impression, "Clinical correlation is suggested.")
    return "\n".join(f"{i}.  {line}" for i, line in enumerate(lines, 1))


def standard(d: Draft) -> str:
    """Every section under its own heading."""
    return lay([*_head(d), *_sections(d)])


def numbered(d: Draft) -> str:
    """The impression as a numbered list."""
    return lay([*_head(d), f"FINDINGS:  {d.findings}", "IMPRESSION: ", _numbered(d)])


def old_style(d: Draft) -> str:
    """HISTORY and IMPRESSION only; the impression holds everything, under a view title of its own."""
    return lay([f"HISTORY:  {d.indication}", f"IMPRESSION:  {d.opening}", d.findings])


def bare(d: Draft) -> str:
    """No heading at all, as portable films are often dictated."""
    return lay([d.opening, d.findings, d.summary])


def view_title(d: Draft) -> str:
    """A view title is the heading of the findings."""
    return lay(
        [
            f"INDICATION:  {d.indication}",
            f"COMPARISON:  {d.comparison}",
            f"{d.view_title}:  {d.findings}",
            f"IMPRESSION:  {d.summary}",
        ]
    )


def unheaded(d: Draft) -> str:
    """The findings follow the comparison without a heading."""
    return lay([*_head(d), d.findings, f"IMPRESSION:  {d.summary}"])


def mixed_case(d: Draft) -> str:
    """Headings in lower case."""
    return lay(
        [
            f"Indication: {d.indication}",
            f"Comparison: {d.comparison}",
            f"Findings: {d.findings}",
            f"Impression: {d.summary}",
        ]
    )


def glued(d: Draft) -> str:
    """No space after a heading."""
    return lay(
        [
            f"INDICATION:{d.indication}",
            f"COMPARISON:{d.comparison}",
            f"FINDINGS:{d.findings}",
            f"IMPRESSION:{d.summary}",
        ]
    )


def misspelt(d: Draft) -> str:
    """Headings with slips of the pen."""
    findings = d.choice.pick("slip findings", ("FINDNGS", "FINDIGNS", "FINDINS"))
    impression = d.choice.pick("slip impression", ("IMPRESSON", "IMPERSSION", "IMPRESSOIN"))
    return lay(
        [
            f"IDICATION:  {d.indication}",
            f"COMPARISION:  {d.comparison}",
            f"{findings}:  {d.findings}",
            f"{impression}:  {d.summary}",
        ]
    )


def wet_read(d: Draft) -> str:
    """A preliminary reading before the final one, which it contradicts."""
    wet = ["WET READ: ___ ___ ___ 9:14 AM", "  Preliminary: large right pneumothorax, please correlate."]
    return "\n".join(" " + line for line in wet) + f"\n{RULE}\n" + lay([*_head(d), *_sections(d)])


def addendum(d: Draft) -> str:
    """An addendum before the report that it adds to."""
    added = lay(["ADDENDUM:  Dr. ___ was informed of these results on ___."], " " * 33 + "FINAL ADDENDUM")
    return added + RULE + "\n" + lay([*_head(d), *_sections(d)])


def findings_and_impression(d: Draft) -> str:
    """Both in one section."""
    return lay(
        [f"INDICATION:  {d.indication}", f"COMPARISON:  {d.comparison}", f"FINDINGS AND IMPRESSION:  {d.findings}"]
    )


def title_without_colon(d: Draft) -> str:
    """A view title that is a sentence."""
    title = "CHEST, SINGLE AP PORTABLE VIEW." if d.portable else "CHEST, PA AND LATERAL VIEWS."
    return lay([f"HISTORY:  {d.indication}", title, d.findings, f"IMPRESSION:  {d.summary}"])


def title_with_digits(d: Draft) -> str:
    """A heading with a digit in it."""
    return lay(
        [
            f"INDICATION:  {d.indication}",
            f"CHEST {1 if d.portable else 2} VIEWS:  {d.findings}",
            f"IMPRESSION:  {d.summary}",
        ]
    )


def template(d: Draft) -> str:
    """A dictation template that nobody filled in."""
    head = [
        "EXAMINATION:  <Procedure Description>",
        "INDICATION:  <Clinical Indication><Reason For Exam>",
        f"COMPARISON:  {d.comparison}",
    ]
    return lay([*head, *_sections(d)])


def capitals(d: Draft) -> str:
    """All in capitals."""
    return lay([*_head(d), *_sections(d)]).upper()


def two_impressions(d: Draft) -> str:
    """A first impression that a second one replaces."""
    return lay([*_head(d), f"FINDINGS:  {d.findings}", "IMPRESSION:  See below.", f"IMPRESSION:  {d.summary}"])


def tight(d: Draft) -> str:
    """No empty line anywhere, and headings that end their line."""
    return lay([f"INDICATION:  {d.indication}\nCOMPARISON:\nFINDINGS:\n{d.findings}\nIMPRESSION:\n{d.summary}"])


def crlf(d: Draft) -> str:
    """Line ends of another system."""
    return standard(d).replace("\n", "\r\n")


def marked(d: Draft) -> str:
    """A byte order mark in front."""
    return "\ufeff" + standard(d)


def other_names(d: Draft) -> str:
    """Sections under their rarer names, with what must be told to whom."""
    head = [f"TYPE OF EXAMINATION:  {d.exam}", f"REASON FOR EXAM:  {d.indication}", f"COMPARISON EXAM:  {d.comparison}"]
    told = [
        "NOTIFICATION:  Dr. ___ was called at ___ p.m. on ___.",
        "RECOMMENDATION(S):  Repeat radiograph after treatment.",
    ]
    return lay([*head, f"FINDINGS:  {d.findings}", f"CONCLUSION:  {d.summary}", *told])


SHAPES: Final[tuple[Callable[[Draft], str], ...]] = (
    standard, numbered, old_style, bare, view_title, unheaded, mixed_case, glued, misspelt, wet_read, addendum,
    findings_and_impression, title_without_colon, title_with_digits, template, capitals, two_impressions, tight, crlf,
    marked, other_names,
)  # fmt: skip
_FIRST_SHAPE: Final = {"train": 0, "validate": 13, "test": 16}


def shape_of(study: Study) -> Callable[[Draft], str]:
    """The shape of a study's report: the first of each split is plain, the others take their turn."""
    if study.course is not None:
        return (standard, numbered, view_title, mixed_case)[study.study_id % 4]
    return standard if study.number <= 0 else SHAPES[(study.number + _FIRST_SHAPE[study.split]) % len(SHAPES)]


def report_text(study: Study, seed: int) -> str:
    """The report of a study, as text."""
    if study.fault == "unlabelled-study":
        return TITLE + "\n"
    if study.fault == "blank-study":
        return TITLE + "\n See the separately dictated report of the same day.\n"
    return shape_of(study)(draft(study, seed))


def report_bytes(study: Study, seed: int, spoilt: bool) -> bytes:
    """The report as a file; a spoilt one holds one byte (a no-break space of Latin-1) that is not UTF-8."""
    body = report_text(study, seed).encode()
    return body if not spoilt else body[:-1] + b"\xa0" + body[-1:]
