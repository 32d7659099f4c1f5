"""A synthetic COVIDx: the lists and the pictures, in every layout that users have on disk.

No real picture or number goes in: patients' numbers hold 99 where the real ones do not. Names have the form of each
collection's. Faults stand in `FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import jpeg_bytes, png_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, gzipped, save
from cxdata.sources.base import PhantomSpec

__all__ = ["FAULTS", "planted", "write"]

LEAST_PATIENTS: Final = 3
"""Fewer would leave no collection with both classes in train, and so nothing to ask."""


class Form(NamedTuple):
    """How a collection names patients and pictures."""

    collection: str
    patient: str
    file: str


# of a picture's place among all: every second one is of the collection with both classes
FORMS: Final = (
    Form("cohen", "{n}b", "1-s2.0-S9900-gr{n}c.jpg"), Form("rsna", "9900{n:04d}-99aa", "9900{n:04d}-99aa.png"),
    Form("cohen", "{n}", "9900-{n}-fig1.png"),
    Form("ricord", "990000-{n:06d}", "MIDRC-RICORD-1C-990000-{n:06d}-99-0.png"),
    Form("cohen", "{n}", "9900.{n}.fig2.jpeg"),
    Form("stonybrook", "A99{n:04d}", "A99{n:04d}-12-31-1900-NA-CHEST_AP_PORT-99-1.000000-AP-{n}-1-1.jpg"),
    Form("cohen", "{n}c", "case-99-{n}.JPG"), Form("sirm", "COVID_{n}", "COVID(99{n}).png"),
    Form("cohen", "{n}d", "case-99-{n}.png"),
    Form("bimcv", "S99{n:04d}", "sub-S99{n:04d}_ses-E99_run-1_bp-chest_vp-pa_dx-corrected.png"),
    Form("cohen", "{n}e", "case-98-{n}.png"), Form("actmed", "ANON99{n}", "DX.1.2.840.99.{n}.png"),
    Form("cohen", "{n}f", "case-97-{n}.png"), Form("rnsa", "9901{n:04d}-99aa", "9901{n:04d}-99aa.png"),
)  # fmt: skip
ONE_CLASS: Final = {"rsna": "negative", "rnsa": "negative"}
CASES: Final = (
    Case(("COVID-19",)), Case(("Pneumonia",)), Case(("COVID-19",)), Case(()), Case(("COVID-19",)),
    Case(("Pleural Effusion",)), Case(("Cardiomegaly",)), Case(("COVID-19",)), Case(()),
)  # fmt: skip
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("patient-with-a-space", "a patient of SIRM whose number stands after a space"),
    Fault("no-collection", "a line of three fields"),
    Fault("broken-line", "a line of a file's name alone"),
    Fault("other-class", "a line with a class of other lists"),
    Fault("abdomen", "a picture of the abdomen"),
    Fault("lateral", "a picture whose name says lateral"),
    Fault("in-two-lists", "a picture of test that stands in train too"),
    Fault("duplicate-row", "a line that stands twice, word for word"),
    Fault("contradicting-rows", "a picture with both classes"),
)
PLAN: Final = Plan(
    CASES, name=lambda _patient, _order, nth: f"{nth}", faults=FAULTS, fault_case=CASES[0], splits=("train", "test"),
)  # fmt: skip


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, name = plan_pictures(PLAN, max(spec.patients, LEAST_PATIENTS), spec.seed), spec.layout.name
    paint_all(cohort, _encoded)
    lists = {split: "\n".join(_lines(cohort, split)).encode() + b"\n" for split in PLAN.splits}
    tree: Tree = {_list_name(name, split): gzipped(body) if name == "lists" else body for split, body in lists.items()}
    for picture in cohort.pictures if name != "lists" else ():
        if picture.stored is not None:
            tree[f"{picture.split}/{_file(picture)}"] = picture.stored
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the file of the picture that it befell."""
    cohort = plan_pictures(PLAN, max(patients, LEAST_PATIENTS), seed)
    files = {picture.name: _file(picture) for picture in cohort.pictures}
    return {fault: files[name] for fault, name in cohort.faults.items()}


def _list_name(layout: str, split: str) -> str:
    return {"github-lists": f"{split}_COVIDx9B.txt", "lists": f"{split}_COVIDx9B.txt.gz"}.get(layout, f"{split}.txt")


def _form(picture: Picture) -> Form:
    """The collection of a picture: in test, as in the real one, one for each class."""
    if picture.split == "test":
        return FORMS[3] if "COVID-19" in picture.case.present else FORMS[1]
    form = FORMS[int(picture.name) % len(FORMS)]
    is_unlike = ONE_CLASS.get(form.collection, "positive") != _label(picture)
    return FORMS[0] if is_unlike and form.collection != "actmed" else form


def _label(picture: Picture) -> str:
    return "positive" if "COVID-19" in picture.case.present else "negative"


def _file(picture: Picture) -> str:
    return _form(picture).file.format(n=int(picture.name))


def _encoded(picture: Picture, image: Image.Image) -> bytes:
    """PNG or JPEG by the file's name, grey or of three channels."""
    image = image.convert("RGB") if int(picture.name) % 3 == 0 else image
    return png_bytes(image) if _file(picture).endswith("png") else jpeg_bytes(image)


def _line(picture: Picture) -> str:
    form = _form(picture)
    return f"{form.patient.format(n=picture.patient)} {_file(picture)} {_label(picture)} {form.collection}"


def _lines(cohort: Cohort, split: str) -> list[str]:
    lines = [_line(picture) for picture in cohort.of(split)]
    return lines if split != "train" else [*lines, *_wrong(cohort)]


def _wrong(cohort: Cohort) -> list[str]:
    """Lines after the sound ones, each wrong or odd in one way."""
    twice, torn = (_line(cohort.hit(fault)) for fault in ("duplicate-row", "contradicting-rows"))
    other = {"positive": "negative", "negative": "positive"}[_label(cohort.hit("contradicting-rows"))]
    told = torn.split(" ")
    return [
        "COVID 99 COVID(990000).png positive sirm",
        "990001 case-99-0001.png negative",
        "case-99-0002.png",
        "990003 case-99-0003.png pneumonia cohen",
        "A990004 A990004-12-31-1900-NA-ABD_SERIES_FLAT-99-1.000000-AP-9-1-1.jpg positive stonybrook",
        "A990005 A990005-12-31-1900-NA-CHEST_ROUTINE_PA_AP-99-1.000000-LATERAL-9-1-1.jpg positive stonybrook",
        *(_line(picture) for picture in cohort.of("test")[:1]),
        twice,
        " ".join([*told[:-2], other, told[-1]]),
    ]
