from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxdata.mix.balance import balanced, whole_sets
from cxdata.mix.config import Balance
from cxdata.mix.guess import cases_of, chance, guess, guess_cases, summary
from cxdata.model.hashing import stable_hash

FINDINGS = ("Edema", "Fracture", "Pneumonia", "Cardiomegaly", "Pneumothorax", "Atelectasis")
SCHEMA: dict[str, pl.DataType] = {
    "sample_id": pl.String(), "source": pl.String(), "task": pl.String(), "answer_type": pl.String(),
    "asked_finding": pl.String(), "options": pl.List(pl.String()), "answer": pl.String(), "answer_letter": pl.String(),
    "set_id": pl.String(), "study_key": pl.String(), "patient_key": pl.String(), "split": pl.String(),
    "view": pl.String(), "set_rows": pl.UInt32(),
}  # fmt: skip


def drawn(n: int, key: str, purpose: str) -> int:
    return stable_hash(0, key, purpose) % n


def binary(study: str, finding: str, answer: str, split: str = "train", view: str = "PA") -> dict[str, object]:
    options = ["Yes", "No"] if drawn(2, study + finding, "order") else ["No", "Yes"]
    return {
        "sample_id": f"made/disease_binary/{study}:{finding}", "source": "made", "task": "disease_binary",
        "answer_type": "binary", "asked_finding": finding, "options": options, "answer": answer,
        "answer_letter": "AB"[options.index(answer)], "study_key": study, "patient_key": study, "split": split,
        "view": view,
    }  # fmt: skip


def single(study: str, key: str, others: tuple[str, ...], set_id: str | None = None) -> dict[str, object]:
    options = sorted((key, *others), key=lambda name: stable_hash(0, study + name, "order"))
    return {
        "sample_id": f"made/disease_single_choice/{study}:{key}", "source": "made", "task": "disease_single_choice",
        "answer_type": "single_choice", "options": options, "answer": key, "set_id": set_id,
        "answer_letter": "ABCD"[options.index(key)], "study_key": study, "patient_key": study, "split": "train",
        "view": "PA", "set_rows": 4 if set_id else None,
    }  # fmt: skip


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame([[row.get(name) for name in SCHEMA] for row in rows], schema=SCHEMA, orient="row")


def many_binary(n: int) -> pl.DataFrame:
    rows = []
    for i in range(n):
        study = f"s{i}"
        for finding in FINDINGS[:3]:
            answer = "Yes" if drawn(10, study, finding) < 2 else "No"
            rows.append(binary(study, finding, answer, view="PA" if drawn(2, study, "view") else "AP"))
    return frame(rows)


def test_yes_and_no_are_even_for_each_finding_and_view_and_half_of_no_is_of_the_sick() -> None:
    rows = many_binary(600)
    dropped: Counter[str] = Counter()
    kept = balanced(rows, Balance(fewest=10, guess_over_chance=1), 0, dropped)
    sides = kept.group_by("asked_finding", "view").agg(
        yes=(pl.col("answer") == "Yes").sum(), no=(pl.col("answer") == "No").sum()
    )
    assert sides.height == 6
    assert (sides["yes"] == sides["no"]).all()
    sick = set(rows.filter(pl.col("answer") == "Yes")["study_key"])
    for _, some in kept.filter(pl.col("answer") == "No").group_by("asked_finding", "view"):
        assert 2 * sum(study in sick for study in some["study_key"]) >= some.height
    assert set(dropped) == {"answers_uneven"}
    assert rows.height == kept.height + dropped["answers_uneven"]


def test_a_finding_with_too_few_on_a_side_is_left_out_of_train_alone() -> None:
    rows = [binary(f"s{i}", "Edema", "Yes" if i % 2 else "No") for i in range(40)]
    rows += [binary(f"t{i}", "Fracture", "Yes" if i == 0 else "No") for i in range(40)]
    rows += [binary(f"v{i}", "Fracture", "Yes" if i == 0 else "No", split="val") for i in range(2)]
    dropped: Counter[str] = Counter()
    kept = balanced(frame(rows), Balance(fewest=5, fewest_share=1, sick_share=0, guess_over_chance=1), 0, dropped)
    assert dropped["finding_too_few"] == 40
    assert set(kept.filter(pl.col("split") == "train")["asked_finding"]) == {"Edema"}
    assert kept.filter(pl.col("split") == "val").height == 2


