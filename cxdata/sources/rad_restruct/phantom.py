"""A synthetic Rad-ReStruct: questionnaires that fit the findings of OpenI's phantom.

No real report goes in: numbers and pictures are those of the synthetic OpenI. Faults stand in `FAULTS`; `planted` says
which report each befell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from cxdata.phantom.faults import Fault
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.rad_restruct.phantom_questions import questionnaire

__all__ = ["FAULTS", "planted", "write"]

FAULTS: Final = (
    Fault("cut-file", "a file of questions cut in half"),
    Fault("no-number", "a file of questions that is not called by a report's number"),
    Fault("bad-element", "a question without its options"),
    Fault("one-option", "a question with a single option"),
    Fault("stray-answer", "an answer that is none of the options"),
    Fault("not-in-list", "a report that the list of pictures does not have"),
    Fault("not-in-openi", "a report whose picture OpenI does not have"),
    Fault("two-splits", "a report that stands in train and in test"),
    Fault("no-questions", "a report with a picture and no questions", 8),
)
_FRONTAL: Final = ("PA", "AP", "FRONTAL")
_ELSEWHERE: Final = {"cut-file": "9999901", "not-in-list": "9999902", "not-in-openi": "9999903"}
_SILENT: Final = 2  # the place of the report without questions, where there are more than
_FEW: Final = 4
_PICTURE: Final = "CXR{}_IM-0001-1001"


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    parent = spec.parents["openi"]
    reports, pictures = _reports(parent["images"])
    states = _states(parent["findings"])
    asked = {report: questionnaire(report, states.get(f"CXR{report}", {}), spec.seed) for report in reports}
    _spoil(asked[reports[0]])
    tree: Tree = {
        f"{_folder(nth)}/{report}.json": _json(asked[report])
        for nth, report in enumerate(reports)
        if nth != _SILENT or len(reports) <= _FEW
    }
    whole = _json(asked[reports[-1]])
    tree |= {
        f"train_qa_pairs/{_ELSEWHERE['cut-file']}.json": whole[: len(whole) // 2],
        f"train_qa_pairs/{_ELSEWHERE['not-in-list']}.json": whole,
        f"val_qa_pairs/{_ELSEWHERE['not-in-openi']}.json": whole,
        "train_qa_pairs/notes.json": _json(asked[reports[-1]][:1]),
        f"train_qa_pairs/{reports[-1]}.json": _json(asked[reports[-1]][:2]),
        f"test_qa_pairs/{reports[-1]}.json": whole,
    }
    listed = {**pictures, "IM-0001": [_PICTURE.format(1)]}
    listed[_ELSEWHERE["not-in-openi"]] = [_PICTURE.format(_ELSEWHERE["not-in-openi"])]
    save({**tree, "id_to_img_mapping_frontal_reports.json": _json(listed)}, spec.out / spec.layout.parts["data"])


def planted(reports: list[str]) -> dict[str, str]:
    """Each fault's name to the report that it befell, of all reports in order."""
    own = dict.fromkeys(("bad-element", "one-option", "stray-answer"), reports[0])
    silent = {"no-questions": reports[_SILENT]} if len(reports) > _FEW else {}
    return {**_ELSEWHERE, **own, **silent, "two-splits": reports[-1], "no-number": "notes"}


def _reports(images: pl.DataFrame) -> tuple[list[str], dict[str, list[str]]]:
    """The reports with a frontal picture, and the names of these pictures."""
    frontal = images.filter(pl.col("view").is_in(_FRONTAL)).sort("image_id")
    names = frontal.with_columns(stem=pl.col("image_id").str.strip_prefix("openi:"))
    listed: dict[str, list[str]] = {}
    for report, stem in names.select("patient_id", "stem").iter_rows():
        listed.setdefault(report, []).append(stem)
    return sorted(listed), listed


def _states(findings: pl.DataFrame) -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = {}
    for study, finding, state in findings.select("study_id", "finding", "state").drop_nulls().iter_rows():
        told.setdefault(study, {})[finding] = state
    return told


def _folder(nth: int) -> str:
    return "val_qa_pairs" if nth % 5 == 1 else "test_qa_pairs" if nth % 5 == 3 else "train_qa_pairs"


def _spoil(questions: list[Any]) -> None:
    """Three more questions of a report, each broken."""
    question, answers, history, meta = questions[0]
    questions.append([question, answers, history, {**meta, "options": None}])
    questions.append(["What are the attributes?", ["degenerative"], [], {**meta, "options": ["degenerative"]}])
    questions.append(["In which area?", ["elsewhere"], [], {**meta, "options": ["left", "right"]}])


def _json(content: Mapping[str, Any] | list[Any]) -> bytes:
    return json.dumps(content).encode()
