"""MIMIC-CXR's tables (377,110 pictures of 227,835 studies) and the zip of reports, which say what labels say."""

from __future__ import annotations

import zipfile
from pathlib import Path

from mimic_size import study_names, study_sentences, write_tables
from reports import invented


def write(root: Path) -> None:
    """Write the tables and the zip of reports below root."""
    write_tables(root)
    texts = root / "physionet.org/files/mimic-cxr/2.1.0"
    texts.mkdir(parents=True)
    told = zip(study_names(), study_sentences(), strict=True)
    with zipfile.ZipFile(texts / "mimic-cxr-reports.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, (name, seen) in enumerate(told):
            archive.writestr(name, invented(number, seen))
