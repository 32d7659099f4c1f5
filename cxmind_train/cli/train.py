"""`cxmind-train sft`, `stage1` and `stage2`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxmind_train.cli.verb import DataOption, RecipeOption, SetOption, Verb, is_main_process, say

ModelOption = Annotated[str, typer.Option("--model", help="A run, a folder with a model, a hub name, or tiny.")]
FromOption = Annotated[str, typer.Option("--from", help="The run of stage 1, or any model.")]
OutOption = Annotated[Path, typer.Option("--out", help="The folder of the run.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on from the last whole checkpoint of --out.")]


def sft(
    data: DataOption,
    model: ModelOption,
    out: OutOption,
    recipe: RecipeOption = None,
    change: SetOption = None,
    resume: ResumeOption = False,
) -> None:
    """Tune on gold answers: the cold start before stage 1, on traces where the mix has them."""
    _train("sft", data, model, out, recipe, change, resume)


def stage1(
    data: DataOption,
    model: ModelOption,
    out: OutOption,
    recipe: RecipeOption = None,
    change: SetOption = None,
    resume: ResumeOption = False,
) -> None:
    """Reinforce on closed questions: GRPO with verifiable rewards, in curriculum order."""
    _train("stage1", data, model, out, recipe, change, resume)


def stage2(
    data: DataOption,
    model: FromOption,
    out: OutOption,
    recipe: RecipeOption = None,
    change: SetOption = None,
    resume: ResumeOption = False,
) -> None:
    """Reinforce on open questions, from the weights of stage 1."""
    _train("stage2", data, model, out, recipe, change, resume)


def _train(
    verb: str, data: Path, model: str, out: Path, recipe: str | None, changes: list[str] | None, resume: bool
) -> None:
    from cxmind_train.config import recipe_for
    from cxmind_train.train import Order, train

    told = recipe_for(verb, recipe, tuple(changes or ()))  # type: ignore[arg-type]
    home = train(Order(verb, data, model, out, told, say, resume))  # type: ignore[arg-type]
    if is_main_process():
        typer.echo(home)


VERBS = (
    Verb("sft", ("cxmind-train sft --data mix/sft --model Qwen/Qwen2.5-VL-7B-Instruct --out runs/sft",
                 "cxmind-train sft --data mix/sft --model tiny --out runs/sft --recipe smoke"), sft),
    Verb("stage1", ("cxmind-train stage1 --data mix/closed --model runs/sft --out runs/stage1",
                    "cxmind-train stage1 --data mix/closed --model runs/sft --out runs/stage1 --resume"), stage1),
    Verb("stage2", ("cxmind-train stage2 --data mix/open --from runs/stage1 --out runs/stage2",
                    "cxmind-train stage2 --data mix/open --from runs/stage1 --out runs/stage2 --set epochs=1"), stage2),
)  # fmt: skip
