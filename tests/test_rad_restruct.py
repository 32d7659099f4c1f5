"""Rad-ReStruct: questions in order with what was asked before, OpenI's pictures, and what is done without OpenI."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from typer.testing import CliRunner

from cxdata.build.inputs import resolve
from cxdata.build.parents import ParentFacets, parents_of
from cxdata.build.pool import Pool
from cxdata.cli.app import app
from cxdata.sources.base import ReadContext, Reading
from cxdata.sources.rad_restruct.phantom import FAULTS, planted
from cxdata.sources.rad_restruct.words import asked, told
from cxdata.sources.roots import locate

REAL = Path(os.environ.get("CXDATA_REAL_DATA", Path(__file__).parents[2] / "shared" / "real"))
real = pytest.mark.skipif(not (REAL / "rad-restruct").is_dir(), reason="the real public files are not here")
SOURCE = KNOWN["rad-restruct"]
FOLDER = "rad-restruct/data/radrestruct"
YES_NO = {"answer_type": "single_choice", "options": ["yes", "no"], "path": "lung_signs"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(SOURCE, tmp_path_factory.mktemp("rad-restruct"))


def read(root: Path, *, partial: bool = False, **given: str) -> Reading:
    options, found = SOURCE.manifest.settings(given), locate(SOURCE.manifest, [root])
    assert found is not None
    inputs = resolve(SOURCE.manifest, found, options, None, partial=partial)
    parents = parents_of(SOURCE, KNOWN, lambda _: [root], partial=partial)
    of_parents = ParentFacets(lambda: parents, Pool(1).run)
    return SOURCE.reader.read(ReadContext(SOURCE.manifest, inputs.files, found.roots, options, Pool(1).run, of_parents))


def codes(reading: Reading) -> Mapping[str, int]:
    return Counter(reading.rejects["code"])


def written(folder: Path, *questions: Any, listed: Any = None) -> Path:
    """A download of three reports; the questions are those of report 1, of train."""
    plain = [["Are there any signs in the lung?", ["no"], [], YES_NO]]
    for name, report, content in (("train", 1, list(questions)), ("val", 2, plain), ("test", 3, plain)):
        (folder / f"{name}_qa_pairs").mkdir(parents=True)
        (folder / f"{name}_qa_pairs/{report}.json").write_text(json.dumps(content))
    pictures = listed or {str(n): [f"CXR{n}_IM-0001-1001"] for n in (1, 2, 3)}
    (folder / "id_to_img_mapping_frontal_reports.json").write_text(json.dumps(pictures))
    return folder


@pytest.mark.parametrize(("text", "mended"), [
    ("Is there a opacity in the lung?", "Is there an opacity in the lung?"),
    ("Is there an density in the lung?", "Is there a density in the lung?"),
    ("Is there an markings in the lung?", "Are there markings in the lung?"),
    ("Is there another markings in the lung?", "Are there other markings in the lung?"),
    ("Is there another case of dislocations in the skeletal system?",
     "Are there other dislocations in the skeletal system?"),
    ("Is there hypertension, pulmonary in the lung?", "Is there pulmonary hypertension in the lung?"),
    ("Is there another case of fractures, bone in the skeletal system?",
     "Is there another case of bone fracture in the skeletal system?"),
    ("Is there anything abnormal in the bone and bones?", "Is there anything abnormal in the bones?"),
    ("Are there any signs in the lung?", "Are there any signs in the lung?"),
    ("aorta, thoracic", "thoracic aorta"),
])  # fmt: skip
def test_words_are_in_reading_order(text: str, mended: str) -> None:
    assert told(text) == mended


def test_what_was_asked_before_stands_before() -> None:
    history = [("Is there a opacity in the lung?", ["yes"]), ("In which part?", ["apex", "left hilum"])]
    assert asked("What is the degree?", history) == (
        "Is there an opacity in the lung? Yes. In which part? Apex, left hilum. What is the degree?"
    )


def test_pictures_studies_and_patients_are_openis(tree: Path) -> None:
    facets = read(tree).facets
    theirs = KNOWN["openi"].manifest
    assert facets["images"]["root_id"].unique().to_list() == [f"openi.{next(p for p in theirs.parts if p == 'png')}"]
    assert set(facets["images"]["view"]) == {"FRONTAL"}
    assert facets["images"]["study_id"].str.starts_with("CXR").all()
    assert (facets["studies"]["study_id"] == "CXR" + facets["studies"]["patient_id"]).all()
    assert set(facets["studies"]["split_official"]) == {"train", "val", "test"}
    assert facets["questions"]["image_ids"].list.len().unique().to_list() == [1]


def test_the_phantoms_answers_fit_openis_findings(tree: Path, tmp_path: Path) -> None:
    build_source(SOURCE, tree, tmp_path / "b", images="path")
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    build_source(KNOWN["openi"], tree, tmp_path / "o")
    findings = pl.read_parquet(tmp_path / "o" / "facets" / "findings.parquet")
    has = set(findings.filter(pl.col("finding") == "Cardiomegaly")["study_id"])
    about = samples.filter(pl.col("question").str.ends_with("Is there cardiomegaly in the cardiovascular system?"))
    yes = {key.removeprefix("openi:") for key in about.filter(pl.col("answer") == "Yes")["study_key"]}
    assert yes
    assert yes <= has
    assert set(samples["answer_type"]) == {"binary", "single_choice", "multi_choice", "open_labels"}


def test_planted_faults_have_their_codes(tree: Path) -> None:
    reading = read(tree)
    assert set(planted(list("12345"))) == {fault.name for fault in FAULTS}
    assert {
        "unreadable_file": 1, "bad_record": 1, "one_answer": 1, "answer_not_an_option": 1, "report_in_two_splits": 2,
        "report_without_questions": 1, "picture_not_in_parent": 1,
    }.items() <= dict(codes(reading)).items()  # fmt: skip
    assert {"report_without_picture", "bad_id", "not_stated"} <= set(codes(reading))


@pytest.mark.parametrize(("question", "code"), [
    ({"not": "a list"}, "bad_record"),
    (["What?", ["no"], []], "bad_record"),
    (["What?", [], [], YES_NO], "bad_record"),
    (["What?", ["no"], [["Earlier?"]], YES_NO], "bad_record"),
    (["What?", ["no"], [["Earlier?", "no"]], YES_NO], "bad_record"),
    (["What?", ["no"], [], {**YES_NO, "answer_type": "free"}], "bad_record"),
    (["What?", ["no"], [], {**YES_NO, "options": []}], "bad_record"),
    ([" ", ["no"], [], YES_NO], "bad_record"),
    (["What?", ["no"], [], {**YES_NO, "options": ["no"]}], "one_answer"),
    (["What?", ["maybe"], [], YES_NO], "answer_not_an_option"),
    (["What?", ["unspecified"], [], {**YES_NO, "options": ["left", "unspecified"]}], "not_stated"),
])  # fmt: skip
def test_what_cannot_be_asked_is_put_aside(tmp_path: Path, question: Any, code: str) -> None:
    good = ["Are there any signs in the lung?", ["yes"], [], YES_NO]
    reading = read(written(tmp_path, good, question), partial=True)
    train = next(count for count in reading.counts if count.file == "train_qa_pairs")
    assert (train.rows_read, train.rows_used, train.rows_rejected) == (2, 1, 1)
    assert dict(codes(reading)) == {code: 1}


def test_what_the_report_does_not_say_is_asked_by_choice(tmp_path: Path) -> None:
    question = ["What?", ["no selection"], [], {**YES_NO, "options": ["mild", "no selection"]}]
    reading = read(written(tmp_path, question), partial=True, unstated="ask")
    assert "no selection" in reading.facets["questions"]["answer"].to_list()


def test_a_list_that_names_no_picture_is_put_aside(tmp_path: Path) -> None:
    good = ["Are there any signs in the lung?", ["yes"], [], YES_NO]
    pictures = {"1": ["CXR1_IM-0001-1001", "CXR1_IM-0001-2001"], "2": [], "3": ["CXR3_IM-0001-1001"], "x": ["y"]}
    reading = read(written(tmp_path, good, listed=pictures), partial=True)
    assert dict(codes(reading)) == {"bad_id": 2, "report_without_picture": 1}
    assert reading.facets["images"]["image_id"].to_list() == ["openi:CXR1_IM-0001-1001", "openi:CXR3_IM-0001-1001"]


def test_without_openi_it_is_read_alone_where_that_is_asked_for(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree / "rad-restruct", tmp_path / "d")
    arguments = ["build", "--source", "rad-restruct", "--root", str(tmp_path / "d"), "--out", str(tmp_path / "cx")]
    refused = CliRunner().invoke(app, arguments)
    assert "stands on openi, of which nothing was found" in str(refused.exception)
    assert "--partial" in str(refused.exception)
    done = CliRunner().invoke(app, [*arguments, "--partial", "--images", "none", "--json"])
    (built,) = json.loads(done.stdout)
    assert built["samples"]["total"] > 0
    assert any("OpenI is not there" in note for note in built["notes"])
    images = pl.read_parquet(tmp_path / "cx/rad-restruct/images/*.parquet")
    assert images["path"].str.contains(r"^images/CXR.*\.png$").all()


def test_a_parent_that_others_need_is_missed_with_partial_too(tmp_path: Path) -> None:
    write_phantom(KNOWN["yes-no-openi"], tmp_path, 4)
    with pytest.raises(Exception, match="stands on openi"):
        parents_of(KNOWN["yes-no-openi"], KNOWN, lambda _: [tmp_path / "yes-no-openi"], partial=True)


@real
def test_real_questions_are_read_whole() -> None:
    reading = read(REAL / "rad-restruct/subset", partial=True)
    assert [(one.rows_read, one.rows_used) for one in reading.counts] == [
        (3597, 40), (2014, 1851), (583, 546), (632, 591)
    ]  # fmt: skip
    assert dict(codes(reading)) == {"report_without_questions": 3557, "not_stated": 240, "one_answer": 1}
    asked_of = reading.facets["questions"]
    assert not asked_of["question"].str.contains(r"\b(?:a [aeiou]|an [^aeiou])").any()
    assert not asked_of.select(pl.col("options").list.join(" ").str.contains(","))["options"].any()


@real
def test_real_reports_without_text_have_no_picture_in_openi(tmp_path: Path) -> None:
    for name in ("rad-restruct/subset", "openi"):
        (tmp_path / name.partition("/")[0]).symlink_to(REAL / name)
    reading = read(tmp_path)
    assert codes(reading)["picture_not_in_parent"] == 23
