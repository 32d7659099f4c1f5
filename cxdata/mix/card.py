"""The card of a stage folder (README.md) and its Croissant description, made from what was mixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cxdata.sources.base import Source

HEADER: Final = (
    "This folder was written by `cxdata mix`. It is for research on models of chest radiographs, not for clinical use."
)
CONTEXT: Final = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
}  # fmt: skip


def card(content: Mapping[str, Any], sources: Mapping[str, Source]) -> str:
    """The text of README.md: sources and terms, counts, the text-only baseline, what was left out, unknown pairs."""
    rows = content["rows"]
    lines = [
        f"# Stage `{content['stage']}`, format `{content['format']}`", "", HEADER, "",
        f"{rows['train']:,} rows of train, {rows['val']:,} of val, {rows['test']:,} of test. `mix.json` holds the",
        "config, every count and the sha256 of every file; `cxdata validate` and `cxdata split-check` check it.", "",
        "## Sources", "", "| source | rows | licence | may be shared |", "|---|---:|---|---|",
        *(_source(slug, n, sources) for slug, n in content["by_source"].items()), "",
        "What may not be shared, may not be shared from here either, nor anything derived from it.", "",
        "## Tasks", "", "| task | rows |", "|---|---:|",
        *(f"| {task} | {n:,} |" for task, n in content["by_task"].items()), "",
        "## Traces", "", *_traces(content["traces"]), "",
        "## Guessed without the picture", "", *_baseline(content["text_only"]), "", "## Left out", "",
        *(f"- `{code}`: {n:,}" for code, n in content["dropped"].items()), "", "## Patients", "",
        "Every patient has one split over all sources, the strictest that any gives.", *_unknown(content["unknown"]),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def croissant(content: Mapping[str, Any]) -> dict[str, Any]:
    """Croissant: the files with their sha256."""
    return {
        "@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"cxdata-mix-{content['stage']}", "description": HEADER,
        "distribution": [
            {"@type": "cr:FileObject", "@id": file["file"], "name": file["file"], "contentUrl": file["file"],
             "encodingFormat": "application/x-parquet", "sha256": file["sha256"],
             "contentSize": f"{file['size_bytes']} B"}
            for file in content["files"]
        ],
    }  # fmt: skip


def _source(slug: str, rows: int, sources: Mapping[str, Source]) -> str:
    manifest = sources[slug].manifest
    shared = "no" if manifest.restricted else "see its licence"
    return f"| {manifest.title} (`{slug}`) | {rows:,} | {manifest.licence} | {shared} |"


def _traces(told: Mapping[str, Any]) -> list[str]:
    if not told["rows"]:
        return ["No gold is a trace."]
    return [
        f"The golds of {told['rows']:,} rows are traces of the writer `{told['writer']}`: rationales composed from",
        "reports and boxes, no record of how anyone looked. Of their steps,",
        f"{told['silent_share']:.1%} rest on silence or on a label alone.", "",
        "| basis | steps |", "|---|---:|", *(f"| {basis} | {n:,} |" for basis, n in told["steps"].items()),
    ]  # fmt: skip


def _baseline(told: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not told:
        return ["No task with options has rows enough to be judged."]
    head = ["| task | rows judged | guessed | chance | commonest answer |", "|---|---:|---:|---:|---:|"]
    return [*head, *(
        f"| {task} | {one['n']:,} | {one['accuracy']:.3f} | {one['chance']:.3f} | {one['majority']:.3f} |"
        for task, one in told.items()
    )]  # fmt: skip


def _unknown(pairs: list[list[str]]) -> list[str]:
    if not pairs:
        return []
    return [
        "",
        "Whether these share patients is not known:",
        "",
        *(f"- {one} and {other}: {why}" for one, other, why in pairs),
    ]
