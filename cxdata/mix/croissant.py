"""The Croissant description of a stage folder, with what its responsible-AI extension asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cxdata.mix.card import HEADER, USE
from cxdata.mix.facts import Facts
from cxdata.sources.base import Source

CONTEXT: Final = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo", "citeAs": "cr:citeAs",
}  # fmt: skip
CONFORMS: Final = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]


def croissant(content: Mapping[str, Any], sources: Mapping[str, Source], facts: Facts) -> dict[str, Any]:
    """The files with their sha256, licences and papers of the sources, intended use and limits."""
    manifests = {slug: sources[slug].manifest for slug in content["by_source"]}
    kept = [f"{slug}: {one.terms}" for slug, one in manifests.items() if one.restricted]
    negatives = facts.findings.filter(~facts.findings["is_right"])["state"].unique().sort()
    return {
        "@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": CONFORMS,
        "name": f"cxdata-mix-{content['stage']}", "description": HEADER,
        "license": [f"{slug}: {one.licence}" for slug, one in manifests.items()],
        "citeAs": "; ".join(paper for one in manifests.values() for paper in one.citations),
        "isBasedOn": [f"{slug} {content['versions'].get(slug)}: {one.title}" for slug, one in manifests.items()],
        "rai:dataUseCases": USE,
        "rai:dataSocialImpact": "Not for clinical use.",
        "rai:dataLimitations": [
            f"negatives rest on: {', '.join(negatives) or 'nothing'}",
            *(f"rows left out, {code}: {n}" for code, n in content["dropped"].items()),
            *(f"shared patients not known: {one} and {other}: {why}" for one, other, why in content["unknown"]),
        ],
        "rai:personalSensitiveInformation": ["radiographs of patients", *kept],
        "distribution": [
            {"@type": "cr:FileObject", "@id": file["file"], "name": file["file"], "contentUrl": file["file"],
             "encodingFormat": "application/x-parquet", "sha256": file["sha256"],
             "contentSize": f"{file['size_bytes']} B"}
            for file in content["files"]
        ],
    }  # fmt: skip
