"""Golden completions in both modes; time that grows with the length of the text and no faster."""

from __future__ import annotations

import time

import pytest
from reward_cases import Case, cases, gold_of, row_of

from cxmind_train.rewards import MODES, Mode, score

FEWEST = 60
CASES = cases()
LONG = 64_000
# A text four times as long may take this much longer: four times, twice that on a busy machine; a square takes 16.
GROWTH = 9
FLOOR_SECONDS = 0.002
CLOSED, OPEN = gold_of("one_of_four"), gold_of("wet")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_completion(case: Case, mode: Mode) -> None:
    scores = score(case.completion, case.gold, case.stage, mode, **case.labels)
    assert row_of(scores) == case.expected[mode]


def test_there_are_enough_golden_completions_with_their_own_names() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= FEWEST
    assert sum("hack" in case.name for case in CASES) >= 8
    assert sum("cut off" in case.name for case in CASES) >= 4
    assert max(len(case.completion) for case in CASES) >= LONG


SHAPES = {
    "whole pairs": "<think>No septal line at all</think> <answer>A) ❌</answer>\n",
    "names": "<think>No septal line at all</think> <answer>Edema ✅</answer>\n",
    "thinks that never close": "<think>x",
    "answers that never close": "<answer>A, ",
    "turns without an end": "<think></think>  <answer>",
    "closes without an opening": "</think> ",
    "space": " \n\t",
    "letters": "A) or B), ",
    "marks": "✅ ❌",
    "names joined": "Edema and ",
    "brackets": "< / > ",
}

FRAMES = ("{}", "{}x", "x{}x", "<think>x</think><answer>{}</answer>", "<think>{}</think><answer>A", "<think>x{}x")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_length(shape: str, frame: str, mode: Mode) -> None:
    unit = SHAPES[shape]
    short, long = (frame.replace("{}", unit * (size // len(unit))) for size in (LONG // 4, LONG))
    for stage, gold in (("closed", CLOSED), ("open", OPEN)):
        brief, lengthy = (_seconds(text, gold, stage, mode) for text in (short, long))
        assert lengthy <= GROWTH * max(brief, FLOOR_SECONDS)


@pytest.mark.parametrize("mode", MODES)
def test_time_grows_with_pairs(mode: Mode) -> None:
    """The original's pattern does not come back from 200 pairs and a stray character."""
    pair = SHAPES["whole pairs"]
    brief, lengthy = (_seconds(pair * pairs + "x", CLOSED, "closed", mode) for pairs in (125, 500))
    assert lengthy <= GROWTH * max(brief, FLOOR_SECONDS)


def _seconds(text: str, gold: str, stage: str, mode: Mode) -> float:
    """The best of three, processor time."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        score(text, gold, stage, mode)  # type: ignore[arg-type]
        taken.append(time.process_time() - start)
    return min(taken)
