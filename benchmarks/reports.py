"""Reading all report texts of MIMIC-CXR: unzip and decode on one core (the floor) beside our reading on two.

    python benchmarks/reports.py [--reports 227835] [--workers 2] [--chunk 2000]

The texts are invented, in the shape, number and length of the real ones (mean about 660 bytes).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

import psutil

from cxdata.sources.mimic.texts import TextBatch, list_members, read_members

Result = TypeVar("Result")

SEEN = (
    "The cardiac silhouette is mildly enlarged.", "The lungs are clear without focal consolidation.",
    "There is a small left pleural effusion with adjacent atelectasis.", "No pneumothorax is seen.",
    "The mediastinal and hilar contours are normal.", "Low lung volumes crowd the bronchovascular markings.",
    "An endotracheal tube ends 4 cm above the carina.", "Streaky opacity at the right base is most likely atelectasis.",
    "There is no pulmonary edema.", "Degenerative changes are seen in the thoracic spine.",
    "Compared to ___, the effusion has decreased.", "Sternotomy wires are intact.",
)  # fmt: skip
TOLD = ("fever and cough", "shortness of breath", "chest pain after a fall", "line placement", "altered mental status")


def wrapped(sentences: list[str]) -> str:
    """Sentences joined and wrapped at 79 characters, each line after one space."""
    lines, line = [], ""
    for word in "  ".join(sentences).split(" "):
        if len(line) + len(word) > 76:
            lines.append(" " + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, " " + line])


def invented(number: int, seen: list[str] | None = None) -> str:
    """The report of one number, in one of four common shapes; it tells what was seen, else one of a few things."""
    if seen is None:
        seen = [SEEN[(number * 7 + k * (1 + number % 5)) % len(SEEN)] for k in range(5 + number % 4)]
    told = f"___-year-old {'woman' if number % 2 else 'man'} with {TOLD[number % len(TOLD)]}, study {number}."
    title, close = " " * 33 + "FINAL REPORT\n", wrapped([f"{k + 1}.  {text}\n" for k, text in enumerate(seen[:2])])
    if number % 10 < 5:
        head = f" EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  {told}  // Evaluate\n \n TECHNIQUE:  Chest PA"
        body = f" and lateral\n \n COMPARISON:  ___\n \n FINDINGS: \n \n{wrapped(seen)}\n \n IMPRESSION: \n \n{close}"
    elif number % 10 < 7:
        head = f" PORTABLE CHEST, ___\n \n HISTORY:  {told}\n \n COMPARISON:  ___.\n \n"
        body = f"{wrapped(seen)}\n \n IMPRESSION:  {close}"
    elif number % 10 < 9:
        head = f" HISTORY:  {told}\n \n IMPRESSION:  PA and lateral chest compared to ___:\n \n"
        body = wrapped(seen + seen)
    else:
        head, body = " AP chest compared to ___:\n \n", f"{wrapped(seen)}\n \n{wrapped(seen[1:])}"
    return f"{title}{head}{body}\n"


def write_zip(path: Path, reports: int) -> float:
    """A zip of invented reports under official names; the mean size of a text in bytes."""
    total = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(reports):
            patient = 10_000_000 + (number // 4) * 9_999_000 // max(reports // 4, 1)
            text = invented(number)
            total += len(text)
            archive.writestr(f"files/p{patient // 1_000_000}/p{patient}/s{50_000_000 + number}.txt", text)
    return total / max(reports, 1)


def floor(path: Path) -> int:
    """Unzip and decode every member on one core, nothing more; characters read."""
    with zipfile.ZipFile(path) as archive:
        return sum(len(archive.read(name).decode("utf-8")) for name in archive.namelist())


def ours(path: Path, workers: int, chunk: int) -> tuple[int, int]:
    """All members to sections in spawned workers; rows and rejects."""
    rows = rejects = 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in range(workers):  # they start and read the zip's directory while this process lists it
            pool.submit(read_members, str(path), [])
        members = list_members(path)
        waiting: list[Future[TextBatch]] = [
            pool.submit(read_members, str(path), members[at : at + chunk]) for at in range(0, len(members), chunk)
        ]
        kept = [future.result() for future in waiting]
    for batch in kept:
        rows, rejects = rows + len(batch.study_id), rejects + len(batch.rejects)
    return rows, rejects


class Cost(NamedTuple):
    """Seconds on the clock, seconds of processor time (busy neighbours do not add to it), peak memory of the tree."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def measured(work: Callable[[], Result], *, own: bool = True) -> tuple[Result, Cost]:
    """A call's result and its cost, worker processes included; `own` false: memory of those processes alone."""
    peak, over = [0], threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not over.wait(0.05):
            peak[0] = max(peak[0], tree_bytes(me, own=own))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start, cpu = time.perf_counter(), sum(os.times()[:4])
    try:
        result = work()
        seconds, cpu = time.perf_counter() - start, sum(os.times()[:4]) - cpu
    finally:
        over.set()
        watcher.join()
    return result, Cost(seconds, cpu, peak[0] / 2**20)


def tree_bytes(process: psutil.Process, *, own: bool = True) -> int:
    """Resident bytes of a process (unless `own` is false) and its children; one that has just ended counts nothing."""
    total = 0
    for each in (*([process] if own else []), *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> None:
    """Write the texts, measure both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=227_835)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mimic-cxr-reports.zip"
        mean = write_zip(path, options.reports)
        print(f"{options.reports:,} reports, mean {mean:.0f} bytes, zip {path.stat().st_size / 2**20:.0f} MiB")
        _, low = measured(lambda: floor(path))
        (rows, rejects), our = measured(lambda: ours(path, options.workers, options.chunk))
    print(f"{'':34}{'seconds':>9}{'cpu':>9}{'peak MiB':>10}")
    for name, cost in (("floor: unzip and decode, one core", low), (f"ours: sections, {options.workers} workers", our)):
        print(f"{name:34}{cost.seconds:9.2f}{cost.cpu_seconds:9.2f}{cost.peak_mib:10.0f}")
    print(f"ratio {our.seconds / low.seconds:.2f} (wanted: 1.5 or less); {rows:,} rows, {rejects:,} rejects")


if __name__ == "__main__":
    main()
