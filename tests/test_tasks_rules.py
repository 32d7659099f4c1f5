"""Rules of the tasks one by one: pictures, splits, populations, views, balance, seeds, wordings, reports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import polars as pl
import pytest
from facets_for_tests import FOURTEEN, PATHOLOGIES, Study, asked, by_id, material

from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.hashing import stable_hash
from cxdata.model.manifest import SplitRule
from cxdata.tasks.base import Material, task, tasks
from cxdata.tasks.cases import left_out, patients
from cxdata.tasks.choices import fill, ranked
from cxdata.tasks.wordings import wordings

DISEASE = ("disease_binary", "disease_single_choice", "disease_multi_choice", "disease_open")
NO = dict.fromkeys(PATHOLOGIES, "absent")
EFFUSION = {"tool": {**NO, "Pleural Effusion": "present"}}

# -- a large random table, the same in every test ---------------------------------------------------------------------

RARE = ("",) * 20 + ("present",) * 3 + ("absent",) * 8 + ("uncertain",)


def draw(n: int, *key: str) -> int:
    """One of 0 … n-1 by a hash of its own, which has nothing to do with that of the tasks."""
    return int.from_bytes(hashlib.blake2b("/".join(key).encode(), digest_size=8).digest()) % n


def random_study(i: int) -> Study:
    name = f"s{50_000_000 + 13 * i}"
    drawn = {finding: RARE[draw(len(RARE), name, finding)] for finding in FOURTEEN[1:]}
    states = {finding: state for finding, state in drawn.items() if state}
    if draw(3, name, "normal") == 0:
        states = {"No Finding": "present"} | {
            f: s for f, s in states.items() if s == "absent" or f == "Support Devices"
        }
    split = ("train", "train", "train", "val", "test")[draw(5, name, "split")]
    views = (("PA",), ("AP",), ("PA", "LATERAL"), ("LATERAL", "AP", "AP"))[draw(4, name, "views")]
    return Study(name, {"tool": states}, split, f"p{i // 2}" if i % 10 < 2 else "", views)


@cache
def crowd() -> tuple[Study, ...]:
    return tuple(random_study(i) for i in range(5000))


@cache
def of_crowd(name: str, seed: int = 0) -> pl.DataFrame:
    return asked(name, material(crowd(), held_out="stated", seed=seed))


def chi_square(counts: Sequence[int], shares: Sequence[float]) -> float:
    total = sum(counts)
    return sum((n - total * share) ** 2 / (total * share) for n, share in zip(counts, shares, strict=True))


# Upper 0.1 % points of chi-square by degrees of freedom, from tables.
LIMIT = {1: 10.83, 2: 13.82, 3: 16.27, 11: 31.26, 12: 32.91, 13: 34.53}

# -- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("views", "shown"), [
    (("PA",), [0]),
    (("AP", "PA"), [1]),
    (("FRONTAL", "AP"), [1]),
    (("FRONTAL", "AP", "PA"), [2]),
    (("FRONTAL",), [0]),
    (("PA", "PA"), [0]),
    (("AP", "AP", "LATERAL", "LATERAL"), [0, 2]),
    (("LATERAL", "OTHER", "FRONTAL"), [2, 0]),
    (("LATERAL",), None),
    (("OTHER", "UNKNOWN"), None),
    ((), None),
])  # fmt: skip
def test_one_frontal_and_at_most_one_lateral(views: tuple[str, ...], shown: list[int] | None) -> None:
    study = Study("s1", EFFUSION, views=views)
    of = material([study])
    case = of.cases.row(0, named=True)
    assert case["image_ids"] == [study.image(place) for place in shown or ()]
    assert (case["view"] is not None, case["pictures"]) == (bool(shown), len(shown or ()))
    for name in DISEASE:
        rows = asked(name, of)
        assert rows.height == (0 if shown is None else {"disease_binary": 12}.get(name, 1)), name
        assert set(rows["image_ids"].list.len()) <= {len(shown or ())}


def test_the_first_picture_is_first_by_id_and_not_by_place() -> None:
    of = material([Study("s1", EFFUSION, views=("AP",) * 12)])
    images = of.facets["images"].sort("origin_row", descending=True)
    turned = Material(of.card, {**of.facets, "images": images}, of.labels, "stated", "strict", 0)
    assert turned.cases["image_ids"].list.first().to_list() == ["made:s1-0"]


def test_two_pictures_are_asked_about_in_the_plural() -> None:
    rows = asked("disease_open", material([
        Study("s1", EFFUSION, views=("PA",)), Study("s2", EFFUSION, views=("PA", "LATERAL"))
    ]))  # fmt: skip
    one, two = rows["question"]
    assert not any(word in one for word in ("two", "these", "pair"))
    assert any(word in two for word in ("these two", "this pair"))


# -- splits, populations, what is left out ----------------------------------------------------------------------------


def test_a_patient_has_the_strictest_split_of_its_studies() -> None:
    studies = [
        Study("s1", EFFUSION, "train", "a"), Study("s2", EFFUSION, "test", "a"), Study("s3", EFFUSION, "val", "a"),
        Study("s4", EFFUSION, None, "a"), Study("s5", EFFUSION, "train", "b"), Study("s6", EFFUSION, "val", "b"),
        Study("s7", EFFUSION, "train", "c"), Study("s8", EFFUSION, None, "d"),
    ]  # fmt: skip
    of = material(studies)
    rows = {row["study_key"][-2:]: row for row in asked("disease_open", of).iter_rows(named=True)}
    strictest, official = "strictest official split of the patient", "official"
    assert {key: (row["split"], row["split_official"], row["split_reason"]) for key, row in rows.items()} == {
        "s1": ("test", "train", strictest), "s2": ("test", "test", official), "s3": ("test", "val", strictest),
        "s4": ("test", None, "patient has an official split"), "s5": ("val", "train", strictest),
        "s6": ("val", "val", official), "s7": ("train", "train", official),
    }  # fmt: skip
    assert {key: row["label_policy"] for key, row in rows.items()} == dict.fromkeys(rows, "strict") | {"s7": "stated"}
    known = patients(of, 4).select("patient_id", "split_official").rows()
    assert sorted(known) == [("a", "test"), ("b", "val"), ("c", "train"), ("d", None)]


def test_policies_follow_the_split_of_the_patient_and_not_of_the_study() -> None:
    """Silence about a pneumothorax is a wrong option in train alone, also where another study made the patient test."""
    states = {"Pleural Effusion": "present", "Cardiomegaly": "absent"}
    alone, moved = Study("s1", {"tool": states}), Study("s2", {"tool": states}, patient="a")
    of = material([alone, moved, Study("s3", {"tool": {}}, "test", "a")])
    assert list(by_id(asked("disease_single_choice", of))) == ["s1:pleural-effusion"]


def test_patients_without_a_published_split_are_cut_by_hash_where_the_manifest_says_so() -> None:
    loose = [Study(f"s{i:04d}", EFFUSION, None, f"p{i // 2}") for i in range(4000)]
    known = [Study("known", EFFUSION, "val", "k"), Study("beside", EFFUSION, None, "k")]
    rule = SplitRule(words="made", val_share=0.1, test_share=0.2)
    rows = material([*loose, *known], split=rule).cases
    fixed, cut = rows.filter(patient_id="k"), rows.filter(pl.col("patient_id") != "k")
    assert set(fixed["split"]) == {"val"}
    assert fixed["split_reason"].to_list() == ["patient has an official split", "official"]
    assert cut.height == len(loose)
    assert set(cut["split_reason"]) == {"hash of the patient: none is published"}
    assert (cut.group_by("patient_id").agg(pl.col("split").n_unique())["split"] == 1).all()
    counts = Counter(cut.unique("patient_id")["split"])
    assert chi_square([counts[name] for name in ("train", "val", "test")], [0.7, 0.1, 0.2]) < LIMIT[2]
    for other in (material([*loose, *known], split=rule, seed=1), material([*loose[::2], *known], split=rule)):
        assert set(other.cases.select("study_id", "split").iter_rows()) <= set(
            rows.select("study_id", "split").iter_rows()
        )
    assert material(loose).cases.is_empty()


@pytest.mark.parametrize(("age", "default", "population"), [
    (17.99, "adult", "paediatric"), (18.0, "paediatric", "adult"), (0.0, "adult", "paediatric"),
    (None, "adult", "adult"), (None, "unknown", "unknown"), (90.0, "unknown", "adult"),
])  # fmt: skip
def test_population_is_by_age_and_else_the_sources(age: float | None, default: Any, population: str) -> None:
    rows = asked("disease_open", material([Study("s1", EFFUSION, age=age)], population=default))
    assert rows["population"].to_list() == [population]


def test_what_no_question_may_show_is_a_reject_with_a_code() -> None:
    of = material([
        Study("s1", EFFUSION, views=("PA", "OTHER", "UNKNOWN")), Study("s2", EFFUSION, None), Study("s3", EFFUSION)
    ])  # fmt: skip
    rejects = left_out(of).sort("key")
    assert rejects.select("key", "code", "stage", "source").rows() == [
        ("made:s1-1", "view_other", "select", "made"), ("made:s1-2", "view_unknown", "select", "made"),
        ("s2", "study_without_split", "select", "made"),
    ]  # fmt: skip
    assert rejects["message"].null_count() == 0


# -- views ------------------------------------------------------------------------------------------------------------

WORDS = {"PA": "Posteroanterior (PA)", "AP": "Anteroposterior (AP)", "FRONTAL": "Frontal", "LATERAL": "Lateral"}


@pytest.mark.parametrize(("views", "options"), [
    (("PA", "AP", "LATERAL", "OTHER", "UNKNOWN"), ("PA", "AP", "LATERAL")),
    (("PA", "AP", "FRONTAL", "LATERAL"), ("PA", "AP", "LATERAL")),
    (("PA", "FRONTAL", "LATERAL"), ("PA", "LATERAL")),
    (("AP", "FRONTAL", "LATERAL"), ("AP", "LATERAL")),
    (("FRONTAL", "LATERAL", "UNKNOWN"), ("FRONTAL", "LATERAL")),
    (("PA", "AP"), ("PA", "AP")),
    (("PA", "OTHER"), ()),
    (("FRONTAL", "AP"), ()),
])  # fmt: skip
def test_view_options_are_views_of_the_source_that_exclude_each_other(
    views: tuple[str, ...], options: tuple[str, ...]
) -> None:
    studies = [Study(f"s{i}", views=(view,)) for i, view in enumerate(views)] + [Study("none", split=None, views=views)]
    rows = by_id(asked("view_classification", material(studies)))
    assert rows.keys() == {f"s{i}-0" for i, view in enumerate(views) if view in options}
    for key, row in rows.items():
        view = views[int(key[1:-2])]
        assert row["answer"] == WORDS[view] == row["options"]["ABCD".index(row["answer_letter"])]
        assert sorted(row["options"]) == sorted(WORDS[each] for each in options)
        assert row["image_ids"] == [f"made:{key}"]
        assert (row["label_policy"], row["reference"], row["labels"]) == ("none", None, None)


def test_every_picture_of_a_study_is_asked_for_its_view() -> None:
    rows = asked("view_classification", material([Study("s1", views=("PA", "AP", "AP", "LATERAL")), Study("s2")]))
    assert rows["image_ids"].explode().to_list() == ["made:s1-0", "made:s1-1", "made:s1-2", "made:s1-3", "made:s2-0"]


# -- options ----------------------------------------------------------------------------------------------------------


def test_no_question_is_lost_to_the_order_in_which_options_are_drawn() -> None:
    """Lung Opacity, drawn first, takes five others out: it is then not drawn, whatever the seed."""
    states = {"Pneumothorax": "present", "Lung Opacity": "absent", "Edema": "absent", "Lung Lesion": "absent",
              "Fracture": "absent"}  # fmt: skip
    study = Study("s1", {"tool": states}, "test")
    for seed in range(12):
        row = by_id(asked("disease_single_choice", material([study], seed=seed)))["s1:pneumothorax"]
        assert set(row["options"]) == {"Pneumothorax", "Edema", "Lung Lesion", "Fracture"}
    keys = Study("s1", {"tool": {"Lung Opacity": "present", "Edema": "present", "Atelectasis": "present",
                                 "Fracture": "absent"}}, "test")  # fmt: skip
    drawn = {tuple(sorted(asked("disease_multi_choice", material([keys], seed=s))["options"][0])) for s in range(12)}
    assert drawn == {("Atelectasis", "Edema", "Fracture")}


def test_filling_keeps_the_order_by_hash_where_it_serves() -> None:
    names = ["Lung Opacity", "Edema", "Fracture", "Pneumothorax", "Pleural Effusion"]
    frame = pl.LazyFrame({"sample_id": [f"q{i}" for i in range(200)]})
    of = material([])
    frame = ranked(frame, names, 0, lambda _: pl.lit(True), lambda _: pl.lit(False))
    filled = fill(frame, names, of.vocabulary, ["a", "b", "c"], {}).collect()
    for row in filled.iter_rows(named=True):
        order = sorted(names, key=lambda n: stable_hash(0, row["sample_id"], f"option:{n}"))
        taken: list[str] = []
        for name in order:
            if not any(of.vocabulary.related(name, other) for other in taken):
                taken.append(name)
        assert [names[row[slot]] for slot in "abc"] == taken[:3]
        free = [n for n in names if not any(n == other or of.vocabulary.related(n, other) for other in taken[:3])]
        assert [name for name in names if row[f"rank:{name}"] is not None] == free


@pytest.mark.parametrize("space", [("Pneumothorax",), ("No Finding",), ("Support Devices",), ("No Finding", "Edema")])
@pytest.mark.parametrize("name", DISEASE)
def test_a_small_label_space_asks_what_it_can(name: str, space: tuple[str, ...]) -> None:
    studies = [Study(f"s{i}", {"tool": {space[-1]: state}}) for i, state in enumerate(("present", "absent"))]
    rows = asked(name, material(studies, spaces={"tool": space}))
    pathology = space[-1] in PATHOLOGIES
    wanted = {"disease_binary": 0 if space == ("No Finding",) else 2,
              "disease_open": int(pathology or space == ("No Finding",))}  # fmt: skip
    assert rows.height == wanted.get(name, 0)


def test_a_finding_that_no_radiograph_shows_is_never_asked_about() -> None:
    space = ("Edema", "Fracture", "Pneumothorax", "Pleural Effusion", "Pulmonary Embolism", "Mass")
    states = {"Pulmonary Embolism": "present", "Edema": "present"} | dict.fromkeys(space[1:4], "absent")
    of = material([Study("s1", {"tool": states})], spaces={"tool": space}, train="stated")
    for name in DISEASE:
        rows = asked(name, of)
        assert rows.height
        assert "Pulmonary Embolism" not in str(rows.select(pl.exclude("sample_id")).to_dict(as_series=False))


def test_a_label_space_with_an_unknown_finding_is_refused() -> None:
    with pytest.raises(CxdataError, match="no finding Efusion"):
        asked("disease_open", material([Study("s1", {"tool": {}})], spaces={"tool": ("Efusion",)}))


# -- balance ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_no_finding_is_the_key_in_a_quarter_of_the_questions_that_offer_it(split: str) -> None:
    offered = of_crowd("disease_single_choice").filter(
        pl.col("split") == split, pl.col("options").list.contains("No Finding")
    )
    keys = int((offered["answer"] == "No Finding").sum())
    assert offered.height > 100
    assert chi_square([keys, offered.height - keys], [0.25, 0.75]) < LIMIT[1]


@pytest.mark.parametrize(("normal", "stated"), [(10, 1), (1, 10), (0, 5), (5, 0)])
def test_no_finding_is_balanced_whichever_side_is_larger(normal: int, stated: int) -> None:
    negative = dict.fromkeys(PATHOLOGIES, "absent")
    studies = [Study(f"n{i:04d}", {"tool": {**negative, "No Finding": "present"}}) for i in range(normal * 150)]
    studies += [Study(f"k{i:04d}", {"tool": {**negative, "Fracture": "present"}}) for i in range(stated * 150)]
    rows = asked("disease_single_choice", material(studies))
    offered = rows.filter(pl.col("options").list.contains("No Finding"))
    keys = int((offered["answer"] == "No Finding").sum())
    others = int((rows["answer"] == "Fracture").sum())
    assert others == stated * 150
    if normal and stated:
        assert chi_square([keys, offered.height - keys], [0.25, 0.75]) < LIMIT[1]
    else:
        assert offered.is_empty()


@pytest.mark.parametrize("name", ["disease_single_choice", "disease_binary"])
def test_letters_are_uniform(name: str) -> None:
    rows = of_crowd(name)
    letters = "AB" if name == "disease_binary" else "ABCD"
    for _, part in rows.group_by("answer"):
        counts = Counter(part["answer_letter"])
        assert set(counts) <= set(letters)
        if part.height > 200:
            shares = [1 / len(letters)] * len(letters)
            assert chi_square([counts[letter] for letter in letters], shares) < LIMIT[len(letters) - 1]


def test_keys_of_multiple_choice_stand_in_every_place_alike() -> None:
    rows = of_crowd("disease_multi_choice").filter(pl.col("options").list.len() == 4, pl.col("labels").list.len() == 1)
    counts = Counter(rows["answer_letter"])
    assert rows.height > 200
    assert chi_square([counts[letter] for letter in "ABCD"], [0.25] * 4) < LIMIT[3]


def test_distractors_are_drawn_alike_from_those_that_may_be() -> None:
    """Without relations in play, each of eight candidates is a distractor as often as the others."""
    free = ("Cardiomegaly", "Edema", "Lung Lesion", "Pneumonia", "Pneumothorax", "Pleural Effusion", "Pleural Other")
    studies = [
        Study(f"s{i:04d}", {"tool": dict.fromkeys(free, "absent") | {"Fracture": "present"}}, "test")
        for i in range(3000)
    ]
    rows = asked("disease_single_choice", material(studies))
    counts = Counter(rows["options"].explode())
    assert counts.pop("Fracture") == 3000
    # three of seven: each in 3/7 of the rows; the statistic of draws without replacement is (1 - 3/7) of the usual one
    assert chi_square([counts[name] for name in free], [1 / 7] * 7) < 22.46 * (1 - 3 / 7)


# -- what a row depends on --------------------------------------------------------------------------------------------

CHOSEN = {"options", "answer_letter", "question", "wording_id"}


@cache
def half_of_crowd(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of every second patient: asked of all, and asked of these alone."""
    half = {study.patient_id for study in crowd() if draw(2, study.patient_id)}
    studies = [study for study in crowd() if study.patient_id in half]
    alone = by_id(asked(name, material(studies, held_out="stated")).drop("origin_row"))
    among_all = of_crowd(name).drop("origin_row").filter(pl.col("patient_key").str.slice(8).is_in(half))
    return by_id(among_all), alone


