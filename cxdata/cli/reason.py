"""`cxdata reason`: interleaved traces of the samples of builds, beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cxdata.cli.output import print_json, print_table, progress, say
from cxdata.cli.settings import JsonOption

NAME = "reason"
EXAMPLES = ("cxdata reason cx", "cxdata reason cx/mimic --writer model --endpoint http://localhost:8000/v1")


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A build, or a folder of builds.")],
    writer: Annotated[
        Literal["evidence", "model"],
        typer.Option("--writer", help="evidence: composed from report sentences and boxes; model: by an endpoint."),
    ] = "evidence",
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="With --writer model: where an OpenAI-compatible server listens.")
    ] = None,
    terms_accepted: Annotated[
        str | None,
        typer.Option(
            "--terms-accepted", metavar="NAME", help="Who accepts that texts leave this machine, under whose terms."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, envvar="CXDATA_WORKERS", help="Worker processes.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write think/answer traces beside the samples of builds, each checked. Run again, it goes on where it stopped."""
    from cxdata.reasoning.run import ReasonRequest, reason
    from cxdata.reasoning.writers import WriterRequest

    asked = WriterRequest(writer, endpoint, terms_accepted)
    told = reason(ReasonRequest(folder, asked, workers or os.cpu_count() or 1, progress))
    if json:
        print_json(told)
        return
    for one in told:
        _tell(one)
    written = sum(one["shards_written"] for one in told)
    say(f"{sum(sum(one['with_trace'].values()) for one in told):,} traces, {written} files written")


def _tell(one: dict[str, Any]) -> None:
    rows = [(task, n, one["with_trace"].get(task, 0)) for task, n in one["samples"].items()]
    print_table(("task", "samples", "with a trace"), rows, title=f"{one['source']}, written by {one['writer']}")
    if one["steps"]:
        print_table(("basis", "steps"), list(one["steps"].items()))
    if one["rejects"]:
        print_table(("no trace, for", "samples"), list(one["rejects"].items()))
