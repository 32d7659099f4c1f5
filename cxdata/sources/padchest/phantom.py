"""A synthetic PadChest: the table and 16-bit pictures, in every layout that users have on disk.

No real picture, word or number goes in: patients' numbers begin with 9999, which no real one does. Faults stand in
`FAULTS`; `planted` says which picture each befell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PIL import Image

from cxdata.phantom.cohort import Case
from cxdata.phantom.faults import PICTURE_FAULTS, Fault
from cxdata.phantom.jpeg import png_bytes
from cxdata.phantom.pictures import Cohort, Picture, Plan, paint_all, plan_pictures
from cxdata.phantom.tree import Tree, gzipped, save, zipped
from cxdata.sources.base import PhantomSpec
from cxdata.sources.padchest.phantom_table import folder, study, table

__all__ = ["FAULTS", "planted", "write"]

TABLE: Final = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
CASES: Final = tuple(
    Case(findings)
    for findings in (
        ("Pleural Effusion", "Enteric Tube"), ("No Finding",), ("Cardiomegaly", "Tortuous Aorta"), ("Pneumothorax",),
        ("Consolidation",), ("Fracture",), ("No Finding",), ("Nodule", "Scoliosis"), ("COPD",), ("Pneumonia",),
        ("Edema", "Central Venous Catheter"), ("Pleural Effusion", "Cardiomegaly"), ("Mass",), ("Rib Fracture",),
        ("Hiatal Hernia",), ("Pacemaker", "Heart Failure"), ("Pneumothorax", "Chest Tube"), ("Consolidation",),
        ("Vertebral Compression", "Kyphosis"), ("Azygos Lobe",), ("Goiter",),
    )
)  # fmt: skip
FAULTS: Final = (
    *PICTURE_FAULTS,
    Fault("no-labels", "a picture without labels and report"),
    Fault("no-label-found", "a study of which the model found no label"),
    Fault("sentence-without-label", "a study with a sentence of which the model found no label"),
    Fault("not-to-be-used", "a study that is labelled as to be left out"),
    Fault("label-twice", "a study that has a label twice"),
    Fault("strange-label", "a study with a word that is no label"),
    Fault("normal-and-not", "a study that is normal and has infiltrates"),
    Fault("other-sex", "a patient whose sex is O"),
    Fault("no-birth", "a picture without a year of birth"),
    Fault("no-view", "a picture whose projection is not known"),
    Fault("ribs", "a picture of the ribs"),
    Fault("duplicate-row", "a row that stands twice, word for word"),
    Fault("contradicting-rows", "a picture with two rows that contradict each other"),
    Fault("bad-name", "a picture whose name is no name of the source"),
    Fault("other-study", "a picture whose name does not begin with its study"),
    Fault("two-patients", "a study that stands under two patients"),
)


def _name(patient: int, _order: int, nth: int) -> str:
    """The study's number and a code, which is of another form where the model told the labels."""
    by_physician = f"{'z' if nth % 5 else '-'}{nth:05d}"
    code = f"0{nth % 10}-{nth % 1000:03d}-{patient % 1000:03d}" if patient % 3 else by_physician
    return f"9999{patient:08d}{nth:010d}{'-2' if nth % 7 == 3 else ''}_{code}"


PLAN: Final = Plan(CASES, name=_name, faults=FAULTS, splits=("train",), views={"PA": 0.8, "AP": 0.2}, ages=(6, 90))


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, layout = _cohort(spec.patients, spec.seed), spec.layout.name
    paint_all(cohort, _png)
    body = table(cohort)
    tree: Tree = {TABLE: body} if layout == "table" else {f"{TABLE}.gz": gzipped(body)}
    save(tree | _pictures(cohort, layout), spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture that it befell."""
    return _cohort(patients, seed).faults


def _cohort(patients: int, seed: int) -> Cohort:
    """The planned pictures, and a lateral of every second sound study."""
    cohort = plan_pictures(PLAN, patients, seed)
    befallen = set(cohort.faults.values())
    sound = [picture for picture in cohort.pictures if picture.name not in befallen]
    cohort.pictures += [_lateral(picture) for picture in sound[::2]]
    cohort.pictures.sort(key=lambda picture: (picture.patient, picture.order, picture.view == "LATERAL"))
    return cohort


def _lateral(picture: Picture) -> Picture:
    code = picture.name.rpartition("_")[2]
    return replace(picture, name=f"{study(picture)}_{code[:-1]}{'q' if code[0] in 'z-' else (int(code[-1]) + 1) % 10}",
                   view="LATERAL")  # fmt: skip


def _png(_: Picture, image: Image.Image) -> bytes:
    """16 bits, as the real ones have."""
    grey = image.convert("L").tobytes()
    deep = bytearray(2 * len(grey))
    deep[0::2] = deep[1::2] = grey
    return png_bytes(Image.frombytes("I;16", image.size, bytes(deep)))


def _pictures(cohort: Cohort, layout: str) -> Tree:
    stored = [(picture, picture.stored) for picture in cohort.pictures if picture.stored is not None]
    if layout == "archives":
        held: dict[str, Tree] = {}
        for picture, body in stored:
            held.setdefault(folder(picture), {})[f"{picture.name}.png"] = body
        return {f"{name}.zip": zipped(members) for name, members in held.items()}
    below = {"folders": "{}/", "one-folder": "images/", "flat": ""}
    if layout not in below:
        return {}
    return {f"{below[layout].format(folder(picture))}{picture.name}.png": body for picture, body in stored}
