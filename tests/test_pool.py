from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxdata.build.pool import THREADS, Pool
from cxdata.model.errors import CxdataError, Where


def slower_the_earlier(n: int) -> tuple[int, int, str | None]:
    time.sleep(0.05 * (3 - n))
    return n, os.getpid(), os.environ.get(THREADS)


def broken(n: int) -> int:
    if n == 2:
        raise CxdataError("the third is bad", where=Where("mimic", "a.zip", 3), mend="get it again")
    return n


def killed(n: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return n


def test_results_come_in_the_order_of_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(THREADS, raising=False)
    results = list(Pool(2).run(slower_the_earlier, ((n,) for n in range(4))))
    assert [n for n, _, _ in results] == [0, 1, 2, 3]
    assert os.getpid() not in {process for _, process, _ in results}
    assert {threads for _, _, threads in results} == {"1"}, "a worker's polars has one thread"
    assert THREADS not in os.environ


@pytest.mark.parametrize(("workers", "items"), [(1, 4), (4, 1), (4, 0)])
def test_little_work_starts_no_process(workers: int, items: int) -> None:
    results = list(Pool(workers).run(slower_the_earlier, ((3,) for _ in range(items))))
    assert [process for _, process, _ in results] == [os.getpid()] * items


def test_an_exception_of_a_worker_reaches_the_caller_whole() -> None:
    results = Pool(2).run(broken, ((n,) for n in range(50)))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(CxdataError) as error:
        next(results)
    assert (error.value.what, error.value.where, error.value.mend) == (
        "the third is bad",
        Where("mimic", "a.zip", 3),
        "get it again",
    )
    assert not multiprocessing.active_children()


def test_a_killed_worker_is_an_error_with_a_mend() -> None:
    with pytest.raises(CxdataError, match="memory ran out") as error:
        list(Pool(2).run(killed, [(1,), (2,)]))
    assert "--workers" in str(error.value)


def test_a_caller_that_stops_early_leaves_no_process() -> None:
    results = Pool(2).run(slower_the_earlier, [(3,)] * 200)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


WAITING = """
import sys, time
from cxdata.build.pool import Pool
if __name__ == "__main__":
    print("begun", flush=True)
    for _ in Pool(2).run(time.sleep, [(0.3,)] * 1000):
        print("one", flush=True)
"""


def waiting(folder: Path) -> subprocess.Popen[str]:
    """A script in a session of its own that works on 1,000 naps, once its first nap is over."""
    (folder / "script.py").write_text(WAITING)
    command = [sys.executable, str(folder / "script.py")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["begun\n", "one\n"]
    return process


def session(leader: int) -> set[int]:
    """Processes of a session."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.add(int(entry.parent.name))
    return found


def is_over(leader: int) -> bool:
    """True when all processes of the session end within a few seconds."""
    until = time.monotonic() + 10
    while session(leader) and time.monotonic() < until:
        time.sleep(0.05)
    return not session(leader)


@pytest.mark.parametrize("whom", ["the whole group, as a terminal does", "the parent alone"])
def test_an_interrupt_ends_soon_and_without_words_of_workers(tmp_path: Path, whom: str) -> None:
    process = waiting(tmp_path)
    begun = time.monotonic()
    (os.kill if whom == "the parent alone" else os.killpg)(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - begun < 10
    assert process.returncode != 0
    assert said.count("Traceback") == 1, said
    assert "KeyboardInterrupt" in said
    assert is_over(process.pid)


def test_a_killed_parent_leaves_no_process(tmp_path: Path) -> None:
    process = waiting(tmp_path)
    assert len(session(process.pid)) > 1
    process.kill()
    process.communicate(timeout=20)
    assert is_over(process.pid)
