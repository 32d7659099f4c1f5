"""Worker processes for work where one item costs more than handing it over: report texts and pictures."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

THREADS = "POLARS_MAX_THREADS"


class Pool:
    """Calls a picklable function on many tuples of arguments, in order; processes start when there is enough to do."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """The results, in the order of the arguments; a single item or a single worker stays in this process."""
        items = list(arguments)
        if self._workers == 1 or len(items) <= 1:
            yield from (function(*item) for item in items)
            return
        with _one_thread_each(), self._executor(len(items)) as executor:
            futures = deque(executor.submit(function, *item) for item in items)
            while futures:
                yield futures.popleft().result()

    def _executor(self, items: int) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(min(self._workers, items), mp_context=spawn)


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
