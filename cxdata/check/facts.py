"""What rows are checked against: declared tasks, wordings, findings and manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from cxdata.model.manifest import Manifest
from cxdata.model.vocabulary import Finding, Vocabulary, vocabulary
from cxdata.tasks.base import Task, tasks
from cxdata.tasks.wordings import CHILD, CHILDREN, load_wordings


@dataclass(frozen=True)
class Facts:
    """The declarations that rows must agree with."""

    tasks: Mapping[str, Task]
    vocabulary: Vocabulary
    sources: Mapping[str, Manifest]

    @cached_property
    def label_tasks(self) -> frozenset[str]:
        """Tasks about findings that a policy read from labels."""
        return frozenset(name for name, task in self.tasks.items() if task.reads_labels)

    @cached_property
    def tiered_tasks(self) -> frozenset[str]:
        """Tasks whose rows say who stated what they ask."""
        return frozenset(name for name, task in self.tasks.items() if task.has_tier)

    @cached_property
    def text_tasks(self) -> frozenset[str]:
        """Tasks of text alone."""
        return frozenset(name for name, task in self.tasks.items() if task.domain == "language")

    @cached_property
    def report_tasks(self) -> frozenset[str]:
        """Tasks whose answer is written from the pictures of a study."""
        return frozenset(name for name, task in self.tasks.items() if task.domain == "text_generation")

    @cached_property
    def wording_ids(self) -> frozenset[str]:
        """Every `wording_id` that a row may have, with and without a note."""
        return frozenset(_wording_ids())

    @cached_property
    def worded_tasks(self) -> frozenset[str]:
        """Tasks with wordings of our own."""
        return frozenset(name.partition(".")[0] for name in self.wording_ids)

    def findings(self, *kinds: str, visible: bool = True) -> list[str]:
        """Names of the findings of these kinds, those that a radiograph can show or those that it cannot."""
        return [f.name for f in self.vocabulary.findings if f.kind in kinds and _is_visible(f) == visible]


def facts(include: Iterable[Path] = ()) -> Facts:
    """Everything declared in the package and below the folders of `include`."""
    from cxdata.sources.discovery import sources

    return Facts(tasks(), vocabulary(), {slug: source.manifest for slug, source in sources(include).items()})


def _is_visible(finding: Finding) -> bool:
    return finding.visible != "no"


def _wording_ids() -> Iterable[str]:
    folder = Path(str(resources.files("cxdata.tasks"))) / "wording"
    for table in map(load_wordings, sorted(folder.glob("*.yaml"))):
        ids = [table.wording_id(wording) for wording in table.wordings]
        noted = [*ids, *(f"{each}+note.{note.id}" for each in ids for note in table.no_finding_note)]
        yield from noted
        yield from (f"{each}{CHILD}{place:02}" for each in noted for place in range(1, len(CHILDREN) + 1))