@pytest.mark.parametrize("name", ["disease_binary", "disease_multi_choice", "disease_open", "view_classification"])
def test_a_row_does_not_depend_on_other_patients(name: str) -> None:
    among_all, alone = half_of_crowd(name)
    assert among_all == alone != {}


def test_of_a_single_choice_the_sets_depend_on_others() -> None:
    """Which rows meet in balanced sets, and with them what a row in a set offers; no row's key or study."""
    among_all, alone = half_of_crowd("disease_single_choice")
    in_a_set = {key for rows in (among_all, alone) for key, row in rows.items() if row["set_id"]}
    differ = {key for key in in_a_set if among_all.get(key) != alone.get(key)}
    assert differ
    for key in in_a_set:
        one, other = among_all.get(key), alone.get(key)
        if one is None or other is None:
            # a place in a set was all that made it a question: No Finding is no third distractor of ordinary rows
            assert "No Finding" in (one or other or {})["options"]
            continue
        assert {column for column in one if one[column] != other[column]} <= CHOSEN | {"set_id"}


def test_of_ordinary_single_choice_only_no_findings_balance_depends_on_others() -> None:
    """Which of No Finding's own questions stay, and where it takes the place of the third distractor: no more."""
    among_all, alone = half_of_crowd("disease_single_choice")
    in_a_set = {key for rows in (among_all, alone) for key, row in rows.items() if row["set_id"]}
    ordinary = (among_all.keys() | alone.keys()) - in_a_set
    differ = {key for key in ordinary if among_all.get(key) != alone.get(key)}
    assert len(ordinary) > 200
    for key in differ:
        one, other = among_all.get(key), alone.get(key)
        if one is None or other is None:
            assert key.endswith(":no-finding")
            continue
        changed = set(one["options"]) ^ set(other["options"])
        assert len(changed) == 2
        assert "No Finding" in changed
        kept = [option for option in one["options"] if option not in changed]
        assert kept == [option for option in other["options"] if option not in changed]
        assert {column for column in one if one[column] != other[column]} <= CHOSEN
        assert one["wording_id"].split("+")[0] == other["wording_id"].split("+")[0]


