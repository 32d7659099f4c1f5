"""`cxdata mix` of millions of rows from five sources, pictures by path and in rows; beside it a bare scan and write.

    python benchmarks/mix.py [--rows 2600000] [--patients 120] [--stage closed]

Small builds of the phantoms with stored pictures are copied as often as it takes, each copy with patients, studies,
pictures and sets of its own: their rows are as unlike as those of the phantoms, their number is that of a real mix.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
from reports import Cost, measured

CXDATA = str(Path(sys.executable).with_name("cxdata"))
SLUGS = ("mimic", "chexpert", "chestxray14", "openi", "vindr-cxr")
OWN = ("sample_id", "set_id", "study_key", "patient_key", "image_id")
LISTS = ("patient_keys", "image_ids", "evidence_ids")


def small_builds(folder: Path, patients: int) -> Path:
    """Phantoms of the sources and their builds, pictures of 32 pixels stored."""
    named = [word for slug in SLUGS for word in ("--source", slug)]
    made = [*named, "--out", str(folder / "data"), "--patients", str(patients)]
    subprocess.run([CXDATA, "phantom", *made], check=True, capture_output=True)
    built = ["--root", str(folder / "data"), "--out", str(folder / "small"), "--images", "embed", "--max-side", "32"]
    subprocess.run([CXDATA, "build", *named, *built], check=True, capture_output=True)
    return folder / "small"


def copied(small: Path, folder: Path, copies: int) -> int:
    """Write each build so many times over into one build of `folder`; returns the number of samples."""
    rows = 0
    for slug in SLUGS:
        home = folder / slug
        for file in sorted((small / slug).rglob("*.parquet")):
            part = file.relative_to(small / slug)
            if part.parts[0] not in ("samples", "images", "patients.parquet"):
                continue
            (home / part).parent.mkdir(parents=True, exist_ok=True)
            frame = pl.read_parquet(file)
            many = pl.concat([frame.with_columns(_renamed(frame, copy)) for copy in range(copies)])
            many.write_parquet(home / part, row_group_size=65_536)
            rows += many.height if part.parts[0] == "samples" else 0
        record = json.loads((small / slug / "build.json").read_text())
        (home / "build.json").write_text(json.dumps(record))
    return rows


def _renamed(frame: pl.DataFrame, copy: int) -> list[pl.Expr]:
    end = pl.lit(f".{copy}")
    names = [pl.concat_str(name, end).alias(name) for name in OWN if name in frame.columns]
    lists = [
        pl.col(name).list.eval(pl.concat_str(pl.element(), end)).alias(name) for name in LISTS if name in frame.columns
    ]
    return [*names, *lists]


def mixed(builds: Path, out: Path, stage: str, images: str) -> tuple[int, Cost]:
    """Mix in a process of its own; rows written."""
    ends = ["--stage", stage, "--from", str(builds), "--out", str(out), "--images", images, "--json"]
    command = [CXDATA, "mix", *ends]
    process, cost = measured(lambda: subprocess.run(command, capture_output=True, text=True), own=False)
    if process.returncode:
        sys.exit(process.stderr[-600:])
    return sum(json.loads(process.stdout)["rows"].values()), cost


def bare(builds: Path, out: Path, stage: str, _images: str) -> tuple[int, Cost]:
    """Scan, sort by difficulty and write the rows of the stage, nothing else; in a process of its own."""
    stages = ["closed", "open", "sft"] if stage == "sft" else [stage]
    work = (
        "import polars as pl, sys\n"
        f"rows = pl.scan_parquet({str(builds / '*/samples/*.parquet')!r}).filter(pl.col('stage').is_in({stages}))\n"
        f"rows.sort('difficulty', 'sample_id').collect().write_parquet({str(out)!r})"
    )
    _, cost = measured(lambda: subprocess.run([sys.executable, "-c", work], check=True), own=False)
    return pl.scan_parquet(out).select(pl.len()).collect().item(), cost


def main() -> None:
    """Copy, mix, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_600_000)
    parser.add_argument("--patients", type=int, default=120)
    parser.add_argument("--stage", default="closed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = small_builds(folder, options.patients)
        one = pl.scan_parquet(small / "*/samples/*.parquet").select(pl.len()).collect().item()
        rows = copied(small, folder / "cx", max(1, round(options.rows / one)))
        print(f"{rows:,} samples of {len(SLUGS)} sources, stage {options.stage}")
        print("| | rows written | seconds | processor seconds | peak MiB |\n|---|---:|---:|---:|---:|")
        for title, work, images in (
            ("`cxdata mix`, pictures by path", mixed, "path"), ("the same, pictures in rows", mixed, "embed"),
            ("bare scan, sort, write", bare, ""),
        ):  # fmt: skip
            out = folder / f"out-{images}"
            written, cost = work(folder / "cx", out, options.stage, images)
            shutil.rmtree(out, ignore_errors=True)
            print(
                f"| {title} | {written:,} | {cost.seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.peak_mib:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
