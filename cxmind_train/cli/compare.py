"""`cxmind-train compare`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cxmind_train.cli.verb import JsonOption, Verb, say


def run(
    a: Annotated[Path, typer.Argument(metavar="A", help="A folder that eval wrote: what B is compared with.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another, of the same rows.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the whole as JSON there.")] = None,
    resamples: Annotated[int, typer.Option("--resamples", min=100, help="Draws of patients.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")] = 0,
    json: JsonOption = False,
) -> None:
    """Compare two evaluations of the same rows: every number of B less that of A, with a paired 95 % interval.

    Patients are drawn once for both. Folders of unlike data are refused.
    """
    from cxmind_train.evaluate.compare import compare
    from cxmind_train.files import write_json
    from cxmind_train.requirements import need

    need("numpy")
    made = compare(a, b, seed, resamples)
    if out is not None:
        write_json(out, made)
    for note in made["notes"]:
        say(f"note: {note}")
    if json:
        import json as to_json

        typer.echo(to_json.dumps(made, indent=1, ensure_ascii=False))
        return
    _print(made)
    say(f"everything is in {out}" if out else "strata and findings: --json, or --out FILE")


def _print(made: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for name in ("what", "A", "B", "B - A", "95 % interval"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, told in _lines(made):
        low, high = told["ci"] or (None, None)
        table.add_row(name, _cell(told["a"]), _cell(told["b"]), _cell(told["difference"], sign=True),
                      f"{_cell(low, sign=True)} to {_cell(high, sign=True)}")  # fmt: skip
    Console(width=120).print(table)
    typer.echo(f"{made['n']:,} rows of {made['patients']:,} patients")


def _lines(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The differences of all rows, of each task's answers, of controls, means over findings, traces and texts."""
    from cxmind_train.evaluate.metrics import ANSWER_NAME

    yield from _differences("", made)
    answer = ANSWER_NAME[made["stage"]]
    for name, part in made["tasks"].items():
        yield name, part[answer]
    for name, part in made["views"].items():
        yield from _differences(name, part)
    for group in ("over_findings", "traces", "texts", "reports"):
        yield from _differences(group.replace("_", " "), made.get(group, {}))


def _differences(name: str, part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, told in part.items():
        if isinstance(told, dict) and "difference" in told:
            yield f"{name}: {key}" if name else key, told


def _cell(value: float | None, *, sign: bool = False) -> str:
    return "-" if value is None else f"{value:+.3f}" if sign else f"{value:.3f}"


VERB = Verb(
    "compare",
    ("cxmind-train compare eval/stage1 eval/stage2", "cxmind-train compare eval/base eval/stage1 --out stage1.json"),
    run,
)
