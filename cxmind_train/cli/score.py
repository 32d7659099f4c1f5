"""`cxmind-train score`: what completions earn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from cxmind_train.cli.verb import Verb

if TYPE_CHECKING:
    from cxmind_train.score_lines import Scored

STDIN: Final = "-"
EXAMPLES: Final = (
    "cxmind-train score --stage closed completions.jsonl",
    "cxmind-train score --stage open --mode reference completions.jsonl",
)


def score(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines; - reads stdin.")],
    stage: Annotated[Literal["closed", "open"], typer.Option(help="Which reward.")],
    mode: Annotated[
        Literal["fixed", "reference"], typer.Option(help="Our rules, or the original's numbers.")
    ] = "fixed",
) -> None:
    """Score completions: lines {id, completion, gold} in, the same with `scores` out.

    Open lines may bring scored_labels and ignored_labels, lines with a trace the basis of its steps.

    A gold that has no think may be scored against itself. Exit 1: a line that cannot be read, or no line at all.
    """
    from cxmind_train.score_lines import score_lines

    lines = score_lines(_lines(file), str(file), stage, mode)
    for line in lines:
        typer.echo(line.as_json())
    typer.echo(_summary(lines, mode), err=True)


def _lines(file: Path) -> list[bytes]:
    data = sys.stdin.buffer.read() if str(file) == STDIN else file.read_bytes()
    return data.split(b"\n")


def _summary(lines: list[Scored], mode: str) -> str:
    parts = [line.scores.as_json() for line in lines]
    means = []
    for name in parts[0]:
        values = [value for part in parts if (value := part[name]) is not None]
        means.append(f"{name} {sum(values) / len(values):.4f}" if values else f"{name} -")
    noun = "line" if len(lines) == 1 else "lines"
    return f"{len(lines):,} {noun}, {mode}: " + ", ".join(means)


VERB: Final = Verb("score", EXAMPLES, score)
