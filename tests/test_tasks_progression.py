"""temporal_progression: pairs of studies, what labels veto, balance, both orders."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import datetime, timedelta

import polars as pl
from facets_for_tests import Study, asked, material

from cxdata.tasks.base import Material

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
    """The studies as facets, each a day after the one before it, those of the patient `same_time` at one time."""
    made = material(studies)
    day = {study.name: datetime(2150, 1, 1) + timedelta(days=i) for i, study in enumerate(studies)}
    day |= {study.name: datetime(2150, 1, 1) for study in studies if study.patient_id == same_time}
    times = pl.LazyFrame({"study_id": list(day), "taken_at": list(day.values())})
    dated = made.facets["studies"].drop("taken_at").join(times, on="study_id")
    return dataclasses.replace(made, facets={**made.facets, "studies": dated})


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
        from cxdata.tasks.temporal_progression import ask

        steps = {step: count for step, count, _ in ask(made).funnel}
        funnel[change, str(first), str(second)] = steps["not vetoed by labels"] == int(kept)
    assert all(funnel.values()), funnel


def test_only_the_study_next_before_in_the_same_view_and_in_train() -> None:
    from cxdata.tasks.temporal_progression import ask

    def tied(studies: list[Study], same_time: str = "") -> int:
        return ask(of(studies, same_time)).funnel[1][1]

    assert tied(pair("x", "stable")) == 1
    assert tied(pair("x", "stable", views=("AP", "PA"))) == 0
    assert tied(pair("x", "stable", split="test")) == 0
    assert tied(pair("x", "stable"), same_time="x") == 0
    first, last = pair("x", "stable")
    between = Study("xm", THERE, "train", "x", ("AP",), report={"findings": "Pleural effusion."})
    assert tied([first, between, last]) == 0
