"""temporal_progression: pairs of studies, what labels veto, balance, both orders."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import datetime, timedelta

import polars as pl
from facets_for_tests import Study, asked, material
from tasks_tables import with_facet

from cxdata.reports.changes import reported_changes
from cxdata.tasks.base import Material
from cxdata.tasks.follow_ups import follow_ups, read_follow_ups
from cxdata.tasks.temporal_progression import ask

SAID = {
    "worsening": "The pleural effusion has increased.", "improving": "The pleural effusion has decreased.",
    "stable": "Unchanged pleural effusion.",
}  # fmt: skip
THERE = {"tool": {"Pleural Effusion": "present"}}
GONE = {"tool": {"Pleural Effusion": "absent"}}


def pair(name: str, change: str, *, first: dict[str, dict[str, str]] = THERE, second: dict[str, dict[str, str]] = THERE,
         views: tuple[str, str] = ("PA", "PA"), split: str = "train") -> list[Study]:  # fmt: skip
    """Two studies of one patient, the later with a report that tells the change."""
    return [
        Study(f"{name}a", first, split, name, (views[0],), report={"findings": "Pleural effusion."}),
        Study(f"{name}b", second, split, name, (views[1],), report={"findings": SAID[change]}),
    ]


def of(studies: list[Study], same_time: str = "") -> Material:
    """The studies as facets, each a day after the one before it, those of the patient `same_time` at one time.

    `changes` are those that their reports tell.
    """
    made = material(studies)
    day = {study.name: datetime(2150, 1, 1) + timedelta(days=i) for i, study in enumerate(studies)}
    day |= {study.name: datetime(2150, 1, 1) for study in studies if study.patient_id == same_time}
    times = pl.LazyFrame({"study_id": list(day), "taken_at": list(day.values())})
    dated = made.facets["studies"].drop("taken_at").join(times, on="study_id")
    bare = dataclasses.replace(made, facets={**made.facets, "studies": dated})
    told = reported_changes(bare.facets["reports"])
    return dataclasses.replace(bare, facets={**bare.facets, "changes": read_follow_ups(told, bare).lazy()})


def rows(studies: list[Study], same_time: str = "") -> pl.DataFrame:
    return asked("temporal_progression", of(studies, same_time))


CHANGED = [*pair("p1", "worsening"), *pair("p2", "improving")]
STABLE = pair("p3", "stable")


def test_each_pair_comes_in_both_orders_and_the_answers_are_as_many() -> None:
    table = rows([*CHANGED, *STABLE])
    assert Counter(table["answer"]) == {"worsening": 2, "stable": 2, "improving": 2}
    told = {row["sample_id"].split("/")[-1]: row for row in table.iter_rows(named=True)}
    own, turned = told["p1b:pleural-effusion"], told["p1b:pleural-effusion:turned"]
    assert own["image_ids"] == ["made:p1a-0", "made:p1b-0"]
    assert turned["image_ids"] == own["image_ids"][::-1]
    assert (own["answer"], turned["answer"]) == ("worsening", "improving")
    assert own["set_id"] == turned["set_id"]
    for answers in table.group_by("set_id").agg("answer")["answer"]:
        assert sorted(answers) == ["improving", "stable", "worsening"]
    for row in table.iter_rows(named=True):
        assert row["options"]["ABC".index(row["answer_letter"])] == row["answer"]
        assert sorted(row["options"]) == ["improving", "stable", "worsening"]
        assert "a pleural effusion" in row["question"]
        assert row["asked_finding"] == "Pleural Effusion"
        assert row["split"] == "train"
        assert row["label_policy"] == "none"


def test_more_of_one_kind_than_of_the_other_is_thinned() -> None:
    many = [study for i in range(9) for study in pair(f"q{i}", "worsening")]
    assert Counter(rows([*many, *STABLE])["answer"]) == {"worsening": 2, "stable": 2, "improving": 2}
    stable = [study for i in range(9) for study in pair(f"q{i}", "stable")]
    assert Counter(rows([*CHANGED, *stable])["answer"]) == {"worsening": 2, "stable": 2, "improving": 2}
    assert rows(CHANGED).is_empty()


def test_the_answers_are_as_many_in_each_view() -> None:
    worse = [study for i in range(4) for study in pair(f"w{i}", "worsening", views=("AP", "AP"))]
    same = [study for i in range(4) for study in pair(f"s{i}", "stable")]
    assert rows([*worse, *same]).is_empty(), "the view would tell the answer"
    in_both = [*worse, *same, *CHANGED, *pair("t", "stable", views=("AP", "AP"))]
    table = rows(in_both)
    views = {f"{study.name}": study.views[0] for study in in_both}
    told = Counter((views[row["study_key"].split(":")[1]], row["answer"]) for row in table.iter_rows(named=True))
    assert set(told.values()) == {2}
    assert set(told) == {(view, answer) for view in ("AP", "PA") for answer in SAID}
    of_set = table.with_columns(view=pl.col("study_key").str.split(":").list.get(1).replace(views))
    assert (of_set.group_by("set_id").agg(pl.col("view").n_unique(), pl.len())["view"] == 1).all()


def survivors(studies: list[Study], same_time: str = "") -> set[str]:
    """Patients with a question, among enough others for balance."""
    others = [study for i in range(8) for study in (*pair(f"c{i}", "worsening"), *pair(f"s{i}", "stable"))]
    table = rows([*others, *studies], same_time)
    return {key.split(":")[1] for key in table["patient_key"]}


def test_labels_veto_what_they_speak_against() -> None:
    assert "x" not in survivors(pair("x", "stable", second=GONE))
    assert "x" not in survivors(pair("x", "stable", first=GONE, second=GONE))
    funnel = {}
    for change, first, second, kept in [
        ("worsening", THERE, GONE, False), ("worsening", GONE, THERE, True), ("improving", GONE, THERE, False),
        ("improving", THERE, GONE, True), ("stable", THERE, GONE, False), ("stable", THERE, THERE, True),
        ("worsening", GONE, GONE, False), ("worsening", {"tool": {}}, {"tool": {}}, False),
    ]:  # fmt: skip
        made = of(pair("x", change, first=first, second=second))
        steps = {step: count for step, count, _ in ask(made).funnel}
        funnel[change, str(first), str(second)] = steps["not vetoed by labels"] == int(kept)
    assert all(funnel.values()), funnel


def test_only_the_study_next_before_in_the_same_view_and_in_train() -> None:
    def tied(studies: list[Study], same_time: str = "") -> int:
        return follow_ups(of(studies, same_time)).collect().height

    assert tied(pair("x", "stable")) == 1
    assert tied(pair("x", "stable", views=("AP", "PA"))) == 0
    assert tied(pair("x", "stable"), same_time="x") == 0
    first, last = pair("x", "stable")
    between = Study("xm", THERE, "train", "x", ("AP",), report={"findings": "Pleural effusion."})
    assert tied([first, between, last]) == 0
    held_out = {step: count for step, count, _ in ask(of(pair("x", "stable", split="test"))).funnel}
    assert held_out["of train"] == 0


def stated(*changes: tuple[str, str, str, str], **split: str) -> Material:
    """Changes that people stated: later and earlier study, finding, change; no labels, no reports."""
    names = sorted({name for change in changes for name in change[:2]})
    made = material([Study(name, split=split.get("split", "test"), patient="p") for name in names])
    rows = [
        {"study_id": now, "prior_study_id": then, "image_id": f"made:{now}-0", "prior_image_id": f"made:{then}-0",
         "finding": finding, "change": change, "annotator": "experts", "reference": "R1", "origin_file": "pairs.csv",
         "origin_row": row}
        for row, (now, then, finding, change) in enumerate(changes, 1)
    ]  # fmt: skip
    few = {name: made.facets[name] for name in ("images", "studies")}
    return with_facet(dataclasses.replace(made, facets=few, labels=None), "changes", rows)


def test_what_people_state_is_asked_as_it_stands_in_any_split() -> None:
    table = asked("temporal_progression", stated(("b", "a", "Edema", "worsening"), ("b", "a", "Fracture", "stable")))
    told = {row["sample_id"]: row for row in table.iter_rows(named=True)}
    row = told["made/temporal_progression/b-0:a-0:edema"]
    assert (row["answer"], row["split"], row["set_id"], row["reference"]) == ("worsening", "test", None, "R1")
    assert row["image_ids"] == ["made:a-0", "made:b-0"]
    assert (row["origin_file"], row["origin_row"], row["label_policy"]) == ("pairs.csv", 1, "none")
    assert len(told) == 2


def test_read_and_stated_changes_stand_side_by_side() -> None:
    read = of([*CHANGED, *STABLE])
    both = pl.concat([
        read.facets["changes"].collect(),
        stated(("b", "a", "Edema", "worsening")).facets["changes"].collect().with_columns(
            study_id=pl.lit("p3b"), prior_study_id=pl.lit("p3a"), image_id=pl.lit("made:p3b-0"),
            prior_image_id=pl.lit("made:p3a-0")),
    ])  # fmt: skip
    table = asked("temporal_progression", dataclasses.replace(read, facets={**read.facets, "changes": both.lazy()}))
    assert Counter(table["reference"]) == {"R4": 6, "R1": 1}
    assert table["sample_id"].is_unique().all()
