"""A synthetic MS-CXR: boxes and phrases of what was painted on MIMIC's phantom.

MIMIC's pictures are painted once more from its labels, so that each box lies where the sign does. Faults stand in
`FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from cxdata.phantom.choice import Choice
from cxdata.phantom.faults import Fault
from cxdata.phantom.radiograph import Radiograph, paint
from cxdata.phantom.signs import Sign, place
from cxdata.phantom.tree import comma_separated, gzipped, save
from cxdata.sources.base import PhantomSpec

__all__ = ["FAULTS", "planted", "write"]

FAULTS: Final = (
    Fault("no-id", "a box of a picture whose id is none"),
    Fault("not-in-mimic", "a box of a picture that MIMIC does not have"),
    Fault("other-study", "a box whose path names another study"),
    Fault("other-category", "a box of a category that is none of the eight"),
    Fault("no-phrase", "a box without a phrase"),
    Fault("outside", "a box that reaches beyond its picture"),
    Fault("twice", "a row that stands twice, word for word"),
    Fault("two-categories", "a phrase with one box under two categories"),
)
HEADER: Final = (
    "dicom_id", "category_name", "label_text", "path", "x", "y", "w", "h", "image_width", "image_height", "split",
)  # fmt: skip
PHRASES: Final = {
    "Atelectasis": ("{side} basilar atelectasis", "linear atelectasis at the {side} lung base"),
    "Cardiomegaly": ("enlarged cardiac silhouette", "Mild cardiomegaly."),
    "Consolidation": ("consolidation in the {side} {zone} lung", "Dense {side} {zone} lung consolidation"),
    "Edema": ("pulmonary edema", "perihilar haze, which reflects pulmonary edema"),
    "Lung Opacity": ("hazy opacity in the {side} {zone} lung", "ill-defined {side} {zone} lung opacity"),
    "Pleural Effusion": ("{size} {side} pleural effusion", "{side} pleural effusion , {size}"),
    "Pneumonia": ("patch in the {side} {zone} lung consistent with pneumonia", "{side} {zone} lung pneumonia"),
    "Pneumothorax": ("{size} {side} pneumothorax", "{Size} {side} apical pneumothorax."),
}
CHANGES: Final = ("unchanged {}", "{} since ___", "interval increase of {}")
SPLITS: Final = ("train", "train", "test", "train", "val")
ROW_OF_FAULT: Final = {"other-study": 0, "other-category": 1, "no-phrase": 2, "outside": 3, "twice": 4}
_NO_PICTURE: Final = "00000000-00000000-00000000-00000000-00000000"

Row = dict[str, Any]


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    rows = _rows(spec)
    rows += _broken(rows)
    has_split = spec.layout.version == "1.1.0"
    columns = HEADER if has_split else HEADER[:-1]
    body = comma_separated([columns, *([row[column] for column in columns] for row in rows)])
    name = f"MS_CXR_Local_Alignment_v{'1.1.0' if has_split else '1.0.0'}.csv"
    tree = {f"{name}.gz": gzipped(body)} if spec.layout.name == "folder" else {name: body}
    save(tree, spec.out / spec.layout.parts["data"])


def planted(rows: list[Row]) -> dict[str, str]:
    """Each fault's name to the dicom id of the row that it befell, of all sound rows in order."""
    own = {fault: str(rows[nth % len(rows)]["dicom_id"]) for fault, nth in ROW_OF_FAULT.items()}
    return {**own, "no-id": "IM-1", "not-in-mimic": _NO_PICTURE, "two-categories": str(rows[0]["dicom_id"])}


def _rows(spec: PhantomSpec) -> list[Row]:
    """A row for each box of the eight findings on each frontal picture of a study."""
    parent = spec.parents["mimic"]
    states = _states(parent["findings"])
    frontal = parent["images"].filter(pl.col("view").is_in(["PA", "AP"])).sort("image_id")
    patients = sorted(frontal["patient_id"].unique())
    rows: list[Row] = []
    for picture in frontal.unique("study_id", keep="first", maintain_order=True).iter_rows(named=True):
        split = SPLITS[patients.index(picture["patient_id"]) % len(SPLITS)]
        told = states.get(picture["study_id"], {})
        rows += [{**row, "split": split} for row in _of_picture(picture, told, spec.seed)]
    return rows


def _states(findings: pl.DataFrame) -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = {}
    by_tool = findings.filter(pl.col("annotator") == "chexpert").select("study_id", "finding", "state")
    for study, finding, state in by_tool.drop_nulls().iter_rows():
        told.setdefault(study, {})[finding] = state
    return told


def _of_picture(picture: Row, states: dict[str, str], seed: int) -> list[Row]:
    film, signs = _painted(picture, states, seed)
    choice = Choice(seed, f"phrases {picture['image_id']}")
    dicom = picture["image_id"].removeprefix("mimic:")
    patient, study = picture["patient_id"], picture["study_id"]
    base = {
        "dicom_id": dicom, "path": f"files/p{patient[:2]}/p{patient}/{study}/{dicom}.jpg",
        "image_width": film.image.width, "image_height": film.image.height,
    }  # fmt: skip
    boxes = [(name, box) for name in PHRASES if states.get(name) == "present" for box in film.boxes.get(name, ())]
    return [
        {**base, "category_name": name, "label_text": _phrase(signs[name], choice), "x": round(x0), "y": round(y0),
         "w": max(1, round(x1) - round(x0)), "h": max(1, round(y1) - round(y0))}
        for name, (x0, y0, x1, y1) in boxes
    ]  # fmt: skip


def _painted(picture: Row, states: dict[str, str], seed: int) -> tuple[Radiograph, dict[str, Sign]]:
    """The film as MIMIC's phantom paints it, and where each sign lies."""
    present = [name for name, state in states.items() if state == "present"]
    unsure = [name for name, state in states.items() if state == "uncertain"]
    key, patient = f"study {picture['study_id'].removeprefix('s')}", f"patient {picture['patient_id']}"
    films = (
        paint(present, picture["view"], key, seed=seed, uncertain=unsure, patient=patient, shot=str(shot))
        for shot in range(3)
    )
    size = (picture["width"], picture["height"])
    film = next((film for film in films if film.image.size == size), None)
    film = film or paint(present, picture["view"], key, seed=seed, uncertain=unsure, patient=patient, shot="0")
    return film, place({*present, *unsure}, key, seed)


def _phrase(sign: Sign, choice: Choice) -> str:
    side = "bilateral" if sign.side == "both" else sign.side
    template = choice.pick(f"{sign.finding} phrase", PHRASES[sign.finding])
    phrase = template.format(side=side, zone=sign.zone, size=sign.size, Size=sign.size.capitalize())
    is_change = choice.chance(f"{sign.finding} change", 0.2)
    return choice.pick(f"{sign.finding} how", CHANGES).format(phrase) if is_change else phrase


def _broken(rows: list[Row]) -> list[Row]:
    """Further rows, each broken in one way."""

    def of(fault: str, **changed: object) -> Row:
        return {**rows[ROW_OF_FAULT.get(fault, 0) % len(rows)], **changed}

    first = rows[0]
    other = "Consolidation" if first["category_name"] != "Consolidation" else "Pneumonia"
    return [
        of("no-id", dicom_id="IM-1"), of("not-in-mimic", dicom_id=_NO_PICTURE),
        of("other-study", path=f"files/p10/p10999999/s59999999/{first['dicom_id']}.jpg"),
        of("other-category", category_name="Rib Notching"), of("no-phrase", label_text=""),
        of("outside", w=first["image_width"] * 2), of("twice"), of("two-categories", category_name=other),
    ]  # fmt: skip