def test_splits_do_not_touch_each_other() -> None:
    """No Finding is balanced within a split: without the train patients the rows of val and test are the same."""
    loners = [study for study in crowd() if not study.patient]
    held_out = [study for study in loners if study.split != "train"]
    among_all, alone = (
        asked("disease_single_choice", material(studies, held_out="stated")).drop("origin_row")
        for studies in (loners, held_out)
    )
    assert alone.height
    assert alone.equals(among_all.filter(pl.col("split") != "train"))


@pytest.mark.parametrize("name", [*DISEASE, "view_classification"])
def test_a_seed_changes_choices_and_not_which_questions_there_are(name: str) -> None:
    studies = crowd()[:600]
    first, second, again = (by_id(asked(name, material(studies, held_out="stated", seed=seed))) for seed in (0, 1, 0))
    assert first == again
    # of No Finding's own questions a share is kept, by hash; and a place in a set with it may be all that makes one
    both = [
        {k for k, row in rows.items() if not k.endswith(":no-finding") and not set_with_no_finding(row)}
        for rows in (first, second)
    ]  # fmt: skip
    assert both[0] <= second.keys()
    assert both[1] <= first.keys()
    shared = both[0] & both[1]
    assert any(first[key]["wording_id"] != second[key]["wording_id"] for key in shared)
    drawn = {"disease_multi_choice": {"labels", "answer"}, "disease_single_choice": {"set_id"}}.get(name, set())
    for key in shared:
        changed = {column for column in first[key] if first[key][column] != second[key][column]}
        assert changed <= CHOSEN | drawn


