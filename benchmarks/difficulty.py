"""How difficulty spreads in builds: a table for each task, and a histogram of each as one picture.

    python benchmarks/difficulty.py [--plot docs/images/difficulty.png] BUILD...

A BUILD is a folder that `cxdata build` wrote, named NAME=DIR or by its slug. Ranks are level by construction; where a
bar stands out, many rows of one answer have the same sum, for lack of anything that tells them apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl
from PIL import Image, ImageDraw, ImageFont

TASKS: Final = {
    "disease_binary": "binary", "disease_single_choice": "single choice", "view_classification": "view",
    "disease_multi_choice": "multiple choice", "disease_open": "open",
}  # fmt: skip
BINS: Final = 20
CELL: Final = (210, 120)  # px, of one histogram
LEFT: Final = 120
TOP: Final = 40
INK: Final = (40, 44, 52)
BAR: Final = (66, 112, 172)
PALE: Final = (222, 226, 232)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def difficulties(build: Path) -> pl.DataFrame:
    """The rated rows of a build: task and difficulty."""
    rows = pl.read_parquet(build / "samples" / "*.parquet", columns=["task", "difficulty"])
    return rows.filter(pl.col("difficulty").is_not_null())


def table(builds: dict[str, pl.DataFrame]) -> str:
    """A Markdown table: rows, mean and quartiles for each build and task."""
    lines = ["| build | task | rows | mean | quartiles | values |", "|---|---|---|---|---|---|"]
    for name, rows in builds.items():
        for task in TASKS:
            values = rows.filter(pl.col("task") == task)["difficulty"]
            if values.is_empty():
                continue
            low, mid, high = (values.quantile(q) or 0.0 for q in (0.25, 0.5, 0.75))
            mean = values.sum() / values.len()
            told = f"{values.len():,} | {mean:.3f} | {low:.2f} {mid:.2f} {high:.2f}"
            lines.append(f"| {name} | `{task}` | {told} | {values.n_unique():,} |")
    return "\n".join(lines)


def plot(builds: dict[str, pl.DataFrame]) -> Image.Image:
    """Histograms: a row for each build, a column for each task."""
    width, height = LEFT + CELL[0] * len(TASKS), TOP + CELL[1] * len(builds) + 24
    image = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=14)
    for column, words in enumerate(TASKS.values()):
        draw.text((LEFT + CELL[0] * (column + 0.5), TOP / 2), words, INK, font, anchor="mm")
    for line, (name, rows) in enumerate(builds.items()):
        y = TOP + CELL[1] * line
        draw.text((8, y + CELL[1] / 2), name.replace(" ", "\n"), INK, font, anchor="lm")
        for column, task in enumerate(TASKS):
            values = rows.filter(pl.col("task") == task)["difficulty"]
            _histogram(draw, font, values, LEFT + CELL[0] * column, y)
    draw.text((LEFT + CELL[0] * len(TASKS) / 2, height - 12), "0 easy … 1 hard, share of rows", INK, font, anchor="mm")
    return image


def _histogram(draw: ImageDraw.ImageDraw, font: Font, values: pl.Series, x: int, y: int) -> None:
    wide, high = CELL[0] - 20, CELL[1] - 24
    bottom = y + high + 8
    draw.line((x, bottom, x + wide, bottom), INK)
    if values.is_empty():
        draw.text((x + wide / 2, y + high / 2), "not asked", PALE, font, anchor="mm")
        return
    bins = (values * BINS).floor().clip(0, BINS - 1).cast(pl.Int32)
    counts = [int((bins == i).sum()) for i in range(BINS)]
    most = max(counts)
    for i, count in enumerate(counts):
        left = x + wide * i / BINS
        draw.rectangle((left + 1, bottom - 1 - (high - 12) * count / most, left + wide / BINS - 1, bottom - 1), BAR)
    draw.text((x + wide, y + 2), f"{values.len():,} rows", INK, ImageFont.load_default(size=11), anchor="rt")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; with --plot, draw the picture too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="+")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args(arguments)
    named = [each.rpartition("=") for each in options.build]
    builds = {name or Path(folder).name: difficulties(Path(folder)) for name, _, folder in named}
    print(table(builds))
    if options.plot:
        plot(builds).save(options.plot, optimize=True)


if __name__ == "__main__":
    main()
