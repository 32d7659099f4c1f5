"""The reader of negation beside other readers: on the test sentences, on OpenI's own tags, and in time.

    python benchmarks/reader.py [--repeat 20] [--real FOLDER]

`FOLDER` holds `openi/NLMCXR_reports.tgz` (default: CXDATA_REAL_DATA). Yardsticks that are not installed are left out;
see `yardsticks.py`. Times are processor time of one process, of the same sentences in turn.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import yaml
from reader_openi import agreement, table
from yardsticks import judges, pipeline_seconds, read_by

from cxdata.reports.reader import read_sentence, read_sentences

SENTENCES = Path(__file__).parents[1] / "tests" / "reader_sentences"
FILES = ("before_the_rules", "beside_the_rules", "held_out")
STATES = {"+": "present", "-": "absent", "?": "uncertain"}
Read = Callable[[str], dict[str, str]]


def gold(name: str) -> list[tuple[str, dict[str, str]]]:
    """The sentences of a file with the state of each finding."""
    rows = yaml.safe_load((SENTENCES / f"{name}.yaml").read_text("utf-8")).values()
    marks = (
        (sentence, [mark.strip() for mark in text.split(";") if mark.strip()])
        for kind in rows
        for sentence, text in kind
    )
    return [(sentence, {mark[1:]: STATES[mark[0]] for mark in said}) for sentence, said in marks]


def scored(
    told: Iterable[tuple[str, dict[str, str]]], read: Read
) -> tuple[Counter[tuple[str | None, str | None]], int, int]:
    """Pairs of wanted and read state, sentences that are wholly right, sentences."""
    pairs, right, count = Counter[tuple[str | None, str | None]](), 0, 0
    for sentence, wanted in told:
        got = read(sentence)
        right, count = right + (got == wanted), count + 1
        pairs.update((wanted.get(name), got.get(name)) for name in {*wanted, *got})
    return pairs, right, count


def f1(pairs: Counter[tuple[str | None, str | None]], state: str) -> str:
    """Precision and recall of one state, as text."""
    hit = pairs[state, state]
    given = sum(n for (_, got), n in pairs.items() if got == state)
    wanted = sum(n for (want, _), n in pairs.items() if want == state)
    return f"{hit / max(given, 1):.3f} / {hit / max(wanted, 1):.3f}"


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--real", type=Path, default=Path(os.environ.get("CXDATA_REAL_DATA", "../shared/real")))
    options = parser.parse_args()
    readers: dict[str, Read] = {"ours": lambda text: {one.finding: one.state for one in read_sentence(text)}}
    readers |= {name: lambda text, judge=judge: read_by(judge, text) for name, judge in judges().items()}
    print("| sentences | reader | wholly right | present P / R | absent P / R | uncertain P / R |")
    print("|---|---|---:|---:|---:|---:|")
    for file in FILES:
        for name, read in readers.items():
            pairs, right, count = scored(gold(file), read)
            cells = " | ".join(f1(pairs, state) for state in STATES.values())
            print(f"| {file} ({count}) | {name} | {right / count:.3f} | {cells} |")
    times(readers, options.repeat)
    if (options.real / "openi").is_dir():
        for name, read in readers.items():
            print(f"\n{name}\n\n{table(agreement(options.real, read))}")


def times(readers: dict[str, Read], repeat: int) -> None:
    """Processor microseconds a sentence, and how many times ours goes into each."""
    told = [sentence for file in FILES for sentence, _ in gold(file)]
    spent = {}
    for name, read in readers.items():
        rounds = repeat if name == "ours" else 2
        read(told[0])
        start = time.process_time()
        for _ in range(rounds):
            for sentence in told:
                read(sentence)
        spent[name] = (time.process_time() - start) / rounds / len(told)
    start = time.process_time()
    read_sentences(pl.Series("sentence", told))
    spent["ours, as a table"] = (time.process_time() - start) / len(told)
    if "medspaCy ConText" in readers:
        spent["medspacy.load() with the vocabulary's names as targets"] = pipeline_seconds(told)
    for name, seconds in spent.items():
        print(f"{name}: {seconds * 1e6:.0f} µs a sentence, {seconds / spent['ours']:.1f} times ours")


if __name__ == "__main__":
    main()
