"""Worker processes for work where one item costs more than handing it over: report texts and pictures."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, Final

from cxdata.model.errors import CxdataError

THREADS: Final = "POLARS_MAX_THREADS"
AHEAD: Final = 3  # items a worker has in hand, waits for, or has done before its turn


class Pool:
    """Calls a picklable function on many tuples of arguments, in order; processes start when there is enough to do."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Generator[Any, None, None]:
        """The results, in the order of the arguments; a single item or a single worker stays in this process.

        Arguments are taken as they are needed, a few ahead of the results: memory does not grow with their number.
        An exception of a worker is raised here, and what is left is not begun. CxdataError when a worker was killed.
        """
        rest = iter(arguments)
        first = list(islice(rest, min(2, self._workers)))
        if len(first) < 2:
            yield from (function(*item) for item in chain(first, rest))
            return
        first += islice(rest, self._workers - 2)
        executor = self._executor(len(first))
        try:
            yield from _results(executor, function, chain(first, rest), AHEAD * self._workers)
        except BrokenProcessPool:
            raise _killed(self._workers) from None
        finally:
            # Whatever happens, nothing new is begun: an interrupted build ends with the chunks in hand.
            executor.shutdown(wait=True, cancel_futures=True)

    def _executor(self, items: int) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(min(self._workers, items), mp_context=spawn, initializer=_leave_with_parent)


def _results(
    executor: ProcessPoolExecutor, function: Callable[..., Any], items: Iterator[tuple[Any, ...]], ahead: int
) -> Iterator[Any]:
    futures = deque(_submit(executor, function, item) for item in islice(items, ahead))
    while futures:
        result = futures.popleft().result()
        futures.extend(_submit(executor, function, item) for item in islice(items, 1))
        yield result


def _submit(executor: ProcessPoolExecutor, function: Callable[..., Any], item: tuple[Any, ...]) -> Future[Any]:
    """Hand over one item; a process may start for it."""
    with _one_thread_each(), _deaf_to_interrupts():
        return executor.submit(function, *item)


def _leave_with_parent() -> None:
    """In a worker: end when the parent does, however it ended; a killed build leaves no process behind."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _killed(workers: int) -> CxdataError:
    return CxdataError(
        "a worker process was killed, most likely since memory ran out",
        mend=f"the same command with fewer --workers (now {workers}) goes on",
    )


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = os.environ.get(THREADS)
    os.environ[THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREADS]
        else:
            os.environ[THREADS] = before


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here ignore Ctrl-C, which a terminal sends to all: the parent ends them, without tracebacks."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
