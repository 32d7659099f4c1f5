"""`cxdata explain`: how a sample came to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxdata.cli.output import print_json, print_table, say
from cxdata.cli.settings import IncludeOption, JsonOption, places

if TYPE_CHECKING:
    from cxdata.model.manifest import Manifest

NAME = "explain"
EXAMPLES = (
    "cxdata explain mimic/disease_binary/s50414267:edema --in cx/mimic",
    "cxdata explain mimic/findings_generation/s50414267 --in cx --json",
)


def run(
    sample_id: Annotated[str, typer.Argument(metavar="SAMPLE_ID", help="<source>/<task>/<key>, as in the samples.")],
    folder: Annotated[Path, typer.Option("--in", metavar="DIR", help="A build, or a folder of builds.")],
    include_path: IncludeOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Go back from a sample to its file, row and raw cells, its wording, its label states, its pictures."""
    from cxdata.check.explain import explain
    from cxdata.sources.discovery import sources

    manifests = {slug: source.manifest for slug, source in sources(include_path or ()).items()}
    told = explain(folder, sample_id, manifests, _usual_roots)
    print_json(told) if json else _show(told)


def _usual_roots(manifest: Manifest) -> Mapping[str, Path]:
    """Where a build would look for the source; nothing, said on stderr, when no folder is named or none holds it."""
    from cxdata.model.errors import UsageError
    from cxdata.sources.roots import locate

    try:
        found = locate(manifest, places(manifest.slug, ()))
    except UsageError as error:
        say(f"the input is not shown: {error}")
        return {}
    return found.roots if found else {}


def _show(told: dict[str, Any]) -> None:
    sample = told["sample"]
    _table("sample", {"where": told["where"], **{name: value for name, value in sample.items() if value is not None}})
    cells = told["origin"]["cells"] or {}
    _table("origin", {name: value for name, value in told["origin"].items() if name != "cells"})
    _table("raw cells", {name: "" if value is None else value for name, value in cells.items()})
    _table("wording", told["wording"])
    if told["label"] is not None:
        _show_label(told["label"])
    for picture in told["pictures"]:
        _table("picture", picture)
    _table("versions", told["versions"])


def _show_label(label: dict[str, Any]) -> None:
    _table("label", {name: value for name, value in label.items() if name != "states"})
    rows = [
        (name, found["state"], "blocked" if found["blocked"] else "", ", ".join(found["uses"]) or "not asked")
        for name, found in (label["states"] or {}).items()
    ]
    if rows:
        print_table(["finding", "state", "by a related one", f"may be, by {label['policy']}"], rows)
        typer.echo()


def _table(title: str, entries: Mapping[str, Any]) -> None:
    print_table([title, ""], [(name, str(value)) for name, value in entries.items() if value is not None])
    typer.echo()
