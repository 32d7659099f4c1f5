"""`cxdata validate`: is a build whole, and does every row say what it may say?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxdata.cli.output import print_json, say
from cxdata.cli.settings import IncludeOption, JsonOption

if TYPE_CHECKING:
    from cxdata.check.validate import Verdict

NAME = "validate"
EXAMPLES = ("cxdata validate cx/mimic", "cxdata validate cx --deep --json")


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A build, or a folder of builds.")],
    deep: Annotated[bool, typer.Option("--deep", help="Decode every picture to its last pixel, too.")] = False,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Check every file and row of a build: one line a problem, `shard:row-group:row column code message`.

    Row groups count from 0, rows within them from 1; `-` stands for no column. Exit 1: a problem, or no row at all.
    """
    from cxdata.check.facts import facts
    from cxdata.check.validate import validate

    verdict = validate(folder, facts(include_path or ()), deep=deep)
    if json:
        print_json(verdict.as_json())
    elif verdict.problems:
        typer.echo("\n".join(map(str, verdict.problems)))
    say(_summary(verdict, folder))
    for note in verdict.notes:
        say(note)
    if not verdict.ok:
        raise typer.Exit(1)


def _summary(verdict: Verdict, folder: Path) -> str:
    if verdict.ok:
        return f"{folder}: {verdict.rows:,} rows, no problem"
    noun = "problem" if len(verdict.problems) == 1 else "problems"
    return f"{folder}: {verdict.rows:,} rows, {len(verdict.problems):,} {noun}"
