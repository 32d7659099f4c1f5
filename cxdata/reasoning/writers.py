"""What a writer of traces is, and which there are.

A writer gets the cases of one shard, in order, and gives a trace or a refusal for each, in the same order. It never
sees files of a build. One that is not `is_local` (a model) runs in the parent process, one shard at a time, and may
keep what it was answered below `state`, a folder of its own that outlives a kill, so that nothing is asked twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol

from cxdata.model.errors import UsageError
from cxdata.reasoning.study import Study
from cxdata.reasoning.trace import Question, Refused, Trace

WriterName = Literal["evidence", "model"]
WRITERS: Final = ("evidence", "model")


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

    def write(self, cases: Iterable[Case]) -> Iterator[Trace | Refused]:
        """A trace or a refusal for each case, in order; a refusal has a code of `codes.py`, or one of its own."""
        ...


class WriterRequest(NamedTuple):
    """What a writer is asked to be; `endpoint` and `terms_accepted` are of the model writer."""

    name: WriterName
    endpoint: str | None = None
    terms_accepted: str | None = None


def writer_of(request: WriterRequest, state: Path | None = None) -> Writer:
    """The writer that is asked for. Raises UsageError for one that is none, or for settings that are not its own.

    The model writer's module checks the endpoint before anything is sent: RefusedError for a far one without terms.
    """
    if request.name == "evidence":
        from cxdata.reasoning.evidence.writer import EvidenceWriter

        if request.endpoint or request.terms_accepted:
            what = "--endpoint and --terms-accepted are settings of the model writer"
            raise UsageError(what, mend="add --writer model, or leave them out")
        return EvidenceWriter()
    from cxdata.reasoning.model import model_writer  # heavy, and needed by few

    return model_writer(endpoint=request.endpoint, terms_accepted=request.terms_accepted, state=state)
