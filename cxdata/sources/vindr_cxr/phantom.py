"""A synthetic VinDr-CXR: DICOM pictures, the readers' tables, in every layout that users have on disk.

No real picture, word or number goes in. Pictures are smaller than the real ones (which have 2,000 to 3,400 pixels a
side), with as mixed headers: MONOCHROME1 and 2, 12 and 14 bits, with and without a window. Faults stand in `FAULTS`;
`planted` says which picture each befell.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from cxdata.phantom.choice import Choice
from cxdata.phantom.dicom_file import Header, Look, Text, dicom_bytes, uid_of
from cxdata.phantom.faults import damaged
from cxdata.phantom.jpeg import black_like, png_bytes
from cxdata.phantom.radiograph import paint
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.vindr_cxr import phantom_tables as tables
from cxdata.sources.vindr_cxr.phantom_boxes import draw
from cxdata.sources.vindr_cxr.phantom_cohort import FAULTS, Cohort, Picture, make_cohort

__all__ = ["FAULTS", "planted", "write"]

SQUARE_PX: Final = 256  # of the smaller copies, which are squeezed to a square
INVERTED: Final = 0.18  # 541 of the 3,000 test pictures are MONOCHROME1
WINDOWED: Final = 0.9
TABLES: Final = {
    "physionet": "annotations/{name}_{split}.csv", "tables-in-root": "{name}_{split}.csv",
    "tables-beside-pictures": "{split}/{name}_{split}.csv",
}  # fmt: skip


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = make_cohort(spec.patients, spec.seed), spec.layout.name
    shown = cohort.of("train") if name == "kaggle-png" else cohort.pictures
    for picture in cohort.pictures:
        film = _film(picture, cohort)
        if picture in shown:
            picture.stored = damaged(picture.fault, _file(picture, film, cohort.seed, name))
    ending = "png" if name == "kaggle-png" else "dicom"
    tree = {f"{p.split}/{p.stem}.{ending}": p.stored for p in shown if p.stored is not None}
    save(tree | _tables(cohort, name), spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    return make_cohort(patients, seed).faults


def _film(picture: Picture, cohort: Cohort) -> Image.Image:
    film = paint(picture.present, "PA", f"picture {picture.stem}", seed=cohort.seed, uncertain=picture.uncertain)
    draw(picture, film, cohort)
    large = film.image.resize(picture.size, Image.Resampling.BILINEAR)
    return black_like(large) if picture.fault == "black-image" else large


def _file(picture: Picture, image: Image.Image, seed: int, layout: str) -> bytes:
    if layout == "kaggle-png":
        return png_bytes(image.resize((SQUARE_PX, SQUARE_PX), Image.Resampling.BILINEAR))
    choice = Choice(seed, f"header {picture.stem}")
    bits = choice.pick("bits", (12, 14))
    window = (2 ** (bits - 1), 2**bits) if choice.chance("window", WINDOWED) else None
    look = Look(bits, inverted=choice.chance("inverted", INVERTED), window=window)
    return dicom_bytes(image, uid_of(picture.stem), look, _header(choice))


def _header(choice: Choice) -> Header:
    """What the published headers leave of a patient: blanks, and in some an age and a sex."""
    blank = {(0x0010, 0x0020): Text("LO", ""), (0x0018, 0x5101): Text("CS", ""), (0x0020, 0x000D): Text("UI", "")}
    if choice.chance("person", 0.5):
        return blank
    age, sex = choice.number("age") % 60 + 20, choice.pick("sex", ("F", "M"))
    return {**blank, (0x0010, 0x0040): Text("CS", sex), (0x0010, 0x1010): Text("AS", f"{age:03d}Y")}


def _tables(cohort: Cohort, layout: str) -> Tree:
    if layout == "kaggle":
        return {"train.csv": tables.kaggle(cohort), "sample_submission.csv": tables.sample_submission(cohort)}
    if layout == "kaggle-png":
        return {"train.csv": tables.kaggle(cohort), "train_meta.csv": tables.train_meta(cohort)}
    makers = {"image_labels": tables.image_labels, "annotations": tables.drawn_boxes}
    return {
        TABLES[layout].format(name=name, split=split): make(cohort, split)
        for name, make in makers.items() for split in ("train", "test")
    }  # fmt: skip
