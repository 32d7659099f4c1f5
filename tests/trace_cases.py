"""Studies and questions for tests of traces, in sentences of our own."""

from __future__ import annotations

from typing import Any

import polars as pl

from cxdata.model.hashing import stable_hash
from cxdata.reasoning.evidence.writer import EvidenceWriter
from cxdata.reasoning.study import Box, Study, studies
from cxdata.reasoning.trace import Question, Refused, Trace
from cxdata.reasoning.writers import Case

FINDINGS = (
    "There is a small left pleural effusion. No pneumothorax is seen. The heart is moderately enlarged. "
    "Patchy consolidation is present in the right lower lobe. There is no pulmonary edema. "
    "No displaced rib fracture. There may be a nodule at the right apex. Compared to ___, the effusion has decreased."
)


def study_of(findings: str = FINDINGS, impression: str | None = None, boxes: tuple[Box, ...] = ()) -> Study:
    frame = pl.LazyFrame(
        {"study_id": ["s1"], "language": ["en"], "findings": [findings], "impression": [impression]},
        schema_overrides={"impression": pl.String},
    )
    told = studies(frame)["s1"]
    return Study(told.sentences, told.others, told.text, boxes)


def question(**changes: Any) -> Question:
    base: dict[str, Any] = {
        "sample_id": "mimic/disease_single_choice/s1:pleural-effusion", "task": "disease_single_choice",
        "answer_type": "single_choice", "stage": "closed", "question": "Which?", "asked_finding": None,
        "options": ("Pneumothorax", "Pleural Effusion", "No Finding", "Edema"), "answer": "Pleural Effusion",
        "letters": ("B",), "labels": ("Pleural Effusion",), "scored": (), "ignored": (), "study_key": "mimic:s1",
        "image_ids": ("mimic:one",),
    }  # fmt: skip
    made = {**base, **changes}
    return Question(**{"key": stable_hash(0, made["sample_id"], "trace"), **made})


def binary(finding: str, answer: str, options: tuple[str, str] = ("Yes", "No"), **changes: Any) -> Question:
    letter = "AB"[options.index(answer)]
    labels = (finding,) if answer == "Yes" else ()
    return question(
        sample_id=f"mimic/disease_binary/s1:{finding.lower().replace(' ', '-')}", task="disease_binary",
        answer_type="binary", asked_finding=finding, options=options, answer=answer, letters=(letter,), labels=labels,
        **changes,
    )  # fmt: skip


def open_question(
    labels: tuple[str, ...] = ("Cardiomegaly", "Pleural Effusion"),
    scored: tuple[str, ...] = ("Cardiomegaly", "Edema", "Pleural Effusion", "Pneumothorax"),
    ignored: tuple[str, ...] = ("Lung Lesion", "Fracture", "Consolidation"),
    **changes: Any,
) -> Question:
    return question(
        sample_id="mimic/disease_open/s1", task="disease_open", answer_type="open_labels", stage="open", options=(),
        answer=", ".join(labels), letters=(), labels=labels, scored=scored, ignored=ignored, **changes,
    )  # fmt: skip


def written(asked: Question, study: Study) -> Trace | Refused:
    (found,) = EvidenceWriter().write([Case(asked, study)])
    return found


def trace(asked: Question, study: Study) -> Trace:
    found = written(asked, study)
    assert isinstance(found, Trace), found
    return found
