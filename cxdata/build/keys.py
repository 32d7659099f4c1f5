"""What each unit depends on: inputs, the config that matters, the versions of the code that matters; each by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

from cxdata.build.config import BuildConfig, PicturesConfig
from cxdata.build.pictures import IMAGES
from cxdata.build.pictures import VERSION as PICTURES_VERSION
from cxdata.build.stored import VERSION as STORE_VERSION
from cxdata.model import policies, read_states, states
from cxdata.model.facets import FACETS, REJECTS
from cxdata.model.hashing import digest
from cxdata.model.manifest import Manifest
from cxdata.model.sample import SCHEMA_VERSION
from cxdata.reports import changes, reader, targets
from cxdata.sources.base import Source
from cxdata.tasks import curriculum, follow_ups
from cxdata.tasks.base import Card, Task
from cxdata.tasks.wordings import CHILDREN


class Key(NamedTuple):
    """All that a unit depends on: a name for each thing, and its value or a hash of it."""

    of: dict[str, str]

    def changed(self, earlier: Key) -> list[str]:
        """The names of what differs from an earlier key, sorted."""
        return sorted(name for name in {*self.of, *earlier.of} if self.of.get(name) != earlier.of.get(name))

    def digest(self) -> str:
        """One hash for all."""
        return digest(self.of)


def facets_key(
    source: Source,
    digests: Mapping[str, tuple[int, str]],
    options: Mapping[str, str],
    parts: Iterable[str],
    parents: Mapping[str, str] | None = None,
) -> Key:
    """What the facet tables depend on: input bytes, options, the reader's VERSION, the facets' schema, the labels.

    `parts` are those that were found: a reader may name pictures by the part they lie in. `parents` holds a hash of
    what the facets of each source depend on that this one stands on.
    """
    manifest = source.manifest
    labels = manifest.labels.model_dump(mode="json") if manifest.labels else None
    return Key({
        **{f"input {name}": sha256 for name, (_, sha256) in sorted(digests.items())},
        **{f"option {name}": value for name, value in sorted(options.items())},
        **{f"facets of {slug}": key for slug, key in sorted((parents or {}).items())},
        "parts found": " ".join(sorted(parts)),
        "reader version": str(source.reader.VERSION),
        "facets' columns": digest([_schema(FACETS[name]) for name in manifest.facets]),
        "label spaces": digest(labels),
        "split rule": digest(manifest.split.model_dump(mode="json")),
    })  # fmt: skip


def about(card: Card, manifest: Manifest) -> str:
    """What rows say of their source, and how it is split, as a hash."""
    return digest([dataclasses.asdict(card), manifest.split.model_dump(mode="json")])


def task_key(
    task: Task,
    facets: Key,
    config: BuildConfig,
    about: str,
    policies_used: tuple[str, str],
    shards: int,
    derived: Mapping[str, Key] | None = None,
) -> Key:
    """What the samples of a task depend on; `derived` holds the keys of facets that are read in reports."""
    read = {"reports as read": read_key(facets).digest()} if policies.READ in policies_used else {}
    read |= {f"{name} in reports": key.digest() for name, key in (derived or {}).items() if name in task.facets}
    return Key({
        **read, "what the reader gives": facets.digest(), "task version": str(task.version), "seed": str(config.seed),
        "split": str(config.split), "limit": str(config.limit), "label policies": " ".join(policies_used),
        "source": about, "number of files": str(shards),
        "schema version": str(SCHEMA_VERSION), "state version": str(states.VERSION),
        "policy version": str(policies.VERSION),
        "difficulty rule": curriculum.RULE, "target version": str(targets.VERSION),
        "vocabulary": _text("cxdata.model", "vocabulary.yaml"),
        "wordings": _wordings(task),
    })  # fmt: skip


def read_key(facets: Key) -> Key:
    """What the states that the reader of reports gives depend on."""
    words = {name: _text("cxdata.reports", name) for name in ("lexicon.yaml", "negation.yaml")}
    return Key({
        "what the reader gives": facets.digest(), "report reader version": str(reader.VERSION),
        "read states version": str(read_states.VERSION), **words,
        "vocabulary": _text("cxdata.model", "vocabulary.yaml"),
    })  # fmt: skip


def changes_key(facets: Key) -> Key:
    """What the changes that reports tell depend on: all that `read_key` names, and which studies are paired."""
    return Key({
        **read_key(facets).of, "changes version": str(changes.VERSION), "follow-ups version": str(follow_ups.VERSION),
        "changes.yaml": _text("cxdata.reports", "changes.yaml"),
    })  # fmt: skip


def shown_key(facets: Key, samples: Sequence[str], shards: int) -> Key:
    """What it depends on which pictures are shown; `samples` are the hashes of the samples' files."""
    return Key({
        "what the reader gives": facets.digest(), "samples": digest(list(samples)), "number of files": str(shards),
    })  # fmt: skip


def pictures_key(facets: Key, shown: str, config: PicturesConfig, shards: int) -> Key:
    """What a shard of `images/` depends on, but for the files themselves; `shown` is a hash of its ids in order."""
    return Key({
        "what the reader gives": facets.digest(), "pictures shown": shown,
        "number of files": str(shards), "probe version": str(PICTURES_VERSION), "columns": _schema(IMAGES),
        **stored_key(config).of,
    })  # fmt: skip


def stored_key(config: PicturesConfig) -> Key:
    """What the bytes of a picture depend on, but for the file itself."""
    asked = {name: str(value) for name, value in config.named().items()}
    return Key({**asked, "store version": str(STORE_VERSION)} if config.mode == "embed" else asked)


def side_key(facets: Key, about: str, *, columns: Mapping[str, Any] = REJECTS) -> Key:
    """What `patients.parquet` and the rejects of no task depend on."""
    return Key({
        "what the reader gives": facets.digest(), "source": about,
        "schema version": str(SCHEMA_VERSION), "columns": _schema(columns),
    })  # fmt: skip


def _schema(columns: Mapping[str, Any]) -> str:
    return digest([(name, str(kind)) for name, kind in columns.items()])


def _wordings(task: Task) -> str:
    """The wordings of a task as a hash; native questions have none, they keep their own words."""
    files = (f"wording/{task.name}.yaml", f"wording/{task.name}.labelled.yaml")
    there = [name for name in files if (resources.files("cxdata.tasks") / name).is_file()]
    return " ".join([*(_text("cxdata.tasks", name) for name in there), *CHILDREN]) if there else "none"


def _text(package: str, name: str) -> str:
    return digest((resources.files(package) / name).read_text(encoding="utf-8"))
