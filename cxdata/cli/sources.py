"""`cxdata sources`: the sources, or the card of one: what to download, what is read of it and what for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxdata.cli.output import print_json, print_table
from cxdata.cli.settings import IncludeOption, JsonOption, four_ways
from cxdata.model.tags import TAGS

if TYPE_CHECKING:
    from cxdata.model.manifest import Annotator, FileSpec, Manifest

NAME = "sources"
EXAMPLES = ("cxdata sources", "cxdata sources mimic")


def run(
    slug: Annotated[str | None, typer.Argument(help="A source: its card.")] = None,
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:
    """List the sources; with a slug, show what to download, from where, how large, which files are read and why."""
    from cxdata.sources.discovery import source, sources

    include = include_path or ()
    chosen = [source(slug, include)] if slug else list(sources(include).values())
    manifests = [one.manifest for one in chosen]
    if json:
        print_json([as_json(manifest) for manifest in manifests])
    elif slug:
        _card(manifests[0])
    else:
        _list(manifests)


def as_json(manifest: Manifest) -> dict[str, Any]:
    """The object of `cxdata sources --json`: the manifest, layouts by name, and the tasks that each file feeds."""
    content = manifest.model_dump(mode="json")
    files = [
        {**entry, "feeds": feeds(manifest, spec)} for entry, spec in zip(content["files"], manifest.files, strict=True)
    ]
    return {
        **content, "layouts": [layout.name for layout in manifest.layouts], "layout_details": content["layouts"],
        "files": files,
    }  # fmt: skip


def feeds(manifest: Manifest, spec: FileSpec) -> list[str]:
    """The source's tasks that a file feeds.

    All for a required file, else those named; of pictures those that show one, of others those that read its facets.
    """
    from cxdata.tasks.base import tasks

    if spec.need == "required":
        return list(manifest.tasks)
    known = {name: task for name, task in tasks().items() if name in manifest.tasks}
    if spec.kind == "pictures":
        return [name for name in manifest.tasks if name in known and known[name].domain != "language"]
    of_facets = [name for name in manifest.tasks if name in known and set(known[name].facets) & set(spec.facets)]
    return list(spec.tasks) or of_facets


def _list(manifests: list[Manifest]) -> None:
    rows = [(m.slug, m.title, m.access, m.licence, _size(m), ", ".join(m.tags), ", ".join(m.tasks)) for m in manifests]
    print_table(["source", "title", "access", "licence", "download", "tags", "tasks"], rows)
    typer.echo("\nthe card of one: cxdata sources SLUG")


def _size(manifest: Manifest) -> str:
    return "; ".join(part.home.size for part in manifest.parts.values())


def _card(manifest: Manifest) -> None:
    typer.echo(f"{manifest.slug}: {manifest.title}\n{manifest.summary}\n")
    mark = "restricted, " if manifest.restricted else ""
    typer.echo(f"access:  {mark}{manifest.access}\nlicence: {manifest.licence}\nterms:   {manifest.terms}\n")
    if manifest.third_party:
        third = manifest.third_party
        typer.echo(f"services of others ({third.name}): {third.says} {third.page}\n")
    _downloads(manifest)
    _files(manifest)
    _meaning(manifest)
    _ways(manifest)


def _downloads(manifest: Manifest) -> None:
    parts = [(name, part.title, part.home.url, part.home.size) for name, part in manifest.parts.items()]
    print_table(["part", "what", "where to get it", "how large"], parts, title="What to download")
    typer.echo()
    versions = [(version.version, version.released, version.note) for version in manifest.versions]
    print_table(["version", "released", "note"], versions, title="Versions")
    typer.echo()
    layouts = [(one.name, one.title, _places(one.parts), ", ".join(one.lacks)) for one in manifest.layouts]
    print_table(["layout", "what", "parts below the data folder", "never has"], layouts, title="How it may lie on disk")
    typer.echo()


def _places(parts: dict[str, str]) -> str:
    return "\n".join(f"{part}: {place}" for part, place in parts.items())


def _files(manifest: Manifest) -> None:
    rows = [(spec.name, spec.part, _need(manifest, spec), spec.why, _fed(manifest, spec)) for spec in manifest.files]
    print_table(["file", "part", "needed", "why it is read", "tasks it feeds"], rows, title="Which files are read")
    typer.echo()
    names = [(spec.name, "\n".join(_as_named(spec, path) for path in spec.paths), spec.get) for spec in manifest.files]
    print_table(["file", "looked for as, the first that is there", "where to get it"], names)
    typer.echo()


def _as_named(spec: FileSpec, path: str) -> str:
    holds_more = spec.holds is not None and "." not in path.rsplit("/", 1)[-1][1:]
    return f"{path}/{spec.holds}" if holds_more else path


def _need(manifest: Manifest, spec: FileSpec) -> str:
    options = " ".join(f"--option {manifest.slug}.{key}={value}" for key, value in spec.when.items())
    need = {"required": "required", "tasks": "for its tasks", "optional": "optional"}[spec.need]
    return f"{need}, with {options}" if options else need


def _fed(manifest: Manifest, spec: FileSpec) -> str:
    fed = feeds(manifest, spec)
    return "every task" if fed == list(manifest.tasks) else ", ".join(fed) or "none"


def _meaning(manifest: Manifest) -> None:
    if manifest.labels:
        rows = [_annotator_row(manifest, annotator) for annotator in manifest.labels.annotators]
        print_table(["labels by", "reference", "states", "findings", "note"], rows, title="Labels")
        typer.echo()
    if manifest.answered_by:
        answers = [(one.name, one.reference, one.note) for one in manifest.answered_by]
        print_table(["answers by", "reference", "note"], answers, title="Native questions")
        typer.echo()
    counts = [(one.what, one.unit, one.value, one.version or "", one.origin) for one in manifest.official_counts]
    print_table(["count", "unit", "official", "only in", "published in"], counts, title="Official counts")
    typer.echo()
    options = [(f"--option {manifest.slug}.{key}=…", ", ".join(option.choices), option.default, option.help)
               for key, option in manifest.options.items()]  # fmt: skip
    if options:
        print_table(["option", "choices", "default", "what for"], options, title="Options")
        typer.echo()


def _annotator_row(manifest: Manifest, annotator: Annotator) -> tuple[str, ...]:
    options = " ".join(f"with --option {manifest.slug}.{key}={value}" for key, value in annotator.when.items())
    note = "; ".join(text for text in (annotator.note, options) if text)
    return annotator.name, annotator.reference, annotator.how, ", ".join(annotator.findings), note


def _ways(manifest: Manifest) -> None:
    population = manifest.population
    typer.echo(f"splits:     {manifest.split.words}\npopulation: {population.default}; {population.evidence}")
    if manifest.tags:
        typer.echo(f"tags:       {'; '.join(f'{tag} ({TAGS[tag]})' for tag in manifest.tags)}")
    if manifest.requires:
        typer.echo(f"stands on: {', '.join(manifest.requires)}")
    if manifest.same_patients_as:
        links = [(link.source, link.ids, len(link.lists) or "", link.why) for link in manifest.same_patients_as]
        typer.echo()
        print_table(["shares patients with", "by", "lists", "what is known"], links)
        typer.echo()
    typer.echo("cite:")
    for citation in manifest.citations:
        typer.echo(f"  {citation}")
    typer.echo(f"\n{four_ways(manifest.slug)}")
    typer.echo(f"\nnext: cxdata doctor /path/to/data --source {manifest.slug}")
