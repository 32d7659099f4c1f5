"""The command `cxmind-train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

if TYPE_CHECKING:
    from cxmind_train.score_lines import Scored

STDIN: Final = "-"
INTERRUPTED: Final = 130
EXAMPLES: Final = (
    "cxmind-train score --stage closed completions.jsonl",
    "cxmind-train score --stage open --mode reference completions.jsonl",
)

app = typer.Typer(
    name="cxmind-train",
    help="Rewards and, later, training on the stage folders of cxdata.",
    epilog="Examples:  " + "   ·   ".join(EXAMPLES),
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:
    if asked:
        from cxmind_train import __version__

        typer.echo(__version__)
        raise typer.Exit()


@app.callback()
def configure(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """A verb is needed even while there is one only."""


@app.command("score", epilog="Examples:  " + "   ·   ".join(EXAMPLES))
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


def main() -> None:
    """Run the command line; an expected error is told in a few lines, without a traceback."""
    from cxdata.model.errors import CxdataError

    try:
        app()
    except CxdataError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        known = CxdataError(str(error.strerror or error), where=error.filename, mend="look at that file and its disk")
        _fail(str(known), 1)
    except ModuleNotFoundError as error:
        missing = CxdataError(f"{error.name} is not installed", mend="pip install 'cxdata[score]'")
        _fail(str(missing), 1)
    except KeyboardInterrupt:
        typer.echo("interrupted: run the same command to go on", err=True)
        sys.exit(INTERRUPTED)
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            typer.echo("interrupted: run the same command to go on", err=True)
        raise


def _fail(words: str, code: int) -> None:
    typer.echo(f"error: {words}", err=True)
    sys.exit(code)
