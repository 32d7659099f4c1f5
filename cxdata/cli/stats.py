"""`cxdata stats`: how many samples there are of what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cxdata.cli.output import print_json, print_table
from cxdata.cli.settings import IncludeOption, JsonOption, names_in

NAME = "stats"
EXAMPLES = ("cxdata stats cx/mimic", "cxdata stats cx --by task,split,answer_letter --json")


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A build, or a folder of builds.")],
    by: Annotated[
        str | None,
        typer.Option(
            "--by", help="Columns of the samples, separated by commas: count each combination of their values."
        ),
    ] = None,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Count samples by source, task, split, level, finding, letter, view, reference, negatives; or by any columns."""
    from cxdata.check.negatives import negatives
    from cxdata.check.stats import cross, stats
    from cxdata.sources.discovery import sources

    if by is not None:
        table = cross(folder, names_in(by, "--by"))
        print_json(table) if json else print_table([*table["by"], "n"], [list(row.values()) for row in table["rows"]])
        return
    manifests = {slug: source.manifest for slug, source in sources(include_path or ()).items()}
    counts = {**stats(folder), "negatives": negatives(folder, manifests)}
    print_json(counts) if json else _show(counts, folder)


def _show(counts: dict[str, Any], folder: Path) -> None:
    from cxdata.check.stats import finding_answers

    for name, tally in counts["by"].items():
        if name not in ("finding", "answer"):
            print_table([name, "samples"], tally.items())
            typer.echo()
    rows = finding_answers(folder)
    print_table(["finding", "asked: Yes", "asked: No", "label of other tasks"], rows)
    typer.echo()
    kinds = [(task, kind, n) for task, tally in counts["negatives"].items() for kind, n in tally.items()]
    print_table(["task", "kind of negative", "negatives"], kinds)
    typer.echo(f"\n{counts['rows']:,} samples")
