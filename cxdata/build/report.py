"""What a build says of itself: build.json, its README and a Croissant description."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from cxdata import __version__
from cxdata.build.ledger import Unit
from cxdata.build.talk import notes
from cxdata.build.units import picture_files
from cxdata.build.unreadable import UNREADABLE, with_unreadable_picture
from cxdata.model.manifest import Manifest
from cxdata.model.sample import SCHEMA_VERSION, columns
from cxdata.sources.base import file_name

if TYPE_CHECKING:
    from cxdata.build.parents import Parent
    from cxdata.build.units import Units


class Parts(NamedTuple):
    """The finished units of a build."""

    reader: Unit
    tasks: dict[str, Unit]
    pictures: list[Unit]
    patients: Unit
    left_out: Unit

    def all(self) -> list[Unit]:
        """Every unit that wrote shards, in a fixed order."""
        return [self.patients, *self.tasks.values(), *self.pictures, self.reader, self.left_out]


def report(units: Units, parts: Parts) -> dict[str, Any]:
    """The content of build.json: the same for the same inputs and config, whatever the machine."""
    shards = sorted({shard for unit in parts.all() for shard in unit.shards})
    samples = _samples(units, parts)
    content = {
        "source": units.source.slug,
        "source_version": units.found.version,
        "schema_version": SCHEMA_VERSION,
        "tool_version": __version__,
        "layout": units.found.layout,
        "config": {**units.config.model_dump(mode="json"), "policy_train": units.policies[0],
                   "policy_eval": units.policies[1], "images": units.images.mode},
        "config_digest": units.config.digest(),
        "pictures_config": units.images.named(),
        "pictures_digest": units.images.digest(),
        "tasks_not_asked": [entry._asdict() for entry in units.inputs.not_asked],
        "inputs": _inputs(units, parts.reader),
        "funnel": _funnel(parts),
        "samples": samples,
        "tasks_without_samples": [name for name, n in samples["by_task"].items() if not n],
        "rejects": _rejects(parts),
        "pictures": _pictures(parts),
        "pictures_of_other_size": _other_sizes(parts),
        "shards": [shard._asdict() for shard in shards],
    }  # fmt: skip
    return {**content, "notes": [*_without_parents(units), *notes(content, units.inputs.without_rows)]}


def _without_parents(units: Units) -> list[str]:
    """What is done instead, where a source that this one stands on is not there."""
    manifest, there = units.source.manifest, {parent.source.slug for parent in units.parents}
    return [" ".join(manifest.without_parents.split())] if not there.issuperset(manifest.requires) else []


def card(manifest: Manifest, content: dict[str, Any]) -> str:
    """The README of a build folder, made from what was built."""
    samples, config = content["samples"], content["config"]
    lines = [
        f"# {manifest.title}, built by cxdata {content['tool_version']}", "", manifest.summary, "",
        f"Source version {content['source_version']}. Licence: {manifest.licence}. {manifest.terms}",
        "" if not manifest.restricted else "\n**Nothing in this folder may be shared.**\n",
        *_table("task", samples["by_task"]), "", *_table("split", samples["by_split"]), "",
        f"Policy that reads labels: `{config['policy_train']}` in train, `{config['policy_eval']}` in val and test.",
        CHECKED, "", *(f"- {note}" for note in content["notes"]), *[""][: len(content["notes"])],
        "To cite:", "", *(f"- {citation}" for citation in manifest.citations),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def croissant(manifest: Manifest, content: dict[str, Any]) -> dict[str, Any]:
    """A Croissant 1.0 description (https://docs.mlcommons.org/croissant/) of the samples."""
    files = [shard for shard in content["shards"] if shard["file"].startswith("samples/")]
    fields = [_croissant_field(column.name, column.kind, column.description) for column in columns()]
    return {
        "@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"cxdata-{manifest.slug}", "description": manifest.summary, "version": content["source_version"],
        "license": manifest.licence, "url": next(iter(manifest.parts.values())).home.url,
        "citeAs": "; ".join(manifest.citations), "datePublished": manifest.versions[0].released,
        "distribution": [
            {"@type": "cr:FileObject", "@id": shard["file"], "name": shard["file"], "contentUrl": shard["file"],
             "encodingFormat": "application/x-parquet", "sha256": shard["sha256"]} for shard in files
        ] + [{"@type": "cr:FileSet", "@id": "samples", "name": "samples", "encodingFormat": "application/x-parquet",
              "includes": "samples/*.parquet"}],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "sample", "name": "sample", "field": fields}],
    }  # fmt: skip


