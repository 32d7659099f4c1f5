"""The pictures that samples show: each once, where it lies, its size, and whether it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.build.config import ImagesMode
from cxdata.build.pool import Pool
from cxdata.images.named import ANYWHERE, found_below
from cxdata.images.probe import MESSAGES, Probe, how_to_unpack, probe_all

VERSION: Final = 1  # goes up whenever the same file may get another row
CHUNK: Final = 1024  # pictures a worker takes at a time
UNCHECKED: Final = "unchecked"

IMAGES: Final[dict[str, pl.DataType]] = {
    "image_id": pl.String(), "source": pl.String(), "study_key": pl.String(), "patient_key": pl.String(),
    "root_id": pl.String(), "path": pl.String(), "member": pl.String(), "bytes": pl.Binary(), "width": pl.Int32(),
    "height": pl.Int32(), "stored_width": pl.Int32(), "stored_height": pl.Int32(), "scale": pl.Float64(),
    "render_profile": pl.String(), "view": pl.String(), "status": pl.String(), "content_sha256": pl.String(),
}  # fmt: skip


class Pictures(NamedTuple):
    """The `images` table, and the rejects (`key`, `file`, `code`, `message`) of pictures that are not ok."""

    rows: pl.DataFrame
    rejects: pl.DataFrame


def signature(pictures: pl.DataFrame, roots: dict[str, Path], mode: ImagesMode) -> list[Any]:
    """What a picture shard depends on: its rows and, where pictures are looked at, the size of each file (-1: none)."""
    pictures = _located(pictures, roots) if mode == "path" else pictures
    rows = pictures.sort("image_id").select("image_id", "root_id", "path", "width", "height", "view").rows()
    sizes = [_size(roots.get(root), path) for _, root, path, *_ in rows] if mode == "path" else []
    return [mode, rows, sizes]


def look(pictures: pl.DataFrame, roots: dict[str, Path], mode: ImagesMode, pool: Pool) -> Pictures:
    """Check each picture (mode path) or leave it unchecked (mode none). Input: `images` rows with source and keys.

    A path `**/name` is replaced by the place where the file was found, and stays where it was not.
    """
    ordered = pictures.sort("root_id", "image_id")
    ordered = _located(ordered, roots) if mode == "path" else ordered
    probes = list(_probed(ordered, roots, pool)) if mode == "path" else [Probe(UNCHECKED, None, None)] * ordered.height
    seen = pl.DataFrame(
        probes, schema={"status": pl.String, "stored_width": pl.Int32, "stored_height": pl.Int32}, orient="row"
    )
    rows = pl.concat([ordered, seen], how="horizontal").with_columns(
        width=pl.coalesce("width", "stored_width"), height=pl.coalesce("height", "stored_height")
    )
    rows = rows.with_columns(scale=pl.col("stored_width") / pl.col("width"))
    return Pictures(_conform(rows), _rejects(rows))


def _located(pictures: pl.DataFrame, roots: dict[str, Path]) -> pl.DataFrame:
    nameless = pictures.filter(pl.col("path").str.starts_with(ANYWHERE))
    if nameless.is_empty():
        return pictures
    parts = [(part["root_id"][0], part["path"].to_list()) for part in nameless.partition_by("root_id")]
    rows = [(root, *pair) for root, paths in parts for pair in found_below(roots.get(root), paths).items()]
    found = pl.DataFrame(rows, schema={"root_id": pl.String, "path": pl.String, "_place": pl.String}, orient="row")
    joined = pictures.join(found, on=["root_id", "path"], how="left", maintain_order="left")
    return joined.with_columns(path=pl.coalesce("_place", "path")).drop("_place")


def _probed(pictures: pl.DataFrame, roots: dict[str, Path], pool: Pool) -> Iterator[Probe]:
    for batch in pool.run(probe_all, _chunks(pictures, roots)):
        yield from batch


def _chunks(pictures: pl.DataFrame, roots: dict[str, Path]) -> Iterable[tuple[str | None, list[str], list[str | None]]]:
    for root in pictures.partition_by("root_id", maintain_order=True):
        place = roots.get(root["root_id"][0])
        folder = None if place is None else str(place)
        for part in root.iter_slices(CHUNK):
            yield folder, part["path"].to_list(), part["member"].to_list()


def _size(root: Path | None, path: str) -> int:
    try:
        return -1 if root is None else (root / path).stat().st_size
    except OSError:
        return -1


def _conform(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in IMAGES.items()
    )


def _rejects(rows: pl.DataFrame) -> pl.DataFrame:
    bad = rows.filter(pl.col("status").is_in(list(MESSAGES)))
    return bad.select(
        "source", file="path", key="image_id", stage=pl.lit("pictures"),
        code=pl.concat_str(pl.lit("picture_"), "status"),
        message=pl.when(pl.col("status") == "in_archive").then(_unpacking(bad)).otherwise(
            pl.col("status").replace_strict(MESSAGES, return_dtype=pl.String)
        ),
    )  # fmt: skip


def _unpacking(bad: pl.DataFrame) -> pl.Expr:
    archives = bad.filter(pl.col("status") == "in_archive")["path"].unique().to_list()
    lies = f"{MESSAGES['in_archive']}; in the folder of the download: "
    mends = {path: lies + how_to_unpack(path) for path in archives}
    return pl.col("path").replace_strict(mends, default=None, return_dtype=pl.String)
