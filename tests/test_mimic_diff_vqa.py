"""MIMIC-Diff-VQA: pairs in order of time, one question once, lists over their own names, the strictest split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from test_contract import read

from cxdata.sources.mimic_diff_vqa.answers import HALF_LEVEL, with_options
from cxdata.sources.mimic_diff_vqa.phantom import FAULTS

SOURCE = KNOWN["mimic-diff-vqa"]
FOLDER = Path("mimic-diff-vqa/physionet.org/files/medical-diff-vqa/1.0.1")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(SOURCE, tmp_path_factory.mktemp("diff"), 20)


@pytest.fixture(scope="module")
def samples(both: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    home = tmp_path_factory.mktemp("built")
    build_source(SOURCE, both, home / "b")
    return pl.read_parquet(home / "b" / "samples" / "*.parquet")


def rewritten(both: Path, root: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    (root / FOLDER).mkdir(parents=True)
    (root / "mimic").symlink_to(both / "mimic")
    (root / FOLDER / "mimic_all.csv").symlink_to(both / FOLDER / "mimic_all.csv")
    pairs = pl.read_csv(both / FOLDER / "mimic_pair_questions.csv", infer_schema=False)
    change(pairs).write_csv(root / FOLDER / "mimic_pair_questions.csv")
    return root


def test_planted_faults_have_their_codes(both: Path) -> None:
    found = Counter(read(SOURCE, both).rejects["code"])
    once = ("bad_id", "bad_record", "unknown_split", "no_answer", "no_picture", "reference_not_earlier", "half_level",
            "same_question", "other_patient", "picture_not_in_parent")  # fmt: skip
    assert {code: found[code] for code in once} == dict.fromkeys(once, 1)
    assert found["conflicting_answers"] == 2
    assert set(found) == {*once, "conflicting_answers", "not_frontal"}
    assert len(FAULTS) == len(once) + 1


def test_a_change_is_asked_about_two_pictures_of_the_patient_the_older_first(both: Path, samples: pl.DataFrame) -> None:
    facets = read(SOURCE, both).facets
    times = facets["images"].join(facets["studies"], on="study_id").select("image_id", "patient_id", "taken_at")
    taken = {image: (patient, at) for image, patient, at in times.iter_rows()}
    pairs = samples.filter(pl.col("task") == "difference_vqa")
    assert pairs.height > 5
    for older, newer in pairs["image_ids"].to_list():
        assert taken[older][0] == taken[newer][0]
        assert taken[older][1] < taken[newer][1]
    native = "what is different from the reference image?"
    assert pairs["question"].str.contains(r"^[A-Z].*[Rr]eference image.*\. " + native.replace("?", r"\?") + "$").all()


def test_the_newer_picture_is_that_of_the_study(both: Path, samples: pl.DataFrame) -> None:
    studies = dict(read(SOURCE, both).facets["images"].select("image_id", "study_id").rows())
    for key, images in samples.select("study_key", "image_ids").iter_rows():
        assert f"mimic:{studies[images[-1]]}" == key


def test_other_questions_show_one_picture_and_none_of_changes(samples: pl.DataFrame) -> None:
    alone = samples.filter(pl.col("task") == "visual_question_answering")
    assert set(alone["image_ids"].list.len()) == {1}
    assert not alone["question"].str.contains("reference").any()


@pytest.mark.parametrize(("answer", "is_half"), [
    ("the level of edema has changed from  to mild. ", True), ("the level of edema has changed from mild to . ", True),
    ("the level of edema has changed from mild to ", True),
    ("the level of edema has changed from mild to severe. ", False),
    ("nothing has changed.", False),
])  # fmt: skip
def test_half_a_level_is_seen(answer: str, is_half: bool) -> None:
    assert pl.Series([answer]).str.contains(HALF_LEVEL).item() == is_half


def test_lists_are_drawn_from_all_that_is_listed_and_names_stand_once() -> None:
    rows = pl.DataFrame(
        [("abnormality", "what abnormalities?", "edema, mass,edema"), ("abnormality", "what abnormalities?", "hernia"),
         ("abnormality", "any?", "no"), ("view", "which view?", "PA view"), ("view", "is this PA view?", "yes"),
         ("location", "is it on the left side or right side?", "left side"),
         ("location", "is it on the left side or right side?", "both"), ("level", "what level?", "mild")],
        schema=["type", "question", "answer"], orient="row",
    )  # fmt: skip
    listed = ["edema", "hernia", "mass"]
    assert with_options(rows).select("answer", "options", "answer_type").rows() == [
        ("edema, mass", listed, "open_labels"), ("hernia", listed, "open_labels"), ("no", None, None),
        ("PA view", ["AP view", "PA view"], None), ("yes", None, None),
        ("left side", ["left side", "right side"], None),
        ("both", None, None), ("mild", None, None),
    ]  # fmt: skip


def test_a_patient_of_several_splits_is_of_the_strictest(samples: pl.DataFrame) -> None:
    assert samples.group_by("patient_key").agg(pl.col("split").n_unique())["split"].max() == 1
    moved = samples.filter(pl.col("split") != pl.col("split_official"))
    assert set(moved["split_reason"]) == {"strictest official split of the patient"}


def test_of_equal_questions_in_two_splits_the_stricter_is_asked(both: Path, tmp_path: Path) -> None:
    def again(pairs: pl.DataFrame) -> pl.DataFrame:
        first = pairs.filter(question_type="presence", split="train").head(1)
        return pl.concat([pairs, first.with_columns(split=pl.lit("test"))])

    plain = read(SOURCE, both).facets["questions"]
    asked = read(SOURCE, rewritten(both, tmp_path, again)).facets["questions"]
    assert asked.height == plain.height
    assert asked.filter(split_official="test").height == plain.filter(split_official="test").height + 1


def test_without_a_split_column_that_of_mimic_holds(both: Path, tmp_path: Path) -> None:
    root = rewritten(both, tmp_path / "d", lambda pairs: pairs.filter(pl.col("split") != "spare").drop("split"))
    build_source(SOURCE, root, tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    studies = read(SOURCE, root).facets["studies"]
    assert set(studies["split_official"]) <= {"train", "val", "test"}
    theirs = dict(studies.select("patient_id", "split_official").rows())
    assert all(theirs[key.removeprefix("mimic:")] == split for key, split in rows.select("patient_key", "split").rows())
