"""VQA-RAD: one set of questions from two distributions, options that a question names, one split a picture."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from conftest import PATIENTS, build_source, write_phantom

from cxdata.build.inputs import resolve
from cxdata.build.pool import Pool
from cxdata.model.errors import CxdataError
from cxdata.sources.base import ReadContext, Reading, Source
from cxdata.sources.discovery import sources
from cxdata.sources.roots import locate
from cxdata.sources.vqa_rad.answers import choice, told
from cxdata.sources.vqa_rad.phantom import FAULTS, OSF_NAME, planted

REAL = Path(os.environ.get("CXDATA_REAL_DATA", Path(__file__).parents[2] / "shared" / "real"))
real = pytest.mark.skipif(not (REAL / "vqa-rad").is_dir(), reason="the real public files are not here")
ORIGIN = ("origin_file", "origin_row")


@pytest.fixture(scope="module")
def source() -> Source:
    return sources()["vqa-rad"]


@pytest.fixture(scope="module")
def trees(source: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("vqa-rad")
    return {one.name: write_phantom(source, top / one.name, layout=one) for one in source.manifest.layouts}


def read(source: Source, root: Path) -> Reading:
    found = locate(source.manifest, [root])
    assert found is not None
    inputs = resolve(source.manifest, found, {}, None, partial=False)
    return source.reader.read(ReadContext(source.manifest, inputs.files, found.roots, {}, Pool(1).run))


def codes(reading: Reading) -> Mapping[str, int]:
    return Counter(reading.rejects["code"])


def record(**changed: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "qid": 1, "image_name": "synpic9.jpg", "image_organ": "CHEST", "question": "Is it sharp?",
        "question_type": "OTHER", "answer": "Yes", "answer_type": "CLOSED", "phrase_type": "freeform",
    }  # fmt: skip
    return {**plain, **changed}


def written(folder: Path, *records: dict[str, object]) -> Path:
    (folder / OSF_NAME).write_text(json.dumps(list(records)), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("question", "answer", "options", "chosen"), [
    ("Is it a solid or cystic lesion?", "Solid", ("solid", "cystic"), "solid"),
    ("Was it taken AP or PA?", "pa", ("AP", "PA"), "PA"),
    ("Is air on the patient's left or the right side?", "Right side", ("left", "right"), "right"),
    ("Are they on the left, right, or both sides of it?", "Both", ("left", "right", "both"), "both"),
    ("Are one or both sides seen?", "both sides", ("one", "both"), "both"),
    ("Is this an oedema vs. pleural effusion?", "pleural effusion", ("oedema", "pleural effusion"), "pleural effusion"),
    ("Is there over- or under-exposure, a blurred or a sharp film?", "sharp", None, None),
    ("Is it on top of the patient or within the patient?", "On top of the patient", None, None),
    ("Is it in the patient or superficial to the patient's skin?", "superficial to the patient's skin", None, None),
    ("Is it large or small?", "medium", None, None),
    ("Is there a change?", "maybe", None, None),
])  # fmt: skip
def test_options_are_the_words_that_a_question_names(
    question: str, answer: str, options: tuple[str, ...] | None, chosen: str | None
) -> None:
    found = choice(question, answer)
    assert (found and found.options, found and found.answer) == (options, chosen)


def test_lost_commas_are_put_back_and_stray_quotes_taken_out() -> None:
    cells = ["lungs \tthoracic cavit y\tgreat vessels", 'two humps" at the base?"', "A b\n c", "a \tb"]
    assert pl.DataFrame({"cell": cells}).select(told("cell")).to_series().to_list() == [
        "lungs, thoracic cavity, great vessels", "two humps at the base?", "A b c", "a, b",
    ]  # fmt: skip


def test_both_distributions_give_the_same_questions(source: Source, trees: dict[str, Path]) -> None:
    osf, mevf = (read(source, trees[name]).facets["questions"].drop(ORIGIN) for name in ("osf", "mevf"))
    assert osf.height > 100
    assert osf.equals(mevf)


def test_templates_of_mevf_are_left_out(source: Source, trees: dict[str, Path]) -> None:
    frames = [row for row in json.loads((trees["mevf"] / "trainset.json").read_text()) if row["phrase_type"] == "frame"]
    assert codes(read(source, trees["mevf"]))["frame_row"] == len(frames) > 0


def test_planted_faults_have_their_codes(source: Source, trees: dict[str, Path]) -> None:
    reading = read(source, trees["osf"])
    assert dict(codes(reading)) == {
        "bad_id": 1, "bad_record": 1, "no_answer": 1, "same_question": 1, "conflicting_answers": 2, "other_organ": 4,
    }  # fmt: skip
    hit = planted(PATIENTS, 0)
    assert set(hit) == {fault.name for fault in FAULTS}
    answers = reading.facets["questions"].select("study_id", "answer").rows()
    assert (hit["lost-commas"], "Heart, lungs, ribs") in answers
    assert (hit["number"], "9") in answers
    assert (hit["trailing-blank"], "yes") in answers


def test_of_a_question_of_train_and_test_that_of_test_is_taken(source: Source, trees: dict[str, Path]) -> None:
    hit = planted(PATIENTS, 0)["same-question"]
    asked = read(source, trees["osf"]).facets["questions"].filter(study_id=hit, question="is the film sharp?")
    assert asked["split_official"].to_list() == ["test"]


def test_a_picture_with_questions_of_test_is_test_whole(source: Source, trees: dict[str, Path], tmp_path: Path) -> None:
    build_source(source, trees["osf"], tmp_path / "b")
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert samples.group_by("patient_key").agg(pl.col("split").n_unique())["split"].max() == 1
    moved = samples.filter(pl.col("split") != pl.col("split_official"))
    assert set(moved.select("split", "split_official", "split_reason").rows()) == {
        ("test", "train", "strictest official split of the patient")
    }


@pytest.mark.parametrize("changed", [
    {"image_name": "film.jpg"}, {"answer": None}, {"answer": " "}, {"question": None}, {"image_organ": None},
    {"answer_type": None}, {"phrase_type": None},
])  # fmt: skip
def test_a_record_that_lacks_something_is_put_aside(source: Source, tmp_path: Path, changed: dict[str, object]) -> None:
    reading = read(source, written(tmp_path, record(), record(qid=2, **changed)))
    assert [(one.rows_read, one.rows_used, one.rows_rejected) for one in reading.counts] == [(2, 1, 1)]
    assert set(codes(reading)) <= {"bad_id", "bad_record"}


def test_answers_that_differ_in_case_alone_are_one(source: Source, tmp_path: Path) -> None:
    tree = written(
        tmp_path, record(), record(qid=2, answer="YES", question="is it  sharp?"), record(qid=3, answer="no")
    )
    assert codes(read(source, tree)) == {"conflicting_answers": 3}
    tree = written(tmp_path, record(), record(qid=2, answer="YES", question="is it  sharp?"))
    assert codes(read(source, tree)) == {"same_question": 1}


def test_half_of_mevf_is_an_error_that_names_the_file(source: Source, trees: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "trainset.json").write_bytes((trees["mevf"] / "trainset.json").read_bytes())
    with pytest.raises(CxdataError, match="testset"):
        read(source, tmp_path)


@real
def test_real_questions_are_read_whole_and_alike(source: Source) -> None:
    osf, mevf = read(source, REAL / "vqa-rad"), read(source, REAL / "vqa-rad-mevf")
    assert [(one.rows_read, one.rows_used) for one in osf.counts] == [(2248, 789)]
    assert [(one.rows_read, one.rows_used) for one in mevf.counts] == [(3064, 615), (451, 174)]
    assert dict(codes(osf)) == {"other_organ": 1454, "same_question": 3, "no_answer": 2}
    assert dict(codes(mevf)) == {"other_organ": 2253, "frame_row": 468, "same_question": 3, "no_answer": 2}
    assert osf.facets["questions"].drop(ORIGIN).equals(mevf.facets["questions"].drop(ORIGIN))


@real
def test_real_closed_questions_are_yes_no_or_have_their_answer_among_two_or_three(source: Source) -> None:
    asked = read(source, REAL / "vqa-rad").facets["questions"]
    chosen = asked.filter(pl.col("options").is_not_null())
    assert chosen.height == 29
    assert all(answer in options for answer, options in chosen.select("answer", "options").rows())
    assert set(chosen["options"].list.len()) == {2, 3}
    assert asked.filter(pl.col("answer").str.to_lowercase().is_in(["yes", "no"])).height == 475
    assert (asked["split_official"] == "test").sum() == 174
