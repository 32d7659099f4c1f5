"""`cxmind-train eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cxmind_train.cli.verb import DataOption, JsonOption, Verb, say


def run(
    data: DataOption,
    model: Annotated[str, typer.Option("--model", help="A run, a folder with a model, or a hub name.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of the evaluation.")],
    stage: Annotated[
        Literal["closed", "open", "sft"] | None, typer.Option("--stage", help="Must be that of the stage folder.")
    ] = None,
    split: Annotated[Literal["train", "val", "test"], typer.Option("--split", help="Which rows.")] = "test",
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="Ask only the rows that this recipe trains on; all without.")
    ] = None,
    change: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change that recipe.")] = None,
    views: Annotated[
        str, typer.Option("--views", help="Controls beside the rows as they are: blank,shuffled,text_only")
    ] = "blank,shuffled,text_only",
    rotate: Annotated[bool, typer.Option("--rotate", help="Ask again with the options at every other place.")] = False,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", min=1, help="Of an answer.")] = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Prompts at a time.")] = None,
    backend: Annotated[
        Literal["transformers", "vllm"], typer.Option("--backend", help="What generates.")
    ] = "transformers",
    tensor_parallel: Annotated[int, typer.Option("--tensor-parallel", min=1, help="Cards of vLLM.")] = 1,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="URL", help="A model on this machine that judges answers in words.")
    ] = None,
    judge_model: Annotated[str, typer.Option("--judge-model", help="Its name at that endpoint.")] = "judge",
    bertscore_model: Annotated[
        str | None, typer.Option("--bertscore-model", help="A folder with a BERT: BERTScore of answers in words.")
    ] = None,
    bertscore_layer: Annotated[
        int | None,
        typer.Option("--bertscore-layer", min=1, help="Its layer; else as bert_score recommends, or the last."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of shuffled pictures and resamples.")] = 0,
    json: JsonOption = False,
) -> None:
    """Ask a model the whole of a split, with and without the pictures, and tell what its answers are worth.

    Interrupted, the same command goes on. Tokens, pixels and threads are those of the run, where --model is one.
    """
    from cxmind_train.config import VERB_OF_STAGE, Filter, recipe_for
    from cxmind_train.data.folder import stage_folder
    from cxmind_train.evaluate.run import Evaluation, evaluate

    told: Any = Filter()
    if recipe or change:
        told = recipe_for(VERB_OF_STAGE[stage_folder(data).stage], recipe, tuple(change or ())).data.filter
    wanted = Evaluation(
        data, model, out, say, stage, split, told, max_tokens, batch, backend,
        tuple(view for view in views.split(",") if view), rotate, tensor_parallel=tensor_parallel, seed=seed,
        judge=(judge, judge_model) if judge else None,
        bertscore=(bertscore_model, bertscore_layer) if bertscore_model else None,
    )  # fmt: skip
    made = evaluate(wanted)
    if json:
        import json as to_json

        typer.echo(to_json.dumps(made, indent=1, ensure_ascii=False))
        return
    _print(made)
    say(f"summary.json, predictions.parquet and index.html in {out}")


def _print(made: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from cxmind_train.evaluate.metrics import ANSWER_NAME

    answer = ANSWER_NAME[made["stage"]]
    table = Table(show_edge=False, pad_edge=False)
    for name in ("task", "n", answer, "95 % interval", "majority", "text only", "blank", "shuffled", "format"):
        table.add_column(name, justify="left" if name == "task" else "right")
    for name, block in (("all", made), *made["tasks"].items()):
        controls = [block.get(view, {}).get(answer) for view in ("text_only", "blank", "shuffled")]
        interval = "–".join(f"{one:.3f}" for one in block["ci"] or ())
        told = (block[answer], interval, block["majority"], *controls, block["format"])
        table.add_row(name, f"{block['n']:,}", *(_cell(one) for one in told))
    Console(width=140).print(table)


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else f"{value:.3f}"


VERB = Verb(
    "eval",
    ("cxmind-train eval --data mix/closed --model runs/stage1 --out eval/closed",
     "cxmind-train eval --data mix/open --model runs/stage2 --out eval/open --stage open --backend vllm"),
    run,
)  # fmt: skip
