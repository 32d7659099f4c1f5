"""The parser, the readers of letters, marks and names, and what holds for every text in `fixed` mode."""

from __future__ import annotations

import doctest
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_cases import gold_of
from test_rewards_reference import texts

import cxmind_train.rewards
import cxmind_train.rewards.similarity
from cxdata.answers.blocks import Fault, Pair, parse
from cxdata.answers.gold import read_gold
from cxdata.answers.letters import read_final_letters, read_letter_judgement
from cxdata.answers.marks import read_judgement
from cxdata.answers.names import LabelSpace
from cxdata.answers.open_labels import label_f1
from cxdata.answers.thinks import content, denies, has_near_equals, has_sign, is_foul
from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.sample import LETTERS
from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.render import TraceStep, render_trace
from cxmind_train.rewards import Weights, score
from cxmind_train.rewards.settings import DEFAULT

# Thinks of our own, no two alike, each with a sign.
THINKS = (
    "Blunting of the left angle with a meniscus.", "No pleural line at either apex.", "Septal lines at both bases.",
    "The heart is wider than half of the chest.", "No air bronchogram in the upper zones.",
    "A round nodule by the hilum.", "The ribs are smooth.", "A tube ends above the carina.",
)  # fmt: skip
DISEASES = ("Edema", "Pneumonia", "Pleural Effusion", "Pneumothorax", "Fracture", "Nodule", "Cardiomegaly", "Fibrosis")


@st.composite
def closed_traces(draw: Any) -> str:
    verdicts = draw(st.lists(st.booleans(), min_size=2, max_size=7).filter(any))
    thinks = draw(st.permutations(THINKS))
    steps = [TraceStep(thinks[i], LETTERS[i], verdict) for i, verdict in enumerate(verdicts)]
    keys = ", ".join(step.answer for step in steps if step.verdict)
    return render_trace([*steps, TraceStep("So it is.", keys)], "closed")


@st.composite
def open_traces(draw: Any) -> str:
    names = draw(st.lists(st.sampled_from(DISEASES), min_size=1, max_size=8, unique=True))
    thinks = draw(st.permutations(THINKS))
    steps = [TraceStep(thinks[i], name, draw(st.booleans())) for i, name in enumerate(names)]
    present = [step.answer for step in steps if step.verdict] or ["No Finding"]
    first, last = TraceStep("These are weighed.", ", ".join(names)), TraceStep("So it is.", ", ".join(present))
    return render_trace([first, *steps, last], "open")


@pytest.mark.parametrize(
    ("text", "pairs", "faults", "final"),
    [
        ("\n<think> a </think>\n<answer> B </answer> ", [("a", "B")], set(), "B"),
        ("<answer>B</answer>", [(None, "B")], {Fault.NO_THINK}, "B"),
        ("<think>a</think>", [], {Fault.NO_ANSWER, Fault.NO_PAIR}, None),
        ("<think>a</think><answer>B</answer>!", [("a", "B")], {Fault.LOOSE_TEXT}, "B"),
        ("<think>a<think>b</think><answer>B</answer>", [("b", "B")], {Fault.NESTED}, "B"),
        ("<think>a</think><answer>B</answer></think>", [("a", "B")], {Fault.STRAY_CLOSE}, "B"),
        ("<think>a</think><answer>B</answer><think>c", [("a", "B")], {Fault.UNCLOSED}, None),
        ("<think>a</think><think>b</think><answer>B</answer>", [("b", "B")], {Fault.NO_ANSWER}, "B"),
        ("<think> </think><answer>B</answer>", [("", "B")], {Fault.EMPTY}, "B"),
        ("<think>a < b > c</think><answer>B</answer>", [("a < b > c", "B")], set(), "B"),
        ("<think>a</answer><answer>B</answer>", [(None, "B")], {Fault.STRAY_CLOSE, Fault.NESTED, Fault.NO_THINK}, "B"),
        ("", [], {Fault.NO_PAIR}, None),
    ],
)
def test_parse(text: str, pairs: list[tuple[str | None, str]], faults: set[Fault], final: str | None) -> None:
    parsed = parse(text)
    assert parsed.pairs == tuple(Pair(*pair) for pair in pairs)
    assert (parsed.faults, parsed.final, parsed.is_well_formed) == (faults, final, not faults)


@given(st.lists(st.tuples(*[st.text(st.characters(exclude_characters="<>"), min_size=1).filter(str.strip)] * 2)))
def test_pairs_come_back_from_what_they_make(pairs: list[tuple[str, str]]) -> None:
    parsed = parse(" ".join(f"<think>{think}</think>\n<answer>{answer}</answer>" for think, answer in pairs))
    assert parsed.pairs == tuple(Pair(think.strip(), answer.strip()) for think, answer in pairs)
    assert parsed.is_well_formed == bool(pairs)


