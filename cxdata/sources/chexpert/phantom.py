"""A synthetic CheXpert: v1.0, its test set and CheXpert Plus, in every layout that users have on disk.

No real picture, word or number goes in: patients have numbers above the 65,240 of the real one. Faults stand in
`FAULTS`; `planted` says which study each befell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from PIL import Image

from cxdata.phantom.dicom_file import Look, dicom_bytes
from cxdata.phantom.faults import damaged
from cxdata.phantom.jpeg import black_like, jpeg_bytes, png_bytes
from cxdata.phantom.radiograph import paint
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.chexpert import phantom_tables as tables
from cxdata.sources.chexpert.phantom_cohort import FAULTS, Cohort, Picture, Study, make_cohort

__all__ = ["FAULTS", "planted", "write"]

BATCH_1 = "CheXpert-v1.0 batch 1 (validate & csv)"
BATCHES = ("CheXpert-v1.0 batch 2 (train 1)", "CheXpert-v1.0 batch 3 (train 2)", "CheXpert-v1.0 batch 4 (train 3)")
PLUS_TABLE = "df_chexpert_plus_240401.csv"

File = Callable[[Study, Picture, Image.Image], bytes]


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort, parts = make_cohort(spec.patients, spec.seed), spec.layout.parts
    if "v1" in parts:
        save(_original(cohort, spec.layout.name), spec.out / parts["v1"])
    if "plus" in parts:
        save({PLUS_TABLE: tables.plus(cohort)}, spec.out / parts["plus"])
    if "test" in parts:
        test = _painted(cohort, ("test",), "jpg", _jpg)
        save({"test_labels.csv": tables.test_labels(cohort), **test}, spec.out / parts["test"])
    if "truth" in parts:
        save({"groundtruth.csv": tables.groundtruth(cohort)}, spec.out / parts["truth"])
    for part, file in (("png", _png), ("dcm", _dcm)):
        if part in parts:
            save(_painted(cohort, ("train", "val"), part, file, in_plus=True), spec.out / parts[part])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the study (`patient70001_study2`) that it befell."""
    return make_cohort(patients, seed).faults


def _original(cohort: Cohort, layout: str) -> Tree:
    """The tables and JPG of v1.0; those of `small` are half as wide."""
    small = layout in ("small", "unpacked")
    prefix = "CheXpert-v1.0-small/" if small else "CheXpert-v1.0/"
    made = {"train.csv": tables.train(cohort, prefix), "valid.csv": tables.valid(cohort, prefix)}
    made |= _painted(cohort, ("train", "val"), "jpg", _small_jpg if small else _jpg)
    return dict(_batched(made)) if layout == "batches" else made


def _batched(tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Tables and valid in the first batch, train by patient in three more, without a folder for the split."""
    patients = sorted({name.split("/")[1] for name in tree if name.startswith("train/")})
    batch = {patient: BATCHES[i * len(BATCHES) // len(patients)] for i, patient in enumerate(patients)}
    for name, body in tree.items():
        below = name.removeprefix("train/")
        yield (f"{batch[below.split('/')[0]]}/{below}" if below != name else f"{BATCH_1}/{name}"), body


def _painted(cohort: Cohort, splits: tuple[str, ...], ending: str, file: File, *, in_plus: bool = False) -> Tree:
    tree: Tree = {}
    for study in cohort.of(*splits):
        if in_plus and study.fault == "not-in-plus":
            continue
        for picture in study.pictures:
            body = damaged(picture.fault, file(study, picture, _paint(cohort, study, picture)))
            tree |= {} if body is None else {f"{study.folder}/{picture.name}.{ending}": body}
    return tree


def _paint(cohort: Cohort, study: Study, picture: Picture) -> Image.Image:
    present = [finding for finding, state in study.states.items() if state == "present"]
    unsure = [finding for finding, state in study.states.items() if state == "uncertain"]
    film = paint(
        present, picture.paint, study.key, seed=cohort.seed, uncertain=unsure, patient=study.patient_id,
        shot=picture.name,
    ).image  # fmt: skip
    return black_like(film) if picture.fault == "black-image" else film


def _jpg(_study: Study, _picture: Picture, image: Image.Image) -> bytes:
    return jpeg_bytes(image)


def _small_jpg(_study: Study, _picture: Picture, image: Image.Image) -> bytes:
    return jpeg_bytes(image.resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR))


def _png(_study: Study, _picture: Picture, image: Image.Image) -> bytes:
    return png_bytes(image)


def _dcm(study: Study, picture: Picture, image: Image.Image) -> bytes:
    # 2.25 is the root of ids made from a UUID, here of the first 16 bytes of a hash.
    drawn = hashlib.sha256(f"{study.key}_{picture.name}".encode()).digest()
    return dicom_bytes(image, f"2.25.{int.from_bytes(drawn[:16], 'big')}", Look(inverted=drawn[16] % 8 == 0))
