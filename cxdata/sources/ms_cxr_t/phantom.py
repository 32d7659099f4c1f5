"""A synthetic MS-CXR-T: changes between MIMIC's synthetic pictures that fit its labels, and sentences of our own.

Faults stand in `FAULTS`; `planted` says which picture or pair of sentences each befell.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import polars as pl

from cxdata.phantom.choice import Choice
from cxdata.phantom.faults import Fault
from cxdata.phantom.tree import Tree, comma_separated, gzipped, save
from cxdata.sources.base import PhantomSpec

__all__ = ["FAULTS", "planted", "write"]

FAULTS: Final = (
    Fault("no-id", "a pair whose current picture has no id"),
    Fault("no-prior-id", "a pair whose previous picture has no id"),
    Fault("same-picture", "a pair of a picture with itself"),
    Fault("not-in-mimic", "a pair of a picture that MIMIC does not have"),
    Fault("other-study", "a pair that names another study"),
    Fault("no-change", "a pair without a label"),
    Fault("disagreement", "a label that the experts disagree on"),
    Fault("other-course", "a label that is no course"),
    Fault("twice", "a row that stands twice"),
    Fault("no-sentence", "a pair of sentences of which one is missing"),
    Fault("other-meaning", "a pair of sentences that is neither"),
    Fault("sentences-twice", "a pair of sentences that stands twice"),
)
NAMES: Final = {
    "consolidation": "Consolidation", "edema": "Edema", "pleural_effusion": "Pleural Effusion",
    "pneumonia": "Pneumonia", "pneumothorax": "Pneumothorax",
}  # fmt: skip
HEADER: Final = (
    "dicom_id", "previous_dicom_id", "subject_id", "study_id", "previous_study_id",
    *(f"{name}_{what}" for name in NAMES for what in ("progression", "label_quality")),
)  # fmt: skip
COURSES: Final = ("improving", "stable", "worsening")
TOLD: Final = {
    "improving": ("The {} has decreased.", "There is less {} than before"),
    "stable": ("The {} has not changed.", "There is as much {} as before"),
    "worsening": ("The {} has increased.", "There is more {} than before"),
}
_NO_PICTURE: Final = "p10/p10999999/s59999999/00000000-00000000-00000000-00000000-00000000"

Row = dict[str, Any]


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    rows = _pairs(spec)
    rows += _broken(rows)
    changes = [HEADER, *([row.get(name, "") for name in HEADER] for row in rows)]
    sentences = [("sentence_1", "sentence_2", "category"), *_sentences()]
    tree: Tree = {
        "MS_CXR_T_temporal_image_classification_v1.0.0.csv": comma_separated(changes),
        "MS_CXR_T_temporal_sentence_similarity_v1.0.0.csv": comma_separated(sentences),
    }
    is_packed = spec.layout.name == "folder"
    tree = {f"{name}.gz": gzipped(body) for name, body in tree.items()} if is_packed else tree
    save(tree, spec.out / spec.layout.parts["data"])


def planted(rows: list[Row]) -> dict[str, str]:
    """Each fault's name to the path of the current picture, or the place of the pair of sentences, that it befell."""
    first, last = str(rows[0]["dicom_id"]), str(rows[-1]["dicom_id"])
    sound = len(list(_sound_sentences()))
    own = dict.fromkeys(("no-prior-id", "same-picture", "other-study", "no-change", "twice"), first)
    places = {
        name: f"pair-{sound + nth}" for nth, name in enumerate(("no-sentence", "other-meaning", "sentences-twice"), 1)
    }
    return {**own, **places, "no-id": "", "not-in-mimic": _NO_PICTURE, "disagreement": last, "other-course": last}


