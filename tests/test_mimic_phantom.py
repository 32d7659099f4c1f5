from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

import cxdata.sources.mimic as mimic
from cxdata.model.manifest import load_manifest
from cxdata.phantom.cohort import FOURTEEN
from cxdata.phantom.courses import ALONG, CHANGES, COURSES, resized
from cxdata.phantom.radiograph import paint
from cxdata.phantom.signs import Sign
from cxdata.reports.changes import read_changes
from cxdata.reports.sections import normalise, section
from cxdata.reports.sentences import sentences_expr
from cxdata.sources.base import PhantomSpec
from cxdata.sources.mimic import phantom
from cxdata.sources.mimic.phantom_cohort import FAULTS, make_cohort
from cxdata.sources.mimic.phantom_follow_ups import TRAPS
from cxdata.sources.mimic.phantom_reports import SHAPES, report_text, shape_of
from cxdata.sources.mimic.phantom_tables import LABEL_TABLE, METADATA, RADIOLOGIST, SPLIT

MANIFEST = load_manifest(Path(mimic.__file__).parent / "manifest.yaml")
LAYOUTS = {layout.name: layout for layout in MANIFEST.layouts}
IMAGE_FAULTS = {"missing-image", "truncated-image", "empty-image"}


def write(out: Path, layout: str = "physionet-2.1.0", patients: int = 8, seed: int = 0) -> dict[str, Path]:
    phantom.write(PhantomSpec(out, LAYOUTS[layout], patients, seed))
    return {part: out / folder for part, folder in LAYOUTS[layout].parts.items()}


def tree_digest(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows(path: Path) -> list[dict[str, str]]:
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(body.decode())))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def forty():
    return make_cohort(40, 0)


def test_the_same_spec_gives_the_same_tree_and_another_seed_another(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, patients=4)
    write(tmp_path / "c", patients=4, seed=1)
    assert tree_digest(tmp_path / "a") == tree_digest(tmp_path / "b")
    assert not set(tree_digest(tmp_path / "a")) & {
        name for name in tree_digest(tmp_path / "c") if name.endswith(".jpg")
    }


def test_tables_have_the_official_columns_in_order(small):
    jpg, reports = small["jpg"], small["reports"]
    labels = (
        "Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,"
        "No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices"
    )
    metadata = (
        "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,"
        "ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning"
    )
    radiologist = (
        "study_id,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Lesion,Airspace Opacity,Edema,Consolidation,"
        "Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices"
    )
    expected = {
        jpg / "mimic-cxr-2.0.0-metadata.csv.gz": metadata,
        jpg / "mimic-cxr-2.0.0-split.csv.gz": "dicom_id,study_id,subject_id,split",
        jpg / "mimic-cxr-2.0.0-chexpert.csv.gz": f"subject_id,study_id,{labels}",
        jpg / "mimic-cxr-2.0.0-negbio.csv.gz": f"subject_id,study_id,{labels}",
        jpg / "mimic-cxr-2.1.0-test-set-labeled.csv": radiologist,
        reports / "cxr-record-list.csv.gz": "subject_id,study_id,dicom_id,path",
        reports / "cxr-study-list.csv.gz": "subject_id,study_id,path",
    }
    for path, header in expected.items():
        assert ",".join(rows(path)[0]) == header
    assert [len(header) for header in (METADATA, SPLIT, LABEL_TABLE, RADIOLOGIST)] == [12, 4, 16, 15]


def test_metadata_tells_the_true_size_and_place_of_every_sound_picture(small):
    damaged = {phantom.planted(8, 0)[name] for name in IMAGE_FAULTS}
    table = rows(small["jpg"] / "mimic-cxr-2.0.0-metadata.csv.gz")
    for row in table:
        path = (
            small["jpg"]
            / f"files/p{row['subject_id'][:2]}/p{row['subject_id']}/s{row['study_id']}/{row['dicom_id']}.jpg"
        )
        if row["dicom_id"] not in damaged:
            with Image.open(path) as picture:
                assert picture.size == (int(row["Columns"]), int(row["Rows"]))
                assert picture.mode == "L"
        assert re.fullmatch(r"(?:[0-9a-f]{8}-){4}[0-9a-f]{8}", row["dicom_id"])
        assert re.fullmatch(r"1\d{7}", row["subject_id"])
        assert re.fullmatch(r"5\d{7}", row["study_id"])
        assert re.fullmatch(r"(0|[1-9]\d{0,5})\.\d{1,3}", row["StudyTime"])
        assert row["StudyDate"] > "2104"
    listed = (small["jpg"] / "IMAGE_FILENAMES").read_text().split()
    assert {Path(name).stem for name in listed} == {row["dicom_id"] for row in table}


