"""Traces by a model, from one end to the other: what is not yet answered is asked, then every answer is read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from cxdata.model.hashing import digest
from cxdata.reasoning.model.asking import PATIENCE, Asking, Patience, Sampling, jobs, request_digest
from cxdata.reasoning.model.brief import Brief, Kind
from cxdata.reasoning.model.client import Client
from cxdata.reasoning.model.endpoint import Endpoint
from cxdata.reasoning.model.journal import Journal
from cxdata.reasoning.model.prompts import prompt_id
from cxdata.reasoning.model.replies import Code, Said
from cxdata.reasoning.model.serving import Served, served

VERSION: Final = 1  # goes up whenever the same answer may give another trace
JOURNALS: Final = "model-answers"
KINDS: Final[tuple[Kind, ...]] = ("closed", "open")


class ModelConfig(NamedTuple):
    """How the model is asked; `key` is the endpoint's, and stands in nothing that is written."""

    endpoint: Endpoint
    model: str | None = None
    revision: str | None = None
    sampling: Sampling = Sampling()
    concurrency: int = 32
    timeout_s: float = 300.0
    key: str | None = None
    patience: Patience = PATIENCE

    def client(self) -> Client:
        """A client of the endpoint."""
        return Client(self.endpoint, self.timeout_s, self.key)

    def served(self) -> Served:
        """The model that answers there; raises as `serving.served` does."""
        with self.client() as client:
            return served(client, self.model, self.revision)


class Written(NamedTuple):
    """What the model wrote for one sample, as it stands, or why nothing; with what it was made by."""

    sample_id: str
    said: tuple[Said, ...] | Code
    prompt_id: str
    sampling: str
    tokens_in: int
    tokens_out: int


def binding(by: Served, sampling: Sampling) -> dict[str, Any]:
    """What answers are bound to: another model, revision, prompt or sampling gives other answers."""
    ids = {kind: prompt_id(kind) for kind in KINDS}
    return {"prompts": ids, "model": by.model, "revision": by.revision, "sampling": sampling._asdict()}


def journal_path(folder: Path, by: Served, sampling: Sampling) -> Path:
    """The journal of a binding, below a folder: answers of other bindings stay beside it."""
    return folder / f"{digest(binding(by, sampling))[:16]}.jsonl"


def write(
    briefs: Callable[[], Iterable[Brief]], config: ModelConfig, by: Served, folder: Path,
    told: Callable[[int], None] = lambda settled: None,
) -> Iterator[Written]:  # fmt: skip
    """One Written a brief, in the briefs' order, once all are answered; `briefs` is called twice.

    Answers are kept in a journal below `folder` as they come. Raises CxdataError, before the first is given, when the
    endpoint left any without an answer: the same call then goes on where it stopped.
    """
    with Journal(journal_path(folder, by, config.sampling), binding(by, config.sampling)) as journal:
        with config.client() as client:
            Asking(
                client, journal, by.model, config.sampling, concurrency=config.concurrency, patience=config.patience,
                told=told,
            ).run(jobs(briefs(), journal))  # fmt: skip
        for brief in briefs():
            yield _written(brief, journal, config.sampling)


def unanswered(briefs: Iterable[Brief], folder: Path, by: Served, sampling: Sampling) -> int:
    """How many of the briefs would have to be asked."""
    with Journal(journal_path(folder, by, sampling), binding(by, sampling)) as journal:
        return sum(1 for _ in jobs(briefs, journal))


def _written(brief: Brief, journal: Journal, sampling: Sampling) -> Written:
    entry = journal.entry(brief.sample_id, request_digest(brief))
    if entry is None:
        raise AssertionError(f"{brief.sample_id}: settled without an answer")
    reply = entry.reply
    return Written(
        brief.sample_id, entry.said, prompt_id(brief.kind),
        json.dumps({**sampling._asdict(), "seed": entry.seed}, sort_keys=True),
        reply.tokens_in if reply else 0, reply.tokens_out if reply else 0,
    )  # fmt: skip