def _pairs(spec: PhantomSpec) -> list[Row]:
    """A row for each study and the patient's study before it, where one of the five findings is in either."""
    parent = spec.parents["mimic"]
    frontal = parent["images"].filter(pl.col("view").is_in(["PA", "AP"])).sort("image_id")
    frontal = frontal.unique("study_id", keep="first", maintain_order=True)
    studies = frontal.join(parent["studies"].select("study_id", "taken_at"), on="study_id").sort(
        "patient_id", "taken_at"
    )
    shown = studies.select("study_id", "patient_id", "image_id").rows(named=True)
    states = _present(parent["findings"])
    both = [(then, now) for then, now in pairwise(shown) if then["patient_id"] == now["patient_id"]]
    both = both or [(shown[0], shown[-1])]
    rows = [_row(then, now, states, spec.seed) for then, now in both]
    told = [row for row in rows if any(row.get(f"{name}_progression") for name in NAMES)]
    return told or [{**rows[0], "edema_progression": "stable", "edema_label_quality": "one_expert"}]


def _present(findings: pl.DataFrame) -> dict[str, set[str]]:
    rows = findings.filter(pl.col("annotator") == "chexpert", pl.col("state") == "present")
    told: dict[str, set[str]] = {}
    for study, finding in rows.select("study_id", "finding").drop_nulls().iter_rows():
        told.setdefault(study, set()).add(finding)
    return told


def _row(then: Row, now: Row, states: dict[str, set[str]], seed: int) -> Row:
    choice = Choice(seed, f"course {now['study_id']}")
    row: Row = {
        "dicom_id": _path(now), "previous_dicom_id": _path(then), "subject_id": now["patient_id"],
        "study_id": now["study_id"].removeprefix("s"), "previous_study_id": then["study_id"].removeprefix("s"),
    }  # fmt: skip
    for name, finding in NAMES.items():
        was, is_now = (finding in states.get(each["study_id"], ()) for each in (then, now))
        if was or is_now:
            known = "worsening" if not was else "improving" if not is_now else choice.pick(name, COURSES)
            quality = choice.pick(f"{name} quality", ("one_expert", "multiple_experts"))
            row |= {f"{name}_progression": known, f"{name}_label_quality": quality}
    return row


def _path(picture: Row) -> str:
    patient = picture["patient_id"]
    dicom = picture["image_id"].removeprefix("mimic:")
    return f"p{patient[:2]}/p{patient}/{picture['study_id']}/{dicom}"


def _broken(rows: list[Row]) -> list[Row]:
    """Further rows, each broken in one way, and two labels that do not count on the last sound one."""
    first, last = rows[0], rows[-1]
    free = [name for name in NAMES if not last.get(f"{name}_progression")]
    for name, course, quality in zip(free, ("stable", "unclear"), ("disagreement", "one_expert"), strict=False):
        last |= {f"{name}_progression": course, f"{name}_label_quality": quality}
    ids = {name: first[name] for name in HEADER[:5]}
    return [
        {**first, "dicom_id": ""}, {**first, "previous_dicom_id": "p10"},
        {**first, "previous_dicom_id": first["dicom_id"]}, {**first, "dicom_id": _NO_PICTURE},
        {**first, "dicom_id": first["previous_dicom_id"], "previous_dicom_id": first["dicom_id"]}, dict(first),
        {**ids, "dicom_id": f"{last['dicom_id']}", "previous_dicom_id": f"{last['previous_dicom_id']}.jpg",
         **{name: last[name] for name in ("subject_id", "study_id", "previous_study_id")}},
    ]  # fmt: skip


def _sound_sentences() -> list[tuple[str, str, str]]:
    nouns = [finding.lower() for finding in NAMES.values()]
    same = [(*(text.format(noun) for text in texts), "paraphrase") for noun in nouns for texts in TOLD.values()]
    other = [
        (TOLD[one][0].format(noun), TOLD[two][1].format(noun), "contradiction")
        for noun in nouns
        for one, two in zip(COURSES, (*COURSES[1:], COURSES[0]), strict=True)
    ]
    return [(first, second, meaning) for first, second, meaning in [*same, *other]]


def _sentences() -> list[tuple[str, str, str]]:
    sound = _sound_sentences()
    first, second, _ = sound[0]
    return [*sound, (first, "", "paraphrase"), (first, second, "neutral"), sound[0]]
