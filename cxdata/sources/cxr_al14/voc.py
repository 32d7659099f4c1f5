"""Annotations of CXR-AL14: one Pascal VOC file a picture. Worker processes that read them need no polars.

XML is read with defusedxml, which refuses entities and document types.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

MOST_BYTES: Final = 1 << 20  # of one file; a picture with a hundred boxes has 30 kB
BATCH: Final = 2_000
ENDING: Final = ".xml"
CORNERS: Final = ("xmin", "ymin", "xmax", "ymax")

Size = tuple[int, int]
Place = tuple[str, float, float, float, float]


class Annotation(NamedTuple):
    """One file: the picture's name, its size where that can be believed, and label and corners of each object.

    `code` is why it is put aside; `nulled` is 1 where a size stands in it and cannot be believed.
    """

    stem: str
    size: Size | None = None
    places: tuple[Place, ...] = ()
    code: str | None = None
    nulled: int = 0


def batches(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The folder and names of its files, by name, in batches for `read_batch`. OSError where it cannot be read."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith(ENDING) and entry.name[0] != ".")
    for start in range(0, len(names), BATCH):
        yield str(folder), names[start : start + BATCH]


def read_batch(folder: str, names: list[str]) -> list[Annotation]:
    """Each file as an annotation, or with the code for which it is put aside: see `reader.MESSAGES`."""
    return [_read(Path(folder, name), name.removesuffix(ENDING)) for name in names]


def parsed(stem: str, data: bytes) -> Annotation:
    """The annotation of one file's bytes."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        return Annotation(stem, code="xml_entities")
    except (ParseError, LookupError, ValueError):
        return Annotation(stem, code="xml_broken")
    if root.tag != "annotation":
        return Annotation(stem, code="bad_record")
    told = [(_words(one.findtext("name")), _corners(one.find("bndbox"))) for one in root.findall("object")]
    if any(not label for label, _ in told):
        return Annotation(stem, code="bad_record")
    places = tuple((label, *corners) for label, corners in told if corners is not None)
    if len(places) < len(told):
        return Annotation(stem, code="bad_box")
    size, nulled = _believed(root.find("size"), places)
    return Annotation(stem, size, places, nulled=nulled)


def _read(path: Path, stem: str) -> Annotation:
    try:
        data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except OSError:
        data = None
    return Annotation(stem, code="file_unreadable") if data is None else parsed(stem, data)


def _words(name: str | None) -> str:
    return " ".join((name or "").replace("_", " ").split()).lower()


def _corners(box: Element | None) -> tuple[float, float, float, float] | None:
    """Corners of a box with an area; they may be written as fractions."""
    try:
        x0, y0, x1, y1 = (float((box.findtext(name) if box is not None else None) or "") for name in CORNERS)
    except ValueError:
        return None
    is_box = all(map(isfinite, (x0, y0, x1, y1))) and 0 <= x0 < x1 and 0 <= y0 < y1
    return (x0, y0, x1, y1) if is_box else None


def _believed(element: Element | None, places: tuple[Place, ...]) -> tuple[Size | None, int]:
    """The size, unless a box ends beyond it: what the authors' files say of it is not known."""
    if element is None:
        return None, 0
    told = [(element.findtext(name) or "").strip() for name in ("width", "height")]
    width, height = (int(number) if number.isascii() and number.isdecimal() else 0 for number in told)
    is_good = width > 0 and height > 0 and all(x1 <= width and y1 <= height for _, _, _, x1, y1 in places)
    return ((width, height), 0) if is_good else (None, 1)
