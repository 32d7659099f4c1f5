"""Report texts of MIMIC-CXR: zips, trees, damaged members, and prebuilt sectioned csv files; all invented."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from cxdata.model.errors import CxdataError
from cxdata.model.facets import FACETS
from cxdata.sources.mimic.sectioned_csv import MESSAGES as ROW_MESSAGES
from cxdata.sources.mimic.sectioned_csv import read_sectioned
from cxdata.sources.mimic.texts import (
    MESSAGES,
    ZIP_NAME,
    Reject,
    TextBatch,
    find_texts,
    list_members,
    read_members,
    special_studies,
    unique_members,
)
from cxdata.sources.mimic.texts_zip import _entry, _quick_index

TEXT = " " * 33 + "FINAL REPORT\n FINDINGS:  Clear lungs.\n \n IMPRESSION:  Normal.\n"
NAMES = ("p10/p10999999/s50999999.txt", "p10/p10999999/s51888888.txt", "p19/p19999999/s52777777.txt")


def write_zip(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def write_tree(root: Path, members: dict[str, str | bytes]) -> Path:
    for name, text in members.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    return root


def codes(batch: TextBatch) -> dict[str, str]:
    return {reject.key: reject.code for reject in batch.rejects}


def test_a_zip_is_read_in_place(tmp_path: Path) -> None:
    path = write_zip(tmp_path / ZIP_NAME, {"files/" + name: TEXT for name in reversed(NAMES)})
    assert find_texts(tmp_path) == path
    members = list_members(path)
    assert members == ["files/" + name for name in NAMES]
    batch = read_members(str(path), members)
    assert batch.study_id == ["s50999999", "s51888888", "s52777777"]
    assert batch.origin_file == [f"{ZIP_NAME}::{name}" for name in members]
    assert (batch.findings[0], batch.impression[0], batch.rejects) == ("Clear lungs.", "Normal.", [])
    assert TEXT[batch.findings_start[0] : batch.findings_end[0]] == "Clear lungs."
    assert TextBatch._fields[:-1] == tuple(FACETS["reports"])


@pytest.mark.parametrize("prefix", ["", "files/", "mimic-cxr-reports/files/", "reports/files/", "mimic-cxr-reports/"])
def test_an_unpacked_tree_is_found_wherever_it_begins(tmp_path: Path, prefix: str) -> None:
    write_tree(tmp_path, {prefix + name: TEXT for name in NAMES})
    write_tree(tmp_path, {prefix + "p10/p10999999/s50999999/picture.jpg": b"", prefix + "p10/index.html": ""})
    assert find_texts(tmp_path) == tmp_path
    members = list_members(tmp_path)
    assert members == [prefix + name for name in NAMES]
    batch = read_members(str(tmp_path), members)
    assert (batch.origin_file, len(batch.study_id), batch.rejects) == (members, 3, [])


def test_numbers_without_letters(tmp_path: Path) -> None:
    write_tree(tmp_path, {"files/10/10999999/50999999.txt": TEXT})
    assert read_members(str(tmp_path), list_members(tmp_path)).study_id == ["s50999999"]


def test_other_files_are_ignored_and_unknown_texts_rejected(tmp_path: Path) -> None:
    stray = (
        "LICENSE.txt",
        "files/index.html",
        "files/p10/index.html",
        "files/p10/p10999999/.s50999999.txt",
        "__MACOSX/files/p10/p10999999/s50999999.txt",
        "files/p10/p10999999/s50999999/notes.txt",
    )
    unknown = ("files/p10/foo.txt", "files/p10/p10999999/s5.txt")
    path = write_zip(tmp_path / ZIP_NAME, dict.fromkeys((*stray, *unknown, "files/" + NAMES[0]), TEXT))
    batch = read_members(str(path), list_members(path))
    assert codes(batch) == dict.fromkeys(unknown, "unknown_name")
    assert batch.study_id == ["s50999999"]


def test_every_member_is_one_row_or_one_reject(tmp_path: Path) -> None:
    texts: dict[str, str | bytes] = {
        "p10/p10999999/s50000001.txt": TEXT.encode() + b"caf\xe9",
        "p10/p10999999/s50000002.txt": b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode(),
        "p10/p10999999/s50000003.txt": " \n \n",
        "p10/p10999999/s50000004.txt": " HISTORY:  Pain.\n",
        "p10/p10999999/s58235663.txt": TEXT,
        "p10/p10999999/s50000005.txt": " WET READ: Edema.\n",
        "p10/p10999999/s50000006.txt": " FINAL ADDENDUM\n Told.\n",
        "p10/p10999999/s50000007.txt": "",
    }
    path, tree = write_zip(tmp_path / ZIP_NAME, texts), write_tree(tmp_path / "tree", texts)
    expected = [
        "report_not_utf8",
        None,
        "report_empty",
        "report_without_sections",
        "report_no_text",
        "report_preliminary_only",
        "report_addendum_only",
        "report_empty",
    ]
    for where in (path, tree):
        batch = read_members(str(where), list(texts))
        assert codes(batch) == {name: code for name, code in zip(texts, expected, strict=True) if code}
        assert batch.study_id == ["s50000002"]
        assert {(reject.code, reject.message) for reject in batch.rejects} <= set(MESSAGES.items())
    assert read_members(str(tree), ["p10/p10999999/s50999999.txt"]).rejects[0].code == "report_unreadable"


def test_a_damaged_member_is_a_reject_and_the_others_are_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / ZIP_NAME, {name: TEXT + "x" * 50 * k for k, name in enumerate(NAMES)})
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo(NAMES[1]).header_offset + 30 + len(NAMES[1]) + 20
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0xFF
    path.write_bytes(raw)
    batch = read_members(str(path), [*NAMES, "p10/p10999999/s59999999.txt"])
    assert codes(batch) == {NAMES[1]: "report_unreadable", "p10/p10999999/s59999999.txt": "report_unreadable"}
    assert batch.study_id == ["s50999999", "s52777777"]


def test_stored_members_and_long_local_headers(tmp_path: Path) -> None:
    path = tmp_path / ZIP_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        info = zipfile.ZipInfo(NAMES[0])
        info.extra = b"\xfe\xca" + (900).to_bytes(2, "little") + b"x" * 900
        archive.writestr(info, TEXT)
        archive.writestr(NAMES[1], TEXT)
    assert read_members(str(path), list(NAMES[:2])).impression == ["Normal.", "Normal."]


def test_the_quick_directory_is_zipfiles(tmp_path: Path) -> None:
    path = tmp_path / ZIP_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(70_000):  # past 65,535 members a zip has a second end record
            archive.writestr(f"p10/p10999999/s{50_000_000 + number}.txt", "x")
    quick = _quick_index(str(path), path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        assert quick == {info.filename: _entry(info) for info in archive.infolist()}


def test_an_unusual_zip_is_left_to_zipfile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / ZIP_NAME, {"files/" + name: TEXT for name in NAMES})
    path.write_bytes(b"something before" + path.read_bytes())
    assert _quick_index(str(path), path.stat().st_size) is None
    assert read_members(str(path), list_members(path)).rejects == []
    write_zip(path, {"files/p10/p10999999/s50999999.txt": TEXT, "files/p10/\u00fc.txt": TEXT})
    assert _quick_index(str(path), path.stat().st_size) is None
    assert codes(read_members(str(path), list_members(path))) == {"files/p10/\u00fc.txt": "unknown_name"}


@pytest.mark.parametrize("keep", [0, 10, -30])
def test_a_zip_cut_short_is_an_error_that_names_it(tmp_path: Path, keep: int) -> None:
    path = write_zip(tmp_path / ZIP_NAME, {"files/" + name: TEXT for name in NAMES})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CxdataError) as caught:
        list_members(path)
    assert ZIP_NAME in caught.value.what
    assert "physionet.org" in str(caught.value.mend)
    with pytest.raises(CxdataError):
        read_members(str(path), list(NAMES))
    assert str(copy.copy(caught.value)) == str(caught.value)  # as a worker process hands it back


def test_nothing_there(tmp_path: Path) -> None:
    assert find_texts(tmp_path) is None
    with pytest.raises(CxdataError, match="no report texts"):
        list_members(tmp_path)
    with pytest.raises(CxdataError, match="no report texts"):
        list_members(write_zip(tmp_path / ZIP_NAME, {"README.txt": TEXT}))


def test_a_second_text_of_a_study_is_a_reject() -> None:
    first, rejects = unique_members([NAMES[0], "x/10/10999999/50999999.txt", "p10/foo.txt", NAMES[1]])
    assert first == [NAMES[0], "p10/foo.txt", NAMES[1]]
    assert rejects == [Reject("x/10/10999999/50999999.txt", "duplicate_study", MESSAGES["duplicate_study"])]


def test_special_studies_are_the_54() -> None:
    known = list(special_studies().values())
    assert (len(known), sum(isinstance(k, str) for k in known), known.count((0, 0))) == (54, 23, 8)
    assert all(isinstance(k, str) or k == (0, 0) or k[0] < k[1] for k in known if k is not None)


def test_special_studies_are_read_by_what_is_known(tmp_path: Path) -> None:
    named = " FINAL REPORT\n HISTORY:  Pain.\n \n RECOMMENDATIONS:  No fracture.\n"
    at = "x" * 47 + "y" * 300
    texts: dict[str, str | bytes] = {"p10/p10999999/s50913680.txt": named, "p10/p10999999/s51410602.txt": at}
    batch = read_members(str(write_tree(tmp_path, texts)), list(texts))
    assert batch.impression == ["No fracture.", "y" * 273]
    assert batch.indication == ["Pain.", None]


def test_workers_need_no_polars() -> None:
    code = "import sys, cxdata.sources.mimic.texts as t; t.special_studies(); sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def write_csv(path: Path, rows: list[list[str]], newline: str = "\r\n", mark: str = "") -> Path:
    stream = io.StringIO()
    csv.writer(stream, lineterminator=newline).writerows(rows)
    raw = (mark + stream.getvalue()).encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


FORMS = {
    "MIT-LCP": [
        ["study", "impression", "findings", "last_paragraph", "comparison"],
        ["s50999999", "Normal.", "Clear\n lungs.", "", "Radiograph ___."],
        ["s51888888", "", "", "Tube in place.", ""],
    ],
    "CheXagent": [
        ["study", "findings", "indication", "impression", "comparison", "last_paragraph"],
        ["s50999999", "Clear\n lungs.", "Cough.", "Normal.", "Radiograph ___.", ""],
        ["s51888888", "", "", "", "", "Tube in place."],
    ],
    "Libra": [
        [
            "study",
            "findings",
            "impression",
            "indication",
            "comparison",
            "technique",
            "history",
            "examination",
            "last_paragraph",
        ],
        ["s50999999", "Clear\n lungs.", "Normal.", "Cough.", "Radiograph ___.", "PA", "Asthma.", "CHEST", ""],
        ["s51888888", "", "", "<Clinical Indication>", "", "", "", "", "Tube in place."],
    ],
    "RaDialog": [
        [
            "impression",
            "findings",
            "last_paragraph",
            "comparison",
            "dicom_id",
            "Img_Filename",
            "Img_Folder",
            "Note_file",
        ],
        ["Normal.", "Clear\n lungs.", "", "Radiograph ___.", "a", "a.jpg", "p10/x", "s50999999.txt"],
        ["", "", "Tube in place.", "", "b", "b.jpg", "p10/x", "s51888888.txt"],
    ],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("name", "newline", "mark"), [("a.csv", "\r\n", ""), ("a.csv", "\n", "\ufeff"), ("a.csv.gz", "\r\n", "\ufeff")]
)
def test_each_header_form_is_read(tmp_path: Path, form: str, name: str, newline: str, mark: str) -> None:
    reports, rejects = read_sectioned(write_csv(tmp_path / name, FORMS[form], newline, mark))
    assert reports.schema == FACETS["reports"]
    assert rejects.is_empty()
    first, second = reports.to_dicts()
    assert (first["findings"], first["impression"], first["comparison"]) == (
        "Clear\n lungs.",
        "Normal.",
        "Radiograph ___.",
    )
    assert first["indication"] == {"CheXagent": "Cough.", "Libra": "Cough.\n\nAsthma."}.get(form)
    assert (second["findings"], second["impression"], second["indication"]) == ("Tube in place.", None, None)
    assert [(r["origin_file"], r["origin_row"]) for r in (first, second)] == [(name, 1), (name, 2)]


def test_the_form_without_header(tmp_path: Path) -> None:
    rows = [["s50999999", "Normal."], ["s51888888", "Edema,\n mild."]]
    reports, rejects = read_sectioned(write_csv(tmp_path / "mimic_cxr_sections.csv", rows))
    assert reports["impression"].to_list() == ["Normal.", "Edema,\n mild."]
    assert reports["findings"].to_list() == [None, None]
    assert reports["origin_row"].to_list() == [1, 2]
    assert rejects.schema == {"key": pl.String(), "code": pl.String(), "message": pl.String()}


def test_every_row_is_used_or_rejected_once(tmp_path: Path) -> None:
    rows = [
        ["study", "findings", "impression"],
        ["s50999999", "", " "],
        ["s50999999", "Clear.", ""],
        ["s50999999", "Clear.", ""],
        ["50999999", "Other.", ""],
        ["", "Clear.", ""],
        ["x", "Clear.", ""],
        ["s58235663", "Clear.", ""],
        ["p10/p10999999/s51888888.txt", "", "Normal."],
        ["s51888888.txt", "", "Normal."],
    ]
    reports, rejects = read_sectioned(write_csv(tmp_path / "a.csv", rows), "b::a.csv")
    assert reports.select("study_id", "origin_row").rows() == [("s50999999", 2), ("s51888888", 8)]
    assert reports["origin_file"].unique().to_list() == ["b::a.csv"]
    assert rejects["code"].to_list() == [
        "report_empty",
        "duplicate_row",
        "conflicting_row",
        "bad_id",
        "bad_id",
        "report_no_text",
        "duplicate_row",
    ]
    assert (rejects["key"][0], rejects["key"][3]) == ("s50999999 row 1", "row 5")
    assert rejects["key"].is_unique().all()
    assert set(rejects["message"]) <= set(ROW_MESSAGES.values())


@pytest.mark.parametrize(
    "raw",
    [b"", b"a,b\n1,2\n", b"study,comparison\ns50999999,none\n", b"\xff\xfe\x00", b"study,findings\ns50999999,a,b\n"],
)
def test_a_file_that_is_none_of_them_is_an_error_that_names_it(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "mimic_cxr_sectioned.csv"
    path.write_bytes(raw)
    with pytest.raises(CxdataError, match=r"mimic_cxr_sectioned\.csv"):
        read_sectioned(path)


def test_a_gzip_cut_short_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv.gz", FORMS["MIT-LCP"])
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(CxdataError, match=r"a\.csv\.gz"):
        read_sectioned(path)
