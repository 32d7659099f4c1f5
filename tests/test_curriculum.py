"""Difficulty: each piece moves the sum the right way, the rank does not tell the answer, and limits do not move it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source
from facets_for_tests import FOURTEEN, PATHOLOGIES, SLUG, Study, material
from test_tasks_rules import crowd

from cxdata.sources.base import Source
from cxdata.tasks import curriculum
from cxdata.tasks.base import Material, task
from cxdata.tasks.curriculum import WEIGHTS, curriculum_order, rated, raw
from cxdata.tasks.severity import FAINT, PLAIN, SEVERITY_OF, severities

RATED = (
    "disease_binary", "disease_single_choice", "disease_multi_choice", "disease_open", "view_classification",
)  # fmt: skip
NO = dict.fromkeys(PATHOLOGIES, "absent")


def of_study(study: Study, name: str, key: str = "") -> dict[str, float]:
    """The pieces of one row's sum; `key` ends its sample_id."""
    of = material([study])
    drafts = task(name).ask(of).rows
    at = drafts["sample_id"].to_list().index(f"{SLUG}/{name}/{study.name}{key}")
    return raw(drafts, of).row(at, named=True)


def effusion(states: Mapping[str, str] | None = None, words: str = "", view: str = "PA", **more: Any) -> Study:
    told = {**NO, "Pleural Effusion": "present", **(states or {})}
    report = {"findings": words} if words else None
    return Study("s1", {"tool": {f: s for f, s in told.items() if s}}, views=(view,), report=report, **more)


BINARY = ("disease_binary", ":pleural-effusion")


def test_the_weights_are_those_of_the_rule() -> None:
    assert list(WEIGHTS.values()) == [0.30, 0.25, 0.15, 0.15, 0.10, 0.05]
    pieces = of_study(effusion({"Fracture": "present"}, "Small left effusion.", "AP"), *BINARY)
    assert pieces == pytest.approx({
        "conspicuity": 0.3, "distractor": 0.0, "company": 0.25, "severity": 1.0, "quality": 0.5, "doubt": 0.0,
        "raw": 0.30 * 0.3 + 0.15 * 0.25 + 0.15 + 0.10 * 0.5,
    })  # fmt: skip


@pytest.mark.parametrize(("piece", "easier", "harder"), [
    ("company", effusion(), effusion({"Fracture": "present"})),
    ("company", effusion({"Fracture": "present"}), effusion({"Fracture": "present", "Pneumothorax": "present"})),
    ("doubt", effusion(), effusion({"Edema": "uncertain"})),
    ("severity", effusion(words="Large effusion."), effusion(words="There is an effusion.")),
    ("severity", effusion(words="There is an effusion."), effusion(words="Tiny left pleural effusion.")),
    ("severity", effusion(words="Large effusion."), effusion(words="Large right and small left effusion.")),
    ("quality", effusion(), effusion(view="AP")),
    ("quality", effusion(), effusion(view="FRONTAL")),
    ("quality", effusion(view="FRONTAL"), effusion(view="AP")),
    ("quality", effusion(words="Clear."), effusion(words="Low lung volumes.")),
    ("quality", effusion(words="Clear.", view="AP"), effusion(words="Supine film.", view="AP")),
])  # fmt: skip
def test_a_piece_makes_a_question_harder_and_leaves_the_others(piece: str, easier: Study, harder: Study) -> None:
    for name, key in (BINARY, ("disease_single_choice", ":pleural-effusion"), ("disease_open", "")):
        if name == "disease_open" and piece == "company":
            continue  # what is present is then named too: its conspicuity moves as well
        one, other = of_study(easier, name, key), of_study(harder, name, key)
        assert one[piece] < other[piece]
        assert one["raw"] < other["raw"]
        assert {each for each in WEIGHTS if one[each] != other[each]} <= {piece, "distractor"}


def test_a_finding_that_is_hard_to_see_makes_a_harder_question() -> None:
    plain, faint = (
        of_study(effusion(), "disease_binary", key) for key in (":cardiomegaly", ":pneumothorax")
    )  # fmt: skip
    assert (plain["conspicuity"], faint["conspicuity"]) == (0.25, 0.6)
    assert plain["raw"] < faint["raw"]
    devices = of_study(effusion({"Support Devices": "present"}), "disease_binary", ":support-devices")
    assert devices["conspicuity"] == 0.1


def test_an_option_of_the_same_region_makes_a_harder_question() -> None:
    near = {"Pneumothorax": "absent", "Fracture": "absent", "Cardiomegaly": "absent"}
    far = {"Edema": "absent", "Fracture": "absent", "Cardiomegaly": "absent"}
    values = []
    for states in (far, near):
        study = Study("s1", {"tool": {**states, "Pleural Effusion": "present"}}, "test")
        values.append(of_study(study, "disease_single_choice", ":pleural-effusion"))
    assert [value["distractor"] for value in values] == [0.0, 0.5]
    assert values[0]["raw"] < values[1]["raw"]


