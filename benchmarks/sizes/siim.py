"""SIIM-ACR's table: 12,047 pictures, 2,669 of them with 3,576 masks of 191 runs in the mean."""

from __future__ import annotations

from pathlib import Path

PICTURES = 12_047
MASKED = 2_669
MASKS = 3_576
RUNS = 191
SIDE_PX = 1_024


def write(root: Path) -> None:
    """Write the table below root."""
    root.mkdir(parents=True)
    rows = ["ImageId,EncodedPixels"]
    for nth in range(PICTURES):
        stem = f"1.2.276.0.7230010.3.1.4.8323329.{nth}.1699000000.{nth * 7_919 % 1_000_000}"
        masks = 1 + (nth < MASKS - MASKED) if nth < MASKED else 0
        rows += [f"{stem},{_mask(nth, k)}" for k in range(masks)] or [f"{stem},-1"]
    (root / "stage_2_train.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")


def _mask(nth: int, k: int) -> str:
    """A slanted bar, a run a column."""
    tall = 20 + nth % 30
    first = (150 + 400 * k) * SIDE_PX + 100 + nth % 300
    return " ".join([f"{first} {tall}", *[f"{SIDE_PX - tall + 1} {tall}"] * (RUNS - 1)])
