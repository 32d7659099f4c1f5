"""What each unit depends on, as a hash: inputs, the config that matters, and the versions of the code that matters."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib import resources
from typing import Any

from cxdata.build.config import BuildConfig
from cxdata.model import policies, states
from cxdata.model.facets import FACETS
from cxdata.model.hashing import digest
from cxdata.model.sample import SCHEMA_VERSION
from cxdata.reports import targets
from cxdata.sources.base import Source
from cxdata.tasks.base import Card, Task


def facets_key(source: Source, digests: Mapping[str, tuple[int, str]], options: Mapping[str, str]) -> str:
    """What the facet tables depend on: input bytes, options, the reader's VERSION, the facets' schema, the labels."""
    labels = source.manifest.labels.model_dump(mode="json") if source.manifest.labels else None
    return digest({
        "inputs": {name: sha256 for name, (_, sha256) in sorted(digests.items())},
        "options": dict(options),
        "reader": source.reader.VERSION,
        "facets": {name: {column: str(kind) for column, kind in schema.items()} for name, schema in FACETS.items()},
        "labels": labels,
    })  # fmt: skip


def task_key(
    task: Task, facets: str, config: BuildConfig, card: Card, policies_used: tuple[str, str], shards: int
) -> str:
    """What the samples of a task depend on."""
    return digest({
        "facets": facets, "task": [task.name, task.version], "config": [config.seed, config.split, config.limit],
        "policies": policies_used, "card": dataclasses.asdict(card), "shards": shards, "code": _code(task.name),
    })  # fmt: skip


def _code(task: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION, "states": states.VERSION, "policies": policies.VERSION, "targets": targets.VERSION,
        "vocabulary": _text("cxdata.model", "vocabulary.yaml"), "wording": _text("cxdata.tasks", f"wording/{task}.yaml"),
    }  # fmt: skip


def _text(package: str, name: str) -> str:
    return digest((resources.files(package) / name).read_text(encoding="utf-8"))
