"""A synthetic SLAKE: the three files of questions and the folders of pictures, as its site and Hugging Face have them.

No real picture, word or number goes in: real pictures are numbered from 0 to 641. The masks and the knowledge graph,
which nothing reads, are left out. Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

import json
from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import jpeg_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, save, zipped
from cxdata.sources.base import PhantomSpec
from cxdata.sources.slake.phantom_questions import Row, ask, number_of

__all__ = ["FAULTS", "planted", "write"]

FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("other-name", "a question whose picture has one number and another name"),
    Fault("blank-answer", "a question with an empty answer"),
    Fault("slip", "an answer with a slip of the pen"),
    Fault("tight-comma", "an answer without a blank after its comma"),
    Fault("sides-mixed", "an answer that names a lung by the patient's side and a place by the picture's"),
    Fault("heart-in-lung", "a question whether an enlarged heart lies in a lung"),
    Fault("double-number", "two questions of one number"),
    Fault("no-language", "a question that does not say its language"),
)
CASES: Final = (
    Case(("Pneumonia",)), Case(("Cardiomegaly",)), Case(("Pneumothorax",)), Case(("Mass", "Atelectasis")),
    Case(("Nodule",)), Case(("Pleural Effusion",)), Case(("Infiltration",)), Case(("Cardiomegaly", "Atelectasis")),
)  # fmt: skip
PLAN: Final = Plan(CASES, name=lambda number, order, _: f"xmlab{number}{order}", faults=FAULTS, most=1)
FILES: Final = {"train": "train.json", "val": "validate.json", "test": "test.json"}


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = plan_pictures(PLAN, spec.patients, spec.seed)
    paint_all(cohort, _jpeg, square_px=512)
    rows = ask(cohort)
    is_hub = spec.layout.name.startswith("hub")
    names = {**FILES, "val": "validation.json"} if is_hub else FILES
    tree = {name: _json([row.told() for row in rows if row.split == split]) for split, name in names.items()}
    pictures = _pictures(cohort, rows)
    save({**tree, **({"imgs.zip": zipped(pictures)} if spec.layout.name == "hub" else pictures)}, spec.out)


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the stem of the picture that it befell, or that its question is about."""
    return plan_pictures(PLAN, patients, seed).faults


def _pictures(cohort: Cohort, rows: list[Row]) -> Tree:
    """The folder of each picture: the film, its boxes as left, top, width and height, and its questions once more."""
    tree: Tree = {}
    for picture in cohort.pictures:
        folder = f"imgs/{picture.name}"
        boxes = [
            {finding: [x0, y0, x1 - x0, y1 - y0]}
            for finding, places in picture.boxes.items() for x0, y0, x1, y1 in places
        ]  # fmt: skip
        own = [row.told() for row in rows if row.picture == number_of(picture)]
        tree |= {f"{folder}/detection.json": _json(boxes), f"{folder}/question.json": _json(own)}
        tree |= {} if picture.stored is None else {f"{folder}/source.jpg": picture.stored}
    return tree


def _jpeg(_: Picture, image: Image.Image) -> bytes:
    return jpeg_bytes(image, quality=90)


def _json(rows: list[dict[str, object]] | list[dict[str, list[float]]]) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode()