def test_no_patient_is_in_two_splits_and_eight_patients_fill_all_three(small):
    table = rows(small["jpg"] / "mimic-cxr-2.0.0-split.csv.gz")
    splits: dict[str, set[str]] = {}
    for row in table:
        splits.setdefault(row["subject_id"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert {row["split"] for row in table} == {"train", "validate", "test"}


@pytest.mark.parametrize("part", ["jpg", "reports"])
def test_checksums_are_those_of_the_sound_files(small, part):
    root, damaged = small[part], {phantom.planted(8, 0)[name] for name in IMAGE_FAULTS}
    sums = dict(reversed(line.split(maxsplit=1)) for line in (root / "SHA256SUMS.txt").read_text().splitlines())
    on_disk = {path for path in tree_digest(root) if not path.endswith(("index.html", "SHA256SUMS.txt"))}
    assert on_disk <= set(sums)
    wrong = {name for name, value in sums.items() if tree_digest(root).get(name) != value}
    assert {Path(name).stem for name in wrong} == (damaged if part == "jpg" else set())


def test_every_planted_fault_is_there(small):
    jpg, planted = small["jpg"], phantom.planted(8, 0)
    assert set(planted) == {fault.name for fault in FAULTS if fault.least_patients <= 8}
    found = {path.stem: path for path in (jpg / "files").rglob("*.jpg")}
    assert planted["missing-image"] not in found
    assert found[planted["empty-image"]].stat().st_size == 0
    with pytest.raises(OSError, match="truncated"), Image.open(found[planted["truncated-image"]]) as picture:
        picture.load()
    with Image.open(found[planted["black-image"]]) as picture:
        assert picture.getextrema() == (0, 0)
    labels = rows(jpg / "mimic-cxr-2.0.0-chexpert.csv.gz")
    by_study = {row["study_id"]: list(row.values())[2:] for row in labels}
    counts = [row["study_id"] for row in labels].count(planted["duplicate-row"])
    assert planted["unlabelled-study"] not in by_study
    assert not any(by_study[planted["blank-study"]])
    assert counts == 2
    assert [value for value in by_study[planted["bad-cell"]] if value not in ("", "1.0", "0.0", "-1.0")] == ["2.0"]
    known = {row["dicom_id"] for row in rows(jpg / "mimic-cxr-2.0.0-metadata.csv.gz")}
    assert {row["dicom_id"] for row in rows(jpg / "mimic-cxr-2.0.0-split.csv.gz")} - known == {
        planted["stray-split-row"]
    }


def test_report_faults_are_in_the_zip(small):
    planted = phantom.planted(8, 0)
    with zipfile.ZipFile(small["reports"] / "mimic-cxr-reports.zip") as archive:
        texts = {Path(name).stem[1:]: archive.read(name) for name in archive.namelist()}
    listed = {row["study_id"] for row in rows(small["reports"] / "cxr-study-list.csv.gz")}
    assert set(texts) - listed == {planted["stray-report"]}
    assert listed <= set(texts)
    broken = [key for key, body in texts.items() if b"\xa0" in body]
    assert broken == [planted["not-utf8"]]
    with pytest.raises(UnicodeDecodeError):
        texts[planted["not-utf8"]].decode()
    assert not re.search(rb"[A-Z]:", texts[planted["blank-study"]])


def test_forty_patients_hold_every_state_of_every_finding(forty):
    states = {(finding, state) for study in forty.studies for finding, state in study.states.items()}
    for finding in FOURTEEN[1:]:
        assert {(finding, state) for state in ("present", "absent", "uncertain")} <= states
    assert ("No Finding", "present") in states
    assert ("No Finding", "absent") not in states
    for split in ("train", "validate", "test"):
        seen = {finding for study in forty.of(split) for finding, state in study.states.items() if state == "present"}
        assert len(seen) == 14, split
    assert "contradicting-row" in forty.faults


def test_no_finding_stands_alone_but_for_devices_and_a_rare_slip(forty):
    slips = 0
    for study in forty.studies:
        rest = {f for f, s in study.states.items() if s != "absent"} - {"No Finding", "Support Devices"}
        slips += "No Finding" in study.states and bool(rest)
    assert slips in (1, 2)


def test_a_parent_is_denied_beside_its_child_once_or_twice(forty):
    slips = [
        s for s in forty.studies if s.states.get("Lung Opacity") == "absent" and s.states.get("Edema") == "present"
    ]
    assert len(slips) in (1, 2)


def test_views_and_codes_hold_the_known_quirks(forty):
    looks = [picture.look for study in forty.studies for picture in study.pictures]
    assert {"PA", "AP", "LATERAL", "LL", "", "AP LLD", "LAO", "SWIMMERS"} == {look.position for look in looks}
    assert {"Erect", "Recumbent"} <= {look.code for look in looks}
    assert any(look.position == "" and look.code == "antero-posterior" for look in looks)
    assert "PORTABLE ABDOMEN" in {look.procedure for look in looks}


def test_reports_come_in_every_shape_and_in_the_official_layout(forty):
    assert {shape_of(study) for study in forty.studies if not study.fault} == set(SHAPES)
    assert len({shape_of(study) for study in make_cohort(8, 0).studies if not study.fault}) > len(SHAPES) / 2
    for study in forty.studies:
        lines = report_text(study, 0).lstrip("\ufeff").replace("\r\n", "\n").removesuffix("\n").split("\n")
        assert all(line.startswith(" ") and len(line) <= 79 for line in lines), study.study_id
        assert any(line.strip() in ("FINAL REPORT", "FINAL ADDENDUM") for line in lines)


def test_the_radiologist_reads_half_of_the_test_studies_and_differs_now_and_then(tmp_path):
    jpg = write(tmp_path, patients=20)["jpg"]
    read = rows(jpg / "mimic-cxr-2.1.0-test-set-labeled.csv")
    tool = {row["study_id"]: row for row in rows(jpg / "mimic-cxr-2.0.0-chexpert.csv.gz")}
    tests = {row["study_id"] for row in rows(jpg / "mimic-cxr-2.0.0-split.csv.gz") if row["split"] == "test"}
    assert {row["study_id"] for row in read} < tests
    assert abs(len(read) - len(tests) / 2) <= 1
    differs = [
        row["study_id"]
        for row in read
        for name in FOURTEEN
        if name != "Lung Opacity" and (row[name] or "-") not in (tool[row["study_id"]][name] or "-")
    ]
    assert differs
    assert len(set(differs)) < len(read)
    assert "-1" in {row["No Finding"] for row in read}


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_each_layout_has_its_parts_marks_and_files(tmp_path, name):
    roots, layout = write(tmp_path, layout=name, patients=4), LAYOUTS[name]
    for part, globs in layout.marks.items():
        assert all(any(roots[part].glob(pattern)) for pattern in globs)
    for spec in MANIFEST.files:
        there = any(path for pattern in spec.paths for path in roots[spec.part].glob(pattern))
        assert there or spec.name in layout.lacks or (name == "sectioned" and spec.kind == "checksums"), spec.name
    assert not [f for f in layout.lacks if any(roots[MANIFEST.file(f).part].glob(f"{f}*"))]
    assert bool(list(tmp_path.rglob("index.html"))) == name.startswith("physionet")
    assert bool(list(tmp_path.rglob("*.csv.gz"))) == (name != "unpacked")


def test_the_prebuilt_table_has_its_header_and_line_ends(tmp_path):
    body = (write(tmp_path, layout="sectioned")["reports"] / "mimic_cxr_sectioned.csv").read_bytes()
    assert body.startswith(b"study,impression,findings,last_paragraph,comparison\r\n")
    table = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    assert all(re.fullmatch(r"s5\d{7}", row["study"]) for row in table)
    assert all(
        any(row[column] for row in table) for column in ("impression", "findings", "last_paragraph", "comparison")
    )


def test_follow_ups_show_what_their_reports_tell(forty):
    told = [study for study in forty.studies if study.course]
    assert {study.course.told for study in told} == set(COURSES)
    assert {study.trap for study in told} == {"", *TRAPS}
    for study in told:
        finding, course = study.course.finding, study.course.told
        now, then = study.signs(0).get(finding), study.after.signs(0).get(finding)
        assert (study.states.get(finding) == "present") == (course != "gone")
        if study.trap != "label veto" and course in ALONG:
            grown = {"larger": 1, "smaller": -1, "same": 0}[course]
            assert now == replace(then, size=now.size)
            assert now.scale - then.scale == grown
        views = [one.pictures[0].look.paint for one in (study, study.after)]
        assert (views[0] != views[1]) == (study.trap == "other view")


def test_a_larger_effusion_is_larger_in_the_picture():
    sign = Sign("Pleural Effusion", "left", "lower", "moderate", "line")
    shown = {
        told: paint([sign.finding], "PA", "study", signs={sign.finding: resized(sign, told)}).boxes[sign.finding]
        for told in ALONG
    }
    heights = {told: boxes[0][3] - boxes[0][1] for told, boxes in shown.items()}
    assert heights["smaller"] < heights["same"] < heights["larger"]


def test_reports_of_follow_ups_are_read_as_they_were_meant(forty):
    for study in forty.studies:
        if study.course:
            found = section(normalise(report_text(study, 0)))
            texts = pl.DataFrame({"text": [found.findings, found.impression]})
            sentences = texts.select(sentences_expr("text").explode())["text"].drop_nulls()
            told = [change for sentence in sentences for change in read_changes(sentence)]
            wanted = set() if study.course.older else {(study.course.finding, CHANGES[study.course.told])}
            assert {(change.finding, change.change) for change in told} == wanted, study.study_id
