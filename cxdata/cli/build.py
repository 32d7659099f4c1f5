"""`cxdata build`: a source as downloaded into a folder of checked shards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cxdata.cli.output import print_json, print_table, progress, say
from cxdata.cli.settings import IncludeOption, JsonOption, SourceOption, places

if TYPE_CHECKING:
    from cxdata.sources.base import Source

NAME = "build"
EXAMPLES = (
    "cxdata build --source mimic --root physionet.org/files",
    "cxdata build --source mimic --limit 100 --images none",
)
Policy = Literal["stated", "strict", "listed", "closed-world", "u-ones", "u-zeros", "u-mixed"]


def run(
    source: SourceOption,
    root: Annotated[list[str] | None, typer.Option("--root", help="[SLUG=]DIR that holds the download, or a parent of it.")] = None,
    out: Annotated[Path, typer.Option("--out", envvar="CXDATA_OUT", help="Builds go to OUT/SLUG.")] = Path("cx"),
    tasks: Annotated[str | None, typer.Option("--tasks", help="Tasks, separated by commas; all by default.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Leave out tasks whose files are missing.")] = False,
    images: Annotated[Literal["none", "path"], typer.Option("--images", envvar="CXDATA_IMAGES", help="none: do not look at pictures; path: check each, record where it is.")] = "path",
    label_policy: Annotated[Policy | None, typer.Option("--label-policy", help="How labels are read; the source's own by default.")] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="S.KEY=VALUE, an option of a source.")] = None,
    split: Annotated[Literal["train", "val", "test"] | None, typer.Option("--split", help="Only patients of this split.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the N patients with the lowest hash.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, envvar="CXDATA_SEED", help="Seed of every choice by hash.")] = 0,
    workers: Annotated[int | None, typer.Option("--workers", min=1, envvar="CXDATA_WORKERS", help="Worker processes; as many as cores by default.")] = None,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Turn sources, as officially downloaded, into validated Parquet shards. Run again, it goes on where it stopped."""
    from cxdata.build.config import BuildConfig
    from cxdata.build.run import Request, build
    from cxdata.sources.discovery import source as find_source
    from cxdata.sources.roots import locate

    results = []
    for slug in dict.fromkeys(source):
        found_source = find_source(slug, include_path or ())
        options = found_source.manifest.settings(_options(slug, option or [], source))
        asked = tuple(dict.fromkeys(tasks.split(","))) if tasks else None
        config = BuildConfig(
            source=slug, options=options, tasks=asked, label_policy=label_policy, split=split, limit=limit, seed=seed
        )
        found = locate(found_source.manifest, places(slug, root or []))
        if found is None:
            raise _nothing_there(found_source, places(slug, root or []))
        with progress(slug) as shown:
            request = Request(
                found_source, found, config, out / slug, images, workers or os.cpu_count() or 1, partial, shown
            )
            results.append(build(request))
        _tell(slug, results[-1], out / slug)
    if json:
        print_json(results)
    else:
        _show(results)


def _options(slug: str, given: list[str], sources: list[str]) -> dict[str, str]:
    from cxdata.model.errors import UsageError

    chosen = {}
    for entry in given:
        key, sign, value = entry.partition("=")
        name, dot, field = key.partition(".")
        if not sign or not dot or name not in sources:
            raise UsageError(
                f"--option {entry} is not SOURCE.KEY=VALUE of a source that is built",
                mend=f"for example {slug}.KEY=VALUE",
            )
        if name == slug:
            chosen[field] = value
    return chosen


def _nothing_there(source: Source, looked_in: list[Path]) -> Exception:
    from cxdata.cli.settings import four_ways
    from cxdata.model.errors import UsageError

    homes = "\n".join(f"get it: {part.home.url} ({part.title})" for part in source.manifest.parts.values())
    where = ", ".join(str(folder.absolute()) for folder in looked_in)
    return UsageError(f"{source.slug}: nothing of it was found", where=where, mend=f"{homes}\n{four_ways(source.slug)}")


def _tell(slug: str, result: dict[str, Any], home: Path) -> None:
    rejected = sum(result["rejects"].values())
    say(
        f"{slug}: {result['samples']['total']:,} samples in {home}, {result['shards_written']} files written, {result['shards_reused']} reused"
    )
    if rejected:
        codes = ", ".join(f"{code} {n:,}" for code, n in result["rejects"].items())
        say(f"{slug}: {rejected:,} rejects in {home / 'rejects'}: {codes}")
    for entry in result["tasks_not_asked"]:
        say(f"{slug}: {entry['task']} was not asked: {entry['file']} is missing")


def _show(results: list[dict[str, Any]]) -> None:
    rows = [(result["source"], task, n) for result in results for task, n in result["samples"]["by_task"].items()]
    print_table(["source", "task", "samples"], rows)
