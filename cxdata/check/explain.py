"""`explain`: how a sample came to be, from the row back to the cells of the input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from cxdata.build.builds import Build, builds, readable
from cxdata.check.lookup import Located, locate_sample
from cxdata.check.origin import origin
from cxdata.check.reading import facet_rows, label
from cxdata.model.errors import CxdataError
from cxdata.model.manifest import Manifest
from cxdata.tasks.wordings import CHILD, LABELLED, SEEN, wordings

Roots = Callable[[Manifest], Mapping[str, Path]]
PICTURE = ("image_id", "view", "status", "root_id", "path", "member", "width", "height")


def explain(folder: Path, sample_id: str, manifests: Mapping[str, Manifest], other_roots: Roots) -> dict[str, Any]:
    """Everything that is known of one sample.

    Keys: `where` (shard:row-group:row), `sample` (every column), `origin` (file, row, raw cells), `wording`, `label`
    (policy, states; None where no label was read), `pictures`, `versions`. `other_roots` is asked where the folders
    that the build read from are not recorded or gone. Raises UsageError when no sample has the id, CxdataError for a
    file of the build that is damaged.
    """
    there = builds(folder)
    with readable(there):
        return _told(locate_sample(there, sample_id), manifests, other_roots)


def _told(found: Located, manifests: Mapping[str, Manifest], other_roots: Roots) -> dict[str, Any]:
    manifest, row = manifests.get(found.row["source"]), found.row
    roots = _roots(found.build, manifest, other_roots)
    facets = facet_rows(found.build, manifest, row) if manifest else None
    record = found.build.record() or {}
    inputs = {entry["file"]: entry["sha256"] for entry in record.get("inputs", [])}
    return {
        "where": found.where, "sample": row,
        "origin": origin(manifest, roots, row, _report(facets, manifest, row), inputs),
        "wording": _wording(row), "label": label(manifest, row, facets), "pictures": _pictures(found, roots),
        "versions": _versions(record, row),
    }  # fmt: skip


def _roots(build: Build, manifest: Manifest | None, other_roots: Roots) -> Mapping[str, Path]:
    recorded = build.roots()
    if manifest is None or (recorded and all(root.is_dir() for root in recorded.values())):
        return recorded
    return other_roots(manifest) or recorded


def _report(
    facets: Mapping[str, pl.LazyFrame] | None, manifest: Manifest | None, row: Mapping[str, Any]
) -> dict[str, Any] | None:
    if facets is None or manifest is None or "reports" not in facets:
        return None
    study = row["study_key"].removeprefix(f"{manifest.patient_namespace}:")
    rows = facets["reports"].filter(pl.col("study_id") == study).collect()
    return rows.row(0, named=True) if rows.height else None


def _wording(row: Mapping[str, Any]) -> dict[str, Any]:
    """The text that the question was made from, and the sentence about No Finding that ends it."""
    told: dict[str, Any] = {"id": row["wording_id"], "text": None, "note": None}
    wording_id, _, note_id = row["wording_id"].partition(CHILD)[0].partition("+note.")
    try:
        table = wordings(row["task"], row["language"], LABELLED if f".{LABELLED}." in wording_id else SEEN)
    except CxdataError:
        return told
    form = "two" if len(row["image_ids"]) == 2 else "one"
    text = {table.wording_id(each): getattr(each, form) or each.one for each in table.wordings}
    note = {each.id: each.text for each in table.no_finding_note}
    return {**told, "text": text.get(wording_id), "note": note.get(note_id)}


def _pictures(found: Located, roots: Mapping[str, Path]) -> list[dict[str, Any]]:
    shards = found.build.shards("images")
    wanted = found.row["image_ids"]
    if not shards or not wanted:
        return [{"image_id": image_id} for image_id in wanted]
    rows = pl.scan_parquet(shards).filter(pl.col("image_id").is_in(wanted)).select(PICTURE).collect()
    known = {row["image_id"]: row for row in rows.iter_rows(named=True)}
    return [_picture(known.get(image_id, {"image_id": image_id}), roots) for image_id in wanted]


def _picture(row: dict[str, Any], roots: Mapping[str, Path]) -> dict[str, Any]:
    root, path = roots.get(row.get("root_id", "")), row.get("path")
    return {**row, "file": str(root / path) if root is not None and path is not None else None}


def _versions(record: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    names = {"cxdata": "tool_version", "schema": "schema_version", "config_digest": "config_digest"}
    built = {name: record.get(key) for name, key in names.items()}
    return {**built, "source": row["source_version"], "reader": row["reader_version"], "task": row["task_version"]}
