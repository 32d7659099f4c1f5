"""SLAKE: chest radiographs alone, one language at a time, and the options of its closed questions."""

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
from cxdata.model.errors import UsageError
from cxdata.sources.base import ReadContext, Reading, Source
from cxdata.sources.discovery import sources
from cxdata.sources.roots import locate
from cxdata.sources.slake.phantom import FAULTS, FILES, planted

REAL = Path(os.environ.get("CXDATA_REAL_DATA", Path(__file__).parents[2] / "shared" / "real"))
real = pytest.mark.skipif(not (REAL / "slake").is_dir(), reason="the real public files are not here")
LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def source() -> Source:
    return sources()["slake"]


@pytest.fixture(scope="module")
def trees(source: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("slake")
    return {one.name: write_phantom(source, top / one.name, layout=one) for one in source.manifest.layouts}


def read(source: Source, root: Path, **given: str) -> Reading:
    found, options = locate(source.manifest, [root]), source.manifest.settings(given)
    assert found is not None
    inputs = resolve(source.manifest, found, options, None, partial=False)
    return source.reader.read(ReadContext(source.manifest, inputs.files, found.roots, options, Pool(1).run))


def codes(reading: Reading) -> Mapping[str, int]:
    return Counter(reading.rejects["code"])


def record(**changed: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "qid": 1, "img_id": 9, "img_name": "xmlab9/source.jpg", "question": "What is seen?", "answer": "A film",
        "q_lang": "en", "location": "Lung", "modality": "X-Ray", "answer_type": "OPEN", "base_type": "vqa",
        "content_type": "Modality", "triple": ["vhead", "_", "_"],
    }  # fmt: skip
    return {**plain, **changed}


def written(folder: Path, *records: dict[str, object]) -> Path:
    """A download whose train.json holds the records; the two other files hold one good record each."""
    others = {"val": [record(qid=901, img_id=91, img_name="xmlab91/source.jpg")],
              "test": [record(qid=902, img_id=92, img_name="xmlab92/source.jpg")]}  # fmt: skip
    for split, name in FILES.items():
        (folder / name).write_text(json.dumps(others.get(split, list(records))), encoding="utf-8")
    return folder


def options_of(
    source: Source, tmp_path: Path, *pairs: tuple[str, str], **changed: object
) -> list[tuple[str, list[str]]]:
    """Answer and options of closed questions, each about a picture of its own."""
    records = [
        record(qid=n, img_id=n, img_name=f"xmlab{n}/source.jpg", question=question, answer=answer,
               answer_type="CLOSED", **changed)
        for n, (question, answer) in enumerate(pairs)
    ]  # fmt: skip
    language = {"language": "zh"} if changed.get("q_lang") == "zh" else {}
    asked = read(source, written(tmp_path, *records), **language).facets["questions"]
    return asked.filter(pl.col("origin_file") == FILES["train"]).sort("origin_row").select("answer", "options").rows()


def test_a_closed_question_has_the_answers_that_its_words_get_anywhere(source: Source, tmp_path: Path) -> None:
    found = options_of(source, tmp_path, ("Heart or lung?", "Heart"), ("Heart or lung?", "Lung"), ("Alone?", "Aorta"))
    assert found == [("Heart", ["Heart", "Lung"]), ("Lung", ["Heart", "Lung"]), ("Aorta", None)]


def test_answers_about_other_pictures_count_among_the_options(source: Source, trees: dict[str, Path]) -> None:
    asked = read(source, trees["slake"]).facets["questions"]
    made = asked.filter(pl.col("question").str.contains("CT, MRI or X-Ray"))
    assert set(made["answer"]) == {"X-Ray"}
    assert made["options"].to_list()[0] == ["CT", "MRI", "X-Ray"]


def test_yes_and_no_of_chinese_are_one_word_each(source: Source, tmp_path: Path) -> None:
    pairs = (
        ("看得到吗?", "可以"),
        ("看得到吗?", "不是"),
        ("有问题吗?", "有"),
        ("心还是肺?", "心"),
        ("心还是肺?", "肺"),
    )
    found = options_of(source, tmp_path, *pairs, q_lang="zh")
    assert found == [
        ("是", ["是", "否"]), ("否", ["是", "否"]), ("是", ["是", "否"]), ("心", ["心", "肺"]), ("肺", ["心", "肺"]),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_build_holds_one_language_whose_splits_share_no_picture(
    source: Source, trees: dict[str, Path], tmp_path: Path, language: str
) -> None:
    build_source(source, trees["slake"], tmp_path / "b", options={"language": language})
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert set(samples["language"]) == {language}
    assert set(samples["split"]) == {"train", "val", "test"}
    assert set(samples["split_reason"]) == {"official"}
    assert samples.group_by("patient_key").agg(pl.col("split").n_unique())["split"].max() == 1
    assert set(samples["answer_type"]) == {"single_choice", "free_text"} | ({"binary"} if language == "en" else set())
    is_chinese = samples["question"].str.contains(r"\p{Han}")
    assert is_chinese.all() if language == "zh" else not is_chinese.any()


def test_both_languages_at_once_cannot_be_asked_for(source: Source) -> None:
    with pytest.raises(UsageError, match=r"slake\.language cannot be 'both'"):
        source.manifest.settings({"language": "both"})


def test_the_languages_have_other_splits(source: Source, trees: dict[str, Path]) -> None:
    split = [
        dict(read(source, trees["slake"], language=one).facets["questions"].select("study_id", "split_official").rows())
        for one in LANGUAGES
    ]
    assert split[0].keys() == split[1].keys()
    assert split[0] != split[1]


def test_planted_faults_have_their_codes(source: Source, trees: dict[str, Path]) -> None:
    reading = read(source, trees["slake"])
    assert {
        "bad_id": 1, "bad_record": 1, "no_answer": 1, "sides_mixed": 1, "heart_in_lung": 1, "duplicate_question": 1,
        "other_body_part": 2, "other_modality": 6,
    }.items() <= dict(codes(reading)).items()  # fmt: skip
    hit = planted(PATIENTS, 0)
    assert set(hit) == {fault.name for fault in FAULTS}
    answers = reading.facets["questions"].select("study_id", "answer").rows()
    assert (hit["slip"], "Nodule") in answers
    assert (hit["tight-comma"], "Left Apex, Right Base") in answers


def test_knowledge_is_asked_for_by_choice(source: Source, trees: dict[str, Path]) -> None:
    left, asked = (read(source, trees["slake"], knowledge=one) for one in ("leave-out", "ask"))
    n = codes(left)["knowledge_question"]
    assert n > 0
    assert asked.facets["questions"].height == left.facets["questions"].height + n
    assert "KG" in set(asked.facets["questions"]["category"])


def test_every_layout_gives_the_same_questions(source: Source, trees: dict[str, Path]) -> None:
    first, *others = (read(source, tree).facets["questions"].drop("origin_file") for tree in trees.values())
    assert all(first.equals(other) for other in others)


def test_pictures_are_stored_from_the_archive_and_from_folders_alike(
    source: Source, trees: dict[str, Path], tmp_path: Path
) -> None:
    hashes = []
    for name in ("hub", "hub-unpacked"):
        build_source(source, trees[name], tmp_path / name, images="embed")
        images = pl.read_parquet(tmp_path / name / "images" / "*.parquet")
        assert Counter(images["status"])["ok"] >= images.height - len(FAULTS)
        hashes.append(dict(images.select("image_id", "content_sha256").rows()))
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(("changed", "code"), [
    ({"img_id": 8}, "bad_id"), ({"img_name": "xmlab9/mask.png"}, "bad_id"), ({"img_name": None}, "bad_id"),
    ({"question": " "}, "bad_record"), ({"modality": None}, "bad_record"), ({"qid": None}, "bad_record"),
    ({"answer": ""}, "no_answer"), ({"modality": "CT"}, "other_modality"), ({"location": "Hand"}, "other_body_part"),
    ({"q_lang": "zh"}, "other_language"), ({"qid": 1}, "duplicate_question"),
    ({"base_type": "kvqa"}, "knowledge_question"),
    ({"answer": "Right Lung,Upper Left"}, "sides_mixed"),
    ({"question": "Can cardiomegaly be seen on the left lung?"}, "heart_in_lung"),
])  # fmt: skip
def test_what_cannot_be_asked_is_put_aside(
    source: Source, tmp_path: Path, changed: dict[str, object], code: str
) -> None:
    reading = read(source, written(tmp_path, record(), record(**{"qid": 2, **changed})))
    train = next(iter(reading.counts))
    assert (train.rows_read, train.rows_used, train.rows_rejected) == (2, 1, 1)
    assert dict(codes(reading)) == {code: 1}


@pytest.mark.parametrize("answer", ["Left Lung", "Lower Left Lung", "Both Lungs", "Center, Left Lung"])
def test_plain_places_stay(source: Source, tmp_path: Path, answer: str) -> None:
    assert not codes(read(source, written(tmp_path, record(answer=answer))))


@real
@pytest.mark.parametrize(("language", "used", "left"), [
    ("en", (1187, 278, 301), {"other_language": 2092, "sides_mixed": 54, "heart_in_lung": 5}),
    ("zh", (1154, 273, 312), {"other_language": 2122, "sides_mixed": 52, "heart_in_lung": 4}),
])  # fmt: skip
def test_real_questions_are_read_whole(
    source: Source, language: str, used: tuple[int, ...], left: dict[str, int]
) -> None:
    reading = read(source, REAL / "slake", language=language)
    assert [one.rows_read for one in reading.counts] == [9835, 2099, 2094]
    assert tuple(one.rows_used for one in reading.counts) == used
    assert dict(codes(reading)) == {"other_modality": 9814, "knowledge_question": 297, **left}
    assert reading.facets["images"].height == 179
    splits = reading.facets["questions"].group_by("study_id").agg(pl.col("split_official").n_unique())
    assert set(splits["split_official"]) == {1}


@real
def test_real_closed_questions_have_two_or_three_options(source: Source) -> None:
    asked = read(source, REAL / "slake").facets["questions"].filter(pl.col("options").is_not_null())
    sets = {tuple(options) for options in asked["options"]}
    assert sets == {
        ("No", "Yes"), ("Both", "Heart", "Lung"), ("Left", "Right"), ("CT", "MRI", "X-Ray"),
        ("Coronal Plane", "Transverse Plane"),
    }  # fmt: skip
