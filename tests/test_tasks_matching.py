from __future__ import annotations

import dataclasses
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations
from typing import Any

import polars as pl
import pytest
from facets_for_tests import FOURTEEN, Study, asked, material
from tasks_tables import cohort, labelled_study, report_of, reversed_rows

from cxdata.model.vocabulary import vocabulary
from cxdata.tasks.base import Material, task
from cxdata.tasks.crossing import AGE_BANDS, MEMBERS, SAYS, pairs, quadruples

MATCHING, SELECTION, VIEWS = "image_text_matching", "image_text_selection", "view_matching"
STUDIES = cohort(900)
NAMED = {study.name: study for study in STUDIES}


@pytest.fixture(scope="module")
def of() -> Material:
    return material(STUDIES)


@pytest.fixture(scope="module")
def matching(of: Material) -> pl.DataFrame:
    return asked(MATCHING, of)


@pytest.fixture(scope="module")
def selection(of: Material) -> pl.DataFrame:
    return asked(SELECTION, of)


def sets(rows: pl.DataFrame) -> list[list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.iter_rows(named=True):
        found[row["set_id"]].append(row)
    return list(found.values())


def name_of(key: str) -> str:
    return key.split(":", 1)[1]


def contradict(a: Study, b: Study) -> bool:
    """Plainly: some finding is stated present in one and stated absent in the other, where no relative blocks it."""
    return any(
        one.told["tool"].get(finding) == "present" and states_absent(other, finding)
        for one, other in ((a, b), (b, a)) for finding in FOURTEEN
    )  # fmt: skip


def states_absent(study: Study, finding: str) -> bool:
    told = study.told["tool"]
    open_ones = [other for other, state in told.items() if state in ("present", "uncertain")]
    return told.get(finding) == "absent" and not any(vocabulary().related(finding, other) for other in open_ones)


def stratum(study: Study) -> tuple[Any, ...]:
    return study.split, study.views[0], sum(study.age >= years for years in AGE_BANDS) if study.age else None


def text_of(study: Study) -> str:
    return (study.report or {})["findings"]


# -- image_text_matching -----------------------------------------------------------------------------------------------


def test_a_set_is_two_pictures_beside_two_texts(matching: pl.DataFrame) -> None:
    assert len(sets(matching)) > 100
    for rows in sets(matching):
        assert len(rows) == 4
        pictures, texts = {row["study_key"] for row in rows}, {row["context"] for row in rows}
        assert len(pictures) == len(texts) == 2
        assert {(row["study_key"], row["context"]) for row in rows} == {(p, t) for p in pictures for t in texts}
        for row in rows:
            is_own = text_of(NAMED[name_of(row["study_key"])]) == row["context"]
            assert row["answer"] == ("Yes" if is_own else "No")


def test_neither_text_nor_picture_alone_tells_the_answer(matching: pl.DataFrame) -> None:
    for column in ("context", "study_key"):
        counts = matching.group_by(column).agg(yes=(pl.col("answer") == "Yes").sum(), n=pl.len())
        assert (counts["yes"] * 2 == counts["n"]).all()
    assert (matching["answer"] == "Yes").sum() * 2 == matching.height


def test_both_patients_of_a_crossed_row_are_named_own_first(matching: pl.DataFrame) -> None:
    by_text = {text_of(study): study for study in STUDIES}
    for row in matching.iter_rows(named=True):
        own, other = NAMED[name_of(row["study_key"])].patient_id, by_text[row["context"]].patient_id
        wanted = [f"made-up:{own}"] if row["answer"] == "Yes" else [f"made-up:{own}", f"made-up:{other}"]
        assert row["patient_keys"] == wanted
        assert row["patient_key"] == wanted[0]


def test_every_pair_contradicts_itself_and_is_alike_otherwise(matching: pl.DataFrame) -> None:
    seen: Counter[str] = Counter()
    for rows in sets(matching):
        a, b = (NAMED[name_of(key)] for key in sorted({row["study_key"] for row in rows}))
        assert contradict(a, b)
        assert stratum(a) == stratum(b)
        assert a.patient_id != b.patient_id
        lengths = sorted(len(text_of(study)) for study in (a, b))
        assert lengths[1] <= 1.2 * lengths[0]
        seen.update([a.name, b.name])
    assert max(seen.values()) == 1, "a study stands in one pair at most"


def test_most_studies_that_a_plain_search_pairs_are_paired(of: Material, matching: pl.DataFrame) -> None:
    free, plain = [study for study in STUDIES if len(text_of(study).split()) >= 6], 0
    while free:
        one = free.pop()
        for other in free:
            lengths = sorted(len(text_of(study)) for study in (one, other))
            alike = stratum(one) == stratum(other) and lengths[1] <= 1.2 * lengths[0]
            if alike and one.patient_id != other.patient_id and contradict(one, other):
                free.remove(other)
                plain += 1
                break
    assert len(sets(matching)) > 0.85 * plain > 0


def test_rows_are_binary_questions_in_hash_order(matching: pl.DataFrame) -> None:
    assert set(matching["answer_type"]) == {"binary"}
    assert {tuple(options) for options in matching["options"]} == {("Yes", "No"), ("No", "Yes")}
    assert 0.4 < (matching["answer_letter"] == "A").mean() < 0.6
    assert matching["sample_id"].is_unique().all()
    assert set(matching["stage"]) == {"closed"}
    assert matching["labels"].null_count() == matching.height


def test_texts_that_say_the_same_stand_once() -> None:
    states = {"Pleural Effusion": "present"}, {"Pleural Effusion": "absent"}
    texts = (
        "There is a large pleural effusion on the left side.",
        "There is no pleural effusion on either side at all.",
    )
    studies = [
        Study(f"s{i}", {"tool": states[i % 2]}, report={"findings": texts[i % 2].upper() if i > 3 else texts[i % 2]})
        for i in range(8)
    ]
    assert asked(MATCHING, material(studies)).height == 4


@pytest.mark.parametrize("report", [
    "The lungs are clear and the bones are intact in all places.",  # says nothing of the effusion
    "No effusion.",  # too short
    "There is no pleural effusion as compared to the earlier study of the chest.",
    "The supine view of the chest shows no pleural effusion at all.",
])  # fmt: skip
def test_a_text_that_says_nothing_of_the_finding_is_not_set_against_another(report: str) -> None:
    assert asked(MATCHING, against_an_effusion(report)).is_empty()
    assert asked(MATCHING, against_an_effusion("There is no pleural effusion on either side of the chest.")).height == 4


def against_an_effusion(report: str) -> Material:
    """A study with an effusion, and one without it that has this report."""
    text = "There is a large pleural effusion on the left side of the chest."
    absent = Study("s2", {"tool": {"Pleural Effusion": "absent"}}, report={"findings": report})
    return material([Study("s1", {"tool": {"Pleural Effusion": "present"}}, report={"findings": text}), absent])


@pytest.mark.parametrize(("other", "rows"), [
    ({}, 4), ({"split": "test"}, 0), ({"views": ("AP",)}, 0), ({"age": 80.0}, 0), ({"patient": "p-s1"}, 0),
    ({"views": ("PA", "LATERAL")}, 4), ({"views": ("LATERAL",)}, 0), ({"age": 45.0}, 4),
])  # fmt: skip
def test_pairs_are_of_one_split_view_and_age_band_and_of_two_patients(other: dict[str, Any], rows: int) -> None:
    texts = (
        "There is a large pleural effusion on the left side.",
        "There is no pleural effusion on either side at all.",
    )
    studies = [
        Study("s1", {"tool": {"Pleural Effusion": "present"}}, report={"findings": texts[0]}, age=50.0),
        Study("s2", {"tool": {"Pleural Effusion": "absent"}}, report={"findings": texts[1]}, **{"age": 50.0, **other}),
    ]
    assert asked(MATCHING, material(studies)).height == rows


@pytest.mark.parametrize(("told", "split", "rows"), [
    ({"No Finding": "present"}, "train", 4),  # a normal report that names a salient finding denies it
    ({"No Finding": "present"}, "test", 0),
    ({"No Finding": "present", "Edema": "present"}, "train", 0),
    ({"Pleural Effusion": "uncertain"}, "train", 0),
    ({}, "train", 0),
])  # fmt: skip
def test_what_counts_as_stated_absent(told: dict[str, str], split: str, rows: int) -> None:
    studies = [
        Study("s1", {"tool": {"Pleural Effusion": "present"}}, split=split,
              report={"findings": "There is a large pleural effusion on the left side."}),
        Study("s2", {"tool": told}, split=split,
              report={"findings": "There is no pleural effusion or pneumothorax seen."}),
    ]  # fmt: skip
    assert asked(MATCHING, material(studies)).height == rows


def test_pairs_do_not_depend_on_the_order_of_rows_and_change_with_the_seed(
    of: Material, matching: pl.DataFrame
) -> None:
    assert asked(MATCHING, reversed_rows(of)).equals(matching)
    other = asked(MATCHING, dataclasses.replace(of, seed=1))
    assert set(other["set_id"]) != set(matching["set_id"])
    assert abs(other.height - matching.height) < 0.1 * matching.height


# -- image_text_selection ----------------------------------------------------------------------------------------------


def test_four_texts_are_the_options_of_four_pictures_each_once_the_key(selection: pl.DataFrame) -> None:
    assert len(sets(selection)) > 20
    seen: Counter[str] = Counter()
    for rows in sets(selection):
        assert len(rows) == 4
        assert len({frozenset(row["options"]) for row in rows}) == 1
        assert {row["answer"] for row in rows} == set(rows[0]["options"])
        studies = [NAMED[name_of(row["study_key"])] for row in rows]
        assert all(contradict(a, b) for a, b in combinations(studies, 2))
        assert len({stratum(study) for study in studies}) == 1
        lengths = sorted(len(text_of(study)) for study in studies)
        assert lengths[-1] <= 1.2 * lengths[0]
        patients = {f"made-up:{study.patient_id}" for study in studies}
        for row, study in zip(rows, studies, strict=True):
            assert row["answer"] == text_of(study) == row["options"]["ABCD".index(row["answer_letter"])]
            assert set(row["patient_keys"]) == patients
            assert (row["patient_keys"][0], len(row["patient_keys"])) == (f"made-up:{study.patient_id}", 4)
        seen.update(study.name for study in studies)
    assert max(seen.values()) == 1


def test_no_letter_is_the_key_more_often_than_by_chance(selection: pl.DataFrame) -> None:
    shares = selection["answer_letter"].value_counts(normalize=True)["proportion"]
    assert len(shares) == 4
    assert shares.max() < 0.35


def test_selection_does_not_depend_on_the_order_of_rows(of: Material, selection: pl.DataFrame) -> None:
    assert asked(SELECTION, reversed_rows(of)).equals(selection)


def test_an_option_may_hold_a_comma() -> None:
    states = [
        {"Edema": "present"}, {"Edema": "absent", "Fracture": "present"},
        {"Edema": "absent", "Fracture": "absent", "Pneumothorax": "present"},
        {"Edema": "absent", "Fracture": "absent", "Pneumothorax": "absent"},
    ]  # fmt: skip
    texts = [
        "There is edema, as it seems, in both lungs and fissures.",
        "No edema, but a fracture of a left rib is to be seen.",
        "No edema or fracture, yet a pneumothorax at the apex.",
        "No edema, no fracture of a rib, no pneumothorax here.",
    ]  # fmt: skip
    studies = [
        Study(f"s{i}", {"tool": told}, report={"findings": text})
        for i, (told, text) in enumerate(zip(states, texts, strict=True))
    ]
    rows = asked(SELECTION, material(studies))
    assert rows["answer"].sort().to_list() == sorted(texts)


def test_too_few_studies_give_no_set() -> None:
    for studies in ([labelled_study("s1")], [labelled_study(f"s{i}", patient="p") for i in range(40)]):
        for name in (MATCHING, SELECTION):
            found = task(name).ask(material(studies))
            assert found.rows.is_empty()
            assert found.funnel[-1][1] == 0


# -- speed -------------------------------------------------------------------------------------------------------------


def pool(n: int) -> pl.DataFrame:
    """A pool of crossable studies by hand: texts of 150 to 450 characters, findings stated or not by hash."""
    frame = pl.DataFrame({"index": pl.int_range(n, eager=True).cast(pl.UInt32)})
    draws = [
        (pl.col("index").hash(seed) % 5)
        .replace_strict([0, 1, 2], [True, False, False], default=None)
        .alias(SAYS + name)
        for seed, name in enumerate(FOURTEEN[1:])
    ]
    return frame.with_columns(
        *draws, stratum=(pl.col("index").hash(91) % 12).cast(pl.UInt32), length=150 + pl.col("index").hash(92) % 300,
        patient_id=pl.format("p{}", pl.col("index") // 3),
    )  # fmt: skip


@pytest.mark.parametrize("draw", [pairs, quadruples])
def test_sets_are_drawn_from_many_studies_in_time_that_grows_no_faster_than_they_do(
    draw: Callable[[pl.DataFrame], pl.DataFrame],
) -> None:
    seconds, found = {}, {}
    for n in (25_000, 100_000):
        studies = pool(n)
        start = time.process_time()
        found[n] = draw(studies)
        seconds[n] = time.process_time() - start
    assert found[100_000].height > 3 * found[25_000].height
    assert seconds[100_000] < 8 * seconds[25_000], seconds
    taken = pl.concat([found[100_000][member] for member in MEMBERS if member in found[100_000].columns])
    assert taken.is_unique().all()


# -- view_matching -----------------------------------------------------------------------------------------------------


def view_studies(n: int) -> list[Study]:
    views = (("PA", "LATERAL"), ("AP",), ("PA",), ("LATERAL",), ("AP", "LATERAL"))
    splits = ("train", "train", "val", "test")
    return [Study(f"v{i}", views=views[i % 5], patient=f"p{i // 2}", split=splits[i // 2 % 4]) for i in range(n)]


def test_two_pictures_of_two_patients_are_of_one_view_or_not() -> None:
    studies = view_studies(400)
    of = material(studies)
    images = {row["image_id"]: row for row in of.facets["images"].collect().iter_rows(named=True)}
    split = {study.name: study.split for study in studies}
    rows = asked(VIEWS, of)
    assert rows.height > 350
    for row in rows.iter_rows(named=True):
        first, second = (images[image] for image in row["image_ids"])
        assert row["answer"] == ("Yes" if first["view"] == second["view"] else "No")
        assert row["patient_keys"] == [f"made-up:{picture['patient_id']}" for picture in (first, second)]
        assert first["patient_id"] != second["patient_id"]
        assert split[first["study_id"]] == split[second["study_id"]] == row["split"]
        assert row["study_key"] == f"made-up:{first['study_id']}"


def test_no_picture_tells_whether_the_views_are_the_same() -> None:
    rows = asked(VIEWS, material(view_studies(400)))
    assert (rows["answer"] == "Yes").sum() * 2 == rows.height
    for place in (0, 1):
        each = rows.with_columns(image=pl.col("image_ids").list.get(place))
        assert each["image"].is_unique().all(), "a picture is once the first and once the second"
    each = rows.explode("image_ids").group_by("image_ids").agg(yes=(pl.col("answer") == "Yes").sum(), n=pl.len())
    assert set(each.select("yes", "n").iter_rows()) == {(1, 2)}
    assert all(len(found) == 4 for found in sets(rows))


def test_pairs_of_views_stand_side_by_side_and_each_kind_is_balanced() -> None:
    of = material(view_studies(1200))
    view = dict(of.facets["images"].select("image_id", "view").collect().iter_rows())
    kinds = Counter(
        frozenset(view[image] for row in found for image in row["image_ids"]) for found in sets(asked(VIEWS, of))
    )
    assert set(kinds) == {frozenset(kind) for kind in (("PA", "AP"), ("PA", "LATERAL"), ("AP", "LATERAL"))}
    assert min(kinds.values()) > 0.15 * sum(kinds.values())


def test_views_that_are_not_asked_about_are_not_shown() -> None:
    views = ("PA", "AP", "FRONTAL", "OTHER", "UNKNOWN")
    of = material([Study(f"v{i}", views=(views[i % 5],)) for i in range(200)])
    view = dict(of.facets["images"].select("image_id", "view").collect().iter_rows())
    shown = asked(VIEWS, of)["image_ids"].explode()
    assert {view[image] for image in shown} == {"PA", "AP"}
    alone = task(VIEWS).ask(material([Study(f"v{i}") for i in range(20)]))
    assert alone.funnel == [("the source has one view only", 0, "questions")]


def test_children_and_adults_are_not_set_side_by_side() -> None:
    studies = [Study(f"v{i}", views=(("PA", "AP")[i % 2],), age=(9.0, 40.0)[i // 2 % 2]) for i in range(200)]
    rows = asked(VIEWS, material(studies))
    age = {f"made:{study.name}-0": study.age for study in studies}
    assert {len({age[image] for image in images}) for images in rows["image_ids"]} == {1}
    assert set(rows["population"]) == {"paediatric", "adult"}


def test_view_pairs_are_stable() -> None:
    of = material(view_studies(200))
    assert asked(VIEWS, reversed_rows(of)).equals(asked(VIEWS, of))


def test_reports_of_the_tests_say_what_the_labels_say() -> None:
    assert report_of("s1", {"Edema": "absent"}).startswith("There is no pulmonary edema.")
