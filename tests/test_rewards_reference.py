"""`reference` mode gives the numbers of the original's patterns and libraries, on texts short enough for those."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pattern_rewards import PAIRS, Score, bleu, closed, last, open_, rouge, set_f1
from reward_cases import Case, cases, gold_of

from cxmind_train.rewards import Scores, score
from cxmind_train.rewards.reference import last_answer, pairs_of, score_reference, similarity
from cxmind_train.rewards.similarity import bleu1

pytest.importorskip("rouge_score")
SHORT = 3_000  # characters; the patterns of the original are exponential
PIECES = (
    "<think>", "</think>", "<answer>", "</answer>", "<THINK>", "</Answer>", "< think >", "</ think >", "<", "/", ">",
    " ", "\n", "\t", "x", "A", "c", "C)", "B.", "✅", "❌", "❌️", "edema", "Edema", "Pneumonia", ",", ";", ".",
    "<think>x</think><answer>C</answer>", "<think>No edema.</think> <answer>Edema ✅</answer>",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
WORDS = (
    "effusion",
    "effusions",
    "Opacities",
    "opacity",
    "left",
    "no",
    ".",
    "dying",
    "3.5",
    "cm",
    "meniscus",
    "\n",
    " ",
)
thinks = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


def assert_same(mine: Scores, told: Score) -> None:
    row = {"format": mine.format, "answer": mine.answer, "think": mine.think, "process": mine.process}
    assert {**row, "total": mine.total} == pytest.approx(told, abs=1e-9)


@pytest.mark.parametrize("case", [c for c in cases() if len(c.completion) < SHORT], ids=lambda case: case.name)
def test_golden_completions_as_the_patterns_score_them(case: Case) -> None:
    by_pattern = closed if case.stage == "closed" else lambda mine, gold: open_(mine, gold, set_f1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = by_pattern(case.completion, case.gold)
    assert_same(score(case.completion, case.gold, case.stage, "reference"), told)


@given(texts)
def test_pairs_and_last_answers_as_the_patterns_find_them(text: str) -> None:
    assert pairs_of(text) == PAIRS.findall(text)
    assert last_answer(text) == last(text)


@given(texts, st.sampled_from(["one_of_four", "two_of_three", "letter"]))
def test_closed_scores_as_the_patterns_give_them(text: str, gold: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = closed(text, gold_of(gold))
    assert_same(score_reference(text, gold_of(gold), "closed"), told)


@given(texts, st.one_of(texts, st.just(gold_of("wet"))))
def test_open_scores_as_the_patterns_give_them(text: str, gold: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = open_(text, gold, set_f1)
    assert_same(score_reference(text, gold, "open"), told)


@given(thinks, thinks)
def test_similarity_as_nltk_and_rouge_score_give_it(think: str, gold: str) -> None:
    cut = [text.lower().replace(".", " .").split() for text in (think, gold)]
    if all(cut):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told = 0.3 * bleu(*cut) + 0.7 * rouge(think, gold)
            assert bleu1(*cut) == pytest.approx(bleu(*cut))
        assert similarity(think, gold, "open") == pytest.approx(told)


def test_gold_may_fall_short_of_the_maximum_in_reference_mode() -> None:
    """R4 and R7: what the docs say of the gold's own score."""
    told = score(gold_of("one_of_four"), gold_of("one_of_four"), "closed", "reference")
    assert (told.think, told.process) == (1, 0)
    told = score(gold_of("wet"), gold_of("wet"), "open", "reference")
    assert told.think is not None
    assert (told.answer, told.process, told.think < 0.3) == (1, 0.2, True)
