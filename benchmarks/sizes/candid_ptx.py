"""CANDID-PTX's three tables: 19,237 pictures with reports, 3,196 of pneumothorax, 335 of fractures, 1,423 of tubes."""

from __future__ import annotations

import csv
from pathlib import Path

PICTURES = 19_237
PNEUMOTHORAX = 3_196
RIBS = 335
TUBES = 1_423
PATIENTS = 13_000
MASK = " ".join(["307300 40", *["985 40"] * 150])
TEXT = (
    "CLINICAL DATA: Made-up reason {n}.\nCHEST:\nThe heart is not enlarged. Made-up sentence {n} of the lungs. There "
    "is no pleural effusion.\n\nCOMMENT:\nMade-up conclusion {n}.\n\nTranscribed by: !PERSONALNAME!"
)


def write(root: Path) -> None:
    """Write the three tables below root."""
    root.mkdir(parents=True)
    stems = [f"3.1.222.111111.2.333.4.{nth}.99" for nth in range(PICTURES)]
    rows = [
        (f"P{nth % PATIENTS}_{nth:05d}_CR", f"4.2.333.222222.3.444.5.{nth}.99", stem,
         MASK if nth < PNEUMOTHORAX else "-1", TEXT.format(n=nth))
        for nth, stem in enumerate(stems)
    ]  # fmt: skip
    header = ("filename", "StudyInstanceUID", "SOPInstanceUID", "EncodedPixels", "Report")
    _save(root / "Pneumothorax_reports.csv", [header, *rows])
    for name, many in (("acute_rib_fracture.csv", RIBS), ("chest_tube.csv", TUBES)):
        listed = [(stem, "0", MASK) for stem in stems[::13][:many]]
        _save(root / name, [("anon_SOPUID", "annotation", "mask_rle"), *listed])


def _save(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
