"""`cxdata reason`: interleaved traces of the samples of builds, beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cxdata.cli.output import print_json, print_table, progress, say
from cxdata.cli.settings import IncludeOption, JsonOption, names_in

if TYPE_CHECKING:
    from cxdata.reasoning.writers import WriterRequest

NAME = "reason"
EXAMPLES = ("cxdata reason cx", "cxdata reason cx/mimic --writer model --endpoint http://localhost:8000/v1")


Which = Literal["evidence", "model"]


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A build, or a folder of builds.")],
    writer: Annotated[
        Which,
        typer.Option("--writer", help="evidence: composed of report sentences and boxes; model: an endpoint's."),
    ] = "evidence",
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Of a model: its OpenAI-compatible API [http://127.0.0.1:8000/v1].")
    ] = None,
    terms_accepted: Annotated[
        str | None,
        typer.Option(
            "--terms-accepted", metavar="NAME,...", help="Of a model elsewhere: whose terms you accepted for it."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Of several models that the endpoint serves, this one.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", help="The model's commit, where the endpoint does not say it.")
    ] = None,
    temperature: Annotated[float | None, typer.Option("--temperature", help="Of a model [0.7].")] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help="Of a model [0.95].")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", help="Of a model, for one answer [1536].")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of a model's answers [0].")] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", help="Requests to a model at once, at most [32].")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", help="Seconds that a model may take for one answer [300].")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, envvar="CXDATA_WORKERS", help="Worker processes.")
    ] = None,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Write think/answer traces beside the samples of builds, each one checked; run again, it goes on."""
    from cxdata.reasoning.run import ReasonRequest, reason
    from cxdata.sources.discovery import sources

    terms = tuple(names_in(terms_accepted, "--terms-accepted")) if terms_accepted else None
    asked = _writer_request(
        writer, endpoint=endpoint, terms_accepted=terms,
        model=model, revision=revision, temperature=temperature, top_p=top_p, max_tokens=max_tokens, seed=seed,
        concurrency=concurrency, timeout_s=timeout,
    )  # fmt: skip
    known = sources(include_path or ())
    told = reason(ReasonRequest(folder, asked, workers or os.cpu_count() or 1, progress, known))
    if json:
        print_json(told)
        return
    for one in told:
        _tell(one)
    written = sum(one["shards_written"] for one in told)
    say(f"{sum(sum(one['with_trace'].values()) for one in told):,} traces, {written} files written")


def _writer_request(writer: Which, **given: Any) -> WriterRequest:
    """The writer with what was set. Raises UsageError for a model's setting beside another writer, or a wrong one."""
    from pydantic import ValidationError

    from cxdata.model.errors import UsageError
    from cxdata.reasoning.model.settings import ModelSettings
    from cxdata.reasoning.writers import WriterRequest

    settings = {name: value for name, value in given.items() if value is not None}
    if writer == "evidence":
        if settings:
            flags = ", ".join(_flag(name) for name in settings)
            raise UsageError(f"{flags}: set for a model, and none is asked", mend="add --writer model, or leave it out")
        return WriterRequest(writer)
    try:
        return WriterRequest(writer, ModelSettings(**settings))
    except ValidationError as error:
        wrong = [f"{_flag(str(one['loc'][0]))}: {one['msg']}" for one in error.errors()]
        raise UsageError("; ".join(wrong), mend="docs/traces-by-model.md names the values") from None


def _flag(name: str) -> str:
    return f"--{name.removesuffix('_s').replace('_', '-')}"


def _tell(one: dict[str, Any]) -> None:
    rows = [(task, n, one["with_trace"].get(task, 0)) for task, n in one["samples"].items()]
    print_table(("task", "samples", "with a trace"), rows, title=f"{one['source']}, written by {one['writer']}")
    if one["steps"]:
        print_table(("basis", "steps"), list(one["steps"].items()))
    if one["rejects"]:
        print_table(("no trace, for", "samples"), list(one["rejects"].items()))
