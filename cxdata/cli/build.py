"""`cxdata build`: a source as downloaded into a folder of checked shards."""

from __future__ import annotations

import os
from functools import partial as partial_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cxdata.cli.output import print_json, print_table, progress, say
from cxdata.cli.settings import IncludeOption, JsonOption, SourceOption, check_slugs, names_in, places

if TYPE_CHECKING:
    from cxdata.sources.base import Source
    from cxdata.sources.roots import Found

NAME = "build"
EXAMPLES = (
    "cxdata build --source mimic --root physionet.org/files",
    "cxdata build --source mimic --limit 100 --images none",
)

Policy = Literal["stated", "strict", "listed", "closed-world", "u-ones", "u-zeros", "u-mixed", "read"]
ImagesMode = Literal["none", "path", "embed"]
Split = Literal["train", "val", "test"]

IMAGES_HELP = "none: do not look at pictures; path: check each and record where it is; embed: store it."
SIDE_HELP = "With --images embed: the longest side of a stored picture in pixels; never enlarged."
PIXELS_HELP = "With --images embed: the most pixels of a stored picture."
RENDER_HELP = "With --images embed: how DICOM becomes grey; voi, or what the source's official pictures were made with."
LOSSLESS_HELP = "With --images embed: PNG, not JPEG, for what is encoded anew."
POLICY_HELP = (
    "How labels of train are read; the source's own by default. val and test keep the source's own, but for strict and "
    "closed-world, which hold for every split."
)
WORKERS_HELP = "Worker processes; as many as cores by default."

RootOption = Annotated[
    list[str] | None, typer.Option("--root", help="[SLUG=]DIR that holds the download, at most six levels below.")
]
OutOption = Annotated[Path, typer.Option("--out", envvar="CXDATA_OUT", help="Builds go to OUT/SLUG.")]
TasksOption = Annotated[str | None, typer.Option("--tasks", help="Tasks, separated by commas; all by default.")]
PartialOption = Annotated[
    bool,
    typer.Option(
        "--partial",
        help="Do without files and parent sources that are missing, and leave out the tasks that need them.",
    ),
]
ImagesOption = Annotated[ImagesMode, typer.Option("--images", envvar="CXDATA_IMAGES", help=IMAGES_HELP)]
SideOption = Annotated[int | None, typer.Option("--max-side", min=1, help=SIDE_HELP)]
PixelsOption = Annotated[int | None, typer.Option("--max-pixels", min=1, help=PIXELS_HELP)]
RenderOption = Annotated[str | None, typer.Option("--render", help=RENDER_HELP)]
LosslessOption = Annotated[bool, typer.Option("--lossless", help=LOSSLESS_HELP)]
PolicyOption = Annotated[Policy | None, typer.Option("--label-policy", help=POLICY_HELP)]
SettingOption = Annotated[list[str] | None, typer.Option("--option", help="S.KEY=VALUE, an option of a source.")]
SplitOption = Annotated[Split | None, typer.Option("--split", help="Only patients of this split.")]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Only the N patients with the lowest hash.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, envvar="CXDATA_SEED", help="Seed of every choice by hash.")]
WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, envvar="CXDATA_WORKERS", help=WORKERS_HELP)]