def _table(head: str, counts: dict[str, int]) -> list[str]:
    return [f"| {head} | samples |", "|---|---:|", *(f"| {name} | {n:,} |" for name, n in counts.items())]


def _inputs(units: Units, reader: Unit) -> list[dict[str, Any]]:
    counted = reader.counts["inputs"]
    entries = []
    for name, (size, sha256) in sorted(units.digests.items()):
        file = units.display(name)
        read, used, rejected, nulled = counted.get(file, [None] * 4)
        entries.append({
            "file": file, "role": units.source.manifest.file(name).role, "size_bytes": size, "sha256": sha256,
            "rows_read": read, "rows_used": used, "rows_rejected": rejected, "cells_nulled": nulled,
        })  # fmt: skip
    return entries + [entry for parent in units.parents for entry in _of_parent(units, parent)]


def _of_parent(units: Units, parent: Parent) -> list[dict[str, Any]]:
    """A parent's files: they are read for its facets, and their rows count in its own build."""
    digests, manifest = parent.digests(units.hashes), parent.source.manifest
    return [
        {"file": f"{manifest.slug}/{file_name(parent.inputs.files, name)}", "role": "reference", "size_bytes": size,
         "sha256": sha256, "rows_read": None, "rows_used": None, "rows_rejected": None, "cells_nulled": None}
        for name, (size, sha256) in sorted(digests.items())
    ]  # fmt: skip


def _funnel(parts: Parts) -> list[dict[str, Any]]:
    steps = [("", step) for step in parts.reader.counts["funnel"]]
    steps += [(f"{name}: ", step) for name, unit in parts.tasks.items() for step in unit.counts["funnel"]]
    return [{"step": prefix + step, "count": count, "unit": unit} for prefix, (step, count, unit) in steps]


def _samples(units: Units, parts: Parts) -> dict[str, Any]:
    by_task = {name: sum(shard.rows for shard in unit.shards) for name, unit in parts.tasks.items()}
    by_split: Counter[str] = Counter()
    by_stage: Counter[str] = Counter()
    for unit in parts.tasks.values():
        by_split.update(unit.counts["by_split"])
        by_stage.update(unit.counts["by_stage"])
    order = [split for split in ("train", "val", "test") if split in by_split]
    home = units.folder.home
    samples = [home / shard.file for unit in parts.tasks.values() for shard in unit.shards]
    images = [home / file for unit in parts.pictures for file in picture_files(unit)]
    return {"total": sum(by_task.values()), "by_task": by_task, "by_split": {split: by_split[split] for split in order},
            "by_stage": dict(sorted(by_stage.items())),
            UNREADABLE: with_unreadable_picture(samples, images)}  # fmt: skip


def _rejects(parts: Parts) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for unit in (parts.reader, parts.left_out, *parts.pictures):
        counts.update(unit.counts["rejects"])
    return dict(sorted(counts.items()))


def _pictures(parts: Parts) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for unit in parts.pictures:
        counts.update(unit.counts["status"])
    return dict(sorted(counts.items()))


def _other_sizes(parts: Parts) -> dict[str, int]:
    """How many files have another size than the source's table tells, and of these another shape."""
    counts = [unit.counts["other_sizes"] for unit in parts.pictures]
    return {name: sum(count[name] for count in counts) for name in ("size", "shape")}


def _croissant_field(name: str, kind: pl.DataType, description: str) -> dict[str, Any]:
    inner = kind.inner if isinstance(kind, pl.List) else kind
    entry: dict[str, Any] = {
        "@type": "cr:Field", "@id": f"sample/{name}", "name": name, "description": description,
        "dataType": DATA_TYPES.get(str(inner), "sc:Text"),
        "source": {"fileSet": {"@id": "samples"}, "extract": {"column": name}},
    }  # fmt: skip
    return {**entry, "repeated": True} if isinstance(kind, pl.List) else entry


CHECKED: Final = (
    "`build.json` holds the funnel, the rejects and the sha256 of every file; `cxdata validate` checks them. "
    "Not for clinical use."
)
DATA_TYPES: Final = {
    "String": "sc:Text",
    "Int64": "sc:Integer",
    "Int32": "sc:Integer",
    "Float64": "sc:Float",
    "Boolean": "sc:Boolean",
}
CONTEXT: Final = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{term: f"cr:{term}" for term in (
        "citeAs", "column", "extract", "field", "fileSet", "fileObject", "format", "includes", "isLiveDataset",
        "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace",
        "separator", "source", "subField", "transform",
    )},
}  # fmt: skip