def test_a_finding_is_the_key_in_at_most_three_of_ten_questions_that_hold_it() -> None:
    rows = []
    for i in range(900):
        key = FINDINGS[min(drawn(9, f"s{i}", "key"), 5)]
        others = [name for name in FINDINGS if name != key]
        rows.append(single(f"s{i}", key, tuple(others[(i + k) % 5] for k in range(3))))
    dropped: Counter[str] = Counter()
    kept = balanced(frame(rows), Balance(guess_over_chance=1), 0, dropped)
    assert kept.height > 100
    assert dropped["key_too_often"] == 900 - kept.height > 0
    for finding in FINDINGS:
        stands = kept.filter(pl.col("options").list.contains(finding))
        assert (stands["answer"] == finding).sum() <= 0.3 * stands.height + 1e-9


def test_rows_that_options_alone_give_away_are_thinned_to_chance() -> None:
    rows = []
    for i in range(600):
        key, other = ("Edema", "Fracture") if i % 10 else ("Fracture", "Edema")
        rows.append(single(f"s{i}", key, ("Pneumonia", "Atelectasis", other)))
    before = frame(rows)
    assert summary(before, guess(before)).accuracy > 0.8
    kept = balanced(before, Balance(key_share=1.0), 0, Counter())
    after = summary(kept, guess(kept)) if kept.height >= 40 else None
    assert after is None or after.accuracy <= after.chance + 0.03


def test_rows_that_ask_the_same_are_guessed_as_if_each_were_looked_at_for_itself() -> None:
    rows = many_binary(300)
    singles = [single(f"s{i}", FINDINGS[drawn(5, f"s{i}", "key")], FINDINGS[5:]) for i in range(300)]
    for asked in (rows, frame(singles)):
        cases = cases_of(asked)
        assert cases.items["case"].n_unique() < asked.height / 5
        nothing_read = asked.with_columns(words=pl.lit([], pl.List(pl.String)))  # each row is a case of its own
        assert guess(asked).to_list() == guess(nothing_read).to_list()
        some = asked.filter(pl.int_range(pl.len()) % 3 > 0)
        left = cases.of_row.filter(pl.int_range(asked.height, eager=True) % 3 > 0)
        assert guess_cases(cases, left).to_list() == guess(some).to_list()


def test_sets_stay_whole_or_go_whole() -> None:
    four = FINDINGS[:4]
    sets = [
        single(f"s{nth}{k}", key, tuple(name for name in four if name != key), f"set{nth}")
        for nth in range(30) for k, key in enumerate(four)
    ]  # fmt: skip
    torn = frame(sets[:-1])
    dropped: Counter[str] = Counter()
    assert whole_sets(torn, dropped).height == 29 * 4
    assert dropped == {"set_torn": 3}
    kept = balanced(torn, Balance(), 0, Counter())
    assert kept.height == 29 * 4
    assert summary(kept, guess(kept)).accuracy <= 0.3


def test_a_set_in_two_splits_is_no_set() -> None:
    four = FINDINGS[:4]
    rows = frame([single(f"s{k}", key, tuple(n for n in four if n != key), "set") for k, key in enumerate(four)])
    split = rows.with_columns(split=pl.when(pl.col("study_key") == "s0").then(pl.lit("val")).otherwise("split"))
    assert whole_sets(split, Counter()).is_empty()


@settings(deadline=None)
@given(st.permutations(range(40)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    rows = many_binary(14)[:40]
    rules = Balance(fewest=1, guess_over_chance=1)
    kept = balanced(rows, rules, 0, Counter())
    turned = balanced(rows[order], rules, 0, Counter())
    assert set(kept["sample_id"]) == set(turned["sample_id"])


@pytest.mark.parametrize(("letters", "options", "wins"), [
    (["A"], [["x", "y"]], 0.5),
    (["A", "B"], [["x", "y", "z", "u"]] * 2, 0.25),
    (["A, B", "A, C", "B"], [["x", "y", "z"]] * 3, 2 / 3 / 3),
])  # fmt: skip
def test_chance_is_of_one_who_knows_how_many_are_usually_right(
    letters: list[str], options: list[list[str]], wins: float
) -> None:
    rows = pl.DataFrame({"answer_letter": letters, "options": options})
    assert chance(rows) == pytest.approx(wins)