def run(
    source: SourceOption,
    root: RootOption = None,
    out: OutOption = Path("cx"),
    tasks: TasksOption = None,
    partial: PartialOption = False,
    images: ImagesOption = "path",
    max_side: SideOption = None,
    max_pixels: PixelsOption = None,
    render: RenderOption = None,
    lossless: LosslessOption = False,
    label_policy: PolicyOption = None,
    option: SettingOption = None,
    split: SplitOption = None,
    limit: LimitOption = None,
    seed: SeedOption = 0,
    workers: WorkersOption = None,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Turn sources, as officially downloaded, into validated Parquet shards. Run again, it goes on where it stopped."""
    from cxdata.build.config import BuildConfig, PicturesConfig
    from cxdata.build.parents import parents_of
    from cxdata.build.run import Request, build
    from cxdata.sources.discovery import source as find_source
    from cxdata.sources.discovery import sources as all_sources

    slugs = list(dict.fromkeys(source))
    sources = [find_source(slug, include_path or ()) for slug in slugs]
    known = all_sources(include_path or ())
    check_slugs(known, root or [])
    asked = _asked(images, max_side=max_side, max_pixels=max_pixels, render=render, lossless=lossless or None)
    given = {slug: _options(slug, option or [], slugs) for slug in slugs}
    results = []
    for one in sources:
        config = BuildConfig(
            source=one.slug, options=one.manifest.settings(given[one.slug]), tasks=_tasks(tasks),
            label_policy=label_policy, split=split, limit=limit, seed=seed,
        )  # fmt: skip
        pictures = PicturesConfig(mode=images, **{"render": one.manifest.render, **asked})
        found, home = _located(one, root or []), out / one.slug
        parents = parents_of(one, known, partial_of(_places_of_parent, one.slug, root or []), partial=partial)
        with progress(one.slug) as shown:
            results.append(
                build(Request(one, found, config, home, pictures, workers or _cores(), partial, shown, parents))
            )
        _tell(one.slug, results[-1], home)
    if json:
        print_json(results)
    else:
        _show(results)


def _asked(images: ImagesMode, **flags: Any) -> dict[str, Any]:
    """What a stored picture shall be, as far as it was said."""
    from cxdata.model.errors import UsageError

    asked = {name: value for name, value in flags.items() if value is not None}
    if asked and images != "embed":
        names = ", ".join(f"--{name.replace('_', '-')}" for name in asked)
        raise UsageError(f"{names}: pictures are not stored with --images {images}", mend="--images embed stores them")
    return asked


def _tasks(text: str | None) -> tuple[str, ...] | None:
    """The tasks named, sorted: the order in which they are named makes no other build."""
    return tuple(sorted(set(names_in(text, "--tasks")))) if text is not None else None


def _cores() -> int:
    """The cores that this process may use, which a container or a batch system may have cut down."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def _located(source: Source, roots: list[str]) -> Found:
    from cxdata.sources.roots import locate

    looked_in = places(source.slug, roots)
    found = locate(source.manifest, looked_in)
    if found is None:
        raise _nothing_there(source, looked_in)
    return found


def _places_of_parent(child: str, roots: list[str], parent: Source) -> list[Path]:
    """Where a parent is looked for: in its own places, else in those of the source that stands on it."""
    from cxdata.model.errors import UsageError

    try:
        return places(parent.slug, roots)
    except UsageError:
        return places(child, roots)


def _nothing_there(source: Source, looked_in: list[Path]) -> Exception:
    from cxdata.cli.settings import four_ways
    from cxdata.model.errors import UsageError
    from cxdata.sources.roots import REACH

    homes = "\n".join(f"get it: {part.home.url} ({part.title})" for part in source.manifest.parts.values())
    where = ", ".join(str(folder.absolute()) for folder in looked_in)
    what = f"{source.slug}: nothing of it was found"
    return UsageError(what, where=f"{where} ({REACH})", mend=f"{homes}\n{four_ways(source.slug)}")


def _tell(slug: str, result: dict[str, Any], home: Path) -> None:
    total, written, reused = result["samples"]["total"], result["shards_written"], result["shards_reused"]
    say(f"{slug}: {total:,} samples in {home}, {written} files written, {reused} reused")
    if result["rejects"]:
        codes = ", ".join(f"{code} {n:,}" for code, n in result["rejects"].items())
        say(f"{slug}: {sum(result['rejects'].values()):,} rejects in {home / 'rejects'}: {codes}")
    for note in result["notes"]:
        say(f"{slug}: {note}")
    for entry in result["tasks_not_asked"]:
        say(f"{slug}: {entry['task']} was not asked: {entry['file']} is missing")


def _show(results: list[dict[str, Any]]) -> None:
    rows = [(result["source"], task, n) for result in results for task, n in result["samples"]["by_task"].items()]
    print_table(["source", "task", "samples"], rows)
