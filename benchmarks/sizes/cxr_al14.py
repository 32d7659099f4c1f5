"""CXR-AL14's annotations: 165,988 Pascal VOC files with 253,844 boxes."""

from __future__ import annotations

from pathlib import Path

PICTURES = 165_988
BOXES = 253_844
LABELS = (
    "Nodule",
    "Effusion",
    "Consolidation",
    "Postoperative metal",
    "Pleural thickening",
    "Fracture",
    "Calcification",
)
SIZE = "<size><width>2654</width><height>2789</height><depth>1</depth></size>"


def write(root: Path) -> None:
    """Write a file for each picture below root."""
    folder = root / "CXR-AL14-2022" / "Annotations"
    folder.mkdir(parents=True)
    for nth in range(PICTURES):
        many = (nth + 1) * BOXES // PICTURES - nth * BOXES // PICTURES
        objects = "".join(_object(nth, k) for k in range(many))
        body = f"<annotation><filename>x{nth:06d}.jpg</filename>{SIZE}{objects}</annotation>"
        (folder / f"x{nth:06d}.xml").write_text(body, encoding="utf-8")


def _object(nth: int, k: int) -> str:
    x, y = 200 + 900 * k + nth % 700, 100 + nth % 2_000
    box = f"<xmin>{x}</xmin><ymin>{y}</ymin><xmax>{x + 240}</xmax><ymax>{y + 180}</ymax>"
    return (
        f"<object><name>{LABELS[(nth + k) % len(LABELS)]}</name><difficult>0</difficult><bndbox>{box}</bndbox></object>"
    )
