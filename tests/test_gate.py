"""The gate: the original's rule as it is, and one that keeps still on an accuracy that does not change."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxdata.model.hashing import unit_expr
from cxmind_train.gate import Gate, GateSettings, Rule

RUNS = 20
BATCHES = 300
COMPLETIONS = 640
LEVELS = {
    "level": [0.5] * BATCHES,
    "rising": [0.3 + 0.5 * place / BATCHES for place in range(BATCHES)],
    "falling": [0.8 - 0.5 * place / BATCHES for place in range(BATCHES)],
    "falling fast": [0.8 - 0.5 * place / 60 for place in range(60)],
}  # fmt: skip


def batches(name: str) -> list[list[float]]:
    """Accuracies of batches of 640 completions whose chance of being right follows `name`, RUNS times, by hash."""
    chances = LEVELS[name]
    frame = pl.DataFrame({"run": range(RUNS)}).join(pl.DataFrame({"batch": range(len(chances))}), how="cross")
    key = pl.concat_str("run", "batch", separator=":")
    # the sum of twelve uniforms is close to a normal variable, and 640 completions to one as well
    noise = pl.sum_horizontal(unit_expr(place, key, "completions") for place in range(12)) - 6
    drawn = frame.with_columns(noise=noise, chance=pl.col("batch").replace_strict(range(len(chances)), chances))
    spread = (pl.col("chance") * (1 - pl.col("chance")) / COMPLETIONS).sqrt()
    told = drawn.with_columns(accuracy=pl.col("chance") + pl.col("noise") * spread).sort("run", "batch")
    return [part["accuracy"].to_list() for _, part in told.group_by("run", maintain_order=True)]


def decisions(rule: Rule, accuracies: list[float], **settings: float) -> list[bool]:
    gate = Gate(GateSettings(rule=rule, **settings))  # type: ignore[arg-type]
    return [gate.update(one) for one in accuracies]


def share_open(rule: Rule, name: str) -> float:
    made = [one for accuracies in batches(name) for one in decisions(rule, accuracies)]
    return sum(made) / len(made)


def flips(rule: Rule) -> int:
    made = [decisions(rule, accuracies) for accuracies in batches("level")]
    return sum(one != other for run in made for one, other in pairwise(run))


def test_the_originals_rule_opens_first_and_learns_after_it_judged() -> None:
    gate = Gate(GateSettings(rule="average"))
    assert gate.update(0.5)
    assert gate.average == 0.5
    assert not gate.update(0.4)
    assert gate.average == pytest.approx(0.2 * 0.4 + 0.8 * 0.5)
    assert gate.update(0.48)


def test_on_a_level_accuracy_the_original_is_a_coin_flip_and_hysteresis_is_not() -> None:
    assert share_open("average", "level") == pytest.approx(0.5, abs=0.02)
    assert share_open("hysteresis", "level") > 0.9
    assert flips("hysteresis") < flips("average") / 5


def test_both_open_while_it_rises_and_shut_when_it_falls() -> None:
    for rule in ("average", "hysteresis"):
        assert share_open(rule, "rising") > share_open(rule, "falling") + 0.1  # type: ignore[arg-type]
    assert share_open("hysteresis", "rising") > 0.95
    assert share_open("hysteresis", "falling fast") < 0.15


def test_a_drop_shuts_it_at_once() -> None:
    for run in batches("level"):
        assert decisions("hysteresis", [*run, 0.3])[-1] is False


def test_warm_up_floor_margin_and_no_gate() -> None:
    assert decisions("average", [0.5] * 4, min_batches=2) == [False, False, True, True]
    assert decisions("hysteresis", [0.1, 0.2, 0.6], floor=0.5) == [False, False, True]
    assert decisions("average", [0.5, 0.45], margin=0.1) == [True, True]
    assert decisions("open", [0.5, 0.0]) == [True, True]


def test_a_batch_without_accuracy_changes_nothing() -> None:
    gate = Gate()
    gate.update(0.5)
    before = gate.state()
    assert gate.update(math.nan) is gate.is_open
    assert gate.state() == before


ACCURACIES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(ACCURACIES, st.integers(0, 30), st.sampled_from(["average", "hysteresis"]))
def test_saved_and_taken_back_it_goes_on_as_if_nothing_had_been(accuracies: list[float], at: int, rule: Rule) -> None:
    whole, first, second = (Gate(GateSettings(rule=rule)) for _ in range(3))
    expected = [whole.update(one) for one in accuracies]
    for one in accuracies[:at]:
        first.update(one)
    second.restore(json.loads(json.dumps(first.state())))
    assert [second.update(one) for one in accuracies[at:]] == expected[at:]
    assert second.state() == whole.state()
