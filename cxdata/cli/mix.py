"""`cxdata mix`: builds into a stage folder that a trainer reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from cxdata.cli.output import print_json, print_table, say
from cxdata.cli.settings import IncludeOption, JsonOption

NAME = "mix"
EXAMPLES = ("cxdata mix --stage closed", "cxdata mix --stage open --from cx --out mix/open --format trl --images embed")

Stage = Literal["closed", "open", "sft"]
Format = Literal["easyr1", "verl", "trl", "llamafactory"]


def run(
    stage: Annotated[Stage, typer.Option("--stage", help="closed: stage 1; open: stage 2; sft: instruction tuning.")],
    builds: Annotated[Path, typer.Option("--from", envvar="CXDATA_OUT", help="The folder of builds.")] = Path("cx"),
    out: Annotated[Path | None, typer.Option("--out", help="The stage folder; mix/STAGE by default.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A mix of your own, YAML.")] = None,
    form: Annotated[Format, typer.Option("--format", help="Whose columns the rows have.")] = "easyr1",
    images: Annotated[
        Literal["path", "embed"],
        typer.Option("--images", help="path: each picture once below OUT/images; embed: in the rows."),
    ] = "path",
    traces: Annotated[
        Literal["evidence", "model", "none"] | None,
        typer.Option("--traces", help="Whose traces golds are made of [default: evidence, where `reason` wrote them]."),
    ] = None,
    unknown_overlap: Annotated[
        Literal["keep", "drop"],
        typer.Option("--unknown-overlap", help="Of sources that may share patients, keep both or the larger."),
    ] = "keep",
    drop_duplicates: Annotated[
        bool, typer.Option("--drop-duplicates", help="Leave out pictures that look like one in a stricter split.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, envvar="CXDATA_WORKERS", help="Worker processes for pictures.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, envvar="CXDATA_SEED", help="Seed of every choice.")
    ] = None,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Mix builds into a stage folder: balanced, in curriculum order, with no patient in two splits."""
    from cxdata.mix.config import mix_config
    from cxdata.mix.dropped import in_words
    from cxdata.mix.run import MixRequest, mix
    from cxdata.sources.discovery import sources

    mixed = mix_config(stage, config, seed=seed)
    request = MixRequest(
        builds, out or Path("mix") / stage, mixed, form, images, unknown_overlap, sources(include_path or ()), say,
        drop_duplicates, workers or os.cpu_count() or 1, traces,
    )  # fmt: skip
    content = mix(request)
    if json:
        print_json(content)
        return
    counts = [(split, rows) for split, rows in content["rows"].items()]
    print_table(("split", "rows"), counts)
    print_table(("task", "rows"), list(content["by_task"].items()))
    guesses = [(task, one["accuracy"], one["chance"]) for task, one in content["text_only"].items()]
    if guesses:
        print_table(
            ("guessed without the picture", "right", "chance"), [(t, f"{a:.3f}", f"{c:.3f}") for t, a, c in guesses]
        )
    golds = content["traces"]
    if golds["rows"]:
        rows = [*golds["steps"].items(), ("silent or label alone", f"{golds['silent_share']:.1%}")]
        print_table((f"steps of {golds['rows']:,} traces ({golds['writer']})", "steps"), rows)
    if content["dropped"]:
        print_table(("left out", "rows", "because", "how to get it back"), list(in_words(content["dropped"])))
    say(f"{sum(content['rows'].values()):,} rows in {request.out}")
