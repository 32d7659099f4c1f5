"""A synthetic VQA-RAD: questions and pictures, as from OSF and as MEVF cut them.

No real picture, word or number goes in: real pictures have five or six digits. Faults stand in `FAULTS`; `planted` says
which picture each befell.
"""

from __future__ import annotations

import json
from typing import Final

from PIL import Image

from cxdata.phantom.cohort import CASES
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import jpeg_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.radiograph import paint
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.vqa_rad.phantom_questions import FRAME, TEST, Row, ask

__all__ = ["FAULTS", "planted", "write"]

FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("bad-name", "a question about a picture whose name has no number"),
    Fault("lost-commas", "an answer with tabs for its commas, one after a letter on its own"),
    Fault("number", "an answer that is a number, not a text"),
    Fault("trailing-blank", "an answer type with a blank at its end"),
    Fault("blank-answer", "a question without an answer"),
    Fault("not-sure", "a question that is answered by not knowing"),
    Fault("same-question", "a question that stands twice, once for train and once for test, with one answer"),
    Fault("conflicting-answers", "a question that stands twice, with two answers"),
)
PLAN: Final = Plan(
    CASES, name=lambda number, order, _: f"synpic{number}{order}", faults=FAULTS, splits=("train", "test"),
    views={"PA": 0.8, "AP": 0.2}, most=1,
)  # fmt: skip
OTHERS: Final = {"ABD": "synpic99009901.jpg", "HEAD": "synpic99009902.jpg"}
OSF_NAME: Final = "VQA_RAD Dataset Public.json"
KEYS: Final = (
    "qid", "phrase_type", "qid_linked_id", "image_case_url", "image_name", "image_organ", "evaluation", "question",
    "question_rephrase", "question_relation", "question_frame", "question_type", "answer", "answer_type",
)  # fmt: skip
MEVF_KEYS: Final = (
    "qid", "image_name", "image_organ", "answer", "answer_type", "question_type", "question", "phrase_type",
)  # fmt: skip


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = plan_pictures(PLAN, spec.patients, spec.seed)
    paint_all(cohort, _jpeg, scale=1.5)
    rows = ask(cohort, OTHERS)
    is_mevf = spec.layout.name == "mevf"
    tree = _mevf(rows) if is_mevf else {OSF_NAME: _json(_osf(rows))}
    save({**tree, **_pictures(cohort, "images" if is_mevf else "VQA_RAD Image Folder")}, spec.out)


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the stem of the picture that it befell, or that its question is about."""
    return plan_pictures(PLAN, patients, seed).faults


def _osf(rows: list[Row]) -> list[dict[str, object]]:
    """One object a question; the first qid is a text, as in the public file, and missing values are `NULL`."""
    plain = [row for row in rows if row.phrase_type != FRAME]
    told = [
        {
            **dict.fromkeys(KEYS, "NULL"), **row._asdict(), "qid": nth, "evaluation": "not evaluated",
            "qid_linked_id": f"00000000-0000-4000-8000-{nth:012d}",
            "image_case_url": f"https://medpix.nlm.nih.gov/case?id={row.image_name}",
        }
        for nth, row in enumerate(plain)
    ]  # fmt: skip
    return [{key: "0" if key == "qid" and not row["qid"] else row[key] for key in KEYS} for row in told]


def _mevf(rows: list[Row]) -> Tree:
    """Two files with numbers of their own; which file says the split, and the phrase type does not."""
    numbered = [{**row._asdict(), "qid": 7 * nth + 1} for nth, row in enumerate(rows)]
    parts: dict[str, list[dict[str, object]]] = {"trainset.json": [], "testset.json": []}
    for row in numbered:
        is_test = str(row["phrase_type"]).startswith(TEST)
        told = {**row, "phrase_type": str(row["phrase_type"]).removeprefix(TEST)}
        parts["testset.json" if is_test else "trainset.json"].append({key: told[key] for key in MEVF_KEYS})
    return {name: _json(part) for name, part in parts.items()}


def _pictures(cohort: Cohort, folder: str) -> Tree:
    films = {f"{folder}/{one.name}.jpg": one.stored for one in cohort.pictures if one.stored is not None}
    belly = paint([], "ABDOMEN", "abdomen", seed=cohort.seed).image
    return {**films, f"{folder}/{OTHERS['ABD']}": jpeg_bytes(belly.convert("RGB"))}


def _jpeg(_: Picture, image: Image.Image) -> bytes:
    return jpeg_bytes(image.convert("RGB"), quality=90)


def _json(rows: list[dict[str, object]]) -> bytes:
    return json.dumps(rows, indent=1).encode()
