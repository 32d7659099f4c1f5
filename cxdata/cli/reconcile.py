"""`cxdata reconcile`: a collection of sources, official and built, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxdata.cli.output import print_json, print_table, say
from cxdata.cli.settings import IncludeOption, JsonOption

if TYPE_CHECKING:
    from cxdata.check.stages import Line

NAME = "reconcile"
EXAMPLES = ("cxdata reconcile cx-set", "cxdata reconcile cx-set --in cx --json")


def run(
    name: Annotated[str, typer.Argument(metavar="COLLECTION", help="A collection of sources: cx-set.")],
    folder: Annotated[Path, typer.Option("--in", envvar="CXDATA_OUT", help="The folder of builds.")] = Path("cx"),
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Official counts of each source of a collection beside what was built, with the reason for each gap."""
    from cxdata.build.builds import builds
    from cxdata.check.reconcile import collection, reconcile
    from cxdata.mix.config import shipped
    from cxdata.sources.discovery import sources

    wanted = collection(shipped(name), name)
    found = reconcile(wanted, sources(include_path or ()), builds(folder) if folder.is_dir() else [])
    if json:
        print_json(found.as_json())
        return
    columns = ("source", "step", "official", "built", "why they differ")
    print_table(columns, [_row(line) for line in found.lines])
    print_table((found.title, "of", "in the paper", "built", "why they differ"), [_row(line) for line in found.totals])
    built = {line.source for line in found.lines if line.built is not None}
    say(f"{len(built)} of {len(wanted.sources)} sources of {found.title} are built in {folder}")


def _row(line: Line) -> tuple[Any, ...]:
    return line.source, line.step, line.official, line.built, line.reason
