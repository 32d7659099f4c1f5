"""`cxmind-train check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cxmind_train.cli.verb import DataOption, JsonOption, RecipeOption, SetOption, Verb, say

if TYPE_CHECKING:
    from cxmind_train.preflight.check import Report


def run(
    data: DataOption,
    recipe: RecipeOption = None,
    change: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Look at data and recipe before a graphics card is started: rows, prompts, golds, memory, packages.

    Exit 1 where something would stop the run.
    """
    from cxmind_train.config import VERB_OF_STAGE, recipe_for
    from cxmind_train.data.folder import stage_folder
    from cxmind_train.preflight.check import check

    verb = VERB_OF_STAGE[stage_folder(data).stage]
    report = check(data, verb, recipe_for(verb, recipe, tuple(change or ())))
    if json:
        import json as to_json

        typer.echo(to_json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(1)


def _print(report: Report) -> None:
    typer.echo(f"{report.verb}: {report.used:,} of {report.rows:,} rows")
    for title, told in (
        ("prompt tokens", report.prompt_tokens), ("steps", report.steps), ("GiB a card, reckoned", report.memory_gib)
    ):  # fmt: skip
        if told:
            typer.echo(f"{title}: " + ", ".join(f"{name} {value:,}" for name, value in told.items()))
    for note in report.notes:
        say(f"note: {note}")
    for problem in report.problems:
        say(f"problem: {problem}")
    typer.echo(f"start it with: {report.launch}" if report.ok else "it would not run as it stands")


VERB = Verb(
    "check",
    ("cxmind-train check --data mix/closed", "cxmind-train check --data mix/open --recipe smoke --json"),
    run,
)
