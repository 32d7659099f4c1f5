"""Rewards: completions scored a second, beside the reference's way of computing, and gold checked a second.

Usage: python benchmarks/rewards.py [--golds N]

The reference's way is tests/pattern_rewards.py: patterns over the text, NLTK's BLEU-1 and a rouge-score scorer a think,
scikit-learn's F1 a row. Its libraries: pip install nltk rouge-score scikit-learn; what is missing is said, and the rest
is still timed. All texts are made up. One core: processor seconds of this process, the best of three.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

# polars reads this when it is first imported.
os.environ.setdefault("POLARS_MAX_THREADS", "2")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import polars as pl
from pattern_rewards import closed, open_, sklearn_f1

from cxdata.check.gold import gold_scores
from cxdata.reasoning.render import TraceStep, render_closed, render_open, render_trace
from cxmind_train.rewards import Stage, score

ROLLOUT: Final = 640
RUNS: Final = 3
BASE: Final = "reference's way"
LIBRARIES: Final = ("nltk", "rouge_score", "sklearn")
NAMES: Final = ("Edema", "Pneumonia", "Pleural Effusion", "Pneumothorax")
SIGNS: Final = (
    "septal lines with hazy vessels", "a focal opacity with an air bronchogram", "blunting with a meniscus",
    "a pleural line without lung markings beyond it", "widening of the cardiac silhouette", "a dense round nodule",
)  # fmt: skip
SITES: Final = ("left base", "right base", "left apex", "right apex", "left hilum", "right hilum", "lingula")
CARE: Final = (
    "The region was looked at twice, from its inner to its outer margin, and beside the other side, from afar, "
    "then near, with the head turned and the shoulders drawn aside"
)
Pair = tuple[str, str]
Scorer = Callable[[str, str], object]


def think(i: int, *, denies: bool) -> str:
    """One of many thinks of about 240 characters."""
    sign, site = SIGNS[i % len(SIGNS)], SITES[i // len(SIGNS) % len(SITES)]
    view = "no" if denies else "clear"
    return f"{CARE}; at the {site} there is {view} sign of {sign}, seen on {i % 3 + 1} of the films and kept in mind."


def trace(i: int, stage: Stage, flip: int = -1) -> str:
    """A trace of four judgements; `flip` turns one of them, and the closing block with it."""
    verdicts = [(k == i % 4 or (stage == "open" and k == (i + 1) % 4)) != (k == flip) for k in range(4)]
    subjects = "ABCD" if stage == "closed" else NAMES
    steps = [TraceStep(think(i * 4 + k, denies=not v), subjects[k], v) for k, v in enumerate(verdicts)]
    told = ", ".join(step.answer for step in steps if step.verdict) or subjects[0]
    first = [TraceStep(CARE, ", ".join(NAMES))] if stage == "open" else []
    return render_trace([*first, *steps, TraceStep(CARE, told)], stage)


def rollouts(stage: Stage, right: float, run: int) -> list[Pair]:
    """640 completions of 64 prompts, in other words than their gold; that share of them closes rightly.

    Every run has its own words, so that none finds what an earlier one has left in memory.
    """
    found = []
    for prompt, n in product(range(64), range(10)):
        flip = -1 if n < right * 10 else prompt % 4
        mine = trace(prompt, stage, flip).replace("twice", f"{n} times, or {run}")
        found.append((mine, trace(prompt, stage).replace("twice", f"twice, or {run}")))
    return found


def seconds(scorer: Scorer, runs: Sequence[Sequence[Pair]]) -> float:
    """Processor seconds of the fastest run."""
    taken = []
    for pairs in runs:
        start = time.process_time()
        for completion, gold in pairs:
            scorer(completion, gold)
        taken.append(time.process_time() - start)
    return min(taken)


def scorers(stage: Stage) -> dict[str, Scorer]:
    """Our two modes and, where its libraries are installed, the reference's way."""
    ours: dict[str, Scorer] = {
        "fixed": lambda completion, gold: score(completion, gold, stage),
        "reference": lambda completion, gold: score(completion, gold, stage, "reference"),
    }
    if missing := [name for name in LIBRARIES if importlib.util.find_spec(name) is None]:
        print(f"not installed, so the reference's way is not timed: {', '.join(missing)}", file=sys.stderr)
        return ours
    by_sample: Scorer = closed if stage == "closed" else lambda completion, gold: open_(completion, gold, sklearn_f1)
    return {**ours, BASE: by_sample}


def time_rollouts() -> None:
    """Completions a second."""
    print("| 640 completions | characters, mean | way | seconds | completions a second | times the reference's way |")
    print("|---|---:|---|---:|---:|---:|")
    asked: tuple[tuple[Stage, float], ...] = (
        ("closed", 1.0), ("closed", 0.5), ("closed", 0.0), ("open", 1.0), ("open", 0.5)
    )  # fmt: skip
    for number, (stage, right) in enumerate(asked):
        runs = [rollouts(stage, right, 100 * number + run) for run in range(RUNS)]
        length = sum(len(completion) for completion, _ in runs[0]) / ROLLOUT
        taken = {way: seconds(scorer, runs) for way, scorer in scorers(stage).items()}
        for way, each in taken.items():
            ratio = f"{taken[BASE] / each:.1f}" if BASE in taken else "-"
            print(
                f"| {stage}, {right:.0%} right | {length:,.0f} | {way} | {each:.4f} | {ROLLOUT / each:,.0f} | {ratio} |"
            )


def time_gold(golds: int) -> None:
    """Golds a second: answers alone by expressions, traces one by one."""
    print("\n| gold | rows | seconds | rows a second |")
    print("|---|---:|---:|---:|")
    letters = [{"answer": render_closed("ABCD"[i % 4]), "reward": "closed", "scored_labels": None} for i in range(700)]
    open_rows = [
        {"answer": render_open(NAMES[: i % 4 + 1]), "reward": "open_labels", "scored_labels": sorted(NAMES)}
        for i in range(300)
    ]
    block = _frame([*letters, *open_rows], "answer")
    _time_frame("answers alone", pl.concat([block] * (golds // block.height)), time.perf_counter)
    stages: tuple[tuple[Stage, str], ...] = (("closed", "closed"), ("open", "open_labels"))
    for stage, reward in stages:
        golds_told = (trace(i, stage).replace("twice", f"{i} times") for i in range(10_000))
        rows = [{"answer": answer, "reward": reward, "scored_labels": None} for answer in golds_told]
        _time_frame(f"{stage} traces, one core", _frame(rows, "trace"), time.process_time)


def _frame(rows: list[dict[str, Any]], kind: str) -> pl.DataFrame:
    labels = pl.List(pl.String)
    frame = pl.DataFrame(rows, schema={"answer": pl.String, "reward": pl.String, "scored_labels": labels})
    return frame.with_columns(gold_kind=pl.lit(kind), ignored_labels=pl.lit(None, labels))


def _time_frame(name: str, frame: pl.DataFrame, clock: Callable[[], float]) -> None:
    start = clock()
    scores = gold_scores(frame)
    taken = clock() - start
    faults = scores.height - scores["code"].null_count()
    if faults:
        raise SystemExit(f"{name}: {faults} golds do not earn the maximum: {scores['code'].value_counts()}")
    print(f"| {name} | {frame.height:,} | {taken:.2f} | {frame.height / taken:,.0f} |")


def main() -> None:
    """Time both and print two Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golds", type=int, default=2_000_000)
    options, _ = parser.parse_known_args()
    warnings.simplefilter("ignore")  # NLTK warns of each think that shares no word
    time_rollouts()
    time_gold(options.golds)


if __name__ == "__main__":
    main()
