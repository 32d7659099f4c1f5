"""`cxdata doctor`: what is there of each source, what is missing or broken, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cxdata.cli.output import print_json, print_table, progress, say
from cxdata.cli.settings import IncludeOption, JsonOption, check_slugs, four_ways, names_a_source, places, settings

if TYPE_CHECKING:
    from cxdata.check.doctor import Entry
    from cxdata.check.parts import FileState, PartState
    from cxdata.model.errors import CxdataError
    from cxdata.sources.base import Source
    from cxdata.sources.roots import Found

NAME = "doctor"
EXAMPLES = ("cxdata doctor /data/physionet.org/files", "cxdata doctor --source mimic --checksums all --json")


def run(
    root: Annotated[
        list[str] | None, typer.Argument(metavar="ROOT", help="Folders to look in; as for a build by default.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Slug of a source; every source by default.")
    ] = None,
    checksums: Annotated[
        Literal["none", "sample", "all"],
        typer.Option(
            "--checksums", help="Files to compare with the official sums; all also reads every folder and archive."
        ),
    ] = "sample",
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """Look at downloads: parts, missing and broken files, counts, checksums, disk.

    Exit 1: a required file is missing, or one that a build reads is broken. Files of some tasks may be missing.
    """
    from cxdata.check.doctor import examine
    from cxdata.check.installs import installs
    from cxdata.sources.discovery import sources
    from cxdata.sources.listing import Listing

    check_slugs(sources(include_path or []), root or [])
    chosen = _chosen(source, include_path or [])
    entries: list[Entry] = []
    listing = Listing()
    not_looked_for: list[CxdataError] = []
    for one in chosen:
        looked_in, problem = _places(one, root or [])
        not_looked_for += [problem] if problem else []
        found: list[Found | None] = [*installs(one.manifest, looked_in, listing)] or ([None] if source else [])
        with progress(one.slug) as shown:
            entries += [examine(one.manifest, at, checksums, _out(), shown) for at in found]
    _tell(entries, not_looked_for, as_json=json)
    if not any(entry.found for entry in entries):
        raise _nothing_found(chosen, root or [], not_looked_for)
    if not all(entry.is_well for entry in entries):
        raise typer.Exit(1)


def _chosen(slugs: list[str] | None, include: list[Path]) -> list[Source]:
    from cxdata.sources.discovery import source, sources

    return [source(slug, include) for slug in dict.fromkeys(slugs)] if slugs else list(sources(include).values())


def _places(source: Source, roots: list[str]) -> tuple[list[Path], CxdataError | None]:
    from cxdata.model.errors import UsageError

    named = [Path(root.partition("=")[2] if names_a_source(root) else root) for root in roots]
    gone = [folder for folder in named if not folder.is_dir()]
    if gone:
        raise UsageError("no such folder", where=str(gone[0].absolute()), mend="name a folder that holds a download")
    try:
        return places(source.slug, roots), None
    except UsageError as error:
        return [], error


def _out() -> Path:
    import os

    return Path(str(os.environ.get("CXDATA_OUT") or settings().get("build", {}).get("out") or "cx"))


def _tell(entries: list[Entry], not_looked_for: list[CxdataError], *, as_json: bool) -> None:
    if as_json:
        print_json([entry.as_json() for entry in entries])
    else:
        for entry in entries:
            _show(entry)
    if any(entry.found for entry in entries):
        for reason, slugs in _reasons(not_looked_for).items():
            say(f"not looked for: {slugs} ({reason})")


def _reasons(problems: list[CxdataError]) -> dict[str, str]:
    told = [problem.what.partition(": ") for problem in problems]
    return {reason: ", ".join(slug for slug, _, why in told if why == reason) for _, _, reason in told}


def _nothing_found(chosen: list[Source], roots: list[str], not_looked_for: list[CxdataError]) -> CxdataError:
    from cxdata.model.errors import CxdataError
    from cxdata.sources.roots import REACH

    if not_looked_for and not roots:
        where = "; ".join(f"{slugs}: {reason}" for reason, slugs in _reasons(not_looked_for).items())
    else:
        where = f"{', '.join(roots) or 'the folders of your settings'} ({REACH})"
    one = chosen[0]
    what = f"nothing of {one.slug} was found" if len(chosen) == 1 else f"nothing of {len(chosen)} sources was found"
    get = "\n".join(f"get it: {part.home.url} ({part.title})" for part in one.manifest.parts.values())
    return CxdataError(what, where=where, mend=f"{get}\n{four_ways(one.slug)}")


def _show(entry: Entry) -> None:
    head = f"{entry.layout}, version {entry.version}" if entry.found else "not found"
    print_table(
        ["part", "version", "where"], [_part_row(part) for part in entry.parts], title=f"{entry.source}: {head}"
    )
    typer.echo()
    print_table(["file", "state", "needed for", "what to do"], [_file_row(entry, file) for file in entry.files])
    if entry.found:
        _show_rest(entry)
    typer.echo(f"\nnext: {entry.next}\n")


def _show_rest(entry: Entry) -> None:
    from cxdata.build.space import in_words
    from cxdata.check.counts import differs
    from cxdata.check.disk import time_in_words

    typer.echo()
    rows = [
        (tally.what, tally.unit, f"{tally.official:,}", _counted(tally.found), "differs" if differs(tally) else "")
        for tally in entry.counts
    ]
    print_table(["count", "unit", "official", "found", ""], rows)
    typer.echo()
    for note in entry.notes:
        typer.echo(f"- {note}")
    disk = entry.disk
    extent = "" if disk.is_whole else "at least "
    typer.echo(f"- on disk: {extent}{in_words(disk.size_bytes)}; free where builds go: {in_words(disk.free_bytes)}")
    if disk.build_bytes is not None and disk.build_seconds is not None:
        size, time = in_words(disk.build_bytes), time_in_words(disk.build_seconds)
        typer.echo(f"- a build, roughly: {size}, {time} on two cores and a local disk, pictures left where they are")


def _counted(found: int | None) -> str:
    return "not counted" if found is None else f"{found:,}"


def _part_row(part: PartState) -> tuple[str, str, str]:
    return (
        part.part,
        part.version or "",
        str(part.root) if part.root else f"not found; get it: {part.home} ({part.size})",
    )


def _file_row(entry: Entry, file: FileState) -> tuple[str, str, str, str]:
    use = {"required": "every task", "tasks": ", ".join(file.tasks), "optional": "optional"}[file.need]
    options = " ".join(f"--option {entry.source}.{key}={value}" for key, value in file.when.items())
    what = ". ".join(part for part in (file.what, file.mend) if part)
    return file.file, file.state, f"{use} ({options})" if options else use, what
