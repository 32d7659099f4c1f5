"""A synthetic OpenI: NLM's archives or Kaggle's copy, in every layout that users have on disk.

No real picture, word or number goes in. Faults stand in `FAULTS`; `planted` says which picture or report each befell.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable

from PIL import Image

from cxdata.phantom.dicom_file import Look, dicom_bytes, uid_of
from cxdata.phantom.faults import damaged
from cxdata.phantom.jpeg import black_like, png_bytes
from cxdata.phantom.radiograph import paint
from cxdata.phantom.tree import Tree, save
from cxdata.sources.base import PhantomSpec
from cxdata.sources.openi.phantom_cohort import FAULTS, Case, Cohort, Picture, make_cohort
from cxdata.sources.openi.phantom_reports import projections_csv, reports_csv, tell, xml_bytes

__all__ = ["FAULTS", "planted", "write"]

FOLDER = "ecgen-radiology"
PROJECTIONS = "indiana_projections.csv"
XML_FAULTS = ("broken-xml", "entities", "other-report")  # a row of a table cannot have them
CHANGED = 1_454_601_600  # the date that members of the archive carry, in seconds

File = Callable[[Picture, Image.Image], bytes]


def write(spec: PhantomSpec) -> None:
    """Write the copy below `spec.out` in `spec.layout`; the same spec gives the same bytes. OSError as `open`."""
    cohort = make_cohort(spec.patients, spec.seed)
    name = spec.layout.name
    tree = _tables(cohort) if name == "kaggle" else _archive(cohort, unpacked=name.endswith("unpacked"))
    if name == "nlm-png-views":
        tree |= {PROJECTIONS: projections_csv(cohort)}
    save(tree | _pictures(cohort, name), spec.out)


def planted(patients: int, seed: int) -> dict[str, str]:
    """Each fault's name to the picture (its name in the XML) or the report number that it befell."""
    return make_cohort(patients, seed).faults


def _tables(cohort: Cohort) -> Tree:
    told = [(case, tell(case, cohort.seed)) for case in cohort.cases if case.fault not in XML_FAULTS]
    return {"indiana_reports.csv": reports_csv(told), PROJECTIONS: projections_csv(cohort)}


def _archive(cohort: Cohort, *, unpacked: bool) -> Tree:
    files = {f"{FOLDER}/{case.number}.xml": _xml(case, cohort.seed) for case in cohort.cases}
    return files if unpacked else {"NLMCXR_reports.tgz": _tgz(files)}


def _xml(case: Case, seed: int) -> bytes:
    return xml_bytes(case, tell(case, seed), case.number + 1 if case.fault == "other-report" else case.number)


def _pictures(cohort: Cohort, layout: str) -> Tree:
    """The picture files, by their place in the layout."""
    if layout == "kaggle":
        return _painted(cohort, "images/images_normalized/{dicom}.dcm.png", _png)
    if layout == "nlm-dcm":
        return _painted(cohort, "NLMCXR_dcm/{number}/{dicom}.dcm", _dicom)
    if layout == "nlm-unpacked":
        return _painted(cohort, "{stem}.png", _png)
    return _painted(cohort, "NLMCXR_png/{stem}.png", _png) if "png" in layout else {}


def _painted(cohort: Cohort, place: str, file: File) -> Tree:
    tree: Tree = {}
    for case in cohort.cases:
        for i, picture in enumerate(case.pictures):
            body = damaged(picture.fault, file(picture, _paint(case, picture, cohort.seed, f"{i}")))
            path = place.format(dicom=picture.dicom_stem, number=case.number, stem=picture.stem)
            tree |= {} if body is None else {path: body}
    return tree


def _paint(case: Case, picture: Picture, seed: int, shot: str) -> Image.Image:
    present = [finding for finding, state in case.states.items() if state == "present"]
    unsure = [finding for finding, state in case.states.items() if state == "uncertain"]
    image = paint(present, picture.view, case.key, seed=seed, uncertain=unsure, shot=shot).image
    return black_like(image) if picture.fault == "black-image" else image


def _png(_: Picture, image: Image.Image) -> bytes:
    return png_bytes(image)


def _dicom(picture: Picture, image: Image.Image) -> bytes:
    inverted = hashlib.sha256(picture.stem.encode()).digest()[16] % 2 == 0  # as half of the collection's files are
    return dicom_bytes(image, uid_of(picture.stem), Look(inverted=inverted))


def _tgz(files: Tree) -> bytes:
    """A tar.gz whose members and header carry a fixed date."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folder = tarfile.TarInfo(FOLDER)
        folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, CHANGED
        archive.addfile(folder)
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(body), CHANGED, 0o644
            archive.addfile(member, io.BytesIO(body))
    return gzip.compress(stream.getvalue(), mtime=0)
