"""mimic at its full size in metadata: builds without pictures, validation, and a plain pandas loop beside them.

    python benchmarks/tasks.py [--shares 0.01,0.1,1.0] [--workers 2]

Tables, labels and reports are made up, in the number, shape and length of the real ones. Each build is the command line
in a process of its own; seconds are of the whole process, memory is the peak of the process tree. The loop builds the
disease and view questions of 2 % of the studies (see `peer.py`); the ratio compares samples a second.
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

SPINE = (
    "disease_binary,disease_single_choice,disease_multi_choice,disease_open,view_classification,"
    "findings_generation,impression_generation,findings_summarization"
)
WIDE = (
    "disease_binary,disease_single_choice,disease_multi_choice,disease_open,view_classification,"
    "findings_summarization,image_text_matching,image_text_selection,impression_generation"
)
LOOPED = "disease_binary,disease_single_choice,disease_multi_choice,disease_open,view_classification"
PEER_SHARE = 0.02


CXDATA = str(Path(sys.executable).with_name("cxdata"))


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


def build(root: Path, out: Path, tasks: str, workers: int) -> Run:
    """Build once, and time each unit by its line."""
    command = [CXDATA, "build", "--source", "mimic", "--root", str(root), "--tasks", tasks, "--out", str(out)]
    command += ["--images", "none", "--workers", str(workers), "--json"]
    (result, units), cost = measured(lambda: _watched(command), own=False)
    return Run(result["samples"]["total"], cost.seconds, cost.peak_mib, units)


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


def cached(root: Path, out: Path, tasks: str, workers: int) -> Run:
    """Build anew what stands in `out`, from its facets."""
    shutil.rmtree(out / "mimic/samples")
    return build(root, out, tasks, workers)


def validate(out: Path, samples: int) -> Run:
    """Plain validation of a build."""
    process, cost = measured(lambda: subprocess.run([CXDATA, "validate", str(out)], capture_output=True), own=False)
    if process.returncode:
        sys.exit(process.stdout.decode()[:400])
    return Run(samples, cost.seconds, cost.peak_mib, [])


def peer(root: Path) -> Run:
    """The plain loop, on tables of its own."""
    write_tables(root, PEER_SHARE)
    command = [sys.executable, str(Path(__file__).with_name("peer.py")), str(root)]
    process, cost = measured(lambda: subprocess.run(command, capture_output=True, text=True, check=True), own=False)
    rows, seconds = process.stdout.split()
    return Run(int(rows), float(seconds), cost.peak_mib, [])


def show(name: str, run: Run) -> None:
    """One line of the table."""
    rate = run.samples / run.seconds
    print(f"{name:46}{run.samples:>11,}{run.seconds:9.1f}{rate:>11,.0f}{run.peak_mib:10.0f}", flush=True)


def one_size(root: Path, share: float, workers: int) -> Run:
    """Every measurement at one size; returns the build whose tasks the plain loop has too."""
    write_tables(root / "data", share)
    write_reports(root / "data", share)
    size = f"{share:.0%}"
    whole = build(root / "data", root / "spine", SPINE, workers)
    show(f"{size} eight tasks, with reading", whole)
    show(f"{size} eight tasks, facets cached", cached(root / "data", root / "spine", SPINE, workers))
    wide = build(root / "data", root / "wide", WIDE, workers)
    show(f"{size} with crossed texts, with reading", wide)
    show(f"{size} with crossed texts, facets cached", cached(root / "data", root / "wide", WIDE, workers))
    show(f"{size} validate", validate(root / "wide/mimic", wide.samples))
    build(root / "data", root / "looped", LOOPED, workers)
    looped = cached(root / "data", root / "looped", LOOPED, workers)
    show(f"{size} disease and view tasks, facets cached", looped)
    print("where the time goes, with reading:")
    for unit, seconds in sorted(wide.units, key=lambda entry: -entry[1])[:8]:
        print(f"  {unit:40}{seconds:7.2f} s")
    return looped


def main() -> None:
    """Write the downloads, build them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shares", default="0.01,0.1,1.0")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(f"{'mimic in metadata':46}{'samples':>11}{'seconds':>9}{'samples/s':>11}{'peak MiB':>10}")
    for share in map(float, options.shares.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            ours = one_size(Path(folder), share, options.workers)
    with tempfile.TemporaryDirectory() as folder:
        loop = peer(Path(folder))
    show("2% plain pandas loop, disease and view tasks", loop)
    print(
        f"ratio, ours to the loop: {ours.samples / ours.seconds / (loop.samples / loop.seconds):.1f} samples a second"
    )


if __name__ == "__main__":
    main()
