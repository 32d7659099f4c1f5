"""CX-Set whole, in metadata: every source at its official size, built without pictures, then mixed into each stage.

    python benchmarks/full_size.py [SLUG ...] [--at FOLDER] [--workers 2]

Tables and reports are made up (`benchmarks/sizes/`): their number and shape are those of the real ones, no row is real.
A source of the collection that is not registered, or that nobody can make at its size yet, is named and left out. After
the builds each picture is said to be there as one stand-in of 32 pixels, which the mixes put into their rows. Times are
of one command in a process of its own, memory is the peak of it and its workers; `load` is the machine's before it.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from PIL import Image
from reports import measured
from sources import known

from cxdata.mix.config import shipped
from cxdata.sources.discovery import sources

CXDATA = os.environ.get("CXDATA_COMMAND", str(Path(sys.executable).with_name("cxdata"))).split()
COLLECTION = "cx-set"
STAGES = ("closed", "open", "sft")
SIDE_PX = 32
HEADER = "| | rows | seconds | processor seconds | peak MiB | load |\n|---|---:|---:|---:|---:|---:|"


def run(title: str, count: str, *words: object) -> Any:
    """One command of cxdata and its line of the table; its JSON. An error ends the run."""
    load = os.getloadavg()[0]
    command = [*CXDATA, *map(str, words), "--json"]
    done, cost = measured(lambda: subprocess.run(command, capture_output=True, text=True), own=False)
    if done.returncode:
        sys.exit(f"{title}: {done.stderr[-800:]}")
    told = json.loads(done.stdout)
    rows = f"{_rows(told, count):,}" if count else ""
    print(
        f"| {title} | {rows} | {cost.seconds:.0f} | {cost.cpu_seconds:.0f} | {cost.peak_mib:,.0f} | {load:.1f} |",
        flush=True,
    )
    return told


def _rows(told: Any, count: str) -> int:
    return int(told[0]["samples"]["total"]) if count == "samples" else sum(told["rows"].values())


def built(slug: str, at: Path, workers: int) -> int:
    """Write a source's tables, build it, and leave the parents' tables of a derived one out; the number of samples."""
    data = at / "data" / slug
    importlib.import_module(f"sizes.{slug.replace('-', '_')}").write(data)
    parents = sources()[slug].manifest.requires
    roots = [word for one in parents for word in ("--root", f"{one}={_parent(at, slug, one)}")]
    own = data / slug if parents and (data / slug).is_dir() else data
    words = ("--root", f"{slug}={own}", *roots, "--out", at / "cx", "--images", "none", "--workers", workers)
    told = run(f"build {slug}", "samples", "build", "--source", slug, *words)
    return _rows(told, "samples")


def _parent(at: Path, slug: str, parent: str) -> Path:
    """The parent's own tables where it is built here too, else those that were written beside the source."""
    own, beside = at / "data" / parent, at / "data" / slug / parent
    return own if own.is_dir() else beside


def stand_in(home: Path) -> None:
    """Say of every picture of a build that it is there, as one small picture."""
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((SIDE_PX, SIDE_PX)).save(stream, "JPEG")
    one = {
        "bytes": pl.lit(stream.getvalue()), "content_sha256": pl.lit("0" * 64), "status": pl.lit("ok"),
        "render_profile": pl.lit("stand-in"),
        "scale": pl.lit(1.0), **{side: pl.col(side).fill_null(4096) for side in ("width", "height")},
        "stored_width": pl.lit(SIDE_PX), "stored_height": pl.lit(SIDE_PX),
    }  # fmt: skip
    for file in sorted((home / "images").glob("*.parquet")):
        frame = pl.read_parquet(file)
        frame.with_columns(one[name].cast(frame.schema[name]).alias(name) for name in one).write_parquet(file)


def main() -> None:
    """Build each source of the collection, check, mix each stage, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="default: the collection")
    parser.add_argument("--at", type=Path, help="an empty folder with 40 GB free [default: a temporary one]")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    wanted = options.slugs or shipped(COLLECTION)["sources"]
    able = [slug for slug in wanted if slug in sources() and slug in known()]
    with tempfile.TemporaryDirectory() as name:
        at = options.at or Path(name)
        print(f"{len(able)} of {len(wanted)} sources; {options.workers} workers\n\n{HEADER}", flush=True)
        # Sources that stand on another come after it, to use its tables.
        ordered = sorted(able, key=lambda slug: bool(sources()[slug].manifest.requires))
        total = sum(built(slug, at, options.workers) for slug in ordered)
        for slug in able:
            stand_in(at / "cx" / slug)
        run("split-check", "", "split-check", at / "cx")
        for stage in STAGES:
            words = (
                "--from",
                at / "cx",
                "--out",
                at / "mix" / stage,
                "--images",
                "embed",
                "--workers",
                options.workers,
            )
            run(f"mix {stage}", "rows", "mix", "--stage", stage, *words)
            shutil.rmtree(at / "mix" / stage)
    print(f"\n{total:,} samples of {len(able)} sources")
    for slug in wanted:
        if slug not in able:
            why = "not registered" if slug not in sources() else "nobody makes its tables: benchmarks/sizes/ lacks it"
            print(f"left out: {slug}: {why}")


if __name__ == "__main__":
    main()
