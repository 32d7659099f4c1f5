"""Sources of which real files are at hand, built from them: rows read, used and rejected, and by which codes.

    python benchmarks/real.py [--real FOLDER]

`FOLDER` (default: CXDATA_REAL_DATA) holds public files as they are got: `covid-chestxray/covid-chestxray-dataset`,
`slake/Slake1.0`, `vqa-rad`, `vqa-rad-mevf`, `rad-restruct`, `openi` and `chestx-det`. Runs whose files are not
there are left out. The command line in a process of its own; pictures are looked at where they are there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from reports import measured

CXDATA = str(Path(sys.executable).with_name("cxdata"))
ARCHIVE = "rad-restruct/Rad-ReStruct-data-no-vectorized.tar.gz"


class Run(NamedTuple):
    """One build: what it is called, its source, and what the command line is told of roots and options."""

    name: str
    source: str
    told: tuple[str, ...]
    images: str = "none"


def runs(real: Path, folder: Path) -> Iterator[Run]:
    """Every run whose files are there; an archive is unpacked into `folder`."""
    slake = ("--root", str(real / "slake/Slake1.0"))
    known = [
        (real / "covid-chestxray", Run("covid-chestxray, table of June 2020 and 46 pictures", "covid-chestxray",
         ("--root", str(real / "covid-chestxray/covid-chestxray-dataset")), "path")),
        (real / "slake", Run("slake, English", "slake", slake)),
        (real / "slake", Run("slake, Chinese", "slake", (*slake, "--option", "slake.language=zh"))),
        (real / "vqa-rad", Run("vqa-rad, OSF", "vqa-rad", ("--root", str(real / "vqa-rad")))),
        (real / "vqa-rad-mevf", Run("vqa-rad, MEVF", "vqa-rad", ("--root", str(real / "vqa-rad-mevf")))),
        (real / "chestx-det", Run("chestx-det", "chestx-det", ("--root", str(real / "chestx-det")))),
        (real / ARCHIVE, Run("rad-restruct on OpenI's reports", "rad-restruct",
         ("--root", f"rad-restruct={folder}", "--root", f"openi={real / 'openi'}"))),
    ]  # fmt: skip
    for place, run in known:
        if place == real / ARCHIVE and place.is_file():
            with tarfile.open(place) as archive:
                archive.extractall(folder, filter="data")
        if place.exists():
            yield run


def built(run: Run, out: Path) -> tuple[dict[str, Any], float]:
    """What the build says, and its seconds; an error ends the runs."""
    command = [CXDATA, "build", "--source", run.source, *run.told, "--images", run.images, "--out", str(out), "--json"]
    done, cost = measured(lambda: subprocess.run(command, capture_output=True, text=True), own=False)
    if done.returncode:
        sys.exit(f"{run.name}: the build failed: {done.stderr[-400:]}")
    return json.loads(done.stdout)[0], cost.seconds


def line(name: str, result: dict[str, Any], seconds: float) -> str:
    """A row of the table; an end of the runs where rows were lost."""
    inputs = [one for one in result["inputs"] if one["rows_read"] is not None]
    read, used, rejected = (sum(one[f"rows_{kind}"] for one in inputs) for kind in ("read", "used", "rejected"))
    if read != used + rejected:
        sys.exit(f"{name}: {read:,} rows read, {used:,} used, {rejected:,} rejected")
    codes = ", ".join(f"`{code}` {n:,}" for code, n in sorted(result["rejects"].items(), key=lambda one: -one[1]))
    samples = result["samples"]["total"]
    return f"| {name} | {read:,} | {used:,} | {rejected:,} | {codes} | {samples:,} | {seconds:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=Path(os.environ.get("CXDATA_REAL_DATA", "../shared/real")))
    real = parser.parse_args().real.resolve()
    print("| run | rows read | used | rejected | rejects by code | samples | seconds |")
    print("|---|---:|---:|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for number, run in enumerate(runs(real, Path(folder) / "rad-restruct")):
            print(line(run.name, *built(run, Path(folder) / f"cx{number}")))


if __name__ == "__main__":
    main()
