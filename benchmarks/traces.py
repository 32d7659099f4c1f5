"""`cxdata reason` by the evidence writer over all disease samples of MIMIC-CXR's size; beside it a bare read and write.

    python benchmarks/traces.py [--share 1.0] [--workers 2]

Tables and reports are made up (`mimic_size.py`, `tasks.py`). Reports repeat their sentences more than real ones do, so
`--unlike` gives each a sentence of its own number: no sentence with a finding is read once for many reports then.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import polars as pl
from mimic_size import study_names, study_sentences, write_tables
from reports import Cost, invented, measured

CXDATA = os.environ.get("CXDATA_COMMAND", str(Path(sys.executable).with_name("cxdata"))).split()
TASKS = "disease_binary,disease_single_choice,disease_multi_choice,disease_open"


def built(folder: Path, share: float, *, unlike: bool) -> Path:
    """A build of the disease tasks, without pictures; returns its folder."""
    write_tables(folder / "data", share)
    reports = folder / "data/physionet.org/files/mimic-cxr/2.1.0"
    reports.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(reports / "mimic-cxr-reports.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, seen) in enumerate(zip(study_names(share), study_sentences(share), strict=True)):
            said = [f"On image {number}, {text[0].lower()}{text[1:]}" for text in seen] if unlike else seen
            archive.writestr(name, invented(number, said))
    command = [*CXDATA, "build", "--source", "mimic", "--root", str(folder / "data"), "--out", str(folder / "cx"),
               "--images", "none", "--tasks", TASKS, "--json"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cx/mimic"


def reasoned(home: Path, workers: int) -> tuple[dict[str, int], Cost]:
    """Write all traces in a process of its own: samples, traces and steps."""
    command = [*CXDATA, "reason", str(home), "--workers", str(workers), "--json"]
    process, cost = measured(lambda: subprocess.run(command, capture_output=True, text=True), own=False)
    if process.returncode:
        sys.exit(process.stderr[-600:])
    (told,) = json.loads(process.stdout)
    counts = {"samples": told["samples"], "traces": told["with_trace"], "steps": told["steps"]}
    return {name: sum(values.values()) for name, values in counts.items()}, cost


def bare(home: Path) -> Cost:
    """Read samples and reports, and write the traces once more, nothing else: the floor of input and output."""
    work = (
        "import polars as pl\n"
        f"pl.read_parquet({str(home / 'samples/disease*.parquet')!r})\n"
        f"pl.read_parquet({str(home / 'facets/reports.parquet')!r})\n"
        f"pl.read_parquet({str(home / 'traces/evidence/*.parquet')!r}).write_parquet({str(home / 'again.parquet')!r})"
    )
    return measured(lambda: subprocess.run([sys.executable, "-c", work], check=True), own=False)[1]


def main() -> None:
    """Build, write traces, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--unlike", action="store_true", help="no two reports share a sentence")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = built(Path(name), options.share, unlike=options.unlike)
        reports = pl.scan_parquet(home / "facets/reports.parquet").select(pl.len()).collect().item()
        counts, cost = reasoned(home, options.workers)
        floor = bare(home)
        rate = counts["traces"] / cost.seconds
        print(f"{reports:,} reports, {counts['samples']:,} samples, {counts['steps']:,} steps")
        print("| | traces | seconds | processor seconds | traces a second | peak MiB |\n|---|---:|---:|---:|---:|---:|")
        print(f"| `cxdata reason`, {options.workers} workers | {counts['traces']:,} | {cost.seconds:.1f} |"
              f" {cost.cpu_seconds:.1f} | {rate:,.0f} | {cost.peak_mib:,.0f} |")  # fmt: skip
        print(f"| read and write alone | {counts['traces']:,} | {floor.seconds:.1f} | {floor.cpu_seconds:.1f} |"
              f" | {floor.peak_mib:,.0f} |")  # fmt: skip


if __name__ == "__main__":
    main()