@pytest.mark.parametrize(
    ("block", "letters"),
    [
        ("B", "B"), ("B)", "B"), ("(B)", "B"), ("B.", "B"), ("B）", "B"), ("B: words", "B"), ("B ✅", "B"),
        ("✅ B", "B"),
        ("A, C", "AC"), ("C,A", "AC"), ("A and C", "AC"), ("A\nC", "AC"), ("A) Edema, C) Mass", "AC"), ("B or C", "BC"),
        ("B) Hepatitis C", "B"), ("B) no C) yes", "BC"), ("G", "G"), ("B) small, left", "B"),
        ("b", None), ("H", None), ("Cardiomegaly", None), ("A nodule", None), ("The answer is B", None), ("B ❌", None),
        ("B ✅✅", None), ("B ✅ ❌", None), ("", None), (",", None), ("AB", None), ("1", None),
    ],
)  # fmt: skip
def test_final_letters(block: str, letters: str | None) -> None:
    assert read_final_letters(block) == (None if letters is None else frozenset(letters))


@pytest.mark.parametrize(
    ("block", "judged"),
    [
        ("A) ❌", ("A", False)), ("C ✅", ("C", True)), ("✅ C", ("C", True)), ("B. Edema ❌️", ("B", False)),
        ("A ❌ ✅", None), ("A ✅✅", None), ("A", None), ("✅", None), ("A ✅ B", None), ("A, B ✅", None),
        ("Edema ✅", None),
    ],
)  # fmt: skip
def test_judgement_of_a_letter(block: str, judged: tuple[str, bool] | None) -> None:
    assert read_letter_judgement(block) == judged


def test_a_judgement_keeps_its_subject() -> None:
    assert read_judgement(" Pleural Effusion ✅️ ") == ("Pleural Effusion", True)
    assert read_judgement("Pleural ❌ Effusion") is None


@pytest.mark.parametrize("finding", vocabulary().findings, ids=lambda finding: finding.name)
def test_every_spelling_leads_to_the_finding(finding: Any) -> None:
    space = LabelSpace([finding.name], [], [])
    for text in (finding.name, *finding.synonyms):
        assert space.read(f"- {text.upper()}.") == {finding.name}


def test_own_names_of_a_row_come_before_the_vocabulary() -> None:
    space = LabelSpace(["collapse"], ["collapse", "Atelectasis", "fluid level"], [])
    assert space.read("Collapse; atelectasis\nFLUID  LEVEL") == {"collapse", "Atelectasis", "fluid level"}
    assert LabelSpace(["collapse"], [], []).read("Atelectasis") == {"collapse"}
    assert LabelSpace(["collapse", "atelectatic change"], [], []).read("Atelectasis") == {"Atelectasis"}
    assert LabelSpace(["Edema"], [], []).read("fruit, collapse") == {"fruit", "Atelectasis"}


def test_free_names_are_two_at_most() -> None:
    space = LabelSpace(["Edema"], ["Edema", "Pneumonia"], ["Mass", "Nodule", "Hernia"])
    assert label_f1({"Edema", "Mass", "Nodule"}, space) == 1
    assert label_f1({"Edema", "Mass", "Nodule", "Hernia"}, space) == pytest.approx(2 / 3)
    assert label_f1({"Edema", "Pneumonia"}, space) == pytest.approx(2 / 3)
    assert label_f1({"Mass"}, space) == label_f1(set(), space) == 0


def test_content_words_hold_what_was_seen_and_drop_the_template() -> None:
    told = content("There is small blunting of the LEFT costophrenic angles, 3.5 cm, with a meniscus: no effusions.")
    assert " ".join(told.forms) == "small blunt left costophren angle 3.5 cm menisc no effusion"
    assert told.kinds == {"size", "sign", "side", "site", "denial", "finding"}


@pytest.mark.parametrize(
    ("think", "tells"),
    [
        ("Blunting of the left costophrenic angle with a meniscus: fluid.", True),
        ("No pleural line is seen at either apex.", True), ("The heart is normal in size.", True),
        ("Apices and lateral margins considered; nothing to support this.", False),
        ("Judged present; site not specified.", False), ("Both bases were looked at.", False),
    ],
)  # fmt: skip
def test_silent_and_label_only_steps_are_told_by_their_words(think: str, tells: bool) -> None:
    assert has_sign(think) == tells


def test_denial_is_told_apart() -> None:
    assert denies("No pleural line.")
    assert denies("The angles are sharp.")
    assert not denies("A pleural line.")


@pytest.mark.parametrize(
    ("think", "foul"),
    [
        ("", True), ("word " * 81, True), ("word " * 80, False), ("a line ❌", True), ("so option B", True),
        ("B) fits", True), ("The answer is C", True), ("A line at the apex.", False), ("Type B (left)", False),
        ("the option below", False), ("an answer to it", False),
    ],
)  # fmt: skip
def test_foul_thinks(think: str, foul: bool) -> None:
    assert is_foul(think) == foul


def test_near_equal_thinks() -> None:
    assert has_near_equals(
        ["No pleural line at the apex.", "Left base is dense.", "At the apex, no line that is pleural."]
    )
    assert not has_near_equals(["No pleural line at the apex.", "No nodule at the apex.", "", ""])