def set_with_no_finding(row: dict[str, Any]) -> bool:
    """A row of a balanced set in which No Finding is an option."""
    return row["set_id"] is not None and "No Finding" in row["options"]


def test_rows_do_not_depend_on_the_order_of_the_tables() -> None:
    studies = crowd()[:300]
    for name in DISEASE:
        first = asked(name, material(studies)).drop("origin_row")
        assert first.equals(asked(name, material(studies[::-1])).drop("origin_row"))


# -- wordings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DISEASE)
def test_every_wording_is_used_alike(name: str) -> None:
    ids = of_crowd(name)["wording_id"].str.split("+").list.first()
    for group in {wording_id.split(".")[3] for wording_id in ids}:
        own = wordings(name).of(group)
        counts = Counter(wording_id for wording_id in ids if wording_id.split(".")[3] == group)
        assert set(counts) == {wordings(name).wording_id(each) for each in own}
        assert chi_square(list(counts.values()), [1 / len(own)] * len(own)) < LIMIT[len(own) - 1]


def test_devices_and_diagnoses_are_asked_about_in_their_own_words() -> None:
    groups = of_crowd("disease_binary").select(
        "asked_finding", group=pl.col("wording_id").str.split(".").list.get(3)
    ).unique()  # fmt: skip
    special = {"Support Devices": "device", "Pneumonia": "suggestive"}
    assert dict(groups.iter_rows()) == {finding: special.get(finding, "visible") for finding in FOURTEEN[1:]}


