"""What a model is asked about a sample, and what becomes of what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from cxdata.model.facets import FACETS
from cxdata.reasoning.checks.checker import codes
from cxdata.reasoning.model.plans import Plan, plans, steps_of
from cxdata.reasoning.model.replies import Said
from cxdata.reasoning.study import NOTHING, Box, Study, studies
from cxdata.reasoning.trace import Question, Refused, Step, Trace
from cxdata.reasoning.writers import Case

FINDINGS = "There is a moderate right pleural effusion. No pneumothorax. The patient has known emphysema."
IMPRESSION = "Right pleural effusion."


def study(findings: str = FINDINGS, impression: str | None = IMPRESSION) -> Study:
    row = {"study_id": "s1", "language": "en", "findings": findings, "impression": impression}
    schema = {name: FACETS["reports"][name] for name in row}
    frame = pl.DataFrame([row], schema=schema, orient="row")
    return studies(frame.lazy())["s1"]


def question(answer_type: str, options: tuple[str, ...], letters: tuple[str, ...] = (), **more: Any) -> Question:
    plain: dict[str, Any] = {
        "sample_id": "mimic/x/s1", "task": "x", "answer_type": answer_type, "stage": "closed",
        "question": "What is there?", "asked_finding": None, "options": options, "answer": "", "letters": letters,
        "labels": (), "scored": (), "ignored": (), "study_key": "mimic:s1", "image_ids": ("i1",), "key": 7,
    }  # fmt: skip
    return Question(**{**plain, **more})


def plan(asked: Question, of: Study | None = None) -> Plan:
    (found,) = plans([Case(asked, study() if of is None else of)])
    assert isinstance(found, Plan), found
    return found


CHOICE = question("single_choice", ("Pneumothorax", "Pleural Effusion", "Fracture"), ("B",))


def test_each_option_has_its_state_and_its_own_sentences() -> None:
    made = plan(CHOICE)
    told = [(item.key, item.finding, item.state, item.sentences) for item in made.brief.items]
    assert told == [
        ("A", "Pneumothorax", "absent", ("No pneumothorax.",)),
        (
            "B",
            "Pleural Effusion",
            "present",
            ("There is a moderate right pleural effusion.", "Right pleural effusion."),
        ),
        ("C", "Fracture", "not stated", ()),
    ]
    assert made.bases == {"A": "denied", "B": "affirmed", "C": "silent"}
    assert "known emphysema" not in str(made.brief)
    assert all(item.option is None for item in made.brief.items)


def test_both_answers_of_a_binary_question_are_about_the_one_finding() -> None:
    asked = question("binary", ("No", "Yes"), ("B",), asked_finding="Pleural Effusion", answer="Yes")
    items = plan(asked).brief.items
    assert [(item.key, item.option, item.finding, item.state) for item in items] == [
        ("A", "No", "Pleural Effusion", "present"), ("B", "Yes", "Pleural Effusion", "present"),
    ]  # fmt: skip
    asked = question("binary", ("No", "Yes"), ("A",), asked_finding="Pneumothorax", answer="No")
    assert {(item.state, item.sentences) for item in plan(asked).brief.items} == {("absent", ("No pneumothorax.",))}


def test_no_finding_is_turned_down_by_what_is_there() -> None:
    asked = question("single_choice", ("No Finding", "Pleural Effusion", "Pneumothorax"), ("B",))
    normal, effusion, _ = plan(asked).brief.items
    assert normal.state == "absent"
    assert normal.sentences == effusion.sentences != ()


def test_a_box_is_a_place_in_words() -> None:
    boxed = replace(study(), boxes=(Box("i1", "Lung Lesion", 0.1, 0.1, 0.2, 0.2),))
    asked = question("single_choice", ("Pneumothorax", "Lung Lesion", "Fracture"), ("B",))
    lesion = plan(asked, boxed).brief.items[1]
    assert lesion.sentences == ()
    assert lesion.place is not None
    assert "right" in lesion.place  # the left of the picture
    assert not any(sign.isdigit() for sign in lesion.place)


def test_candidates_of_an_open_question_are_chosen_by_rule() -> None:
    asked = question(
        "open_labels", (), labels=("Pleural Effusion",), answer="Pleural Effusion", stage="open",
        scored=("Pleural Effusion", "Pneumothorax"), ignored=("Emphysema", "Edema"),
    )  # fmt: skip
    made = plan(asked)
    assert made.brief.kind == "open"
    assert {(item.key, item.state) for item in made.brief.items} == {
        ("Pleural Effusion", "present"), ("Pneumothorax", "absent"),
    }  # fmt: skip


def test_what_the_report_leaves_open_is_never_asked() -> None:
    cases = [
        Case(CHOICE, NOTHING), Case(CHOICE, study("There may be a pneumothorax. Right pleural effusion.", None)),
        Case(CHOICE, study("There is a pneumothorax. Right pleural effusion.", None)),
    ]  # fmt: skip
    found = list(plans(cases))
    assert [one.code if isinstance(one, Refused) else "" for one in found] == [
        "no_report_no_box", "report_uncertain", "report_affirms",
    ]  # fmt: skip


GOOD = (
    Said("A", "No pleural line at either apex.", verdict=False),
    Said("B", "Fluid on the right, moderate in amount, blunts the angle.", verdict=True),
    Said("C", "Ribs followed one by one; nothing there supports it.", verdict=False),
    Said("closing", "Right-sided fluid is what is there.", verdict=None),
)


def trace(said: tuple[Said, ...]) -> Trace:
    made = plan(CHOICE)
    return Trace(made.asked.sample_id, steps_of(made, said), made.evidence)


def test_a_good_answer_passes_the_checker() -> None:
    made = trace(GOOD)
    assert made.steps[1] == Step(GOOD[1].think, "B", verdict=True, basis="affirmed")
    assert made.steps[-1] == Step(GOOD[3].think, "B")
    assert codes(made, CHOICE, study()) == []


def test_the_closing_answer_is_what_the_model_judged_true() -> None:
    swapped = tuple(one._replace(verdict=not one.verdict) if one.verdict is not None else one for one in GOOD)
    made = trace(swapped)
    assert made.steps[-1].answer == "A, C"
    assert {"verdict_differs", "final_differs"} <= set(codes(made, CHOICE, study()))


def test_what_is_missing_too_much_or_out_of_order_stays_so() -> None:
    for said, code in (
        (GOOD[1:], "options_order"), (GOOD[:3], "steps"), ((), "steps"),
        ((*GOOD[:3], GOOD[0], GOOD[3]), "options_order"), ((GOOD[1], GOOD[0], *GOOD[2:]), "options_order"),
        (GOOD[::-1], "steps"),
    ):  # fmt: skip
        assert codes(trace(said), CHOICE, study()) == [code]