@given(closed_traces())
def test_a_closed_trace_earns_the_maximum_against_itself(gold: str) -> None:
    assert score(gold, gold, "closed").as_json() == {
        "format": 1, "accuracy": 1, "think": 1, "process": 1, "total": 1
    }  # fmt: skip


@given(open_traces())
def test_an_open_trace_earns_the_maximum_against_itself(gold: str) -> None:
    assert score(gold, gold, "open").as_json() == {"format": 1, "f1": 1, "think": 1, "process": 1, "total": 1}


@settings(max_examples=300)
@given(texts, st.sampled_from(["one_of_four", "two_of_three", "silent", "letter"]))
def test_closed_total_is_a_share(text: str, gold: str) -> None:
    scores = score(text, gold_of(gold), "closed")
    assert 0 <= scores.base <= 1
    assert 0 <= scores.total <= 1


@settings(max_examples=300)
@given(texts, st.sampled_from(["wet", "dry", "names"]), st.lists(st.sampled_from(DISEASES), max_size=4))
def test_open_total_is_a_share(text: str, gold: str, ignored: list[str]) -> None:
    assert 0 <= score(text, gold_of(gold), "open", ignored_labels=ignored).total <= 1


@given(closed_traces(), st.data())
def test_nothing_short_of_the_gold_judgements_earns_the_process(gold: str, data: st.DataObject) -> None:
    """Any other set of verdicts, or order of them, over the same options has none."""
    pairs = gold.split("\n")
    at = data.draw(st.integers(0, len(pairs) - 2))
    flipped = pairs[at].replace("✅", "?").replace("❌", "✅").replace("?", "❌")
    dropped, turned = [*pairs[:at], *pairs[at + 1 :]], [*pairs[:at], flipped, *pairs[at + 1 :]]
    for other in (dropped, turned, [*pairs[:at], pairs[at], *pairs[at:]], pairs[-1:]):
        assert score("\n".join(other), gold, "closed").process == 0
    for order in list(permutations(pairs[:-1]))[1:6]:
        assert score("\n".join([*order, pairs[-1]]), gold, "closed").process == 0


def test_a_bare_copy_passes_only_where_gold_is_scored() -> None:
    bare = gold_of("letter")
    assert (score(bare, bare, "closed").format, score(bare, bare, "closed", is_gold_form=True).format) == (0, 1)
    assert score("<answer>A</answer>", bare, "closed", is_gold_form=True).format == 0
    trace = gold_of("one_of_four")
    assert score("<answer>C</answer>", trace, "closed", is_gold_form=True).format == 0


def test_one_judgement_is_no_weighing() -> None:
    gold = "<think>A meniscus.</think><answer>A) ✅</answer><think>So it is.</think><answer>A</answer>"
    assert score(gold, gold, "closed").process == 0


def test_basis_says_which_thinks_are_compared() -> None:
    gold = gold_of("one_of_four")
    for basis in (("affirmed", "silent", "denied", "box"), ("affirmed", "silent", "denied", "box", None)):
        assert [step.subject for step in read_gold(gold, "closed", basis=basis).compared] == ["A", "C"]
    only_labels = ("label_only",) * 4
    scores = score(gold, gold, "closed", basis=only_labels)
    assert (scores.think, scores.process, scores.total) == (None, 1, 1)
    with pytest.raises(CxdataError, match="differ in number"):
        read_gold(gold, "closed", basis=("affirmed",))


@pytest.mark.parametrize("gold", ["B", "", "<answer>H</answer>", "<answer>B", "<answer>B</answer><think>x</think>"])
def test_a_gold_that_cannot_be_read_is_an_error_without_its_text(gold: str) -> None:
    with pytest.raises(CxdataError) as caught:
        score("<think>x</think><answer>B</answer>", gold, "closed")
    assert "gold" in caught.value.what
    assert "<think>" not in str(caught.value)


def test_weights_are_those_of_the_rule() -> None:
    assert DEFAULT.think + DEFAULT.process <= 0.3
    assert Weights(think=0, process=0).format == 0.1
    for wrong in ({"think": 0.5, "process": 0.5}, {"format": 1.5}, {"process": -0.1}, {"bleu": 2}):
        with pytest.raises(UsageError):
            Weights(**wrong)


def test_bonus_is_what_a_gate_may_hold_back() -> None:
    gold = gold_of("one_of_four")
    scores = score(gold, gold, "closed", weights=Weights(think=0.1, process=0.2))
    assert (scores.base, scores.bonus) == (pytest.approx(0.7), pytest.approx(0.3))
    told = score(gold, gold, "closed", "reference")
    assert (told.base, told.bonus) == (1, 1)


def test_examples_in_the_docstrings_hold() -> None:
    for module in (cxmind_train.rewards, cxmind_train.rewards.similarity):
        result = doctest.testmod(module)
        assert result.attempted
        assert not result.failed
