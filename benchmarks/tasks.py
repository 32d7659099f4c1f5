"""The eight tasks of mimic at its full size in metadata: a build without pictures, then again from cached facets.

    python benchmarks/tasks.py [--share 1.0] [--workers 2]

Tables, labels and reports are made up, in the number, shape and length of the real ones. Each build is the command line
in a process of its own; seconds are of the whole process, memory is the peak of the process tree.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from mimic_size import study_names, study_sentences, write_tables
from reports import invented, measured


class Run(NamedTuple):
    """One build: samples, seconds, peak MiB, and each unit with its seconds."""

    samples: int
    seconds: float
    peak_mib: float
    units: list[tuple[str, float]]


def write_reports(root: Path, share: float) -> None:
    """The zip of reports, one for each study of the tables."""
    reports = root / "physionet.org/files/mimic-cxr/2.1.0"
    reports.mkdir(parents=True)
    with zipfile.ZipFile(reports / "mimic-cxr-reports.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, seen) in enumerate(zip(study_names(share), study_sentences(share), strict=True)):
            archive.writestr(name, invented(number, seen or None))


def build(root: Path, out: Path, workers: int) -> Run:
    """Build once, and time each unit by its line."""
    command = [str(Path(sys.executable).with_name("cxdata")), "build", "--source", "mimic", "--root", str(root)]
    command += ["--out", str(out), "--images", "none", "--workers", str(workers), "--json"]
    (result, units), seconds, peak = measured(lambda: _watched(command))
    return Run(result["samples"]["total"], seconds, peak, units)


def _watched(command: list[str]) -> tuple[dict[str, Any], list[tuple[str, float]]]:
    with tempfile.TemporaryFile("w+") as answer:
        process = subprocess.Popen(command, stdout=answer, stderr=subprocess.PIPE, text=True)
        before, units = time.perf_counter(), []
        for line in process.stderr or ():
            now = time.perf_counter()
            units.append((line.split(": ")[1].strip() if ": " in line else line.strip(), now - before))
            before = now
        if process.wait():
            sys.exit(f"the build failed: {units[-3:]}")
        answer.seek(0)
        return json.load(answer)[0], units


def show(name: str, run: Run) -> None:
    """One line of the table, and where the time went."""
    rate = run.samples / run.seconds
    print(f"{name:34}{run.samples:>11,}{run.seconds:9.1f}{rate:>11,.0f}{run.peak_mib:10.0f}")


def main() -> None:
    """Write the download, build it twice, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder) / "data", Path(folder) / "cx"
        write_tables(root, options.share)
        write_reports(root, options.share)
        whole = build(root, out, options.workers)
        shutil.rmtree(out / "mimic/samples")
        cached = build(root, out, options.workers)
    print(f"{'mimic in metadata, eight tasks':34}{'samples':>11}{'seconds':>9}{'samples/s':>11}{'peak MiB':>10}")
    show("reading, sectioning, tasks, writing", whole)
    show("tasks and writing, facets cached", cached)
    print("where the time goes, with reading:")
    for unit, seconds in sorted(whole.units, key=lambda entry: -entry[1])[:12]:
        print(f"  {unit:40}{seconds:7.2f} s")


if __name__ == "__main__":
    main()
