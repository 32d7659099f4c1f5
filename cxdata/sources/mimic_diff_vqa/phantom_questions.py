"""The synthetic questions of MIMIC-Diff-VQA: what a film shows, and what is new or gone beside the film before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from cxdata.phantom.signs import Sign, place

NAMES: Final = {
    "Atelectasis": "atelectasis", "Cardiomegaly": "cardiomegaly", "Consolidation": "consolidation", "Edema": "edema",
    "Fracture": "fracture", "Lung Lesion": "lung lesion", "Lung Opacity": "lung opacity", "Pneumonia": "pneumonia",
    "Pleural Effusion": "pleural effusion", "Pneumothorax": "pneumothorax", "Pleural Other": "pleural thickening",
    "Enlarged Cardiomediastinum": "widened mediastinum",
}  # fmt: skip
SIDED: Final = ("Pleural Effusion", "Pneumothorax", "Consolidation", "Pneumonia")
SIZED: Final = ("Pleural Effusion", "Pneumothorax")
Asked = tuple[str, str, str]


class Study(NamedTuple):
    """One study of the parent: its ids, the picture that is asked about, and what is stated of it."""

    study_id: str
    patient_id: str
    dicom_id: str
    view: str
    taken_at: datetime
    states: Mapping[str, str]

    @property
    def number(self) -> str:
        """The digits of the study id."""
        return self.study_id.removeprefix("s")

    @property
    def there(self) -> list[str]:
        """The findings that are there and have a name here."""
        return [finding for finding in NAMES if self.states.get(finding) == "present"]

    def signs(self, seed: int) -> dict[str, Sign]:
        """Where the findings lie, as MIMIC-CXR's phantom paints the study."""
        return place([one for one, state in self.states.items() if state != "absent"], f"study {self.number}", seed)


def about(study: Study, seed: int) -> Iterator[Asked]:
    """Type, question and answer of each question about the film alone."""
    there, signs = study.there, study.signs(seed)
    yield "view", "from which side was this film taken, front or back?", f"{study.view} view"
    yield "view", f"was this film taken as {study.view} view?", "yes"
    for finding, state in study.states.items():
        if finding in NAMES and state != "uncertain":
            yield "presence", f"does this film show {NAMES[finding]}?", "yes" if state == "present" else "no"
    yield "abnormality", "does this film show anything abnormal?", "yes" if there else "no"
    if there:
        yield "abnormality", "which abnormalities does this film show?", ", ".join(NAMES[one] for one in there)
    for finding in (one for one in there if one in SIDED):
        side, name = signs[finding].side, NAMES[finding]
        where = "left lung area and right lung area" if side == "both" else f"{side} lung area"
        yield "location", f"at what place is the {name}?", where
        if side != "both":
            yield "location", f"does the {name} lie on the left side or right side?", f"{side} side"
    for finding in (one for one in there if one in SIZED):
        yield "level", f"how marked is the {NAMES[finding]}?", signs[finding].size
    if "Atelectasis" in there:
        yield "type", "of what type is the atelectasis?", "streaky"


def changed(before: Study, study: Study, seed: int) -> Iterator[Asked]:
    """The question about both films, and its answer in the form of the source: what is new, gone, or of other level."""
    new = [NAMES[one] for one in study.there if one not in before.there]
    gone = [NAMES[one] for one in before.there if one not in study.there]
    told = [_sentence("an additional finding of", "additional findings of", new, "has")] if new else []
    told += [_sentence("the finding of", "the findings of", gone, "is missing")] if gone else []
    now, then = study.signs(seed), before.signs(seed)
    for finding in (one for one in SIZED if one in study.there and one in before.there):
        if now[finding].size != then[finding].size:
            sizes = f"from {then[finding].size} to {now[finding].size}"
            told.append(f"the level of {NAMES[finding]} has changed {sizes}. ")
    yield "difference", "what is different from the reference image?", "".join(told) or "nothing has changed."


def _sentence(one: str, several: str, names: Sequence[str], verb: str) -> str:
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])}, and {names[-1]}"
    return f"the main image {verb} {one if len(names) == 1 else several} {listed} than the reference image. "
