"""VinDr-PCXR's four tables: 7,728 and 1,397 pictures, 12,222 rows of boxes."""

from __future__ import annotations

from pathlib import Path

from cxdata.sources.vindr_pcxr.reader import DISEASES, LABELS, NO_FINDING

PARTS = {"train": (0, 7_728, 10_350), "test": (7_728, 1_397, 1_872)}
BOXED = [label for label in LABELS.all if label not in (NO_FINDING, *DISEASES)]
COLUMNS = (NO_FINDING, *DISEASES)


def write(root: Path) -> None:
    """Write the four tables below root."""
    root.mkdir(parents=True)
    for split, (first, many, rows) in PARTS.items():
        labels = [_labels(nth) for nth in range(first, first + many)]
        boxes = [_box(first + place % many, place) for place in range(rows)]
        header = ",".join(("image_id", "rad_ID", *COLUMNS))
        (root / f"image_labels_{split}.csv").write_text("\n".join([header, *labels]) + "\n", encoding="utf-8")
        header = "image_id,rad_ID,class_name,x_min,y_min,x_max,y_max"
        (root / f"annotations_{split}.csv").write_text("\n".join([header, *boxes]) + "\n", encoding="utf-8")


def _labels(nth: int) -> str:
    told = 0 if _is_clear(nth) else 1 + nth // 3 % len(DISEASES)
    return ",".join([f"{nth:032x}", f"R{nth % 3 + 1}", *("1.0" if k == told else "0.0" for k in range(len(COLUMNS)))])


def _is_clear(nth: int) -> bool:
    return nth % 3 != 0


def _box(nth: int, place: int) -> str:
    if _is_clear(nth):
        return f"{nth:032x},R{nth % 3 + 1},{NO_FINDING},,,,"
    left, top = 100 + place % 400, 150 + place % 300
    return f"{nth:032x},R{nth % 3 + 1},{BOXED[place % len(BOXED)]},{left}.0,{top}.0,{left + 220}.0,{top + 180}.0"