def test_no_finding_is_explained_where_it_may_be_an_answer() -> None:
    for name in DISEASE:
        noted = pl.col("wording_id").str.contains("+note.", literal=True)
        offers = {"disease_open": pl.lit(True), "disease_single_choice": pl.col("options").list.contains("No Finding")}
        rows = of_crowd(name).select(noted=noted, offers=offers.get(name, pl.lit(False)))
        assert (rows["noted"] == rows["offers"]).all(), name


# -- what every row says ----------------------------------------------------------------------------------------------


def test_ids_are_of_the_form_and_unique() -> None:
    rows = pl.concat([of_crowd(name) for name in (*DISEASE, "view_classification")])
    assert rows["sample_id"].is_unique().all()
    assert rows["sample_id"].str.contains(r"^made/[a-z_]+/[A-Za-z0-9._:-]+$").all()


def test_disease_rows_name_the_report_as_evidence_where_there_is_one() -> None:
    report = {
        "findings": "There is a small pleural effusion on the left.",
        "impression": "Small left pleural effusion.",
    }
    of = material([Study("s1", EFFUSION, report=report), Study("s2", EFFUSION)])
    for name in DISEASE:
        rows = asked(name, of)
        assert dict(rows.select("study_key", "evidence_ids").unique().iter_rows()) == {
            "made-up:s1": ["made-up:s1"], "made-up:s2": None,
        }  # fmt: skip


