"""`cxdata split-check`: does any patient stand in more than one split?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxdata.cli.output import print_json, print_table, say
from cxdata.cli.settings import IncludeOption, JsonOption

if TYPE_CHECKING:
    from cxdata.check.split_check import SplitCheck

NAME = "split-check"
EXAMPLES = ("cxdata split-check cx", "cxdata split-check mix/closed mix/open mix/sft --json")


def run(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Builds, folders of builds, or stage folders of `mix`.")
    ],
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Count the persons that stand in more than one split, over all sources: as published, and what remains.

    Stage folders are judged as they are written, all together; builds as a mix would split them. Exit 1: a person
    remains in two splits. Pairs of sources that only a missing match list could link are told as unknown.
    """
    from cxdata.check.split_check import split_check
    from cxdata.sources.discovery import sources

    found = split_check(folders, sources(include_path or ()))
    print_json(found.as_json()) if json else _show(found)
    if not found.ok:
        raise typer.Exit(1)


def _show(found: SplitCheck) -> None:
    from cxdata.check.split_check import torn_pairs

    for title, matrix in (("As published", found.official), ("What remains", found.matrix)):
        if torn := torn_pairs(matrix):
            print_table(["source", "and", "persons in different splits"], torn, title=title)
            typer.echo()
    if found.unknown:
        rows = [(pair.source, pair.other, pair.why) for pair in found.unknown]
        print_table(["source", "and", "why"], rows, title="Unknown: these may share patients")
        typer.echo()
    verdict = "no person stands in two splits" if found.ok else "persons stand in more than one split"
    say(f"{', '.join(found.matrix)}: {verdict}; {len(found.unknown)} pairs of sources are unknown")