def test_no_piece_leaves_its_range() -> None:
    present = dict.fromkeys(PATHOLOGIES, "present")
    study = Study("s2", {"tool": present}, views=("AP",), report={"findings": "Supine. Small effusion."})
    of = material([study, effusion()])
    for name in RATED:
        drafts = task(name).ask(of).rows
        if drafts.height:
            table = raw(drafts, of)
            assert table.height == drafts.height
            assert table.select(pl.all().is_between(0, 1).all()).row(0) == (True,) * 7


# -- severity words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("report", "finding", "severity"), [
    ("Small left effusion. The heart is severely enlarged.", "Pleural Effusion", 1.0),
    ("Small left effusion. Severe cardiomegaly.", "Cardiomegaly", 0.0),
    ("Small left effusion; severe cardiomegaly.", "Pleural Effusion", 1.0),
    ("No large effusion or pneumothorax.", "Pleural Effusion", None),
    ("No effusion. Mild cardiomegaly.", "Pleural Effusion", None),
    ("Without a large effusion.", "Pleural Effusion", None),
    ("The left lung\n is partly collapsed, with a tiny apical\n pneumothorax.", "Pneumothorax", 1.0),
    ("Minimal pulmonary\n edema.", "Edema", 1.0),
    ("Minimal pulmonary edema.", "Lung Opacity", 1.0),
    ("Minimal lung opacity.", "Edema", None),
    ("Large effusions.", "Pleural Effusion", 0.0),
    ("LARGE EFFUSION.", "Pleural Effusion", 0.0),
    ("Large left and trace right effusion.", "Pleural Effusion", 0.5),
    ("There is an effusion.", "Pleural Effusion", None),
    ("Smaller hearts are unmarked.", "Cardiomegaly", None),
])  # fmt: skip
def test_severity_is_of_the_findings_own_clause(report: str, finding: str, severity: float | None) -> None:
    of = material([Study("s1", report={"findings": report})])
    found = severities(of.facets["reports"], FOURTEEN[1:], of.vocabulary)
    told = dict(zip(found["study_id"], found[SEVERITY_OF + finding], strict=True))
    assert told.get("s1") == severity


def test_severity_of_several_labels_is_their_mean_and_impressions_count() -> None:
    states = {**NO, "Pleural Effusion": "present", "Fracture": "present"}
    report = {"findings": "Small effusion.", "impression": "Severe fracture."}
    study = Study("s1", {"tool": states}, report=report)
    assert of_study(study, "disease_open")["severity"] == 0.5
    assert of_study(study, "disease_binary", ":fracture")["severity"] == 0.0
    assert of_study(study, "disease_binary", ":edema")["severity"] == 0.5


# -- ranks -------------------------------------------------------------------------------------------------------------


@cache
def large() -> Material:
    """Reports and doubts added to a crowd of studies, so that every piece has its say."""
    words = ("Small effusion.", "Large effusion.", "Mild cardiomegaly.", "Low lung volumes.", "Clear.")
    studies = [
        Study(s.name, s.told, s.split, s.patient, s.views, s.age, {"findings": words[i % 5]})
        for i, s in enumerate(crowd())
    ]
    return material(studies, held_out="stated")


@cache
def ratings() -> dict[str, pl.DataFrame]:
    of = large()
    return {name: rated(task(name).ask(of).rows, task(name), of) for name in RATED}


@pytest.mark.parametrize("name", RATED)
def test_difficulty_lies_in_its_range_and_differs_within_a_level(name: str) -> None:
    rows = ratings()[name]
    assert rows["difficulty"].is_between(0, 1).all()
    assert rows["difficulty"].null_count() == 0
    assert set(rows["difficulty_rule"]) == {curriculum.RULE}
    assert float(rows["difficulty"].std()) > 0.1  # type: ignore[arg-type]
    assert rows["difficulty"].n_unique() > 10


def correlation(rows: pl.DataFrame, of: pl.Expr) -> float:
    return abs(float(rows.select(pl.corr("difficulty", of.cast(pl.Float64))).item()))


def test_difficulty_does_not_tell_yes_from_no() -> None:
    rows = ratings()["disease_binary"]
    assert rows.height > 5000
    assert correlation(rows, pl.col("answer") == "Yes") < 0.05
    for _, part in rows.group_by("asked_finding"):
        assert part["answer"].n_unique() == 2
        assert correlation(part, pl.col("answer") == "Yes") < 0.05