def test_a_row_says_where_its_label_stands() -> None:
    studies = [Study("s1", {}), Study("s2", EFFUSION)]
    row = asked("disease_open", material(studies)).row(0, named=True)
    assert (row["origin_file"], row["origin_row"], row["reference"]) == ("tool.csv", 2, "R4")


def test_doubtful_policies_are_for_train_alone() -> None:
    for policy in ("u-ones", "u-zeros", "u-mixed"):
        with pytest.raises(UsageError, match="for train only"):
            asked("disease_open", material(crowd()[:20], held_out=policy))


def test_a_source_without_labels_cannot_be_asked_about_diseases() -> None:
    of = material([Study("s1", EFFUSION)])
    with pytest.raises(CxdataError, match="declares no labels"):
        asked("disease_open", Material(of.card, of.facets, None, "stated", "strict", 0))


def test_unknown_tasks_are_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="disease_trinary") as caught:
        task("disease_trinary")
    assert all(name in str(caught.value) for name in tasks())


# -- funnels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "last"), [
    ("disease_binary", ("answered No", "answered Yes")),
    ("disease_single_choice", ("in balanced sets", "of these, after balancing No Finding")),
    ("disease_multi_choice", ("has a distractor and a third option",)),
    ("disease_open", ("has a finding to name", "No Finding alone")),
    ("view_classification", ("with a view that can be asked",)),
])  # fmt: skip
def test_the_funnel_ends_at_the_rows(name: str, last: tuple[str, ...]) -> None:
    found = task(name).ask(material(crowd()[:300]))
    steps = {step: count for step, count, _ in found.funnel}
    assert sum(steps[step] for step in last) == found.rows.height > 0
    assert len(steps) == len(found.funnel), "a step stands once"


