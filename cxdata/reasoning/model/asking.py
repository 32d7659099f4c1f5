"""Ask the model for every sample that has no answer yet: many at once, patiently, each answer kept as it comes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Final, NamedTuple

from cxdata.model.errors import CxdataError
from cxdata.model.hashing import digest, stable_hash
from cxdata.reasoning.model.brief import Brief
from cxdata.reasoning.model.client import Client, PassingError, UnwantedError
from cxdata.reasoning.model.journal import Entry, Journal
from cxdata.reasoning.model.prompts import answer_schema, messages, response_format
from cxdata.reasoning.model.replies import reply
from cxdata.reasoning.model.settings import Sampling

CHAT: Final = "/chat/completions"
SEEDS: Final = 2**31  # servers differ in what they take above it
REJECTED_AT_FIRST: Final = 8  # rejected requests, before any answer, that mean a wrong server and not odd samples
AWAKE_S: Final = 0.5  # an interrupt that another thread was given is seen at the latest then
GO_ON: Final = "run the same command to go on: what was answered is kept"


class Patience(NamedTuple):
    """How failures that may pass are borne: tries a request, seconds before the second (doubled each time), at most.

    `tries_gone` are those when nobody is there at all; `lost_in_a_row` requests without an answer end the run.
    """

    tries: int = 6
    tries_gone: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    lost_in_a_row: int = 4


PATIENCE: Final = Patience()


class Job(NamedTuple):
    """One request: for which sample, a hash of all that is asked, and which try at an answer with form it is."""

    brief: Brief
    request: str
    attempt: int


def request_digest(brief: Brief) -> str:
    """A hash of what is asked: the same sample with other sentences or states is another request."""
    return digest([messages(brief), answer_schema(brief)])[:16]


def jobs(briefs: Iterable[Brief], journal: Journal) -> Iterator[Job]:
    """The requests that the journal does not settle."""
    for brief in briefs:
        request = request_digest(brief)
        state = journal.state(brief.sample_id, request)
        if not state.is_settled:
            yield Job(brief, request, state.attempts)


class Asking:
    """One run of requests; `told` hears how many of them are settled."""

    def __init__(
        self, client: Client, journal: Journal, model: str, sampling: Sampling, *,
        concurrency: int, patience: Patience = PATIENCE, told: Callable[[int], None] = lambda settled: None,
    ) -> None:  # fmt: skip
        self._client = client
        self._journal = journal
        self._model = model
        self._sampling = sampling
        self._concurrency = concurrency
        self._patience = patience
        self._told = told
        self._stopped = threading.Event()
        self._settled = 0
        self._lost: list[str] = []  # why requests had no answer
        self._lost_in_a_row = 0
        self._has_answer = False
        self._rejected: list[Entry] = []  # kept back until an answer shows that the server is the right one

    def run(self, pending: Iterable[Job]) -> None:
        """Ask until every job is settled.

        Raises CxdataError when the endpoint is gone, cannot be used, or left some without an answer; what was answered
        by then is in the journal.
        """
        flying: dict[Future[Entry], Job] = {}
        waiting, again = iter(pending), deque[Job]()
        with ThreadPoolExecutor(self._concurrency) as threads:
            try:
                while self._fill(flying, again, waiting, threads):
                    for future in wait(flying, AWAKE_S, FIRST_COMPLETED).done:
                        self._take(future, flying.pop(future), again)
            finally:
                self._stopped.set()
                self._client.break_off()
                threads.shutdown(cancel_futures=True)
                self._keep_landed(flying)
        self._finish()

    def _fill(
        self, flying: dict[Future[Entry], Job], again: deque[Job], waiting: Iterator[Job], threads: ThreadPoolExecutor
    ) -> bool:
        while len(flying) < self._concurrency:
            job = again.popleft() if again else next(waiting, None)
            if job is None:
                break
            flying[threads.submit(self._answer, job)] = job
        return bool(flying)

    def _take(self, future: Future[Entry], job: Job, again: deque[Job]) -> None:
        try:
            entry = future.result()
        except PassingError as failure:
            self._lose(failure)
            return
        if entry.reply is None:
            self._reject(entry)
        else:
            self._keep(entry)
        state = self._journal.state(entry.sample_id, entry.request)
        if entry.reply is None or state.is_settled:
            self._settled += 1
            self._told(self._settled)
        else:
            again.append(job._replace(attempt=state.attempts))

    def _keep(self, entry: Entry) -> None:
        self._journal.append(entry)
        self._lost_in_a_row = 0
        self._has_answer = True
        for rejected in self._rejected:
            self._journal.append(rejected)
        self._rejected.clear()

    def _reject(self, entry: Entry) -> None:
        if self._has_answer:
            self._journal.append(entry)
            return
        self._rejected.append(entry)
        if len(self._rejected) >= REJECTED_AT_FIRST:
            raise self._all_rejected()

    def _lose(self, failure: PassingError) -> None:
        self._lost.append(failure.reason)
        self._lost_in_a_row += 1
        if failure.is_gone or self._lost_in_a_row >= self._patience.lost_in_a_row:
            what = f"the endpoint no longer answers: {failure.reason}; {self._settled:,} samples were settled"
            raise CxdataError(what, where=str(self._client.endpoint), mend=f"start the model again; {GO_ON}")

    def _keep_landed(self, flying: dict[Future[Entry], Job]) -> None:
        for future in flying:
            if future.done() and not future.cancelled() and future.exception() is None:
                entry = future.result()
                if entry.reply is not None:
                    self._journal.append(entry)

    def _finish(self) -> None:
        if self._rejected:
            raise self._all_rejected()
        if self._lost:
            reasons = ", ".join(sorted(set(self._lost)))
            what = f"{len(self._lost):,} samples have no answer yet: {reasons}"
            raise CxdataError(what, where=str(self._client.endpoint), mend=GO_ON)

    def _all_rejected(self) -> CxdataError:
        return CxdataError(
            f"the endpoint rejects every request ({len(self._rejected)} so far)", where=str(self._client.endpoint),
            mend="does it take response_format json_schema and the model's name, and is its context long enough? "
            "its own log says why",
        )  # fmt: skip

    def _answer(self, job: Job) -> Entry:
        """One answer, or the rejection of its request; runs in a thread, and waits there when it has to."""
        seed = stable_hash(self._sampling.seed, job.brief.sample_id, f"attempt {job.attempt}") % SEEDS
        body = self._body(job.brief, seed)
        tries = 0
        while True:
            try:
                return Entry(job.brief.sample_id, job.request, seed, reply(self._client.post(CHAT, body)))
            except UnwantedError:
                return Entry(job.brief.sample_id, job.request, seed, None)
            except PassingError as failure:
                tries += 1
                limit = self._patience.tries_gone if failure.is_gone else self._patience.tries
                if tries >= limit or self._stopped.wait(self._pause(failure, tries, seed)):
                    raise

    def _pause(self, failure: PassingError, tries: int, seed: int) -> float:
        """Seconds to wait: what the server asks for, else doubled each time; spread, so that not all come at once."""
        if failure.wait_s is not None:
            return failure.wait_s
        longest: float = min(self._patience.first_wait_s * 2.0 ** (tries - 1), self._patience.longest_wait_s)
        return longest * (0.5 + seed / SEEDS / 2)

    def _body(self, brief: Brief, seed: int) -> dict[str, Any]:
        return {
            "model": self._model, "messages": messages(brief), "response_format": response_format(brief),
            "stream": False, **self._sampling._asdict(), "seed": seed,
        }  # fmt: skip
