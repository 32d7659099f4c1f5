"""Traces of the evidence writer, and the check of traces from anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from trace_cases import FINDINGS, binary, open_question, question, study_of, trace, written

from cxdata.answers.gold import read_gold
from cxdata.check.gold import gold_scores
from cxdata.model.hashing import stable_hash
from cxdata.reasoning.checks.checker import codes
from cxdata.reasoning.codes import ANSWERS, CODES, EVIDENCE, STRUCTURE, UNTOLD, WORDS
from cxdata.reasoning.evidence.features import Features
from cxdata.reasoning.render import TraceStep, render_trace
from cxdata.reasoning.study import NOTHING, Box, Study, places_of
from cxdata.reasoning.trace import Question, Refused, Step, Trace

STUDY = study_of()
NORMAL = study_of(
    "No pneumothorax or pleural effusion. No consolidation. There is no pulmonary edema. No fracture is seen."
)
BOX = Box("mimic:one", "Pleural Effusion", 0.7, 0.7, 0.9, 0.95)
ASKED: dict[str, Question] = {
    "single": question(),
    "normal": question(options=("No Finding", "Edema", "Fracture", "Pneumothorax"), answer="No Finding", letters=("A",),
                       labels=("No Finding",)),
    "multi": question(task="disease_multi_choice", answer_type="multi_choice",
                      options=("Edema", "Cardiomegaly", "Pneumothorax", "Consolidation"), letters=("B", "D"),
                      labels=("Cardiomegaly", "Consolidation"), answer="Cardiomegaly, Consolidation"),
    "yes": binary("Pleural Effusion", "Yes"),
    "no": binary("Pneumothorax", "No", ("No", "Yes")),
    "open": open_question(),
    "open without": open_question(labels=("No Finding",), scored=("Edema", "No Finding", "Pneumothorax", "Fracture"),
                                  ignored=()),
}  # fmt: skip


def study_for(asked: Question) -> Study:
    return NORMAL if asked.labels == ("No Finding",) else STUDY


@pytest.mark.parametrize("name", list(ASKED))
def test_a_trace_is_written_and_passes_the_check(name: str) -> None:
    study = study_for(ASKED[name])
    made = trace(ASKED[name], study)
    assert codes(made, ASKED[name], study) == []
    assert made == trace(ASKED[name], study)


@pytest.mark.parametrize("name", list(ASKED))
def test_the_gold_of_a_trace_earns_the_full_reward(name: str) -> None:
    asked = ASKED[name]
    made = trace(asked, study_for(asked))
    stage = "open" if asked.is_open else "closed"
    gold = render_trace([TraceStep(*step[:3]) for step in made.steps], stage)
    frame = pl.DataFrame({
        "answer": [gold], "reward": ["open_labels" if asked.is_open else "closed"], "gold_kind": ["trace"],
        "scored_labels": [list(asked.scored)], "ignored_labels": [list(asked.ignored)],
    })  # fmt: skip
    scores = gold_scores(frame).row(0, named=True)
    assert scores["code"] is None
    assert (scores["format"], scores["answer"], scores["process"], scores["think"]) == (1, 1, 1, 1)


def test_without_its_bases_a_gold_compares_the_same_steps() -> None:
    asked = replace_asked(ASKED["single"], options=("Pneumothorax", "Pleural Effusion", "Fracture", "Mass"))
    silent = study_of("There is a small left pleural effusion. No pneumothorax is seen.")
    made = trace(asked, silent)
    bases = [step.basis for step in made.judged]
    assert bases == ["denied", "affirmed", "silent", "silent"]
    gold = read_gold(render_trace([TraceStep(*step[:3]) for step in made.steps], "closed"), "closed")
    assert [step.subject for step in gold.compared] == ["A", "B"]


def test_steps_rest_on_what_is_told() -> None:
    made = trace(ASKED["single"], STUDY)
    by_letter = {step.answer: step for step in made.judged}
    assert [step.basis for step in made.judged] == ["denied", "affirmed", "affirmed", "denied"]
    assert "left" in by_letter["B"].think.lower()
    assert set(made.evidence) <= {f"{text.strip()}." for text in FINDINGS.split(".")}
    assert made.steps[-1].answer == "B"


def test_an_open_trace_weighs_what_is_there_and_close_differentials() -> None:
    made = trace(ASKED["open"], STUDY)
    assert {step.answer for step in made.judged if step.verdict} == {"Cardiomegaly", "Pleural Effusion"}
    turned_down = {step.answer for step in made.judged if not step.verdict}
    assert turned_down
    assert "Lung Lesion" not in turned_down  # the report is in doubt about a nodule
    assert made.steps[0].answer == ", ".join(step.answer for step in made.judged)
    assert made.steps[-1].answer == "Cardiomegaly, Pleural Effusion"


def test_a_box_bears_out_a_finding_that_no_sentence_tells_of() -> None:
    study = replace(study_of("No pneumothorax is seen."), boxes=(BOX,))
    made = trace(ASKED["yes"], study)
    assert {step.basis for step in made.judged} == {"box"}
    assert codes(made, ASKED["yes"], study) == []
    assert codes(made, ASKED["yes"], replace(study, boxes=())) == ["no_box"]


LEFT = Features("left", ("base",))


@pytest.mark.parametrize(("place", "words"), [
    (LEFT, ("left", "base")), (Features("both", many=True), ("both", "bilaterally")), (Features("right"), ("right",)),
    (Features(None, ("apex",)), ("apex",)),
])  # fmt: skip
def test_a_stated_place_bears_out_a_finding_and_is_named_in_words(place: Features, words: tuple[str, ...]) -> None:
    study, options = Study(places={"Pleural Effusion": place}), ("Pleural Effusion", "Fracture", "Mass", "Pneumothorax")
    choice = question(options=options, answer=options[0], letters=("A",), labels=options[:1])
    for asked in (ASKED["yes"], choice):
        made = trace(asked, study)
        (step,) = [step for step in made.judged if step.verdict]
        assert step.basis == "location"
        assert any(word in step.think.lower() for word in words)
        assert made.evidence == ()
        assert codes(made, asked, study) == []
        assert codes(made, asked, Study(places={"Fracture": place}))[0] == "no_location"


def test_a_place_says_no_other_side_or_site_than_the_source_states() -> None:
    made = trace(ASKED["yes"], Study(places={"Pleural Effusion": LEFT}))
    assert codes(made, ASKED["yes"], Study(places={"Pleural Effusion": Features("right", ("base",))})) == [
        "side_not_told"
    ]
    assert codes(made, ASKED["yes"], Study(places={"Pleural Effusion": Features("left")})) == ["site_not_told"]


def test_a_place_that_no_words_fit_is_a_label_alone() -> None:
    asked = binary("Cardiomegaly", "Yes")
    assert written(asked, Study(places={"Cardiomegaly": LEFT})) == Refused(asked.sample_id, "no_evidence")


def test_places_of_a_study_are_those_of_sentences_about_one_finding() -> None:
    rows = [  # study, finding, sentence, side, site, shared
        ("a", "Nodule", 1, "left", None, False), ("a", "Nodule", 1, None, "upper lobe", False),
        ("a", "Mass", 2, "right", None, True), ("a", None, 3, "right", None, False),
        ("b", "Nodule", 1, "left", None, False), ("b", "Nodule", 1, "right", None, False),
        ("b", "Nodule", 1, None, "base", False),
        ("c", "Nodule", 1, "left", None, False), ("c", "Nodule", 2, "right", "upper lobe", False),
        ("d", "Nodule", 1, "both", None, False), ("d", "Nodule", 1, None, "base", False),
        ("e", "Nodule", 1, "both", "base", False), ("f", "Nodule", 1, None, None, False),
    ]  # fmt: skip
    columns = ["study_id", "finding", "sentence", "side", "site", "shared"]
    assert places_of(pl.DataFrame(rows, schema=columns, orient="row")) == {
        "a": {"Nodule": Features("left", ("upper lobe",))},
        "b": {"Nodule": Features("both", many=True)}, "c": {"Nodule": Features("both", many=True)},
        "d": {"Nodule": Features("both", many=True)}, "e": {"Nodule": Features("both", ("base",), many=True)},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "findings", "code"),
    [
        (binary("Pneumothorax", "No"), "There is a small right pneumothorax.", "report_affirms"),
        (binary("Pneumothorax", "No"), "A small pneumothorax is possible.", "report_uncertain"),
        (binary("Pleural Effusion", "Yes"), "There is no pleural effusion.", "report_denies"),
        (binary("Pleural Effusion", "Yes"), "There may be a small effusion.", "report_uncertain"),
        (binary("Cardiomegaly", "No"), "No pneumothorax.", "silence_not_telling"),
        (binary("Pneumothorax", "No"), "The heart is enlarged.", "no_evidence"),
        (binary("Pneumothorax", "Yes"), "The heart is enlarged.", "no_evidence"),
        (open_question(scored=("Cardiomegaly", "Pleural Effusion"), ignored=()), FINDINGS, "no_negative"),
        (open_question(labels=tuple("abcdefgh")), FINDINGS, "too_many_candidates"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_left_out_by_a_code(asked: Question, findings: str, code: str) -> None:
    assert written(asked, study_of(findings)) == Refused(asked.sample_id, code)


@pytest.mark.parametrize("name", ["normal", "open without"])
def test_no_finding_does_not_stand_beside_what_the_report_affirms(name: str) -> None:
    assert written(ASKED[name], STUDY) == Refused(ASKED[name].sample_id, "report_affirms")
    doubtful = study_of("No pneumothorax or effusion. A small nodule is possible. No edema. No fracture.")
    assert written(ASKED[name], doubtful) == Refused(ASKED[name].sample_id, "report_uncertain")
    made = trace(ASKED[name], NORMAL)
    assert "report_contradicts" in codes(made, ASKED[name], study_of(NORMAL.text + " The heart is enlarged."))


def test_a_study_without_report_and_box_is_left_out() -> None:
    assert written(ASKED["yes"], NOTHING) == Refused(ASKED["yes"].sample_id, "no_report_no_box")


def test_sentences_that_need_the_past_are_no_evidence_and_still_contradict() -> None:
    worse = study_of("The left pleural effusion is unchanged. No pneumothorax.")
    asked = replace_asked(ASKED["single"], options=("Pneumothorax", "Pleural Effusion", "Edema", "Fracture"))
    made = trace(asked, worse)
    assert [step.basis for step in made.judged][1] == "label_only"
    assert made.evidence == ("No pneumothorax.",)
    gone = study_of("The left pleural effusion is unchanged. No edema.")
    assert written(binary("Pleural Effusion", "No"), gone) == Refused(
        "mimic/disease_binary/s1:pleural-effusion", "report_affirms"
    )


def replace_asked(asked: Question, **changes: Any) -> Question:
    return asked._replace(**changes)


def with_step(made: Trace, place: int, **changes: Any) -> Trace:
    steps = list(made.steps)
    steps[place] = steps[place]._replace(**changes)
    return made._replace(steps=tuple(steps))


def think(made: Trace, place: int, text: str) -> Trace:
    return with_step(made, place, think=text)


SINGLE, OPEN = trace(ASKED["single"], STUDY), trace(ASKED["open"], STUDY)
SILENT_STUDY = study_of("There is a small left pleural effusion. No pneumothorax is seen.")
SILENT_ASKED = replace_asked(ASKED["single"], options=("Pneumothorax", "Pleural Effusion", "Fracture", "Mass"))
SILENT = trace(SILENT_ASKED, SILENT_STUDY)
BROKEN: list[tuple[str, Trace, Question, Study]] = [
    ("steps", SINGLE._replace(steps=()), ASKED["single"], STUDY),
    ("steps", SINGLE._replace(steps=SINGLE.steps[:-1]), ASKED["single"], STUDY),
    ("options_order", SINGLE._replace(steps=(*SINGLE.steps[1::-1], *SINGLE.steps[2:])), ASKED["single"], STUDY),
    ("verdict_differs", with_step(SINGLE, 0, verdict=True), ASKED["single"], STUDY),
    ("final_differs", with_step(SINGLE, -1, answer="A"), ASKED["single"], STUDY),
    ("basis", with_step(SINGLE, 0, basis="guessed"), ASKED["single"], STUDY),
    ("basis", with_step(SINGLE, -1, basis="denied"), ASKED["single"], STUDY),
    ("basis_differs", with_step(SINGLE, 0, basis="affirmed"), ASKED["single"], STUDY),
    ("candidates", with_step(OPEN, 0, answer="Edema"), ASKED["open"], STUDY),
    ("no_candidate_denied",
     OPEN._replace(steps=tuple(step for step in OPEN.steps if step.verdict is not False)), ASKED["open"], STUDY),
    ("candidate_not_askable", OPEN, ASKED["open"]._replace(scored=("Cardiomegaly", "Pleural Effusion"), ignored=()),
     STUDY),
    ("evidence_missing", SINGLE._replace(evidence=()), ASKED["single"], STUDY),
    ("evidence_foreign", SINGLE._replace(evidence=(*SINGLE.evidence, "The moon is full.")), ASKED["single"], STUDY),
    ("evidence_silent", SINGLE._replace(evidence=("No displaced rib fracture.",)), ASKED["single"], STUDY),
    ("report_contradicts", SINGLE, ASKED["single"], study_of(FINDINGS + " There is a right pneumothorax.")),
    ("silent_not_salient", with_step(SILENT, 2, basis="silent", think="The heart looked over."),
     replace_asked(SILENT_ASKED, options=("Pneumothorax", "Pleural Effusion", "Cardiomegaly", "Mass")), SILENT_STUDY),
    ("think_form", think(SINGLE, 0, ""), ASKED["single"], STUDY),
    ("think_form", think(SINGLE, 0, "No pleural line, so A) is out."), ASKED["single"], STUDY),
    ("think_form", think(SINGLE, 0, "No pleural line. " * 40), ASKED["single"], STUDY),
    ("think_form", think(SINGLE, 0, "No pleural <b>line</b>."), ASKED["single"], STUDY),
    ("banned_word", think(SINGLE, 0, "No pleural line is described."), ASKED["single"], STUDY),
    ("banned_word", think(SINGLE, -1, "Unchanged, so an effusion."), ASKED["single"], STUDY),
    ("identifier_mark", think(SINGLE, 0, "No pleural line, seen by Dr. ___."), ASKED["single"], STUDY),
    ("side_not_told", think(SINGLE, 1, "A small amount of fluid in the right pleural space."), ASKED["single"], STUDY),
    ("side_not_told", think(SINGLE, 0, "No pleural line at the left apex."), ASKED["single"], STUDY),
    ("site_not_told", think(SINGLE, 1, "Fluid at the left apex."), ASKED["single"], STUDY),
    ("size_not_told", think(SINGLE, 1, "A large amount of fluid in the left pleural space."), ASKED["single"], STUDY),
    ("number_not_told", think(SINGLE, 1, "Fluid of 3 cm in the left pleural space."), ASKED["single"], STUDY),
    ("finding_not_told", think(SINGLE, 1, "Fluid in the left pleural space, and scoliosis."), ASKED["single"], STUDY),
    ("think_contradicts", think(SINGLE, 1, "No pleural effusion on the left."), ASKED["single"], STUDY),
    ("think_contradicts", think(SINGLE, 0, "There is a pneumothorax."), ASKED["single"], STUDY),
    ("silent_tells", think(SILENT, 2, "No fracture line in the ribs."), SILENT_ASKED, SILENT_STUDY),
    ("near_equal", think(think(SINGLE, 0, "No haze, no line, no air."), 3, "No line, no air, no haze."),
     ASKED["single"], STUDY),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "made", "asked", "study"), BROKEN, ids=[f"{n}-{one[0]}" for n, one in enumerate(BROKEN)]
)
def test_the_check_finds(code: str, made: Trace, asked: Question, study: Study) -> None:
    assert code in codes(made, asked, study)


def test_every_code_of_the_check_is_met_here() -> None:
    met = {code for code, *_ in BROKEN} | {"no_box", "no_location"}
    assert met == {*STRUCTURE, *EVIDENCE, *WORDS}
    assert set(CODES) == {*ANSWERS, *UNTOLD, *STRUCTURE, *EVIDENCE, *WORDS}


def test_what_a_report_says_of_a_side_alone_denies_nothing() -> None:
    asked = binary("Pleural Effusion", "No")
    assert written(asked, study_of("There is no left pleural effusion.")) == Refused(asked.sample_id, "no_evidence")


def test_keys_give_other_words() -> None:
    asked = ASKED["yes"]
    texts = {
        trace(asked._replace(key=stable_hash(0, str(number), "trace")), STUDY).steps[0].think for number in range(60)
    }
    assert len(texts) > 20


def test_steps_are_plain_tuples_of_the_schema() -> None:
    assert Step._fields == ("think", "answer", "verdict", "basis")