def test_the_funnel_counts_states_and_what_rules_took_away() -> None:
    states = {"No Finding": "present", "Edema": "present", "Consolidation": "absent", "Lung Opacity": "absent"}
    of = material([Study("s1", {"tool": states}), Study("s2", EFFUSION, views=("LATERAL",))])
    steps = {step: count for step, count, _ in task("disease_binary").ask(of).funnel}
    assert steps["labelled studies with a frontal picture"] == 1
    assert (steps["state conflict"], steps["state absent"], steps["state present"]) == (2, 1, 0)
    assert steps["No Finding beside a pathology: dropped"] == 1
    # Edema and Lung Opacity contradict each other, and block the other opacities
    assert steps["blocked by a related finding"] == 6
    assert sum(count for step, count in steps.items() if step.startswith("state ")) == len(FOURTEEN)


# -- reports ----------------------------------------------------------------------------------------------------------

REPORT = {
    "findings": "Compared to ___, the heart is larger. The lungs are clear.\nNo pleural effusion is seen.",
    "impression": "No acute cardiopulmonary process. Findings were discussed with Dr. ___ by phone.",
}


def test_targets_of_reports_are_what_the_picture_can_answer_for() -> None:
    of = material([Study("s1", report=REPORT, views=("PA", "LATERAL"))])
    findings = asked("findings_generation", of).row(0, named=True)
    assert findings["answer"] == "The lungs are clear. No pleural effusion is seen."
    assert (findings["context"], findings["image_ids"]) == (None, ["made:s1-0", "made:s1-1"])
    assert asked("impression_generation", of)["answer"].to_list() == ["No acute cardiopulmonary process."]
    summary = asked("findings_summarization", of).row(0, named=True)
    assert (summary["answer"], summary["image_ids"]) == ("No acute cardiopulmonary process.", [])
    assert summary["context"].endswith("The lungs are clear. No pleural effusion is seen.")
    for row in (findings, summary):
        assert (row["stage"], row["reward"], row["options"], row["labels"]) == ("sft", "free_text", None, None)


