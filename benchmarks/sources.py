"""Each source at its official size in metadata: one build without pictures, the command line in a process of its own.

    python benchmarks/sources.py [SLUG ...]

A file of `benchmarks/sizes/` is a source: its name is the slug with `_` for `-`, and `write(root)` writes
made-up tables in the number and shape of the real ones. No row of it is real. Seconds are of the whole process,
memory is its peak.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from reports import Cost, measured

CXDATA = str(Path(sys.executable).with_name("cxdata"))
SIZES = Path(__file__).with_name("sizes")


class Run(NamedTuple):
    """One build: rows that were read, samples, seconds and peak MiB."""

    rows: int
    samples: int
    cost: Cost


def known() -> list[str]:
    """The sources that can be made at their size, by slug."""
    return sorted(file.stem.replace("_", "-") for file in SIZES.glob("[a-z]*.py"))


def run(slug: str, folder: Path) -> Run:
    """Write the tables of a source and build it once; an error ends the run."""
    root, out = folder / "data", folder / "cx"
    importlib.import_module(f"sizes.{slug.replace('-', '_')}").write(root)
    command = [CXDATA, "build", "--source", slug, "--root", str(root), "--out", str(out), "--images", "none", "--json"]
    done, cost = measured(lambda: subprocess.run(command, capture_output=True, text=True), own=False)
    if done.returncode:
        sys.exit(f"{slug}: the build failed: {done.stderr[-400:]}")
    result: dict[str, Any] = json.loads(done.stdout)[0]
    rows = sum(one["rows_read"] or 0 for one in result["inputs"])
    return Run(rows, result["samples"]["total"], cost)


def main() -> None:
    """Print a line for each source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="default: all")
    print(f"{'source':18}{'rows read':>12}{'samples':>12}{'seconds':>9}{'peak MiB':>10}")
    for slug in parser.parse_args().slugs or known():
        with tempfile.TemporaryDirectory() as folder:
            one = run(slug, Path(folder))
        print(f"{slug:18}{one.rows:>12,}{one.samples:>12,}{one.cost.seconds:9.1f}{one.cost.peak_mib:10.0f}", flush=True)


if __name__ == "__main__":
    main()
