"""What a verb is to the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer


class Verb(NamedTuple):
    """Its name, two examples at least, and the function that runs it."""

    name: str
    examples: tuple[str, ...]
    run: Callable[..., None]


DataOption = Annotated[Path, typer.Option("--data", help="A stage folder, as cxdata mix writes it.")]
RecipeOption = Annotated[
    str | None, typer.Option("--recipe", help="A shipped recipe (sft, stage1, stage2, smoke) or a YAML file.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: --set rollout.generations=8")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def say(text: str) -> None:
    """One line of talk, on stderr, by the first of several processes."""
    if is_main_process():
        typer.echo(text, err=True)


def is_main_process() -> bool:
    """Whether this is the only process of a run, or the first of those that accelerate or torchrun started."""
    return os.environ.get("RANK", "0") == "0"
