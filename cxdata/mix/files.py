"""The Parquet files of a stage folder: rows as a trainer reads them, the texts of a few files in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.export.formats import shaped
from cxdata.export.schemas import schema_of
from cxdata.mix.boxed import boxed
from cxdata.mix.contents import Pictures
from cxdata.mix.folder import StageFolder
from cxdata.mix.lookup import looked_up
from cxdata.mix.moved import without_unproved
from cxdata.mix.order import ORDER
from cxdata.mix.pool import FILE, PLACE
from cxdata.mix.prompts import WIDE, Prompt, prompted
from cxdata.mix.strata import STRATA, Strata, with_strata
from cxdata.mix.traces import Golds, with_steps

ROWS_A_FILE: Final = 65_536
ROWS_A_FILE_EMBEDDED: Final = 4_096
ROWS_AT_A_TIME: Final = 4 * ROWS_A_FILE  # their questions and contexts are in memory together
META: Final = (
    "sample_id", "source", "task", "stage", "level", "difficulty", "curriculum_order", "patient_keys", "split",
    "split_reason", "label_policy", "reference", "reward", "gold_kind", "scored_labels", "ignored_labels", "licence",
    "restricted", *STRATA, "gold_basis",
)  # fmt: skip


class Way(NamedTuple):
    """How rows are written: in whose format, with which prompt, whether pictures are in them, which have a trace."""

    form: str
    prompt: Prompt
    embedded: bool
    golds: Golds


class Known(NamedTuple):
    """What is known of the rows beside their files: sizes of pictures, what is not proved (see `moved`), strata."""

    sizes: pl.DataFrame
    unproved: pl.DataFrame
    strata: Strata


def written(
    folder: StageFolder,
    splits: Iterable[pl.DataFrame],
    samples: Sequence[Path],
    way: Way,
    pictures: Pictures,
    known: Known,
) -> list[dict[str, Any]]:
    """Write the rows of each split (file, place, curriculum_order, split), in order, and tell of the files.

    `known.sizes` has image_id and the sizes of the pictures, original and stored: boxes are written in the latter.
    """
    per_file = ROWS_A_FILE_EMBEDDED if way.embedded else ROWS_A_FILE
    schema = schema_of(way.form, embedded=way.embedded)
    shards = []
    for rows in splits:
        split, of = rows["split"][0], -(-rows.height // per_file)
        for number, part in enumerate(_files(rows, per_file, samples, way, known)):
            file = f"{split}/rows-{number:05d}-of-{of:05d}.parquet"
            shards.append(folder.write(file, _shaped(part, way, pictures, known.sizes), way.form, schema)._asdict())
    return shards


def _files(
    rows: pl.DataFrame, per_file: int, samples: Sequence[Path], way: Way, known: Known
) -> Iterator[pl.DataFrame]:
    """The rows of each file to write, with what they say: the builds are read once for many files."""
    for some in rows.iter_slices(ROWS_AT_A_TIME // per_file * per_file):
        told = with_strata(without_unproved(_wide(some, samples), known.unproved), known.strata)
        yield from with_steps(told, way.golds).iter_slices(per_file)


def _wide(rows: pl.DataFrame, samples: Sequence[Path]) -> pl.DataFrame:
    """The rows, in order, with what they say, read from their files."""
    placed = rows.select(FILE, PLACE, ORDER, pl.col("split", "split_reason").cast(pl.String))
    return placed.join(looked_up(rows, samples, WIDE), on=[FILE, PLACE], how="left", maintain_order="left")


def _shaped(rows: pl.DataFrame, way: Way, pictures: Pictures, sizes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    told = prompted(boxed(rows, sizes).lazy(), way.prompt).collect()
    for part in pictures.parts(told):
        named = part.drop("answer").rename({"gold": "answer"}).with_columns(pictures.images(part).alias("images"))
        yield shaped(named.select("problem", "answer", "images", *META), way.form)
