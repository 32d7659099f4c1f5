"""The model writer, as a writer of traces among others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cxdata.model.manifest import Manifest
from cxdata.reasoning.evidence.writer import EvidenceWriter
from cxdata.reasoning.model.client import KEY_VARIABLE
from cxdata.reasoning.model.endpoint import endpoint
from cxdata.reasoning.model.journal import Journal
from cxdata.reasoning.model.plans import Plan, plans, steps_of
from cxdata.reasoning.model.serving import Served
from cxdata.reasoning.model.settings import ModelSettings
from cxdata.reasoning.model.terms import accepted_terms
from cxdata.reasoning.model.writing import VERSION, ModelConfig, Written, binding, journal, write
from cxdata.reasoning.trace import Refused, Trace
from cxdata.reasoning.writers import Case

NAME: Final = "model"
TALK_S: Final = 10.0  # seconds between two lines


class ModelWriter:
    """Asks a model for the words of each trace; what it was answered is kept in a journal, and never asked again.

    `terms` are those that the user accepted, by source; None where the model runs on this machine.
    """

    name = NAME
    version = str(VERSION)
    is_local = False

    def __init__(
        self, config: ModelConfig, by: Served, kept: Journal, terms: dict[str, str] | None, note: Callable[[str], None]
    ) -> None:
        self._config = config
        self._by = by
        self._kept = kept
        self._terms = terms
        self._note = note

    def depends_on(self) -> dict[str, str]:
        """What the traces depend on beside samples and evidence: model, revision, prompts, sampling, and the rules."""
        bound = binding(self._by, self._config.sampling)
        rules = {f"evidence {name}": value for name, value in EvidenceWriter().depends_on().items()}
        return {"writer version": self.version, **{name: str(value) for name, value in bound.items()}, **rules}

    def record(self) -> dict[str, Any]:
        """What traces.json says of it: which machine answered, and whose terms were accepted for it."""
        at = "this machine" if self._config.endpoint.is_local else self._config.endpoint.host
        return {**binding(self._by, self._config.sampling), "endpoint": at, "terms_accepted": self._terms}

    def write(self, cases: Iterable[Case]) -> Iterator[Trace | Refused]:
        """A trace or a refusal for each case, in order, once all are answered; raises as `writing.write` does."""
        planned = list(plans(cases))
        asked = [plan.brief for plan in planned if isinstance(plan, Plan)]
        answers = write(asked, self._config, self._by, self._kept, _Talk(self._note))
        for plan in planned:
            yield plan if isinstance(plan, Refused) else self._trace(plan, next(answers))

    def _trace(self, plan: Plan, written: Written) -> Trace | Refused:
        if isinstance(written.said, str):
            return Refused(written.sample_id, written.said)
        steps = steps_of(plan, written.said)
        told = (self._by.model, self._by.revision, written.prompt_id, written.sampling)
        return Trace(written.sample_id, steps, plan.evidence, *told)


def settled_terms(settings: ModelSettings, manifests: Sequence[Manifest]) -> dict[str, str] | None:
    """The terms that were accepted, by source; raises as `endpoint` and `accepted_terms` do, and sends nothing."""
    return accepted_terms(endpoint(settings.endpoint), manifests, settings.terms_accepted)


@contextmanager
def model_writer(
    settings: ModelSettings, manifests: Sequence[Manifest], state: Path, note: Callable[[str], None]
) -> Iterator[ModelWriter]:
    """The model writer of these settings, for the sources of these manifests; its journal lies below `state`.

    Raises RefusedError, before anything is sent, for another machine than this one without its terms; else as
    `serving.served` does.
    """
    terms = settled_terms(settings, manifests)
    config = ModelConfig(
        endpoint(settings.endpoint), settings.model, settings.revision, settings.sampling, settings.concurrency,
        settings.timeout_s, os.environ.get(KEY_VARIABLE),
    )  # fmt: skip
    by = config.served()
    if by.revision is None:
        note(f"nobody says which revision of {by.model} answers: --revision writes it into the rows")
    with journal(state, by, settings.sampling) as kept:
        yield ModelWriter(config, by, kept, terms, note)


class _Talk:
    """A line now and then."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._next = time.monotonic() + TALK_S

    def __call__(self, settled: int) -> None:
        if time.monotonic() >= self._next:
            self._note(f"{settled:,} samples answered")
            self._next = time.monotonic() + TALK_S
