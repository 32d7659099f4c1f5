from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
import typer
from conftest import build_source
from typer.testing import CliRunner

from cxdata.build.pictures import IMAGES
from cxdata.build.units import PATIENTS
from cxdata.build.writer import write_shard
from cxdata.check.across import Across
from cxdata.check.columns import FILLED, literals
from cxdata.check.facts import Facts, facts
from cxdata.check.findings import any_related, bits
from cxdata.check.meaning import Around, prepared
from cxdata.check.places import group_starts, place
from cxdata.check.problems import Problem
from cxdata.check.rule import Rule, broken
from cxdata.check.shown import known_pictures
from cxdata.check.validate import rule_table, validate
from cxdata.check.verdict import Verdict
from cxdata.cli import validate as verb
from cxdata.model.errors import UsageError
from cxdata.model.facets import REJECTS
from cxdata.model.sample import Sample, arrow_schema, columns, polars_schema
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.base import Source

# --- a healthy row of each task, by hand ------------------------------------------------------------------------------

LICENCE = "PhysioNet Credentialed Health Data License 1.5.0"
EVERY_TASK: dict[str, Any] = {
    "source": "mimic", "source_version": "2.1.0", "language": "en", "domain": "visual_understanding", "context": None,
    "asked_finding": None, "options": None, "answer_letter": None, "labels": None, "scored_labels": None,
    "ignored_labels": None, "boxes": None, "image_ids": ["mimic:front", "mimic:side"], "stage": "closed",
    "difficulty": None, "difficulty_rule": None, "patient_key": "mimic:p1", "patient_keys": ["mimic:p1"],
    "study_key": "mimic:s1", "population": "adult", "split": "train", "split_official": "train",
    "split_reason": "official", "set_id": None, "evidence_ids": ["mimic:s1"], "label_policy": "stated",
    "reference": "R4", "reward": "closed", "origin_file": "labels.csv.gz", "origin_row": 1, "reader_version": 1,
    "task_version": 1, "licence": LICENCE, "restricted": True,
}  # fmt: skip
REPORT: dict[str, Any] = {
    "answer_type": "free_text", "stage": "sft", "level": "generation", "reward": "free_text", "label_policy": "none",
    "reference": None, "evidence_ids": None, "origin_row": None, "domain": "text_generation",
}  # fmt: skip
BOXED: dict[str, Any] = {
    "answer_type": "boxes", "domain": "spatiotemporal_alignment", "stage": "sft", "reward": "boxes",
    "label_policy": "none", "evidence_ids": None, "image_ids": ["mimic:front"],
    "boxes": [{"label": "Edema", "x0": 1.0, "y0": 2.0, "x1": 30.0, "y1": 40.0}],
}  # fmt: skip
BY_TASK: dict[str, dict[str, Any]] = {
    "disease_binary": {
        "answer_type": "binary", "level": "binary", "question": "Is it there?", "asked_finding": "Edema",
        "options": ["No", "Yes"], "answer": "Yes", "answer_letter": "B", "labels": ["Edema"],
        "wording_id": "disease_binary.en.v1.visible.01",
    },
    "disease_single_choice": {
        "answer_type": "single_choice", "level": "single", "question": "Which one?",
        "options": ["Fracture", "Edema", "Pneumothorax", "Pleural Effusion"], "answer": "Edema", "answer_letter": "B",
        "labels": ["Edema"], "wording_id": "disease_single_choice.en.v1.any.01",
    },
    "disease_multi_choice": {
        "answer_type": "multi_choice", "level": "multi", "question": "Which of these?",
        "options": ["Fracture", "Edema", "Pneumothorax", "Pleural Effusion"], "answer": "Fracture, Pneumothorax",
        "answer_letter": "A, C", "labels": ["Fracture", "Pneumothorax"],
        "wording_id": "disease_multi_choice.en.v1.any.01",
    },
    "disease_open": {
        "answer_type": "open_labels", "level": "open", "stage": "open", "reward": "open_labels",
        "question": "What is there?", "answer": "Edema, Fracture", "labels": ["Edema", "Fracture"],
        "scored_labels": ["Edema", "Fracture", "Pneumothorax"], "ignored_labels": ["Lung Opacity", "Atelectasis"],
        "wording_id": "disease_open.en.v1.any.01+note.01",
    },
    "view_classification": {
        "answer_type": "single_choice", "level": "single", "question": "Which view?",
        "options": ["Lateral", "Posteroanterior (PA)"], "answer": "Posteroanterior (PA)", "answer_letter": "B",
        "image_ids": ["mimic:front"], "label_policy": "none", "reference": None, "evidence_ids": None,
        "wording_id": "view_classification.en.v2.any.01",
    },
    "findings_generation": {
        **REPORT, "question": "Describe it.", "answer": "The lungs are clear.",
        "wording_id": "findings_generation.en.v1.any.01",
    },
    "impression_generation": {
        **REPORT, "question": "Conclude.", "answer": "No acute disease.",
        "wording_id": "impression_generation.en.v1.any.01",
    },
    "view_matching": {
        "answer_type": "binary", "level": "binary", "question": "The same view?", "options": ["No", "Yes"],
        "answer": "Yes", "answer_letter": "B", "image_ids": ["mimic:front", "mimic:fellow"], "label_policy": "none",
        "reference": None, "evidence_ids": None, "patient_keys": ["mimic:p1", "mimic:p2"], "set_id": "set",
        "wording_id": "view_matching.en.v1.any.01",
    },
    "image_text_matching": {
        "answer_type": "binary", "level": "binary", "question": "Do they match?", "options": ["No", "Yes"],
        "answer": "No", "answer_letter": "A", "context": "The lungs are clear.", "label_policy": "none",
        "evidence_ids": None, "patient_keys": ["mimic:p1", "mimic:p2"], "set_id": "set",
        "wording_id": "image_text_matching.en.v1.any.01",
    },
    "image_text_selection": {
        "answer_type": "single_choice", "level": "single", "question": "Which text?",
        "options": ["Clear, as it seems.", "An effusion.", "Edema, mild.", "A fracture."], "answer": "Edema, mild.",
        "answer_letter": "C", "label_policy": "none", "evidence_ids": None, "set_id": "set",
        "patient_keys": ["mimic:p1", "mimic:p2", "mimic:p3", "mimic:p4"],
        "wording_id": "image_text_selection.en.v1.any.01",
    },
    "findings_generation_indication": {
        **REPORT, "question": "Describe it.", "context": "Woman with cough.", "answer": "The lungs are clear.",
        "wording_id": "findings_generation_indication.en.v1.any.01",
    },
    "impression_generation_indication": {
        **REPORT, "question": "Conclude.", "context": "Woman with cough.", "answer": "No acute disease.",
        "wording_id": "impression_generation_indication.en.v1.any.01",
    },
    "temporal_progression": {
        "answer_type": "single_choice", "level": "single", "domain": "spatiotemporal_alignment",
        "question": "How does it go on?", "asked_finding": "Edema", "options": ["stable", "worsening", "improving"],
        "answer": "worsening", "answer_letter": "B", "image_ids": ["mimic:front", "mimic:later"],
        "label_policy": "none",
        "reference": "R4", "evidence_ids": None, "set_id": "set", "split": "train",
        "wording_id": "temporal_progression.en.v1.any.01",
    },
    "abnormality_grounding": {
        **BOXED, "level": "grounding", "question": "Where?", "asked_finding": "Edema", "labels": ["Edema"],
        "answer": "Edema: lower left of the picture.", "wording_id": "abnormality_grounding.en.v1.visible.01",
    },
    "abnormality_detection": {
        **BOXED, "level": "detection", "question": "What is abnormal?", "labels": ["Edema"],
        "answer": "Edema: lower left of the picture.", "wording_id": "abnormality_detection.en.v1.any.01",
    },
    "visual_question_answering": {
        "answer_type": "free_text", "stage": "sft", "level": "answer", "reward": "free_text",
        "question": "Where is the pathology?", "answer": "On the left.", "label_policy": "none", "reference": "R2",
        "evidence_ids": None, "wording_id": "visual_question_answering.native",
    },
    "phrase_grounding": {
        **BOXED, "level": "grounding", "question": "Where is mild edema?", "labels": ["Edema"],
        "answer": "lower left of the picture.", "wording_id": "phrase_grounding.en.v1.any.01",
    },
    "grounded_captioning": {
        **REPORT, "reference": "R3", "domain": "spatiotemporal_alignment", "level": "captioning",
        "question": "What is in the box?",
        "answer": "Mild edema.", "image_ids": ["mimic:front"], "wording_id": "grounded_captioning.en.v1.any.01",
    },
    "grounded_diagnosis": {
        **REPORT, "reference": "R3", "domain": "spatiotemporal_alignment", "level": "diagnosis",
        "question": "What is in the box?",
        "answer": "Edema", "image_ids": ["mimic:front"], "labels": ["Edema"],
        "wording_id": "grounded_diagnosis.en.v1.any.01",
    },
    "temporal_sentence_similarity": {
        "domain": "language", "answer_type": "binary", "level": "binary", "question": "Do they say the same change?",
        "options": ["No", "Yes"], "answer": "Yes", "answer_letter": "B", "image_ids": [], "split": "test",
        "split_official": "test", "label_policy": "none", "evidence_ids": None, "context": "A grew.\nA is larger.",
        "wording_id": "temporal_sentence_similarity.en.v1.any.01",
    },
    "difference_vqa": {
        "domain": "spatiotemporal_alignment", "answer_type": "free_text", "stage": "sft", "level": "answer",
        "reward": "free_text", "question": "First the older one. What is new?", "answer": "An effusion is new.",
        "image_ids": ["mimic:front", "mimic:elsewhere"], "label_policy": "none", "reference": "R4",
        "evidence_ids": None, "wording_id": "difference_vqa.en.v1.any.01",
    },
    "explanation": {
        **REPORT, "reference": "R3", "level": "answer",
        "question": "Why?", "answer": "The opacity suggests edema.",
        "wording_id": "explanation.en.v1.any.01",
    },
    "entity_relation_extraction": {
        **REPORT, "reference": "R3", "domain": "language", "level": "extraction",
        "question": "Which entities?", "image_ids": [],
        "context": "Unchanged edema", "answer": "1 | Unchanged | present | modify 2\n2 | edema | present",
        "wording_id": "entity_relation_extraction.en.v1.any.01",
    },
    "findings_summarization": {
        **REPORT, "domain": "language", "level": "summarization", "question": "Sum it up.", "image_ids": [],
        "context": "The lungs are clear.", "answer": "No acute disease.",
        "wording_id": "findings_summarization.en.v1.any.01",
    },
}  # fmt: skip
PICTURES = pl.DataFrame(
    [("mimic:front", "PA", "mimic:p1", "mimic:s1"), ("mimic:side", "LATERAL", "mimic:p1", "mimic:s1"),
     ("mimic:second", "AP", "mimic:p1", "mimic:s1"), ("mimic:elsewhere", "LATERAL", "mimic:p1", "mimic:s2"),
     ("mimic:later", "PA", "mimic:p1", "mimic:s4"),
     ("mimic:fellow", "PA", "mimic:p2", "mimic:s3"), ("mimic:stranger", "LATERAL", "mimic:p2", "mimic:s3"),
     ("mimic:oblique", "OTHER", "mimic:p1", "mimic:s1")],
    schema=["image_id", "view", "patient_key", "study_key"], orient="row",
)  # fmt: skip
AROUND = Around("mimic", known_pictures(PICTURES), pl.Series("patient_key", ["mimic:p1", "mimic:p2"]))


