"""A synthetic MIMIC-CXR-VQA: questions of templates of our own about the pictures of MIMIC-CXR's phantom.

Faults stand in `FAULTS`; each is a row of its own in the file of train.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from cxdata.phantom.choice import Choice
from cxdata.phantom.faults import Fault
from cxdata.phantom.signs import place
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec

__all__ = ["FAULTS", "write"]

FAULTS: Final = (
    Fault("bad-id", "a picture's name of other digits"),
    Fault("stray-picture", "a picture that MIMIC-CXR does not have"),
    Fault("other-study", "a picture with the number of another study"),
    Fault("no-answer", "a row before the answers were put in"),
    Fault("bad-answer", "a yes-or-no question answered otherwise"),
    Fault("odd-kind", "a question of a kind that there is not"),
    Fault("repeated-number", "a number that stands twice"),
    Fault("in-two-files", "a patient with questions in train and in valid"),
)
ATTRIBUTES: Final = {
    "Pleural Effusion": "pleural effusion", "Pneumothorax": "pneumothorax", "Atelectasis": "atelectasis",
    "Consolidation": "consolidation", "Edema": "pulmonary edema/hazy opacity",
    "Cardiomegaly": "enlarged cardiac silhouette",
    "Lung Opacity": "lung opacity", "Lung Lesion": "mass/nodule (not otherwise specified)",
}  # fmt: skip
SIDED: Final = ("Pleural Effusion", "Pneumothorax", "Atelectasis", "Consolidation")
PACKAGE: Final = "MIMIC-Ext-MIMIC-CXR-VQA/dataset"
PARTS: Final = ("train", "valid", "test")
Row = dict[str, Any]


def write(spec: PhantomSpec) -> None:
    """Write the three files; the same spec gives the same bytes. OSError as `open`."""
    parts = _parts(spec)
    is_built = spec.layout.name == "github"
    tree: Tree = {}
    for part, rows in parts.items():
        numbered = [{"split": part, "idx": nth, **row} for nth, row in enumerate(rows)]
        if is_built:  # its builder writes numbers as texts
            numbered = [
                {**row, "subject_id": str(row["subject_id"]), "study_id": str(row["study_id"])} for row in numbered
            ]
        if part == "train":
            numbered += _faults(numbered[0], len(numbered))
        tree[f"{part}.json"] = json.dumps(numbered, indent=1).encode()
    answers = sorted({one for rows in parts.values() for row in rows for one in row["answer"]})
    tree["ans2idx.json"] = json.dumps({one: nth for nth, one in enumerate(answers)}).encode()
    if is_built:
        tree["_valid.json"] = json.dumps([{**row, "answer": None} for row in parts["valid"]]).encode()
    folder = f"{PACKAGE}/" if spec.layout.name == "physionet" else ""
    save({f"{folder}{name}": body for name, body in tree.items()}, spec.out / spec.layout.parts["data"])


def _parts(spec: PhantomSpec) -> dict[str, list[Row]]:
    """The rows of each file, a patient in one of them but for one; none is empty."""
    parts: dict[str, list[Row]] = {part: [] for part in PARTS}
    patients: list[str] = []
    for picture, study, patient, view, states in _films(spec):
        patients += [patient] if patient not in patients else []
        rows = list(_about(picture, study, patient, view, states, spec.seed))
        nth = patients.index(patient) % 5
        parts[PARTS[max(0, nth - 2)]] += rows
    first = parts["train"][:3]
    return {part: [*rows, *(first if part == "valid" or not rows else [])] for part, rows in parts.items()}


def _films(spec: PhantomSpec) -> Iterator[tuple[str, str, str, str, dict[str, str]]]:
    """The first frontal picture of each study: dicom id, study, patient, view, and what is stated of the study."""
    parent = spec.parents["mimic"]
    told = parent["findings"].filter(pl.col("annotator") == "chexpert").drop_nulls("state")
    states: dict[str, dict[str, str]] = {}
    for study, finding, state in told.sort("study_id", "finding").select("study_id", "finding", "state").iter_rows():
        states.setdefault(study, {}).setdefault(finding, state)
    films = parent["images"].filter(pl.col("view").is_in(["PA", "AP"])).sort("study_id", "image_id")
    columns = ("image_id", "study_id", "patient_id", "view")
    for image, study, patient, view in (
        films.unique("study_id", keep="first", maintain_order=True).select(columns).rows()
    ):
        yield image.removeprefix("mimic:"), study, patient, view, states.get(study, {})


def _about(picture: str, study: str, patient: str, view: str, states: Mapping[str, str], seed: int) -> Iterator[Row]:
    choice = Choice(seed, f"{study} asked")
    known = {finding: state for finding, state in states.items() if finding in ATTRIBUTES and state != "uncertain"}
    there = [finding for finding, state in known.items() if state == "present"]
    signs = place([one for one, state in states.items() if state != "absent"], f"study {study[1:]}", seed)

    def row(question: str, kind: str, content: str, program: int, answer: list[str], **arguments: list[str]) -> Row:
        named: Row = {name: {} for name in ("object", "attribute", "category", "viewpos", "gender")}
        named |= {name: {str(nth): one for nth, one in enumerate(values)} for name, values in arguments.items()}
        path = f"p{patient[:2]}/p{patient}/{study}/{picture}.jpg"
        return {
            "subject_id": int(patient), "study_id": int(study[1:]), "image_id": picture, "image_path": path,
            "question": question, "semantic_type": kind, "content_type": content, "template": question,
            "template_program": f"program_{program}", "template_arguments": named, "answer": answer,
        }  # fmt: skip

    for finding, state in known.items():
        name = ATTRIBUTES[finding]
        yield row(f"Does this film show {name}?", "verify", "attribute", 1, ["yes" if state == "present" else "no"],
                  attribute=[name])  # fmt: skip
    yield row("Which attributes are there on this film?", "query", "attribute", 2, [ATTRIBUTES[one] for one in there])
    two = [ATTRIBUTES[one] for one in known][:2]
    if len(two) == 2:
        right = [name for name in two if name in [ATTRIBUTES[one] for one in there]]
        yield row(f"Which of {two[0]} and {two[1]} is to be seen?", "choose", "attribute", 3, right, attribute=two)
    for finding in (one for one in there if one in SIDED):
        sides = [f"{side} lung" for side in ("left", "right") if side in signs[finding].sides]
        asked = f"In which lung is the {ATTRIBUTES[finding]}, left or right?"
        yield row(
            asked, "choose", "anatomy", 4, sides, object=["left lung", "right lung"], attribute=[ATTRIBUTES[finding]]
        )
        yield row(f"List all places with {ATTRIBUTES[finding]}.", "query", "anatomy", 5, sides,
                  attribute=[ATTRIBUTES[finding]])  # fmt: skip
    yield row("Was this film taken ap or pa?", "choose", "plane", 6, [view.lower()], viewpos=["ap", "pa"])
    yield row("What is the view of this film?", "query", "plane", 7, [view.lower()])
    yield row("What is the sex of the patient?", "query", "gender", 8, [choice.pick("sex", ("m", "f"))])
    wide = states.get("Cardiomegaly")
    if wide in ("present", "absent"):
        yield row(
            "Is the heart wider than half of the thorax?", "verify", "size", 9, ["yes" if wide == "present" else "no"]
        )


def _faults(sound: Row, first: int) -> list[Row]:
    rows = (
        {**sound, "image_id": "film"}, {**sound, "image_id": "-".join(["0a1b2c3d"] * 5)},
        {**sound, "study_id": 59990001},
        {key: value for key, value in sound.items() if key != "answer"},
        {**sound, "semantic_type": "verify", "answer": ["maybe"]}, {**sound, "semantic_type": "guess"},
    )  # fmt: skip
    return [*({**row, "idx": first + nth} for nth, row in enumerate(rows)), sound]
