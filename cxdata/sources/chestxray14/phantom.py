"""A synthetic ChestX-ray14: label table, boxes, lists and pictures, in every layout that users have on disk.

No real picture, word or number goes in: patients have numbers above the 30,805 of the real one. Pictures are 1024 x
1024 as the real ones are, squeezed to a square from a film that is not. Faults stand in `FAULTS`; `planted` says which
picture each befell.
"""

from __future__ import annotations

from typing import Final

import polars as pl
from PIL import Image

from cxdata.phantom.faults import damaged
from cxdata.phantom.jpeg import black_like, png_bytes
from cxdata.phantom.radiograph import Radiograph, paint
from cxdata.phantom.tree import Tree, gzipped, save, tarred
from cxdata.sources.base import PhantomSpec
from cxdata.sources.chestxray14 import phantom_tables as tables
from cxdata.sources.chestxray14.phantom_cohort import FAULTS, Cohort, Picture, make_cohort
from cxdata.sources.chestxray14.pictures import SIDE_PX
from cxdata.sources.chestxray14.places import archive_number

__all__ = ["BOXED", "FAULTS", "planted", "write"]

BOXED: Final = (
    "Atelectasis", "Cardiomegaly", "Pleural Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
)  # fmt: skip
DRAWN_PX: Final = 256  # a film is drawn at this size and enlarged by four without smoothing, which packs well
ARCHIVES: Final = 12


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = make_cohort(spec.patients, spec.seed)
    for picture in cohort.pictures:
        _paint(picture, cohort)
    placing = {"kaggle": _in_folders, "box": _in_archives, "script": _in_archives}
    pictures = placing.get(spec.layout.name, _in_one_folder)(cohort, spec.layout.name)
    tree = {**_tables(cohort, spec.layout.version), **pictures}
    if spec.layout.name == "packed":
        tree = {f"{n}.gz" if _is_text(n) else n: gzipped(body) if _is_text(n) else body for n, body in tree.items()}
    save(tree, spec.out / spec.layout.parts["data"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the stem of the picture that it befell."""
    return make_cohort(patients, seed).faults


def _paint(picture: Picture, cohort: Cohort) -> None:
    """Paint one picture, store it as it lies on disk, and note the boxes of a test picture."""
    seen = [finding for finding in picture.findings if finding != "No Finding"]
    film = paint(seen, picture.view, f"picture {picture.stem}", seed=cohort.seed, patient=f"patient {picture.patient}")
    if picture.split == "test":
        picture.boxes = _boxes(film)
    picture.stored = _stored(picture, _square(film.image), rgba=picture.stem == cohort.faults["rgba-image"])


def _square(film: Image.Image) -> Image.Image:
    drawn = film.resize((DRAWN_PX, DRAWN_PX), Image.Resampling.BILINEAR)
    return drawn.resize((SIDE_PX, SIDE_PX), Image.Resampling.NEAREST)


def _stored(picture: Picture, image: Image.Image, *, rgba: bool) -> bytes | None:
    image = black_like(image) if picture.fault == "black-image" else image.convert("RGBA") if rgba else image
    return damaged(picture.fault, png_bytes(image))


def _boxes(film: Radiograph) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, width and height in the square's pixels, of the first place of each finding that has boxes."""
    found: dict[str, tuple[float, float, float, float]] = {}
    width, height = film.image.size
    for finding in BOXED:
        if finding in film.boxes:
            x0, y0, x1, y1 = film.boxes[finding][0]
            across, down = SIDE_PX / width, SIDE_PX / height
            found[finding] = (x0 * across, y0 * down, (x1 - x0) * across, (y1 - y0) * down)
    return found


def _tables(cohort: Cohort, version: str) -> Tree:
    suffix = "" if version == "2017" else f"_v{version}"
    return {
        f"Data_Entry_2017{suffix}.csv": tables.label_table(cohort, version),
        "BBox_List_2017.csv": tables.boxes(cohort),
        "train_val_list.txt": tables.name_list(cohort, "train"),
        "test_list.txt": tables.name_list(cohort, "test"),
    }


def _in_one_folder(cohort: Cohort, _layout: str) -> Tree:
    return {f"images/{p.name}": p.stored for p in cohort.pictures if p.stored is not None}


def _in_folders(cohort: Cohort, _layout: str) -> Tree:
    number = _archives(cohort)
    stored = [(p, p.stored) for p in cohort.pictures]
    return {f"images_{number[p.stem]:03d}/images/{p.name}": body for p, body in stored if body is not None}


def _in_archives(cohort: Cohort, layout: str) -> Tree:
    number = _archives(cohort)
    name = "images/images_{:03d}.tar.gz" if layout == "box" else "images_{:02d}.tar.gz"
    held: dict[int, Tree] = {k: {} for k in range(1, ARCHIVES + 1)}
    for picture in sorted(cohort.pictures, key=lambda p: p.stem):
        if picture.stored is not None:
            held[number[picture.stem]][f"images/{picture.name}"] = picture.stored
    return {name.format(k): tarred(members) for k, members in held.items()}


def _archives(cohort: Cohort) -> dict[str, int]:
    stems = pl.DataFrame({"stem": sorted({p.stem for p in cohort.pictures})}).with_row_index("place")
    numbered = stems.select("stem", archive_number(pl.col("place"), stems.height))
    return dict(numbered.iter_rows())


def _is_text(name: str) -> bool:
    return not name.startswith("images")
