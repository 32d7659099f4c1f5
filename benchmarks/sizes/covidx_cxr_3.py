"""COVIDx CXR-3's two lists in the collections and classes of 9B: 30,482 and 400 pictures."""

from __future__ import annotations

from pathlib import Path

PARTS = {
    "train": {
        ("rsna", "negative"): 13_588, ("ricord", "positive"): 896, ("stonybrook", "positive"): 14_132,
        ("sirm", "positive"): 943, ("bimcv", "positive"): 200, ("fig1", "positive"): 24,
        ("cohen", "negative"): 297, ("cohen", "positive"): 270, ("actmed", "negative"): 107, ("actmed", "positive"): 25,
    },
    "test": {("rsna", "negative"): 200, ("ricord", "positive"): 200},
}  # fmt: skip


def write(root: Path) -> None:
    """Write the lists below root, under the names that GitHub gives them."""
    root.mkdir(parents=True)
    for split, groups in PARTS.items():
        lines = [
            f"99{nth // 2} {split}-{collection}-{label}-{nth}.png {label} {collection}"
            for (collection, label), many in groups.items()
            for nth in range(many)
        ]
        (root / f"{split}_COVIDx9B.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
