"""Builds that store pictures: speed beside the pictures alone, memory as their number grows, and who reads the result.

    python benchmarks/embed.py [--speed 400] [--memory 1000,10000] [--read-gb 3] [--workers 2]

Pictures are noise of a film's size, each another; tables are made up. `alone` stores
the same files in as many processes, and writes nothing. The build is the command line in a process of its own, over a
folder whose samples are finished.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from mimic_size import IMAGES, write_tables
from PIL import Image
from reports import Cost, measured

from cxdata.build.pool import Pool
from cxdata.build.stored import CHUNK, store_files
from cxdata.images.store import Ask

CXDATA = "from cxdata.cli.entry import main; main()"
TASKS = "view_classification,disease_open"
FILM = (2544, 3056)
SMALL = (640, 768)
LARGE = (1280, 1536)

# Each prints rows and bytes; the third gathers rows from everywhere and filters, where offsets of 32 bits overflow.
READERS = {
    "load_dataset": (
        "import datasets, sys; datasets.disable_progress_bars()\n"
        "files = sys.argv[1] + '/*.parquet'\n"
        "rows = datasets.load_dataset('parquet', data_files=files, split='train', cache_dir=sys.argv[2])\n"
        "print(len(rows), sum(len(row['bytes']) for row in rows.select_columns(['bytes'])))"
    ),
    "polars.scan_parquet": (
        "import polars as pl, sys\n"
        "rows = pl.scan_parquet(sys.argv[1] + '/*.parquet').collect()\n"
        "rows = rows.sort('image_id', descending=True).rechunk()\n"
        "print(rows.height, rows['bytes'].bin.size().sum())"
    ),
    "pyarrow.dataset": (
        "import pyarrow.dataset as ds, pyarrow.compute as pc, sys\n"
        "data = ds.dataset(sys.argv[1], format='parquet')\n"
        "rows = data.to_table()\n"
        "rows = rows.take(list(range(rows.num_rows))[::-1])\n"
        "assert data.to_table(filter=pc.field('status') == 'ok').num_rows == rows.num_rows\n"
        "print(rows.num_rows, pc.sum(pc.binary_length(rows['bytes'])).as_py())"
    ),
}  # fmt: skip


def write_film(path: Path, number: int, size: tuple[int, int]) -> None:
    """A JPEG of noise on a slope, as hard to pack as a film is, and another for each number."""
    # A field of noise that is rolled is another picture to JPEG's blocks, and costs little.
    turned = np.roll(_field(size), number * 1009)
    Image.fromarray(turned).save(path, quality=95)


@cache
def _field(size: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    width, height = size
    noise = np.random.default_rng(0).normal(0, 9, (height, width))
    slope = np.linspace(40, 200, width)[None, :] + np.linspace(0, 30, height)[:, None]
    return np.clip(slope + noise, 0, 255).astype(np.uint8)


def download(root: Path, pictures: int, size: tuple[int, int]) -> list[Path]:
    """A mimic download of about so many pictures; returns their paths."""
    jpg = write_tables(root, pictures / IMAGES)
    with gzip.open(jpg / "mimic-cxr-2.0.0-metadata.csv.gz") as stream:
        rows = pl.read_csv(stream.read(), infer_schema=False).select("subject_id", "study_id", "dicom_id").rows()
    paths = []
    for number, (patient, study, name) in enumerate(rows):
        paths.append(jpg / f"files/p{patient[:2]}/p{patient}/s{study}/{name}.jpg")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        write_film(paths[-1], number, size)
    return paths


def build(root: Path, out: Path, workers: int, *asked: str) -> tuple[dict[str, Any], Cost]:
    """One build of the command line; its build.json and its cost."""
    command = [sys.executable, "-c", CXDATA, "build", "--source", "mimic", "--root", str(root), "--out", str(out)]
    command += ["--tasks", TASKS, "--workers", str(workers), "--json", *asked]

    def run() -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    said, cost = measured(run)
    return json.loads(said)[0], cost


def alone(paths: list[Path], ask: Ask, workers: int) -> int:
    """Store the files and keep nothing; bytes."""
    chunks = (([str(path) for path in paths[at : at + CHUNK]], ask) for at in range(0, len(paths), CHUNK))
    return sum(len(stored.data or b"") for batch in Pool(workers).run(store_files, chunks) for stored in batch)


def shown(root: Path, out: Path, paths: list[Path]) -> list[Path]:
    """The pictures that samples show, after a build without pictures."""
    build(root, out, 1, "--images", "none")
    rows = pl.read_parquet(out / "mimic/images/*.parquet")
    names = set(rows["image_id"].str.strip_prefix("mimic:"))
    return [path for path in paths if path.stem in names]


def row(what: str, cost: Cost, pictures: int | None = None) -> None:
    """A line of the table."""
    rate = "" if pictures is None else f"{pictures / cost.seconds:.1f}"
    print(f"| {what} | {cost.seconds:.1f} | {cost.cpu_seconds:.1f} | {rate} | {cost.peak_mib:,.0f} |", flush=True)


def speed(folder: Path, pictures: int, workers: int) -> None:
    """Films of full size to 1024 pixels: the build beside the pictures alone."""
    paths = shown(folder / "data", folder / "cx", download(folder / "data", pictures, FILM))
    _, floor = measured(lambda: alone(paths, Ask(max_side=1024), workers))
    result, ours = build(folder / "data", folder / "cx", workers, "--images", "embed", "--max-side", "1024")
    n = result["pictures"]["ok"]
    row(f"{n:,} films to 1024 px, {workers} workers: the pictures alone", floor, n)
    row("the build", ours, n)
    share, cpu = floor.seconds / ours.seconds, floor.cpu_seconds / ours.cpu_seconds
    print(
        f"\nShare of the speed of the pictures alone: {share:.2f} (goal: 0.80 or more); by processor time {cpu:.2f}.\n"
    )


def memory(folder: Path, pictures: int, workers: int) -> None:
    """Peak memory of a build of so many small pictures."""
    paths = shown(folder / "data", folder / "cx", download(folder / "data", pictures, SMALL))
    result, cost = build(folder / "data", folder / "cx", workers, "--images", "embed", "--max-side", "512")
    row(f"{len(paths):,} small pictures, {sum(sizes(result)) / 1e6:,.0f} MB stored", cost, len(paths))


def reading(folder: Path, gigabytes: float, workers: int) -> None:
    """A set of shards of so many GB, read whole by three readers."""
    write_film(folder / "probe.jpg", 0, LARGE)
    wanted = int(1.05 * gigabytes * 1e9 / (folder / "probe.jpg").stat().st_size)
    paths = download(folder / "data", int(1.3 * wanted), LARGE)
    result, cost = build(folder / "data", folder / "cx", workers, "--images", "embed")
    files = sizes(result)
    row(f"{sum(files) / 1e9:.2f} GB in {len(files)} files, the largest of {max(files) / 1e6:.0f} MB", cost, len(paths))
    for name, script in READERS.items():
        command = [sys.executable, "-c", script, str(folder / "cx/mimic/images"), str(folder / "cache")]
        said, read = measured(partial(subprocess.run, command, check=True, capture_output=True, text=True))
        rows, size = said.stdout.split()
        row(f"{name}: {rows} rows, {int(size) / 1e9:.2f} GB of pictures", read)


def sizes(result: dict[str, Any]) -> list[int]:
    """Bytes of each file of pictures."""
    return [shard["size_bytes"] for shard in result["shards"] if shard["file"].startswith("images/")]


def main() -> None:
    """Each part in a folder of its own, which goes when it is done; 0 leaves a part out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=int, default=400)
    parser.add_argument("--memory", default="1000,10000")
    parser.add_argument("--read-gb", type=float, default=3)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    print("| | seconds | processor seconds | pictures a second | peak MiB |\n|---|---:|---:|---:|---:|")
    parts: list[Callable[[Path], None]] = []
    if asked.speed:
        parts.append(lambda folder: speed(folder, asked.speed, asked.workers))
    for pictures in filter(None, map(int, asked.memory.split(","))):
        parts.append(lambda folder, pictures=pictures: memory(folder, pictures, asked.workers))  # type: ignore[misc]
    if asked.read_gb:
        parts.append(lambda folder: reading(folder, asked.read_gb, asked.workers))
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))


if __name__ == "__main__":
    main()