def healthy(task: str, number: int = 0, /, **changed: Any) -> dict[str, Any]:
    """A row that the pydantic model accepts, with what is changed after that."""
    row = {"sample_id": f"mimic/{task}/s{number}", "task": task, **EVERY_TASK, **BY_TASK[task]}
    return {**Sample.model_validate(row).model_dump(), **changed}


# --- every rule fires on a row broken for it --------------------------------------------------------------------------

Mutation = tuple[str, str, str, dict[str, Any]]
"""Code, column, task of the healthy row, and what is changed in it."""

BOXES = {"answer_type": "boxes", "options": None, "answer_letter": None}


def by_schema() -> list[Mutation]:
    """What follows from the schema: nulls, values outside their words, empty texts."""
    null = [("null", c.name, "disease_binary", {c.name: None}) for c in columns() if not c.nullable]
    lists = [c for c in columns() if isinstance(c.kind, pl.List)]
    elements = [("null_element", c.name, "disease_open", {c.name: [None]}) for c in lists]
    values = [("unknown_value", name, "disease_binary", {name: "other"}) for name in literals()]
    empty = [("empty", name, "disease_binary", {name: " \n"}) for name in FILLED]
    return [*null, *elements, *values, *empty]


MUTATIONS: list[Mutation] = [
    *by_schema(),
    ("empty", "options", "disease_single_choice", {"options": ["Fracture", "Edema", " ", "Pleural Effusion"]}),
    ("empty", "context", "disease_binary", {"context": ""}),
    ("empty", "evidence_ids", "disease_binary", {"evidence_ids": []}),
    ("out_of_range", "difficulty", "disease_binary", {"difficulty": 1.5, "difficulty_rule": "rule v1"}),
    ("out_of_range", "difficulty", "disease_binary", {"difficulty": float("nan"), "difficulty_rule": "rule v1"}),
    ("out_of_range", "origin_row", "disease_binary", {"origin_row": 0}),
    ("out_of_range", "reader_version", "disease_binary", {"reader_version": 0}),
    ("out_of_range", "task_version", "disease_binary", {"task_version": 0}),
    ("difficulty_rule", "difficulty_rule", "disease_binary", {"difficulty": 0.5}),
    # what the row is
    ("id_form", "sample_id", "disease_binary", {"sample_id": "mimic/disease_binary/s1 edema"}),
    ("id_form", "sample_id", "disease_binary", {"sample_id": "mimic/disease_binary/s1/edema"}),
    ("id_prefix", "sample_id", "disease_binary", {"sample_id": "mimic/disease_open/s1"}),
    ("key_form", "patient_key", "disease_binary", {"patient_key": "p1"}),
    ("key_form", "study_key", "disease_binary", {"study_key": "mimic:"}),
    ("unknown_task", "task", "disease_binary", {"task": "disease_guess"}),
    ("task_constant", "domain", "disease_binary", {"domain": "language"}),
    ("task_constant", "answer_type", "disease_binary", {"answer_type": "single_choice"}),
    ("task_constant", "stage", "disease_binary", {"stage": "open"}),
    ("task_constant", "level", "disease_binary", {"level": "single"}),
    ("task_constant", "reward", "disease_binary", {"reward": "none"}),
    ("other_source", "source", "disease_binary", {"source": "chexpert"}),
    ("licence_differs", "licence", "disease_binary", {"licence": "CC0"}),
    ("restricted_differs", "restricted", "disease_binary", {"restricted": False}),
    ("namespace", "patient_key", "disease_binary", {"patient_key": "nih:p1"}),
    ("namespace", "study_key", "disease_binary", {"study_key": "nih:s1"}),
    ("own_patient_first", "patient_keys", "disease_binary", {"patient_keys": ["mimic:p2", "mimic:p1"]}),
    ("own_patient_first", "patient_keys", "disease_binary", {"patient_keys": []}),
    ("repeated", "patient_keys", "disease_binary", {"patient_keys": ["mimic:p1", "mimic:p1"]}),
    ("unknown_patient", "patient_key", "disease_binary", {"patient_key": "mimic:p9", "patient_keys": ["mimic:p9"]}),
    ("split_too_loose", "split", "disease_binary", {"split": "val", "split_official": "test"}),
    # options and letters
    ("missing", "options", "disease_single_choice", {"options": None}),
    ("not_asked_for", "options", "findings_generation", {"options": ["One", "Two"]}),
    ("missing", "answer_letter", "disease_binary", {"answer_letter": None}),
    ("not_asked_for", "answer_letter", "disease_open", {"answer_letter": "A"}),
    ("not_yes_and_no", "options", "disease_binary", {"options": ["No", "Yes", "Maybe"]}),
    ("not_yes_and_no", "options", "disease_binary", {"options": ["no", "yes"]}),
    ("number_of_options", "options", "disease_single_choice", {"options": ["Fracture", "Edema", "Pneumothorax"]}),
    ("number_of_options", "options", "view_classification", {"options": ["Lateral"]}),
    ("number_of_options", "options", "disease_multi_choice", {"options": ["Fracture", "Edema"]}),
    ("repeated", "options", "disease_single_choice", {"options": ["Fracture", "Edema", "Fracture", "Hernia"]}),
    ("comma_in_option", "options", "disease_multi_choice", {"options": ["Fracture", "Edema, both", "Hernia"]}),
    ("letter_form", "answer_letter", "disease_single_choice", {"answer_letter": "b"}),
    ("letter_form", "answer_letter", "disease_multi_choice", {"answer_letter": "C, A"}),
    ("letter_form", "answer_letter", "disease_multi_choice", {"answer_letter": "A,C"}),
    ("letter_form", "answer_letter", "disease_multi_choice", {"answer_letter": "A, A"}),
    ("letter_not_answer", "answer_letter", "disease_binary", {"answer_letter": "A"}),
    ("letter_not_answer", "answer_letter", "disease_single_choice", {"answer_letter": "G"}),
    ("letter_not_answer", "answer_letter", "disease_multi_choice", {"answer_letter": "A, B"}),
    ("no_distractor", "options", "disease_multi_choice", {
        "answer": "Fracture, Edema, Hernia", "labels": ["Fracture", "Edema", "Hernia"], "answer_letter": "A, B, C",
        "options": ["Fracture", "Edema", "Hernia"]}),
    # findings
    ("not_canonical", "options", "disease_single_choice", {"options": ["Fracture", "Edema", "PTX", "Hernia"]}),
    ("not_canonical", "labels", "disease_open", {"labels": ["edema"]}),
    ("not_canonical", "scored_labels", "disease_open", {"scored_labels": ["edema"]}),
    ("not_canonical", "ignored_labels", "disease_open", {"ignored_labels": ["edema"]}),
    ("not_canonical", "asked_finding", "disease_binary", {"asked_finding": "Oedema"}),
    ("never_asked", "options", "disease_single_choice", {"options": ["Infarction", "Edema", "Hernia", "Fracture"]}),
    ("never_asked", "labels", "disease_open", {"labels": ["Infarction"]}),
    ("never_asked", "scored_labels", "disease_open", {"scored_labels": ["Infarction"]}),
    ("never_asked", "ignored_labels", "disease_open", {"ignored_labels": ["Infarction"]}),
    ("never_asked", "asked_finding", "disease_binary", {"asked_finding": "Pulmonary Embolism"}),
    ("never_asked", "asked_finding", "disease_binary", {"asked_finding": "No Finding"}),
    ("missing", "asked_finding", "disease_binary", {"asked_finding": None}),
    ("not_asked_for", "asked_finding", "disease_open", {"asked_finding": "Edema"}),
    ("related", "options", "disease_single_choice", {"options": ["Lung Opacity", "Edema", "Hernia", "Fracture"]}),
    ("related", "options", "disease_multi_choice", {"options": ["Consolidation", "Edema", "Atelectasis"]}),
    ("device_beside_disease", "options", "disease_single_choice", {
        "options": ["Support Devices", "Edema", "Hernia", "Fracture"]}),
    ("device_beside_disease", "scored_labels", "disease_open", {"scored_labels": ["Edema", "Pacemaker"]}),
    ("device_beside_disease", "ignored_labels", "disease_open", {"ignored_labels": ["Hernia", "Pacemaker"]}),
    ("no_finding_in_multi", "options", "disease_multi_choice", {"options": ["No Finding", "Edema", "Fracture"]}),
    ("missing", "labels", "disease_binary", {"labels": None}),
    ("repeated", "labels", "disease_open", {"labels": ["Edema", "Edema"]}),
    ("label_not_option", "labels", "disease_single_choice", {"labels": ["Hernia"]}),
    ("answer_not_labels", "answer", "disease_multi_choice", {"answer": "Fracture"}),
    ("answer_not_labels", "answer", "disease_open", {"answer": "Edema,Fracture"}),
    ("labels_not_answer", "labels", "disease_binary", {"labels": []}),
    ("labels_not_answer", "labels", "disease_binary", {"answer": "No", "answer_letter": "A"}),
    ("labels_not_answer", "labels", "disease_single_choice", {"labels": ["Edema", "Fracture"]}),
    ("no_finding_not_alone", "labels", "disease_open", {"labels": ["No Finding", "Edema"]}),
    ("no_label", "labels", "disease_open", {"labels": []}),
    ("missing", "scored_labels", "disease_open", {"scored_labels": None}),
    ("missing", "ignored_labels", "disease_open", {"ignored_labels": None}),
    ("not_asked_for", "scored_labels", "disease_multi_choice", {"scored_labels": ["Edema"]}),
    ("not_asked_for", "ignored_labels", "disease_multi_choice", {"ignored_labels": ["Edema"]}),
    ("repeated", "scored_labels", "disease_open", {"scored_labels": ["Edema", "Fracture", "Fracture"]}),
    ("repeated", "ignored_labels", "disease_open", {"ignored_labels": ["Hernia", "Hernia"]}),
    ("scored_and_ignored", "scored_labels", "disease_open", {"ignored_labels": ["Pneumothorax"]}),
    ("label_not_scored", "labels", "disease_open", {"scored_labels": ["Edema"]}),
    ("related", "scored_labels", "disease_open", {"scored_labels": ["Edema", "Fracture", "Lung Opacity"]}),
    # how labels were read
    ("missing", "label_policy", "disease_open", {"label_policy": "none"}),
    ("missing", "reference", "disease_open", {"reference": None}),
    ("missing", "reference", "visual_question_answering", {"reference": None}),
    ("missing", "reference", "temporal_progression", {"reference": None}),
    ("unknown_policy", "label_policy", "disease_open", {"label_policy": "loose"}),
    ("doubt_outside_train", "label_policy", "disease_open", {"label_policy": "u-mixed", "split": "val"}),
    ("listed_negative", "label_policy", "disease_binary", {
        "label_policy": "listed", "split": "test", "answer": "No", "answer_letter": "A", "labels": []}),
    ("listed_negative", "label_policy", "disease_single_choice", {"label_policy": "listed", "split": "val"}),
    ("listed_negative", "label_policy", "disease_open", {"label_policy": "listed", "split": "val"}),
    # words
    ("mark_in_text", "question", "disease_open", {"question": "<image>What is there?"}),
    ("mark_in_text", "context", "findings_summarization", {"context": "Clear.<|im_end|>"}),
    ("mark_in_text", "answer", "findings_generation", {"answer": "<|image_pad|>The lungs are clear."}),
    ("mark_in_text", "options", "view_classification", {"options": ["<image>", "Posteroanterior (PA)"]}),
    ("unknown_wording", "wording_id", "disease_open", {"wording_id": "disease_open.en.v1.any.99"}),
    ("unknown_wording", "wording_id", "disease_open", {"wording_id": "disease_multi_choice.en.v1.any.01"}),
    ("missing", "context", "findings_summarization", {"context": None}),
    ("speaks_of_prior", "answer", "findings_generation", {"answer": "Unchanged from before."}),
    ("speaks_of_prior", "answer", "impression_generation", {"answer": "Seen by ___ at noon."}),
    ("speaks_of_prior", "answer", "findings_summarization", {"answer": "No acute disease since the prior study."}),
    ("missing", "boxes", "disease_binary", {**BOXES, "boxes": None}),
    ("box_corners", "boxes", "disease_binary", {
        **BOXES, "boxes": [{"label": "Edema", "x0": 5.0, "y0": 1.0, "x1": 5.0, "y1": 9.0}]}),
    ("box_corners", "boxes", "disease_binary", {
        **BOXES, "boxes": [{"label": "Edema", "x0": 1.0, "y0": -1.0, "x1": 5.0, "y1": float("nan")}]}),
    # pictures
    ("number_of_pictures", "image_ids", "disease_binary", {"image_ids": []}),
    ("number_of_pictures", "image_ids", "findings_generation", {
        "image_ids": ["mimic:front", "mimic:side", "mimic:second"]}),
    ("number_of_pictures", "image_ids", "view_classification", {"image_ids": ["mimic:front", "mimic:side"]}),
    ("number_of_pictures", "image_ids", "findings_summarization", {"image_ids": ["mimic:front"]}),
    ("repeated", "image_ids", "disease_binary", {"image_ids": ["mimic:front", "mimic:front"]}),
    ("unknown_picture", "image_ids", "disease_binary", {"image_ids": ["mimic:front", "mimic:nowhere"]}),
    ("other_patient", "image_ids", "disease_binary", {"image_ids": ["mimic:front", "mimic:stranger"]}),
    ("other_study", "image_ids", "disease_binary", {"image_ids": ["mimic:front", "mimic:elsewhere"]}),
    ("not_frontal", "image_ids", "disease_binary", {"image_ids": ["mimic:oblique"]}),
    ("not_frontal", "image_ids", "findings_generation", {"image_ids": ["mimic:side", "mimic:front"]}),
    ("not_lateral", "image_ids", "disease_binary", {"image_ids": ["mimic:front", "mimic:second"]}),
    ("view_not_answer", "answer", "view_classification", {"image_ids": ["mimic:side"]}),
    ("view_not_answer", "answer", "view_matching", {"image_ids": ["mimic:front", "mimic:stranger"]}),
    ("view_not_answer", "answer", "view_matching", {"answer": "No"}),
    ("number_of_pictures", "image_ids", "view_matching", {"image_ids": ["mimic:front"]}),
    ("number_of_pictures", "image_ids", "temporal_progression", {"image_ids": ["mimic:front"]}),
    ("number_of_pictures", "image_ids", "difference_vqa", {"image_ids": ["mimic:front"]}),
    ("other_patient", "image_ids", "difference_vqa", {"image_ids": ["mimic:fellow", "mimic:front"]}),
    ("missing", "context", "entity_relation_extraction", {"context": None}),
    ("number_of_pictures", "image_ids", "entity_relation_extraction", {"image_ids": ["mimic:front"]}),
    ("speaks_of_prior", "answer", "explanation", {"answer": "Unchanged opacity suggests edema."}),
    ("missing", "context", "image_text_matching", {"context": None}),
    ("number_of_options", "options", "image_text_selection", {"options": ["A text.", "Edema, mild."]}),
    ("missing", "boxes", "abnormality_grounding", {"boxes": None}),
    ("task_constant", "answer_type", "abnormality_grounding", {"answer_type": "free_text"}),
    ("number_of_pictures", "image_ids", "abnormality_detection", {"image_ids": ["mimic:front", "mimic:side"]}),
]  # fmt: skip


