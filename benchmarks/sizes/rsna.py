"""RSNA's two tables: 26,684 pictures, of which 6,012 have 9,555 boxes, 8,851 are normal and 11,821 neither."""

from __future__ import annotations

from pathlib import Path

PICTURES = 26_684
OPAQUE = 6_012
BOXES = 9_555
NORMAL = 8_851


def write(root: Path) -> None:
    """Write both tables below root."""
    root.mkdir(parents=True)
    boxes = ["patientId,x,y,width,height,Target"]
    classes = ["patientId,class"]
    for nth in range(PICTURES):
        stem = f"{nth * 2_654_435_761 % 2**32:08x}-0000-4000-8000-{nth:012d}"
        drawn = (1 + (nth < BOXES - OPAQUE)) if nth < OPAQUE else 0
        rows = [f"{stem},{60 + 400 * k}.0,{nth % 500}.0,200.0,300.0,1" for k in range(drawn)] or [f"{stem},,,,,0"]
        label = "Lung Opacity" if drawn else "Normal" if nth < OPAQUE + NORMAL else "No Lung Opacity / Not Normal"
        boxes += rows
        classes += [f"{stem},{label}"] * len(rows)
    (root / "stage_2_train_labels.csv").write_text("\n".join([*boxes, ""]), encoding="utf-8")
    (root / "stage_2_detailed_class_info.csv").write_text("\n".join([*classes, ""]), encoding="utf-8")
