"""Small downloads of MIMIC-CXR made by hand, for tests that bend and break them. Every id and word is invented."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from cxdata.cli.app import main

JPG = Path("physionet.org/files/mimic-cxr-jpg/2.1.0")
REPORTS = Path("physionet.org/files/mimic-cxr/2.1.0")
METADATA = JPG / "mimic-cxr-2.0.0-metadata.csv.gz"
SPLIT = JPG / "mimic-cxr-2.0.0-split.csv.gz"
CHEXPERT = JPG / "mimic-cxr-2.0.0-chexpert.csv.gz"
NEGBIO = JPG / "mimic-cxr-2.0.0-negbio.csv.gz"
ZIP = REPORTS / "mimic-cxr-reports.zip"
TABLES = (METADATA, SPLIT, CHEXPERT)
LABEL_TASKS = ("disease_binary", "disease_single_choice", "disease_multi_choice", "disease_open")
VIEW_TASKS = ("view_classification", "view_matching")
# need labels and reports: such as contradict each other, or tell changes
CROSSED_TASKS = ("image_text_matching", "image_text_selection", "temporal_progression")
REPORT_TASKS = (
    "findings_generation", "impression_generation", "findings_generation_indication",
    "impression_generation_indication", *CROSSED_TASKS, "findings_summarization",
)  # fmt: skip
FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture", "Lung Lesion",
    "Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax", "Support Devices",
)  # fmt: skip
REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  A made-up person with a cough.

 FINDINGS:

 The lungs are clear on both sides.  The heart is of normal size.  The bones look whole in picture {n}.

 IMPRESSION:

 No acute process in the chest of person {n}.
"""

Rows = list[list[str]]


class Picture(NamedTuple):
    """One picture of a study: ids without prefixes."""

    patient: str
    study: str
    dicom: str
    view: str

    @property
    def path(self) -> str:
        return f"files/p{self.patient[:2]}/p{self.patient}/s{self.study}/{self.dicom}.jpg"


def pictures(patients: int) -> list[Picture]:
    """Two pictures a study, one study a patient."""
    return [
        Picture(f"{10_990_000 + i}", f"{50_990_000 + i}", f"{i:08x}-0000000{k}-0a0a0a0a-0b0b0b0b-0c0c0c0c", view)
        for i in range(patients)
        for k, view in enumerate(("PA", "LATERAL"))
    ]


def write_tree(root: Path, patients: int = 12, *, files: bool = True) -> Path:
    """A PhysioNet tree below root: three tables, the zip of reports and, with `files`, the pictures. Returns root."""
    shots = pictures(patients)
    write_table(root / METADATA, _metadata(shots))
    write_table(root / SPLIT, _split(shots))
    write_table(root / CHEXPERT, _labels(shots[::2]))
    write_zip(root / ZIP, {text_name(shot): REPORT.format(n=i).encode() for i, shot in enumerate(shots[::2])})
    for shot in shots if files else ():
        path = root / JPG / shot.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny_jpeg())
    return root


def text_name(shot: Picture) -> str:
    return f"files/p{shot.patient[:2]}/p{shot.patient}/s{shot.study}.txt"


@cache
def tiny_jpeg() -> bytes:
    stream = io.BytesIO()
    Image.new("L", (32, 24), 90).save(stream, "JPEG")
    return stream.getvalue()


def write_table(path: Path, rows: Rows, *, start: str = "", newline: str = "\n") -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=newline).writerows(rows)
    content = (start + text.getvalue()).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def read_rows(path: Path) -> Rows:
    content = path.read_bytes()
    return list(csv.reader(io.StringIO((gzip.decompress(content) if path.suffix == ".gz" else content).decode())))


def edit(path: Path, change: Callable[[Rows], Rows]) -> None:
    write_table(path, change(read_rows(path)))


def write_zip(path: Path, texts: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in texts.items():
            archive.writestr(zipfile.ZipInfo(name, (2019, 9, 1, 0, 0, 0)), body)


def read_zip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def copy_of(tree: Path, to: Path) -> Path:
    """A copy whose files have the same times of change."""
    shutil.copytree(tree, to)
    return to


class Outcome(NamedTuple):
    """What a run of the command line left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


class Cli:
    """The command `cxdata` in this process, in a folder of its own, without settings from outside."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *args: object) -> Outcome:
        self._monkeypatch.setattr(sys, "argv", ["cxdata", *map(str, args)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        said = self._capsys.readouterr()
        return Outcome(int(leaving.value.code or 0), said.out, said.err)

    def build(self, root: Path, *args: object) -> Outcome:
        """`cxdata build --source mimic --root ROOT --out cx ARGS`."""
        return self("build", "--source", "mimic", "--root", root, "--out", "cx", *args)


def cli_in(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """What a fixture `cli` yields."""
    for name in ("DATA", "ROOT_MIMIC", "OUT", "IMAGES", "SEED", "WORKERS", "INCLUDE_PATH"):
        monkeypatch.delenv(f"CXDATA_{name}", raising=False)
    monkeypatch.chdir(folder)
    yield Cli(monkeypatch, capsys)


def _metadata(shots: list[Picture]) -> Rows:
    head = ["dicom_id", "subject_id", "study_id", "PerformedProcedureStepDescription", "ViewPosition", "Rows",
            "Columns", "StudyDate", "StudyTime", "ViewCodeSequence_CodeMeaning"]  # fmt: skip
    rows = [[s.dicom, s.patient, s.study, "CHEST (PA AND LAT)", s.view, "24", "32", "21500102", "80556.875", ""]
            for s in shots]  # fmt: skip
    return [head, *rows]


def _split(shots: list[Picture]) -> Rows:
    names = ("train", "train", "validate", "test")
    rows = [[s.dicom, s.study, s.patient, names[i // 2 % 4]] for i, s in enumerate(shots)]
    return [["dicom_id", "study_id", "subject_id", "split"], *rows]


def _labels(shots: list[Picture]) -> Rows:
    return [["subject_id", "study_id", *FINDINGS], *([s.patient, s.study, *_cells(i)] for i, s in enumerate(shots))]


def _cells(i: int) -> list[str]:
    """Present, absent and uncertain, two steps apart, so that every study has some of each; No Finding is blank."""
    cells = ["1.0", "0.0", "0.0", "", "-1.0", "0.0", "0.0"]
    return ["" if name == "No Finding" else cells[(i + k) % len(cells)] for k, name in enumerate(FINDINGS)]
