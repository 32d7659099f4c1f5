"""Rules about the options of a choice and the letters that name the answer."""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.check.facts import Facts
from cxdata.check.rule import Rule
from cxdata.model.sample import LETTERS

CHOICES: Final = frozenset({"binary", "single_choice", "multi_choice"})
BINARY: Final = frozenset({"binary"})
ONE_KEY: Final = frozenset({"binary", "single_choice"})
MULTI: Final = frozenset({"multi_choice"})
WITHOUT_OPTIONS: Final = frozenset({"free_text", "boxes"})
FOUR_OPTIONS: Final = frozenset({"disease_single_choice", "image_text_selection"})
FEWEST_MULTI: Final = 3

_OPTIONS: Final = pl.col("options")
_LETTER: Final = pl.col("answer_letter")


def rules(facts: Facts) -> list[Rule]:
    """Rules over options and letters."""
    return [*_presence(), *_numbers(facts), *_names(facts), *_letters(), *_answers(facts)]


def _presence() -> list[Rule]:
    return [
        Rule("missing", "options", _OPTIONS.is_null(), "a choice without options", answer_types=CHOICES),
        Rule("not_asked_for", "options", _OPTIONS.is_not_null(), "options where nothing is chosen",
             answer_types=WITHOUT_OPTIONS),
        Rule("missing", "answer_letter", _LETTER.is_null(), "a choice without a letter", answer_types=CHOICES),
        Rule("not_asked_for", "answer_letter", _LETTER.is_not_null() & ~pl.col("answer_type").is_in(sorted(CHOICES)),
             "a letter where nothing is chosen"),
    ]  # fmt: skip


def _numbers(facts: Facts) -> list[Rule]:
    count = _OPTIONS.list.len()
    yes_no = (count != 2) | ~_OPTIONS.list.contains("Yes") | ~_OPTIONS.list.contains("No")
    diseases = facts.label_tasks
    return [
        Rule("not_yes_and_no", "options", yes_no, "the options are not Yes and No", answer_types=BINARY),
        Rule("number_of_options", "options", count != 4, "not four options, as in this task", tasks=FOUR_OPTIONS),
        Rule("number_of_options", "options", ~count.is_between(2, len(LETTERS)), "not two to seven options",
             answer_types=CHOICES),
        Rule("number_of_options", "options", count < FEWEST_MULTI, "fewer than three options", diseases, MULTI),
    ]  # fmt: skip


def _names(facts: Facts) -> list[Rule]:
    repeated = _OPTIONS.list.n_unique() != _OPTIONS.list.len()
    comma = _OPTIONS.list.eval(pl.element().str.contains(",", literal=True)).list.any()
    joined = pl.col("answer_type").is_in(["multi_choice", "open_labels"]) | pl.col("task").is_in(
        sorted(facts.label_tasks)
    )
    return [
        Rule("repeated", "options", repeated, "an option stands twice"),
        Rule("comma_in_option", "options", joined & comma, "an option holds a comma: answers join names by commas"),
    ]


def _letters() -> list[Rule]:
    letters = _LETTER.str.split(", ")
    ordered = letters.list.unique().list.sort().list.join(", ")
    one = ~_LETTER.str.contains(f"^[{LETTERS}]$")
    several = ~_LETTER.str.contains(f"^[{LETTERS}](, [{LETTERS}])*$") | (ordered != _LETTER)
    return [
        Rule("letter_form", "answer_letter", one, "not one letter", answer_types=ONE_KEY),
        Rule("letter_form", "answer_letter", several, "not letters in order, joined by `, `", answer_types=MULTI),
    ]  # fmt: skip


def _answers(facts: Facts) -> list[Rule]:
    places = pl.element().replace_strict(list(LETTERS), range(len(LETTERS)), default=None, return_dtype=pl.UInt32)
    chosen = _OPTIONS.list.gather(_LETTER.str.split(", ").list.eval(places), null_on_oob=True)
    named = chosen.list.eval(pl.element().fill_null("")).list.join(", ")
    every = chosen.list.len() >= _OPTIONS.list.len()
    return [
        Rule(
            "letter_not_answer",
            "answer_letter",
            named != pl.col("answer"),
            "the letter does not name the answer",
            answer_types=CHOICES,
        ),
        Rule("no_distractor", "options", every, "every option is a key", tasks=facts.label_tasks, answer_types=MULTI),
    ]