@pytest.mark.parametrize(("report", "asks"), [
    (REPORT, (1, 1, 1)),
    ({"findings": "Lungs are clear."}, (1, 0, 0)),
    ({"impression": "No acute process."}, (0, 1, 0)),
    ({"findings": "Normal chest.", "impression": "Normal."}, (0, 1, 1)),
    ({"findings": "Normal chest.", "impression": "Unchanged."}, (0, 0, 0)),
    ({"impression": "Enlarged heart."}, (0, 1, 0)),
    ({"findings": "Unchanged from the prior study.", "impression": "No acute process."}, (0, 1, 1)),
    ({"indication": "Cough."}, (0, 0, 0)),
])  # fmt: skip
def test_reports_without_a_target_are_not_asked_for(report: dict[str, str], asks: tuple[int, ...]) -> None:
    of = material([Study("s1", report=report)])
    names = ("findings_generation", "impression_generation", "findings_summarization")
    assert tuple(asked(name, of).height for name in names) == asks


@pytest.mark.parametrize("views", [("LATERAL",), ("OTHER",), ()])
def test_reports_are_not_told_from_pictures_without_a_frontal(views: tuple[str, ...]) -> None:
    of = material([Study("s1", report=REPORT, views=views)])
    for name in ("findings_generation", "impression_generation"):
        found = task(name).ask(of)
        assert found.rows.is_empty()
        assert found.funnel[-1] == ("with a frontal picture", 0, "questions")


def test_the_funnel_of_reports_says_what_each_rule_left_out() -> None:
    of = material([Study("s1", report=REPORT), Study("s2", report={"findings": "Clear."})])
    ask: Callable[[Material], Any] = task("findings_generation").ask
    steps = {step: (count, unit) for step, count, unit in ask(of).funnel}
    assert steps["has findings"] == (2, "questions")
    assert steps["sentences left out by prior"] == (1, "rows")
    assert steps["has a target of 3 words or more"] == (1, "questions")
    of = material([Study("s3", report={"findings": "Clear.", "impression": "Cardiomegaly."})])
    for name in ("impression_generation", "findings_summarization"):
        found = task(name).ask(of)
        assert ("has a target of 1 word or more", 1, "questions") in found.funnel
        assert found.rows["answer"].to_list() == ["Cardiomegaly."]
