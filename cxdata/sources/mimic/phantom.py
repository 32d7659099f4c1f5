"""A synthetic MIMIC-CXR: the JPG project and the reports' project, in every layout that users have on disk.

No real picture, word or number goes in. Faults stand in `FAULTS`; `planted` says which picture or study each befell.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import PurePosixPath

from cxdata.phantom.faults import damaged
from cxdata.phantom.jpeg import black_like, jpeg_bytes
from cxdata.phantom.radiograph import paint
from cxdata.phantom.tree import Tree, gzipped, save, zipped
from cxdata.sources.base import PhantomSpec
from cxdata.sources.mimic import phantom_tables as tables
from cxdata.sources.mimic.phantom_cohort import FAULTS, Cohort, Picture, Study, make_cohort
from cxdata.sources.mimic.phantom_reports import report_bytes
from cxdata.sources.mimic.phantom_sectioned import sectioned_csv

__all__ = ["FAULTS", "planted", "write"]

ZIP = "mimic-cxr-reports.zip"
LICENCE = b"A synthetic copy for tests. It holds no data of any person and may be used freely.\n"
README = b"MIMIC-CXR-JPG, synthetic copy: pictures are painted and reports composed from made-up labels.\n"


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = make_cohort(spec.patients, spec.seed)
    _fill(cohort)
    roots = {part: spec.out / folder for part, folder in spec.layout.parts.items()}
    jpg, reports = _jpg_project(cohort, spec.layout.version), _reports_project(cohort, spec.layout.version)
    if spec.layout.name == "unpacked":
        jpg, reports = _unpacked(jpg), _unpacked(_with_texts(reports, cohort, "mimic-cxr-reports/"))
    elif spec.layout.name == "merged":
        reports = _with_texts(reports, cohort, "")
    elif spec.layout.name == "sectioned":
        reports = {
            "mimic_cxr_sectioned.csv": sectioned_csv((s.study_id, s.report) for s in tables.in_order(cohort.studies))
        }
    if spec.layout.name.startswith("physionet"):
        jpg, reports = _mirrored(jpg), _mirrored(reports)
    save(reports, roots["reports"])
    save(jpg, roots["jpg"])


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the id of the picture (dicom_id) or study that it befell."""
    return make_cohort(patients, seed).faults


def _fill(cohort: Cohort) -> None:
    """Paint every picture and write every report."""
    for study in cohort.studies:
        for i, picture in enumerate(study.pictures):
            _paint(study, picture, cohort.seed, f"{i}")
        study.report = report_bytes(study, cohort.seed, spoilt=cohort.faults["not-utf8"] == str(study.study_id))
        if study.fault.endswith("image"):
            _spoil(study.pictures[0], study.fault)
    if cohort.stray_report:
        cohort.stray_report.report = report_bytes(cohort.stray_report, cohort.seed, spoilt=False)


def _paint(study: Study, picture: Picture, seed: int, shot: str) -> None:
    present = [finding for finding, state in study.states.items() if state == "present"]
    unsure = [finding for finding, state in study.states.items() if state == "uncertain"]
    key, patient, signs = f"study {study.study_id}", f"patient {study.subject_id}", study.signs(seed)
    film = paint(
        present, picture.look.paint, key, seed=seed, uncertain=unsure, patient=patient, shot=shot, signs=signs
    )  # fmt: skip
    picture.columns, picture.rows = film.image.size
    image = black_like(film.image) if study.fault == "black-image" and shot == "0" else film.image
    picture.sound = picture.stored = jpeg_bytes(image)


def _spoil(picture: Picture, fault: str) -> None:
    picture.stored = damaged(fault, picture.sound)


def _jpg_project(cohort: Cohort, version: str) -> Tree:
    """The JPG project as downloaded; the checksums are those of the sound pictures."""
    made = {
        "mimic-cxr-2.0.0-chexpert.csv.gz": gzipped(tables.chexpert(cohort)),
        "mimic-cxr-2.0.0-metadata.csv.gz": gzipped(tables.metadata(cohort)),
        "mimic-cxr-2.0.0-negbio.csv.gz": gzipped(tables.negbio(cohort)),
        "mimic-cxr-2.0.0-split.csv.gz": gzipped(tables.split(cohort)),
    }
    if version != "2.0.0":
        made["mimic-cxr-2.1.0-test-set-labeled.csv"] = tables.radiologist(cohort)
    pictures = {tables.image_path(s, p.dicom_id): p for s in tables.in_order(cohort.studies) for p in s.pictures}
    names = "".join(f"{path}\n" for path in pictures).encode()
    sound = {"IMAGE_FILENAMES": names, "LICENSE.txt": LICENCE, "README": README, **made}
    sums = _sums({**sound, **{path: picture.sound for path, picture in pictures.items()}})
    stored = {path: picture.stored for path, picture in pictures.items() if picture.stored is not None}
    return {**sound, "SHA256SUMS.txt": sums, **stored}


def _reports_project(cohort: Cohort, version: str) -> Tree:
    """The reports' project without its DICOM files: lists and the zip of all reports."""
    made = {
        "LICENSE.txt": LICENCE,
        "cxr-record-list.csv.gz": gzipped(tables.records(cohort)),
        "cxr-study-list.csv.gz": gzipped(tables.study_list(cohort)),
        **({} if version == "2.0.0" else {"cxr-provider-list.csv.gz": gzipped(tables.providers(cohort))}),
        ZIP: zipped(_texts(cohort)),
    }
    return {**made, "SHA256SUMS.txt": _sums(made)}


def _texts(cohort: Cohort) -> Tree:
    strays = [cohort.stray_report] if cohort.stray_report else []
    return {tables.report_path(study): study.report for study in tables.in_order([*cohort.studies, *strays])}


def _with_texts(tree: Tree, cohort: Cohort, below: str) -> Tree:
    """The tree with the reports loose instead of zipped."""
    return {name: body for name, body in tree.items() if name != ZIP} | {
        below + name: body for name, body in _texts(cohort).items()
    }


def _unpacked(tree: Tree) -> Tree:
    """The tree with every .gz unpacked."""
    return {
        name.removesuffix(".gz"): gzip.decompress(body) if name.endswith(".gz") else body for name, body in tree.items()
    }


def _mirrored(tree: Tree) -> Tree:
    """The tree with the index.html that a wget mirror leaves in its upper folders."""
    folders = {parent for name in tree for parent in PurePosixPath(name).parents if len(parent.parts) <= 2}
    pages = {
        str(folder / "index.html"): f"<html><title>Index of /{folder}</title></html>\n".encode() for folder in folders
    }
    return {**tree, **dict(sorted(pages.items()))}


def _sums(tree: Tree) -> bytes:
    return "".join(f"{hashlib.sha256(body).hexdigest()} {name}\n" for name, body in sorted(tree.items())).encode()
