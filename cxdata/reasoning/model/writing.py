"""Traces by a model, from one end to the other: what is not yet answered is asked, then every answer is read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from cxdata.model.hashing import digest
from cxdata.reasoning.model.asking import PATIENCE, Asking, Patience, jobs, request_digest
from cxdata.reasoning.model.brief import Brief, Kind
from cxdata.reasoning.model.client import Client
from cxdata.reasoning.model.endpoint import Endpoint
from cxdata.reasoning.model.journal import Journal
from cxdata.reasoning.model.prompts import prompt_id
from cxdata.reasoning.model.replies import Code, Said
from cxdata.reasoning.model.serving import Served, served
from cxdata.reasoning.model.settings import Sampling

VERSION: Final = 1  # goes up whenever the same answer may give another trace
LISTED_S: Final = 30.0  # seconds in which an endpoint lists its models
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
        with Client(self.endpoint, min(self.timeout_s, LISTED_S), self.key) as client:
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


def journal(folder: Path, by: Served, sampling: Sampling) -> Journal:
    """The journal of a binding, below a folder: answers of other bindings stay beside it. To be used in a `with`."""
    bound = binding(by, sampling)
    return Journal(folder / f"{digest(bound)[:16]}.jsonl", bound)


def write(
    briefs: Sequence[Brief], config: ModelConfig, by: Served, kept: Journal,
    told: Callable[[int], None] = lambda settled: None,
) -> Iterator[Written]:  # fmt: skip
    """One Written a brief, in order, once all are answered; answers are kept in the journal as they come.

    Raises CxdataError, before the first is given, when the endpoint left any without an answer: the same call then
    goes on where it stopped.
    """
    pending = jobs(briefs, kept)
    first = next(pending, None)
    if first is not None:
        with config.client() as client:
            Asking(
                client, kept, by.model, config.sampling, concurrency=config.concurrency, patience=config.patience,
                told=told,
            ).run(chain([first], pending))  # fmt: skip
    for brief in briefs:
        yield _written(brief, kept, config.sampling)


def unanswered(briefs: Iterable[Brief], kept: Journal) -> int:
    """How many of the briefs would have to be asked."""
    return sum(1 for _ in jobs(briefs, kept))


def _written(brief: Brief, kept: Journal, sampling: Sampling) -> Written:
    entry = kept.entry(brief.sample_id, request_digest(brief))
    if entry is None:
        raise AssertionError(f"{brief.sample_id}: settled without an answer")
    reply = entry.reply
    return Written(
        brief.sample_id, entry.said, prompt_id(brief.kind),
        json.dumps({**sampling._asdict(), "seed": entry.seed}, sort_keys=True),
        reply.tokens_in if reply else 0, reply.tokens_out if reply else 0,
    )  # fmt: skip