@pytest.fixture(scope="module")
def known() -> Facts:
    return facts()


def judge(rows: list[dict[str, Any]], known: Facts) -> list[tuple[Rule, list[int]]]:
    frame = pl.DataFrame(rows, schema=polars_schema())
    return broken(prepared(frame, known, AROUND), rule_table(known)["samples"])


def test_healthy_rows_of_every_task_break_no_rule(known: Facts) -> None:
    assert set(BY_TASK) == set(known.tasks)
    rows = [healthy(task) for task in BY_TASK]
    no = healthy("disease_binary", answer="No", answer_letter="A", labels=[])
    closed = healthy("visual_question_answering", answer_type="binary", stage="closed", level="binary", reward="closed",
                     options=["Yes", "No"], answer="No", answer_letter="B")  # fmt: skip
    listed_by_itself = healthy(
        "visual_question_answering", answer_type="open_labels", stage="open", level="open", reward="open_labels",
        answer="left lung", labels=["left lung"], scored_labels=["left lung", "right lung"], ignored_labels=[],
    )  # fmt: skip
    normal = healthy("disease_open", answer="No Finding", labels=["No Finding"], scored_labels=["No Finding", "Edema"])
    two_patients = healthy("disease_binary", patient_keys=["mimic:p1", "mimic:p2"])
    listed = healthy("disease_open", label_policy="listed", split="test", answer="Edema", labels=["Edema"],
                     scored_labels=["Edema", "No Finding"])  # fmt: skip
    found = judge([*rows, no, normal, two_patients, listed, closed, listed_by_itself], known)
    assert [(rule.code, rule.column, hits) for rule, hits in found] == []


