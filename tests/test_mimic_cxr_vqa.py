"""MIMIC-CXR-VQA: shapes and options of each kind of question, empty answers, patients in two files, forms of ids."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from test_contract import read

from cxdata.sources.mimic_cxr_vqa.phantom import PACKAGE
from cxdata.sources.mimic_cxr_vqa.questions import table_of, with_answers

SOURCE = KNOWN["mimic-cxr-vqa"]
FOLDER = Path("mimic-cxr-vqa/physionet.org/files/mimic-ext-mimic-cxr-vqa/1.0.0") / PACKAGE


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(SOURCE, tmp_path_factory.mktemp("vqa"), 20)


@pytest.fixture(scope="module")
def samples(both: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    home = tmp_path_factory.mktemp("built")
    build_source(SOURCE, both, home / "b")
    return pl.read_parquet(home / "b" / "samples" / "*.parquet")


def record(**changed: Any) -> dict[str, Any]:
    plain = {
        "row": 1, "idx": 0, "subject_id": 10999999, "study_id": 50999999, "image_id": "a", "question": "which?",
        "semantic_type": "choose", "content_type": "attribute", "template_program": "program_1",
        "template_arguments": {"object": {"0": "svc"}, "attribute": {"0": "edema", "1": "fracture"}},
        "answer": ["edema"],
    }  # fmt: skip
    return {**plain, **changed}


def judged(*records: dict[str, Any]) -> list[tuple[Any, ...]]:
    rows = with_answers(table_of(records))
    return rows.select("options", "answer", "answer_type", "fault").rows()


@pytest.mark.parametrize(("answer", "wanted"), [
    (["edema"], "edema"), (["fracture", "edema"], "both"), ([], "neither"), ("Edema", "edema"),
    (["edema", "edema"], "edema"),
])  # fmt: skip
def test_of_two_things_one_both_or_neither_may_be_right(answer: Any, wanted: str) -> None:
    assert judged(record(answer=answer)) == [(["edema", "fracture", "both", "neither"], wanted, None, None)]


@pytest.mark.parametrize(("changed", "fault"), [
    ({"answer": ["mass"]}, "bad_answer"), ({"answer": None}, "no_answer"), ({"answer": " "}, "no_answer"),
    ({"answer": [1]}, "no_answer"), ({"template_arguments": {}}, "bad_answer"),
    ({"template_arguments": None}, "bad_answer"),
    ({"semantic_type": "verify", "answer": []}, "bad_answer"),
    ({"semantic_type": "verify", "answer": ["yes", "no"]}, "bad_answer"),
    ({"content_type": "plane", "template_arguments": {"viewpos": {"0": "ap", "1": "pa"}}, "answer": []}, "bad_answer"),
])  # fmt: skip
def test_an_answer_that_the_question_cannot_have_is_put_aside(changed: dict[str, Any], fault: str) -> None:
    assert judged(record(**changed))[0][-1] == fault


def test_views_and_sexes_are_one_of_two_in_whole_words() -> None:
    plane = record(content_type="plane", template_arguments={"viewpos": {"0": "ap", "1": "pa"}}, answer=["pa"])
    asked = [
        record(content_type="gender", semantic_type="query", template_arguments={}, answer=[sex]) for sex in ("m", "f")
    ]
    assert judged(plane, *asked) == [
        (["AP", "PA"], "PA", None, None), (["female", "male"], "male", None, None),
        (["female", "male"], "female", None, None),
    ]  # fmt: skip


def test_a_list_is_drawn_from_what_its_template_is_answered_by() -> None:
    rows = [record(semantic_type="query", answer=answer) for answer in (["edema", "svc"], [], ["copd/emphysema"])]
    other = record(semantic_type="query", template_program="program_2", answer=["hernia"])
    own = ["copd/emphysema", "edema", "svc", "none"]
    told = judged(*rows, other)
    assert [row[1] for row in told] == ["edema, svc", "none", "copd/emphysema", "hernia"]
    assert told[:3] == [(own, row[1], "open_labels", None) for row in told[:3]]
    assert told[3][0] == ["hernia", "none"]


def test_planted_faults_have_their_codes(both: Path) -> None:
    assert Counter(read(SOURCE, both).rejects["code"]) == dict.fromkeys(
        (
            "bad_id",
            "picture_not_in_parent",
            "other_study",
            "no_answer",
            "bad_answer",
            "bad_record",
            "duplicate_question",
        ),
        1,
    )


def test_a_patient_in_two_files_is_of_the_strictest(samples: pl.DataFrame) -> None:
    assert samples.group_by("patient_key").agg(pl.col("split").n_unique())["split"].max() == 1
    moved = samples.filter(pl.col("split") != pl.col("split_official")).select(
        "split_official", "split", "split_reason"
    )
    assert set(moved.rows()) == {("train", "val", "strictest official split of the patient")}


def test_every_kind_comes_out_with_letters_where_they_are_few(samples: pl.DataFrame) -> None:
    assert set(samples["answer_type"]) == {"binary", "single_choice", "multi_choice", "open_labels"}
    long = samples.filter(pl.col("answer_type") == "open_labels")
    assert long["scored_labels"].list.len().min() > 7
    assert samples.filter(pl.col("answer_type") != "open_labels")["options"].list.len().max() <= 7
    assert {"none", "neither", "both"} & set(samples["answer"])


def test_questions_keep_their_words(both: Path, samples: pl.DataFrame) -> None:
    asked = {
        row["question"]
        for part in ("train", "valid", "test")
        for row in json.loads((both / FOLDER / f"{part}.json").read_text())
    }
    assert set(samples["question"]) <= asked


def test_both_forms_of_ids_give_the_same_questions(both: Path, tmp_path: Path) -> None:
    layout = next(one for one in SOURCE.manifest.layouts if one.name == "github")
    built = read(SOURCE, write_phantom(SOURCE, tmp_path, 20, layout)).facets["questions"]
    assert built.height > 100
    assert built.equals(read(SOURCE, both).facets["questions"])


def test_sizes_are_of_the_tier_of_programs_and_all_else_of_rules(both: Path) -> None:
    rows = read(SOURCE, both).facets["questions"]
    tiers = rows.group_by(pl.col("category").str.contains("size")).agg(pl.col("reference").unique())
    assert dict(tiers.iter_rows()) == {True: ["R5"], False: ["R4"]}