@pytest.mark.parametrize("name", ["disease_single_choice", "disease_multi_choice", "view_classification"])
def test_difficulty_tells_neither_the_key_nor_its_letter(name: str) -> None:
    rows = ratings()[name]
    assert rows.height > 1000
    answers = pl.col("labels").list.first() if "labels" in rows.columns else pl.col("answer")
    for answer in rows.select(answers.unique()).to_series():
        assert correlation(rows, answers == answer) < 0.05, answer
    if name == "disease_multi_choice":
        return  # more keys make it harder, and the first of more keys stands further up
    for letter in rows["answer_letter"].unique():
        assert correlation(rows, pl.col("answer_letter") == letter) < 0.05, letter


def test_rows_rise_with_their_sum_within_an_answer() -> None:
    of = large()
    drafts = task("disease_binary").ask(of).rows
    rows = ratings()["disease_binary"].with_columns(raw(drafts, of)["raw"])
    for _, part in rows.group_by("asked_finding", "answer"):
        ordered = part.sort("raw", "difficulty")
        assert ordered["difficulty"].is_sorted()
        assert part.group_by("raw").agg(pl.col("difficulty").n_unique())["difficulty"].max() == 1
        assert float(part["difficulty"].mean()) == pytest.approx(0.5, abs=0.001)  # type: ignore[arg-type]


def test_rows_come_back_in_their_order_with_their_columns() -> None:
    of = large()
    for name in RATED:
        drafts = task(name).ask(of).rows
        assert ratings()[name].drop("difficulty", "difficulty_rule").equals(drafts)


def test_a_stage_without_a_curriculum_is_not_rated() -> None:
    of = material([effusion(words="There is a small effusion on the left.")])
    drafts = task("findings_generation").ask(of).rows
    assert drafts.height == 1
    assert rated(drafts, task("findings_generation"), of).equals(drafts)


def test_limit_and_split_do_not_move_a_difficulty(
    source: Source, phantom_of: Callable[[Source], Path], tmp_path: Path
) -> None:
    build_source(source, phantom_of(source), tmp_path / "all")
    build_source(source, phantom_of(source), tmp_path / "few", limit=7)
    columns = ["sample_id", "difficulty", "stage", "set_id"]
    whole, part = (
        pl.read_parquet(tmp_path / name / "samples" / "*.parquet", columns=columns) for name in ("all", "few")
    )
    assert 0 < part.height < whole.height
    assert part.sort("sample_id").equals(whole.join(part, on="sample_id", how="semi").sort("sample_id"))
    unrated = whole.filter(pl.col("difficulty").is_null())
    assert set(unrated["stage"]) <= {"sft"}
    assert "sft" not in set(whole.filter(pl.col("difficulty").is_not_null())["stage"])


# -- order -------------------------------------------------------------------------------------------------------------


def test_samples_are_learnt_by_stage_then_level_then_from_easy_to_hard() -> None:
    told = [
        ("open", "open", 0.1), ("closed", "multi", 0.2), ("closed", "single", 0.9), ("closed", "binary", 0.8),
        ("closed", "single", 0.3), ("closed", "binary", 0.2), ("sft", "generation", None), ("closed", "binary", None),
        ("closed", "boxes", 0.5), ("open", "open", 0.05),
    ]  # fmt: skip
    frame = pl.DataFrame(
        [(f"made/t/{i}", *row) for i, row in enumerate(told)],
        schema=["sample_id", "stage", "level", "difficulty"], orient="row",
    )  # fmt: skip
    wanted = [
        ("sft", "generation", None), ("closed", "binary", 0.2), ("closed", "binary", 0.8), ("closed", "binary", None),
        ("closed", "single", 0.3), ("closed", "single", 0.9), ("closed", "multi", 0.2), ("closed", "boxes", 0.5),
        ("open", "open", 0.05), ("open", "open", 0.1),
    ]  # fmt: skip
    for given in (frame, frame.reverse()):
        assert curriculum_order(given).drop("sample_id").rows() == wanted


def test_rows_alike_are_mixed_and_not_sorted_by_id() -> None:
    frame = pl.DataFrame({
        "sample_id": [f"{source}/t/{i:03d}" for source in "ab" for i in range(100)],
        "stage": "closed", "level": "binary", "difficulty": 0.5,
    })  # fmt: skip
    ordered = curriculum_order(frame)["sample_id"]
    assert curriculum_order(frame.reverse())["sample_id"].equals(ordered)
    first = ordered.head(100).str.starts_with("a").sum()
    assert 30 < first < 70


def test_the_page_says_the_rule() -> None:
    page = (Path(__file__).parents[1] / "docs" / "curriculum.md").read_text(encoding="utf-8")
    assert f"`{curriculum.RULE}`" in page
    for name, weight in WEIGHTS.items():
        assert f"| {name} | {weight:.2f} |" in page
    for words in (FAINT, PLAIN):
        assert all(word in page for word in words if not word.endswith("ly"))