def test_every_rule_fires_on_a_row_broken_for_it_and_each_mutation_is_found(known: Facts) -> None:
    rows = [healthy(task, number, **changed) for number, (_, _, task, changed) in enumerate(MUTATIONS)]
    hits = [(rule, row) for rule, where in judge(rows, known) for row in where]
    found = {(rule.code, rule.column, row) for rule, row in hits}
    assert [m for row, m in enumerate(MUTATIONS) if (m[0], m[1], row) not in found] == []
    meant = [rule for rule, row in hits if MUTATIONS[row][:2] == (rule.code, rule.column)]
    fired = {(rule.code, rule.column, rule.message) for rule in meant}
    assert {(r.code, r.column, r.message) for r in rule_table(known)["samples"]} - fired == set()


def test_a_rule_says_nothing_of_columns_that_are_not_there_or_of_another_type(known: Facts) -> None:
    frame = pl.DataFrame([healthy("disease_open", answer_letter="A")], schema=polars_schema())
    fewer = prepared(frame.drop("options").with_columns(pl.lit(1).alias("labels")), known, Around(None, None, None))
    codes = {rule.code for rule, _ in broken(fewer, rule_table(known)["samples"])}
    assert codes == {"not_asked_for"}


SHA256 = hashlib.sha256().hexdigest()
TABLE_MUTATIONS: dict[str, tuple[dict[str, Any], list[Mutation]]] = {
    "images": (
        {"image_id": "mimic:front", "source": "mimic", "study_key": "mimic:s1", "patient_key": "mimic:p1",
         "path": "a.jpg", "width": 9, "height": 9, "stored_width": 9, "stored_height": 9, "scale": 1.0, "view": "PA",
         "status": "ok"},
        [*(("null", c, "", {c: None}) for c in ("image_id", "source", "study_key", "patient_key", "view", "status")),
         *(("out_of_range", c, "", {c: 0}) for c in ("width", "height", "stored_width", "stored_height", "scale")),
         *[("repeated", "image_id", "", {"image_id": "mimic:twice"})] * 2,
         *(("key_form", c, "", {c: "front"}) for c in ("image_id", "study_key", "patient_key")),
         ("unknown_value", "view", "", {"view": "AXIAL"}), ("unknown_value", "status", "", {"status": "fine"}),
         ("missing", "path", "", {"path": None}), ("missing", "width", "", {"width": None}),
         ("missing", "bytes", "", {"content_sha256": SHA256}), ("missing", "content_sha256", "", {"bytes": b""}),
         ("missing", "render_profile", "", {"bytes": b"", "content_sha256": SHA256}),
         ("not_ok", "bytes", "", {"bytes": b"", "status": "truncated"}),
         ("sha256_form", "content_sha256", "", {"content_sha256": SHA256.upper()}),
         ("scale", "scale", "", {"stored_width": 4})],
    ),
    "patients": (
        {"patient_key": "mimic:p1", "split_official": "train"},
        [("null", "patient_key", "", {"patient_key": None}), ("key_form", "patient_key", "", {"patient_key": "p1"}),
         ("repeated", "patient_key", "", {"patient_key": "mimic:twice"}),
         ("repeated", "patient_key", "", {"patient_key": "mimic:twice"}),
         ("unknown_value", "split_official", "", {"split_official": "validate"})],
    ),
    "rejects": (
        {"source": "mimic", "file": "a.csv", "key": "k", "stage": "reader", "code": "bad_id", "message": "no id"},
        [("empty", c, "", {c: value}) for c in ("source", "file", "stage", "code", "message") for value in ("", None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("table", TABLE_MUTATIONS)
def test_every_rule_of_the_other_tables_fires(table: str, known: Facts) -> None:
    good, mutations = TABLE_MUTATIONS[table]
    schema = {"images": IMAGES, "patients": PATIENTS, "rejects": REJECTS}[table]
    key = {"images": "image_id", "patients": "patient_key", "rejects": "key"}[table]
    rows = [{**good, key: f"mimic:{number}", **changed} for number, (*_, changed) in enumerate(mutations)]
    rules = rule_table(known)[table]
    assert broken(pl.DataFrame([good], schema=schema), rules) == []
    found = {
        (rule.code, rule.column, row) for rule, hits in broken(pl.DataFrame(rows, schema=schema), rules) for row in hits
    }
    assert [m for row, m in enumerate(mutations) if (*m[:2], row) not in found] == []
    assert {(rule.code, rule.column) for rule in rules} == {m[:2] for m in mutations}


def test_relations_by_bits_are_those_of_the_vocabulary() -> None:
    words = vocabulary()
    pairs = [(a, b) for a in words.names for b in words.names if a != b]
    frame = pl.DataFrame(
        {"pair": [[a, b] for a, b in pairs], "one": [[a] for a, _ in pairs], "other": [[b] for _, b in pairs]}
    )
    coded = frame.with_columns(*bits("pair", words), *bits("one", words), *bits("other", words))
    both = coded.select(any_related("pair", words), any_related("one", words, other="other").alias("apart"))
    wanted = [words.related(a, b) for a, b in pairs]
    assert both["@pair:0"].to_list() == wanted
    assert both["apart"].to_list() == wanted


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small build by hand: two tasks, two shards of one of them, pictures and patients."""
    home = tmp_path_factory.mktemp("by-hand") / "mimic"
    tables = {
        "samples/disease_binary-00000-of-00002.parquet": [healthy("disease_binary", n) for n in (1, 2)],
        "samples/disease_binary-00001-of-00002.parquet": [healthy("disease_binary", n) for n in (3, 4, 5)],
        "samples/disease_open-00000-of-00002.parquet": [healthy("disease_open", n) for n in (1, 2)],
    }
    shards = [write_shard(home, file, pl.DataFrame(rows, schema=polars_schema()), ["sample_id"], arrow_schema())
              for file, rows in tables.items()]  # fmt: skip
    write_build(home, [shard._asdict() for shard in shards])
    return home


def write_build(home: Path, shards: list[dict[str, Any]]) -> None:
    samples = {"total": 7, "by_task": {"disease_binary": 5, "disease_open": 2}, "by_split": {"train": 7},
               "by_stage": {"closed": 5, "open": 2}}  # fmt: skip
    record = {"source": "mimic", "samples": samples, "rejects": {}, "shards": shards}
    (home / "build.json").write_text(json.dumps(record))


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "mimic"))


SECOND = "samples/disease_binary-00001-of-00002.parquet"


def rewrite(home: Path, frame: pl.DataFrame, file: str = SECOND, group: int | None = None) -> None:
    """Put other rows into a shard, and its size and hash into build.json, so that only meaning is wrong."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(arrow_schema())
    pq.write_table(table, home / file, row_group_size=group or frame.height)
    rebind(home, file, frame.height)


def rebind(home: Path, file: str, rows: int) -> None:
    from cxdata.model.hashing import file_sha256

    record = json.loads((home / "build.json").read_text())
    entry = next(shard for shard in record["shards"] if shard["file"] == file)
    entry |= {"rows": rows, "size_bytes": (home / file).stat().st_size, "sha256": file_sha256(home / file)}
    (home / "build.json").write_text(json.dumps(record))


def codes(verdict: Verdict) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in verdict.problems]


def test_a_whole_build_has_no_problem(made: Path, known: Facts) -> None:
    for folder in (made, made.parent):
        verdict = validate(folder, known)
        assert verdict.problems == []
        assert (verdict.ok, verdict.rows) == (True, 7)


def test_a_file_that_was_changed_cut_or_taken_away_is_named(copied: Path, known: Facts) -> None:
    path = copied / SECOND
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"PAR1", b"PAR2", 1))
    assert codes(validate(copied, known))[0] == (SECOND, "sha256")
    path.write_bytes(whole[:-100])
    assert codes(validate(copied, known))[:4] == [
        ("build.json", "count"), ("build.json", "count"), ("build.json", "count"), ("build.json", "count"),
    ]  # fmt: skip
    assert codes(validate(copied, known))[4:] == [(SECOND, "size"), (SECOND, "unreadable")]
    path.unlink()
    assert (SECOND, "shard_missing") in codes(validate(copied, known))


def test_a_file_that_build_json_does_not_name_is_a_stray(copied: Path, known: Facts) -> None:
    shutil.copy(copied / SECOND, copied / "samples/extra-00000-of-00001.parquet")
    assert codes(validate(copied, known)) == [("samples/extra-00000-of-00001.parquet", "stray")]


def test_rows_that_build_json_counts_otherwise(copied: Path, known: Facts) -> None:
    record = json.loads((copied / "build.json").read_text())
    record["shards"][1]["rows"] = 4
    record["samples"]["by_split"] = {"train": 6, "test": 1}
    record["rejects"] = {"bad_id": 2}
    (copied / "build.json").write_text(json.dumps(record))
    verdict = validate(copied, known)
    assert [str(problem) for problem in verdict.problems] == [
        "build.json rejects.bad_id count says 2, there are 0",
        "build.json samples.by_split.test count says 1, there are 0",
        "build.json samples.by_split.train count says 6, there are 7",
        f"{SECOND} - rows build.json says 4 rows, the file holds 3",
    ]


def test_an_unfinished_build_says_so_and_its_rows_are_checked(copied: Path, known: Facts) -> None:
    (copied / "build.json").unlink()
    verdict = validate(copied, known)
    assert [problem.code for problem in verdict.problems] == ["build_json"]
    assert verdict.rows == 7
    (copied / "build.json").write_text('{"shards": [{"file": "sam')
    assert [problem.code for problem in validate(copied, known).problems] == ["build_json"]


def test_a_schema_that_differs_is_told_column_by_column(copied: Path, known: Facts) -> None:
    table = pq.read_table(copied / SECOND)
    wrong = table.drop_columns(["split"]).append_column("extra", table["task"])
    place_of = wrong.schema.get_field_index("task_version")
    wrong = wrong.set_column(place_of, "task_version", wrong["task_version"].cast("int64"))
    wrong = wrong.set_column(wrong.schema.get_field_index("level"), "level", wrong["level"])
    pq.write_table(wrong, copied / SECOND)
    rebind(copied, SECOND, 3)
    verdict = validate(copied, known)
    assert [(p.column, p.message) for p in verdict.problems if p.code == "schema"] == [
        ("extra", "no such column is known"),
        ("level", "it may hold nulls"),
        ("split", "the column is missing"),
        ("task_version", "the type is int64, not int32"),
    ]
    assert verdict.rows == 7


def test_a_problem_names_row_group_and_row_in_it(copied: Path, known: Facts) -> None:
    frame = pl.read_parquet(copied / SECOND).sort("sample_id")
    broken_row = (
        pl.when(pl.col("sample_id").str.ends_with("s5")).then(pl.lit("Is it there? <image>")).otherwise("question")
    )
    rewrite(copied, frame.with_columns(broken_row.alias("question")), group=2)
    verdict = validate(copied.parent, known)
    assert [str(problem) for problem in verdict.problems] == [
        f"mimic/{SECOND}:1:1 question mark_in_text a mark of a picture or a chat template"
    ]
    assert verdict.as_json() == {"ok": False, "rows": 7, "problems": [{
        "where": f"mimic/{SECOND}:1:1", "column": "question", "code": "mark_in_text",
        "message": "a mark of a picture or a chat template", "sample_id": "mimic/disease_binary/s5",
    }], "notes": []}  # fmt: skip


def test_places_of_rows(copied: Path) -> None:
    rewrite(copied, pl.read_parquet(copied / SECOND), group=2)
    assert group_starts(copied / SECOND) == [0, 2]
    assert [place([0, 2], row) for row in (0, 1, 2)] == [(0, 1), (0, 2), (1, 1)]


def test_an_id_that_stands_in_another_shard_is_told_once(copied: Path, known: Facts) -> None:
    ids = pl.Series("sample_id", ["mimic/disease_binary/s2", "mimic/disease_binary/s4", "mimic/disease_binary/s4"])
    rewrite(copied, pl.read_parquet(copied / SECOND).with_columns(ids))
    assert codes(validate(copied, known)) == [(f"{SECOND}:0:1", "id_repeated"), (f"{SECOND}:0:3", "id_repeated")]


def test_a_set_that_is_not_whole_is_told_at_its_first_row(copied: Path, known: Facts) -> None:
    frame = pl.read_parquet(copied / SECOND).with_columns(set_id=pl.lit("mimic/disease_binary/s4"))
    assert frame.height == 3, "a row more of one answer than of the other"
    rewrite(copied, frame)
    assert (f"{SECOND}:0:1", "set_torn") in codes(validate(copied, known))


def test_sets_over_several_shards_are_whole_when_each_answer_is_right_as_often() -> None:
    together = Across()
    together.add(pl.DataFrame({"set_id": ["a", "b", "c", None], "answer": ["Yes", "Edema", "Edema", "No"]}))
    together.add(pl.DataFrame({"set_id": ["b", "a", "c"], "answer": ["Hernia", "No", "Edema"]}))
    together.add(pl.DataFrame({"set_id": ["d"], "answer": ["Yes"]}))
    assert together.torn_sets() == [(0, 2), (2, 0)]


def test_rows_of_a_patient_in_a_looser_split_are_told(copied: Path, known: Facts) -> None:
    frame = pl.read_parquet(copied / SECOND).with_columns(pl.Series("split", ["val", "train", "train"]))
    rewrite(copied, frame)
    loose = [where for where, code in codes(validate(copied, known)) if code == "split_differs"]
    first, third = SECOND.replace("00001-of", "00000-of"), "samples/disease_open-00000-of-00002.parquet"
    assert loose == [f"{first}:0:1", f"{first}:0:2", f"{SECOND}:0:2", f"{SECOND}:0:3", f"{third}:0:1", f"{third}:0:2"]


def test_problems_are_sorted_by_file_then_row_as_a_number(copied: Path, known: Facts) -> None:
    many = pl.DataFrame([healthy("disease_binary", n, reward="none") for n in range(10, 22)], schema=polars_schema())
    rewrite(copied, many)
    rows = [p.row for p in validate(copied, known).problems if p.code == "task_constant"]
    assert rows == list(range(1, 13))


def test_a_folder_without_a_build_is_wrong_use(tmp_path: Path, known: Facts) -> None:
    with pytest.raises(UsageError, match="holds no build"):
        validate(tmp_path, known)
    with pytest.raises(UsageError, match="no such folder"):
        validate(tmp_path / "nowhere", known)


def test_a_build_without_rows_is_not_ok(tmp_path: Path, known: Facts) -> None:
    (tmp_path / "samples").mkdir()
    zero = {"total": 0, "by_task": {}, "by_split": {}, "by_stage": {}}
    (tmp_path / "build.json").write_text(json.dumps({"source": "mimic", "samples": zero, "rejects": {}, "shards": []}))
    verdict = validate(tmp_path, known)
    assert (verdict.ok, verdict.rows, [p.code for p in verdict.problems]) == (False, 0, ["no_rows"])


def test_a_problem_prints_a_dash_for_no_column() -> None:
    assert str(Problem("a.parquet", None, None, None, "stray", "not named")) == "a.parquet - stray not named"
    assert Problem("a.parquet", 0, 3, "split", "null", "no").where == "a.parquet:0:3"


# --- a real build -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, phantom_of: Callable[[Source], Path]) -> Path:
    from cxdata.sources.discovery import sources

    mimic = sources()["mimic"]
    home = tmp_path_factory.mktemp("real") / "mimic"
    build_source(mimic, phantom_of(mimic), home, images="path")
    return home


def test_a_build_of_the_phantom_has_no_problem_deep_down(real: Path, known: Facts) -> None:
    verdict = validate(real, known, deep=True)
    assert [str(problem) for problem in verdict.problems] == []
    assert verdict.rows == json.loads((real / "build.json").read_text())["samples"]["total"] > 0


def test_deep_finds_pictures_that_are_gone_cut_or_of_another_size(real: Path, known: Facts, tmp_path: Path) -> None:
    from PIL import Image

    home = Path(shutil.copytree(real, tmp_path / "mimic"))
    file = next((home / "images").glob("*.parquet"))
    root = Path(json.loads((home / ".cxdata/roots.json").read_text())["jpg"])
    good = pl.read_parquet(file).with_row_index("row", offset=1).filter(pl.col("status") == "ok").head(3)
    wanted = dict(zip(good["row"], ("picture_gone", "picture_broken", "picture_size"), strict=True))
    moved = Path(shutil.copytree(root, tmp_path / "jpg"))
    gone, cut, small = (moved / path for path in good["path"])
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    Image.new("L", (50, 70)).save(small)
    (home / ".cxdata/roots.json").write_text(json.dumps({"jpg": str(moved)}))
    assert {p.row: p.code for p in validate(home, known, deep=True).problems} == wanted
    assert validate(home, known).ok
    (home / ".cxdata/roots.json").unlink()
    assert {p.code for p in validate(home, known, deep=True).problems} == {"picture_root_unknown"}


# --- the verb ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def command() -> Callable[..., Any]:
    app = typer.Typer()
    app.command(verb.NAME)(verb.run)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_verb_prints_lines_and_ends_with_1(copied: Path, command: Callable[..., Any]) -> None:
    good = command(copied)
    assert (good.exit_code, good.stdout) == (0, "")
    assert "7 rows, no problem" in good.stderr
    rewrite(copied, pl.read_parquet(copied / SECOND).with_columns(pl.lit("PARKING LOT: Unchanged.").alias("question")))
    rewrite(copied, pl.read_parquet(copied / SECOND).with_columns(pl.lit("chexpert").alias("source")))
    bad = command(copied)
    assert bad.exit_code == 1
    assert f"{SECOND}:0:1 source other_source not the source of the build\n" in bad.stdout
    assert "PARKING" not in bad.stdout + bad.stderr


def test_the_verb_prints_one_json_value(copied: Path, command: Callable[..., Any]) -> None:
    assert json.loads(command(copied, "--json").stdout) == {"ok": True, "rows": 7, "problems": [], "notes": []}
    (copied / SECOND).unlink()
    bad = command(copied, "--json")
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["problems"][-1] == {
        "where": SECOND, "column": None, "code": "shard_missing", "message": "build.json names it, and it is not there",
    }  # fmt: skip
