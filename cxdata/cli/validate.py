"""`cxdata validate`: is a build or a stage folder whole, and does every row say what it may say?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cxdata.cli.output import print_json, say
from cxdata.cli.settings import IncludeOption, JsonOption
from cxdata.model.errors import UsageError

if TYPE_CHECKING:
    from cxdata.check.verdict import Verdict

Form = Literal["easyr1", "verl", "trl", "llamafactory"]
NAME = "validate"
EXAMPLES = (
    "cxdata validate cx --deep --json",
    "cxdata validate mix/closed --for easyr1 --tokenizer Qwen2.5-VL-7B-Instruct",
)


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A build, a folder of builds, or a stage folder.")],
    deep: Annotated[bool, typer.Option("--deep", help="Decode every picture to its last pixel, too.")] = False,
    form: Annotated[
        Form | None, typer.Option("--for", help="The trainer of a stage folder [default: that of its mix.json].")
    ] = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option("--tokenizer", help="Count text by a tokenizer.json, or that of a folder [default: estimate]."),
    ] = None,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Check all files and rows of a build or stage folder; a line a problem: `shard:row-group:row column code message`.

    Row groups count from 0, rows within them from 1; `-` stands for no column. Exit 1: a problem, or no row at all.
    """
    verdict = _verdict(folder, form, tokenizer, include_path or (), deep=deep)
    if json:
        print_json(verdict.as_json())
    elif verdict.problems:
        typer.echo("\n".join(map(str, verdict.problems)))
    say(_summary(verdict, folder))
    for note in verdict.notes:
        say(note)
    if not verdict.ok:
        raise typer.Exit(1)


def _verdict(
    folder: Path, form: Form | None, tokenizer: Path | None, include: Sequence[Path], *, deep: bool
) -> Verdict:
    from cxdata.check.facts import facts
    from cxdata.check.stage import is_stage, validate_stage
    from cxdata.check.text_tokens import counted_by
    from cxdata.check.validate import validate

    if is_stage(folder):
        return validate_stage(folder, form, deep=deep, tokens=counted_by(tokenizer))
    for option, given in (("--for", form), ("--tokenizer", tokenizer)):
        if given is not None:
            what = f"{option} judges a stage folder, and this is none"
            raise UsageError(
                what, where=str(folder), mend=f"name a folder that `cxdata mix` wrote, or leave {option} out"
            )
    return validate(folder, facts(include), deep=deep)


def _summary(verdict: Verdict, folder: Path) -> str:
    if verdict.ok:
        return f"{folder}: {verdict.rows:,} rows, no problem"
    noun = "problem" if len(verdict.problems) == 1 else "problems"
    return f"{folder}: {verdict.rows:,} rows, {len(verdict.problems):,} {noun}"
