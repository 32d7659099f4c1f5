"""What a writer of traces is, and which there are.

A writer gets the cases of one shard, in order, and gives a trace or a refusal for each, in the same order. It never
sees files of a build. One that is not `is_local` (a model) runs in the parent process, one shard at a time, and may
keep what it was answered below `state`, a folder of its own that outlives a kill, so that nothing is asked twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from cxdata.reasoning.study import Study
from cxdata.reasoning.trace import Question, Refused, Trace

if TYPE_CHECKING:
    from cxdata.model.manifest import Manifest
    from cxdata.reasoning.model.settings import ModelSettings

WriterName = Literal["evidence", "model"]


class Case(NamedTuple):
    """A question and what its study tells."""

    asked: Question
    study: Study


class Writer(Protocol):
    """Writes traces."""

    name: str
    version: str
    is_local: bool

    def depends_on(self) -> dict[str, str]:
        """What the traces depend on beside samples and evidence, by name: versions, phrase tables, model, prompts."""
        ...

    def record(self) -> dict[str, Any]:
        """What traces.json says of how the traces were made, beside the writer's name and version."""
        ...

    def write(self, cases: Iterable[Case]) -> Iterator[Trace | Refused]:
        """A trace or a refusal for each case, in order; a refusal has a code of `codes.py`."""
        ...


class WriterRequest(NamedTuple):
    """What a writer is asked to be; `settings` and the sources' `manifests` are of the model writer."""

    name: WriterName
    settings: ModelSettings | None = None
    manifests: tuple[Manifest, ...] = ()


def refuse_unless_allowed(request: WriterRequest) -> None:
    """Raise RefusedError for a model on another machine without the sources' terms; nothing is sent to find out."""
    if request.name == "model":
        from cxdata.reasoning.model.writer import settled_terms

        settled_terms(_settings(request), request.manifests)


@contextmanager
def writer_of(request: WriterRequest, state: Path, note: Callable[[str], None] = lambda text: None) -> Iterator[Writer]:
    """The writer that is asked for; one that is not local keeps what it was answered below `state`.

    Raises RefusedError as `refuse_unless_allowed`, and CxdataError where no model answers.
    """
    if request.name == "evidence":
        from cxdata.reasoning.evidence.writer import EvidenceWriter

        yield EvidenceWriter()
        return
    from cxdata.reasoning.model.writer import model_writer

    with model_writer(_settings(request), request.manifests, state, note) as writer:
        yield writer


def _settings(request: WriterRequest) -> ModelSettings:
    from cxdata.reasoning.model.settings import ModelSettings

    return request.settings or ModelSettings()
